"""What is asked of the service: each call once, for the clients that wait and that await."""

import io
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypedDict, TypeVar, runtime_checkable

from vasari.answers import Models, Prediction, read
from vasari.errors import Problem, UnexpectedAnswer

__all__ = ["Call", "ImageLike", "Picture", "Wanted", "batches", "models", "predict", "query"]

T = TypeVar("T")
_EVERY_MODEL = "all"
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I", "I;16"})


@runtime_checkable
class ImageLike(Protocol):
    """A picture of Pillow's; Pillow itself is not needed."""

    @property
    def mode(self) -> str:
        """Such as `RGB`."""
        ...

    def save(self, fp: Any, format: str) -> None:  # noqa: A002  Pillow's names
        """Write it in a format."""
        ...


Picture = str | os.PathLike[str] | bytes | ImageLike
"""A path, the bytes of a file, or a picture of Pillow's."""


class Wanted(TypedDict, total=False):
    """What a prediction is to tell; each may be left out.

    Attributes:
        model: `name` or `name@version`. Defaults to the service's default model.
        top_k: So many of the most probable periods, as `top`.
        heatmap: Where the evidence lies, as `heatmap`; `"png"` for its overlays too.
        similar: So many of the most similar paintings, as `similar`.
    """

    model: str | None
    top_k: int | None
    heatmap: bool | Literal["png"]
    similar: int | None


@dataclass(frozen=True)
class Call(Generic[T]):
    """One request, and what its answer is read as.

    Attributes:
        method: Of HTTP.
        path: Below the service's address.
        read: From the JSON of a good answer.
        query: Parameters.
        content: The body; or
        files: the parts of a multipart body.
    """

    method: str
    path: str
    read: Callable[[Any], T]
    query: dict[str, str] = field(default_factory=dict)
    content: bytes | None = None
    files: list[tuple[str, tuple[str, bytes]]] | None = None


def predict(picture: Picture, query: dict[str, str]) -> Call[Prediction]:
    """The call of `POST /predict`."""
    _, data = _file(picture)
    return Call("POST", "/predict", lambda found: read(Prediction, found), query, content=data)


def batches(
    pictures: Iterable[Picture], query: dict[str, str], size: int
) -> Iterator[Call[list[Prediction | Problem]]]:
    """The calls of `POST /predict/batch`, so many pictures in each."""
    waiting = iter(pictures)
    while some := list(islice(waiting, size)):
        files = [("files", _file(picture)) for picture in some]
        yield Call("POST", "/predict/batch", _entries, query, files=files)


def models() -> Call[Models]:
    """The call of `GET /models`."""
    return Call("GET", "/models", lambda found: read(Models, found))


def query(wanted: Wanted) -> dict[str, str]:
    """The parameters of a prediction.

    Raises:
        ValueError: Every model is asked for: a call has one answer for each picture.
    """
    if wanted.get("model") == _EVERY_MODEL:
        raise ValueError(f"Expected the name of one model; received {_EVERY_MODEL!r}.")
    heatmap = wanted.get("heatmap", False)
    chosen = {
        name: str(value)
        for name, value in wanted.items()
        if name != "heatmap" and value is not None
    }
    if heatmap:
        chosen["heatmap"] = "png" if heatmap == "png" else "true"
    return chosen


def _file(picture: Picture) -> tuple[str, bytes]:
    """A picture's name and bytes."""
    if isinstance(picture, bytes):
        return "picture", picture
    if isinstance(picture, str | os.PathLike):
        path = Path(picture)
        return path.name, path.read_bytes()
    stored = io.BytesIO()
    picture.save(stored, "PNG" if picture.mode in _PNG_MODES else "TIFF")
    return "picture", stored.getvalue()


def _entries(document: Any) -> list[Prediction | Problem]:
    try:
        return [_entry(each) for each in document["results"]]
    except (KeyError, TypeError) as error:
        raise UnexpectedAnswer(f"Expected a batch's results; received {error!r}.") from None


def _entry(document: dict[str, Any]) -> Prediction | Problem:
    problem = document.get("problem")
    return Problem(problem) if problem else read(Prediction, document["prediction"])
