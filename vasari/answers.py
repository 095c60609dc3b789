"""The service's answers as values; docs/http.md says what each field means.

A field that this version of the client does not know is ignored, and one that an older
service does not send has its default.
"""

import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Literal, TypeVar

from vasari.errors import UnexpectedAnswer

__all__ = [
    "DateRange",
    "HeatMap",
    "ImageFacts",
    "ModelVersion",
    "Models",
    "Prediction",
    "Refused",
    "SimilarPainting",
    "Timings",
    "TopEntry",
    "Version",
    "read",
]

T = TypeVar("T")


@dataclass(frozen=True)
class ModelVersion:
    """The version that answered."""

    name: str
    version: str


@dataclass(frozen=True)
class DateRange:
    """When the picture was painted: years, the interval holding `share` of the probability."""

    median: int
    interval: tuple[int, int]
    share: float


@dataclass(frozen=True)
class ImageFacts:
    """What is known of the picture's file; pixels are those of the upright picture."""

    width: int
    height: int
    format: str
    bytes: int
    exif_turned: bool


@dataclass(frozen=True)
class Timings:
    """Where the time went in the service, in milliseconds."""

    queue: float
    decode: float
    inference: float
    total: float


@dataclass(frozen=True)
class TopEntry:
    """One of the most probable periods."""

    period: str
    probability: float


@dataclass(frozen=True)
class HeatMap:
    """Where each period finds its evidence, by its name.

    Attributes:
        rows: Cells down.
        columns: Cells across.
        maps: `rows` lists of `columns` values from 0 to 1.
        overlays: Data URLs of PNGs; with `heatmap="png"` only.
    """

    rows: int
    columns: int
    maps: dict[str, tuple[tuple[float, ...], ...]]
    overlays: dict[str, str] | None = None


@dataclass(frozen=True)
class SimilarPainting:
    """A painting that the model learnt from; None is what is not known."""

    rank: int
    period: str
    similarity: float
    artist: str | None = None
    title: str | None = None
    year: str | None = None
    source: str | None = None
    page: str | None = None
    licence: str | None = None
    thumbnail: str | None = None


@dataclass(frozen=True)
class Prediction:
    """What one model says of one picture.

    Attributes:
        model: Who answered.
        period: The most probable class.
        label: Its name by language.
        years: First year of the period and the year after its last; None is open.
        confidence: Calibrated probability of `period`.
        probabilities: By class name.
        verdict: `confident`, `uncertain` or `not_a_painting`.
        image: The picture's file.
        timings_ms: Where the time went.
        reason: Why this verdict, in one sentence.
        reason_code: `clear`, `close`, `unsure` or `not_a_painting`.
        painting: Probability that it is a painting; None if the model cannot tell.
        date: When it was painted; None if the model cannot tell.
        top: With `top_k`: best first.
        heatmap: With `heatmap`; None for a model that cannot explain itself.
        similar: With `similar`; None for a model without references.
    """

    model: ModelVersion
    period: str
    label: dict[str, str]
    years: tuple[int | None, int | None]
    confidence: float
    probabilities: dict[str, float]
    verdict: str
    image: ImageFacts
    timings_ms: Timings
    reason: str | None = None
    reason_code: str | None = None
    painting: float | None = None
    date: DateRange | None = None
    top: tuple[TopEntry, ...] = ()
    heatmap: HeatMap | None = None
    similar: tuple[SimilarPainting, ...] | None = None


@dataclass(frozen=True)
class Version:
    """One version in the service's store."""

    name: str
    version: str
    description: str
    created: str | None
    classes: tuple[str, ...]
    default: bool
    loaded: bool
    backend: str | None = None
    device: Literal["cpu", "gpu"] | None = None
    precision: str | None = None
    heatmap: bool | None = None


@dataclass(frozen=True)
class Refused:
    """A version that is not served, and why."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True)
class Models:
    """What is in the service's store.

    Attributes:
        default: Name of the model that answers where none is named.
        models: By name, and the newest version first.
        refused: What is not served.
    """

    default: str
    models: tuple[Version, ...]
    refused: tuple[Refused, ...]


def read(kind: type[T], document: Any) -> T:
    """Make a value of a JSON document.

    Args:
        kind: One of the classes above.
        document: What the service answered.

    Raises:
        UnexpectedAnswer: It is of another form.
    """
    try:
        value: T = _read(kind, document)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnexpectedAnswer(
            f"Expected a {kind.__name__} of the Vasari service; {type(error).__name__}: {error}."
        ) from None
    return value


def _read(kind: Any, document: Any) -> Any:
    if is_dataclass(kind):
        return _read_members(kind, document)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:
        if document is None and types.NoneType in inner:
            return None
        return _read(next(each for each in inner if each is not types.NoneType), document)
    if origin is tuple:
        kinds = inner[:1] * len(document) if inner[-1] is Ellipsis else inner
        return tuple(_read(each, value) for each, value in zip(kinds, document, strict=True))
    if origin is dict:
        return {str(name): _read(inner[1], value) for name, value in document.items()}
    return _read_plain(kind, document)


def _read_members(kind: Any, document: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    known = {
        field.name: _read(hints[field.name], document[field.name])
        for field in fields(kind)
        if field.name in document
    }
    return kind(**known)


def _read_plain(kind: Any, value: Any) -> Any:
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(kind, type) and not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}; received {value!r}")
    return value


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return typing.get_type_hints(kind)
