"""The paintings that an answer names as similar: read, checked and searched.

references.npz, written by training/references.py, holds no pickled object:

    projection  int8 [D, K]   embeddings minus their mean, reduced to what tells most apart,
    scale       float32 [K]   is `embedding @ projection * scale - offset`
    offset      float32 [K]
    vectors     int8 [N, K]   each reference's, of any length
    facts       uint8 [...]   N lines of JSON, one `Reference` each
    thumbnails  uint8 [...]   JPEG files, one after another
    ends        int64 [N]     where each one's thumbnail ends; it has none where it ends
                              at its beginning
"""

import io
import zipfile
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from app.errors import IntegrityError
from app.model_card import REFERENCES_FILE

__all__ = ["MOST_REFERENCES", "Neighbour", "Reference", "References"]

MOST_REFERENCES = 100_000
"""Beyond, a matrix product with every one of them would take too long."""

_MOST_UNPACKED = 1 << 30
_ARRAYS = {
    "projection": (np.int8, 2),
    "scale": (np.float32, 1),
    "offset": (np.float32, 1),
    "vectors": (np.int8, 2),
    "facts": (np.uint8, 1),
    "thumbnails": (np.uint8, 1),
    "ends": (np.int64, 1),
}
_LEAST_LENGTH = 1e-9

Fact = Annotated[str, StringConstraints(min_length=1, max_length=300)]
Link = Annotated[str, StringConstraints(pattern=r"^https?://\S+$", max_length=2000)]


class Reference(BaseModel):
    """What is known of one painting, as its source gives it; None where it does not say.

    Attributes:
        artist: Who painted it.
        title: Its title.
        year: When, such as `1642` or `1640-1645`.
        period: The class that the model learnt for it.
        source: Where it was collected.
        page: Address where a person sees it.
        licence: Of its picture.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    artist: Fact | None = None
    title: Fact | None = None
    year: Fact | None = None
    period: Fact
    source: Fact | None = None
    page: Link | None = None
    licence: Fact | None = None


@dataclass(frozen=True)
class Neighbour:
    """A reference that is like a picture.

    Attributes:
        reference: What is known of it.
        similarity: Cosine of the angle between the two reduced embeddings, -1 to 1.
        thumbnail: A JPEG file; None where the model's version has none of it.
    """

    reference: Reference
    similarity: float
    thumbnail: bytes | None


class References:
    """A version's references, shared by all threads.

    Args:
        content: Of references.npz.

    Raises:
        IntegrityError: It is not of the form above.
    """

    def __init__(self, content: bytes) -> None:
        arrays = _read(content)
        self._projection = arrays["projection"] * arrays["scale"]
        self._offset = arrays["offset"]
        self._vectors = _of_length_one(arrays["vectors"].astype(np.float32))
        self._thumbnails: bytes = arrays["thumbnails"].tobytes()
        self._ends: list[int] = arrays["ends"].tolist()
        # Kept as text, of which an answer reads a few lines: 100,000 objects take much more room.
        self._facts: list[bytes] = arrays["facts"].tobytes().splitlines()
        self._check()

    def __len__(self) -> int:
        return len(self._vectors)

    @property
    def embedding_size(self) -> int:
        """D, the numbers of the embeddings that can be looked up."""
        return len(self._projection)

    def nearest(self, embedding: NDArray[np.float32], count: int) -> list[Neighbour]:
        """Find the most similar references, best first.

        Args:
            embedding: float32 [V, D], one row per view of the picture.
            count: How many, at most.
        """
        reduced = embedding.mean(axis=0) @ self._projection - self._offset
        similarities = self._vectors @ _of_length_one(reduced[None])[0]
        count = min(count, len(self))
        # Of references that are as similar the first comes first, on every machine.
        best = np.argsort(-similarities, kind="stable")[:count]
        return [self._neighbour(int(row), float(similarities[row])) for row in best]

    def _neighbour(self, row: int, similarity: float) -> Neighbour:
        start = self._ends[row - 1] if row else 0
        thumbnail = self._thumbnails[start : self._ends[row]]
        return Neighbour(
            Reference.model_validate_json(self._facts[row]),
            min(max(similarity, -1.0), 1.0),
            thumbnail or None,
        )

    def _check(self) -> None:
        count, (size, dimensions) = len(self), self._projection.shape
        shapes = {
            "scale and offset": (self._offset.shape, (dimensions,)),
            "vectors": (self._vectors.shape, (count, dimensions)),
            "facts": (len(self._facts), count),
            "ends": (len(self._ends), count),
        }
        for name, (found, expected) in shapes.items():
            if found != expected:
                raise IntegrityError(
                    f"Expected {name} of shape {expected} in {REFERENCES_FILE}; received {found}."
                )
        if not 0 < count <= MOST_REFERENCES or not size:
            raise IntegrityError(
                f"Expected 1 to {MOST_REFERENCES} references in {REFERENCES_FILE}; "
                f"received {count}."
            )
        if not (np.isfinite(self._projection).all() and np.isfinite(self._offset).all()):
            raise IntegrityError(f"Expected finite numbers in {REFERENCES_FILE}.")
        edges = [0, *self._ends]
        if edges != sorted(edges) or edges[-1] != len(self._thumbnails):
            raise IntegrityError(
                f"Expected the thumbnails of {REFERENCES_FILE} to end in order, and the last "
                f"at {len(self._thumbnails)}; received {edges[-1]}."
            )
        for number, line in enumerate(self._facts):
            try:
                Reference.model_validate_json(line)
            except ValidationError as error:
                first = error.errors(include_url=False)[0]
                raise IntegrityError(
                    f"{REFERENCES_FILE}: reference {number}: {first['msg']}; "
                    f"received {str(first['input'])[:100]!r}."
                ) from None


def _read(content: bytes) -> dict[str, NDArray[Any]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(each.file_size for each in archive.infolist())
        if unpacked > _MOST_UNPACKED:
            raise IntegrityError(
                f"Expected {REFERENCES_FILE} to unpack to at most {_MOST_UNPACKED} bytes; "
                f"received {unpacked}."
            )
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in _ARRAYS}
    except (KeyError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise IntegrityError(f"{REFERENCES_FILE}: {error}") from None
    for name, (kind, axes) in _ARRAYS.items():
        found = arrays[name]
        if found.dtype != kind or found.ndim != axes:
            raise IntegrityError(
                f"Expected {name} of {np.dtype(kind)} with {axes} axes in {REFERENCES_FILE}; "
                f"received {found.dtype} {found.shape}."
            )
    return arrays


def _of_length_one(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: NDArray[np.float32] = rows / np.maximum(lengths, _LEAST_LENGTH)
    return scaled
