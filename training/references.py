"""The list that similar paintings are chosen from, as a file of the model's version.

    eligible  which of the pictures learnt from can be named
    build     their embeddings, reduced and in 8 bits, with the facts and perhaps a thumbnail
    read      the same again, to be measured

app/references.py, which answers from it, describes the file.
"""

import io
import json
import zipfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.imaging import InputSpec, decode, views
from app.model_card import REFERENCES_FILE, ModelCard
from training.collect.licences import OPEN
from training.data.duplicates import near_duplicates
from training.data.index import Example
from training.data.part import Part
from training.errors import DataError, ExportError, OptionError
from training.files import digest_file

__all__ = ["METHOD", "References", "build", "eligible", "embed", "read"]

Model = Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]
Floats = NDArray[np.float32]

METHOD = (
    "pictures learnt from that name an artist or have a page, one of each near duplicate; "
    "principal components of the embeddings, each divided by the root of its deviation; 8 bits"
)

_MOST_WORKS = 100_000
_DIMENSIONS = 128
_MOST_LETTERS = 300
_THUMBNAIL_SIDE = 192
_MOST_THUMBNAIL_BYTES = 18_000
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True)
class References:
    """The file's content.

    Attributes:
        projection: int8 [D, K].
        scale: float32 [K]; an embedding is reduced to `embedding @ projection * scale - offset`.
        offset: float32 [K].
        vectors: int8 [N, K], of any length.
        facts: Of each work: what of artist, title, year, period, source, page, licence is known.
        thumbnails: JPEG files; empty where a work has none.
    """

    projection: NDArray[np.int8]
    scale: Floats
    offset: Floats
    vectors: NDArray[np.int8]
    facts: tuple[dict[str, str], ...]
    thumbnails: tuple[bytes, ...]

    def reduce(self, embeddings: Floats) -> Floats:
        """Embeddings [M, D] as vectors [M, K] of length 1, to be compared with `unit_vectors`."""
        return _of_length_one(embeddings @ self.projection * self.scale - self.offset)

    @property
    def unit_vectors(self) -> Floats:
        """The works' vectors, float32 [N, K], of length 1."""
        return _of_length_one(self.vectors.astype(np.float32))

    def write(self, folder: Path) -> None:
        """Write references.npz."""
        lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in self.facts)
        arrays: dict[str, NDArray[Any]] = {
            "projection": self.projection,
            "scale": self.scale,
            "offset": self.offset,
            "vectors": self.vectors,
            "facts": np.frombuffer(lines.encode(), np.uint8),
            "thumbnails": np.frombuffer(b"".join(self.thumbnails), np.uint8),
            "ends": np.cumsum([len(each) for each in self.thumbnails], dtype=np.int64),
        }
        with zipfile.ZipFile(folder / REFERENCES_FILE, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                stored = io.BytesIO()
                np.save(stored, array, allow_pickle=False)
                # A date of its own would make each file another.
                archive.writestr(
                    zipfile.ZipInfo(f"{name}.npy"), stored.getvalue(), zipfile.ZIP_DEFLATED
                )


def read(folder: Path, card: ModelCard) -> References:
    """Read a version's references.npz.

    Raises:
        OptionError: It is missing, or its digest is not the card's.
    """
    path = folder / REFERENCES_FILE
    expected, received = card.files[REFERENCES_FILE].sha256, None
    if path.is_file():
        received = digest_file(path)
    if received != expected:
        raise OptionError(
            f"Expected {REFERENCES_FILE} with sha256 {expected} in {folder}; received {received}."
        )
    with np.load(path, allow_pickle=False) as stored:
        ends = stored["ends"].tolist()
        pictures = stored["thumbnails"].tobytes()
        facts = stored["facts"].tobytes().decode().split("\n")
        return References(
            stored["projection"],
            stored["scale"],
            stored["offset"],
            stored["vectors"],
            tuple(json.loads(line) for line in facts),
            tuple(pictures[a:b] for a, b in zip([0, *ends], ends, strict=False)),
        )


def eligible(part: Part) -> tuple[Example, ...]:
    """The pictures that a person could look up by what is known of them.

    Of near duplicates the one of which most is known stays.

    Args:
        part: What is learnt from.

    Raises:
        DataError: There are none, or too many.
    """
    groups = near_duplicates([each.phash for each in part.facts]).tolist()
    best: dict[int, Example] = {}
    for group, example in zip(groups, part.examples, strict=True):
        if not (example.artist or example.page):
            continue
        if group not in best or len(_facts(example)) > len(_facts(best[group])):
            best[group] = example
    if not best:
        raise DataError(
            "Expected pictures with an artist or a page to take as references; received none. "
            "A manifest has the columns artist, title, year, source, page and licence."
        )
    if len(best) > _MOST_WORKS:
        raise DataError(f"Expected at most {_MOST_WORKS} references; received {len(best)}.")
    return tuple(best.values())


def build(
    model: Model,
    examples: Sequence[Example],
    spec: InputSpec,
    *,
    thumbnails: bool = False,
    threads: int = 2,
) -> References:
    """Embed and reduce the references.

    Args:
        model: The written model.tflite, as `LiteModel` runs it.
        examples: From `eligible`.
        spec: What the model is fed.
        thumbnails: Whether to keep small pictures of those whose licence is `cc0` or `pdm`.
        threads: How many pictures at a time.

    Raises:
        ExportError: The model has no embedding.
    """
    embeddings = embed(model, examples, spec, threads)
    projection, scale, offset = _reduction(embeddings)
    reduced = _of_length_one(embeddings @ projection * scale - offset)
    vectors, _ = _in_8_bits(reduced.T)

    def thumbnail(example: Example) -> bytes:
        return _thumbnail(example) if thumbnails and example.licence in OPEN else b""

    with ThreadPoolExecutor(threads) as pool:
        small = tuple(pool.map(thumbnail, examples))
    facts = tuple(_facts(each) for each in examples)
    return References(projection, scale, offset, vectors.T, facts, small)


def embed(model: Model, examples: Sequence[Example], spec: InputSpec, threads: int = 2) -> Floats:
    """A model's embeddings of pictures, float32 [N, D], each the mean over the spec's views.

    Raises:
        ExportError: The model has no embedding.
    """

    def ask(example: Example) -> Any:
        picture = decode(example.path.read_bytes(), reduce_to=(spec.width, spec.height))
        answers = [model(view) for view in views(picture, spec)]
        if "embedding" not in answers[0]:
            raise ExportError(
                f"Expected an output called embedding, to find similar paintings by; "
                f"received {sorted(answers[0])}."
            )
        return np.mean([each["embedding"] for each in answers], axis=0)

    with ThreadPoolExecutor(threads) as pool:
        return np.array(list(pool.map(ask, examples)), np.float32)


def _reduction(embeddings: Floats) -> tuple[NDArray[np.int8], Floats, Floats]:
    """Projection, scale and offset: the first principal components, evened out by half.

    Whole whitening makes as much of noise as of what tells most; none leaves a few
    components to decide alone.
    """
    mean = embeddings.mean(axis=0)
    _, deviations, components = np.linalg.svd(embeddings - mean, full_matrices=False)
    kept = deviations[:_DIMENSIONS] > max(float(deviations[0]), 1.0) * _LEAST_DEVIATION
    count = max(1, int(kept.sum()))
    weights = np.sqrt(np.maximum(deviations[:count], _LEAST_DEVIATION))
    projection, scale = _in_8_bits(components[:count].T / weights)
    offset = mean @ projection * scale
    return projection, scale, offset.astype(np.float32)


def _in_8_bits(columns: Floats) -> tuple[NDArray[np.int8], Floats]:
    """Each column as whole numbers from -127 to 127, and what a 1 of it stands for."""
    scale = np.maximum(np.abs(columns).max(axis=0), np.finfo(np.float32).tiny) / 127
    return np.rint(columns / scale).astype(np.int8), scale.astype(np.float32)


def _of_length_one(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = (rows / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def _facts(example: Example) -> dict[str, str]:
    artist = example.artist
    if artist and example.attribution:
        artist = f"{artist} ({example.attribution})"
    known = {
        "artist": artist,
        "title": example.title,
        "year": example.year,
        "period": example.class_name,
        "source": example.source,
        "licence": example.licence,
    }
    facts = {name: value[:_MOST_LETTERS] for name, value in known.items() if value}
    # Nothing but an address that a browser may be sent to.
    if example.page and example.page.startswith(("https://", "http://")):
        facts["page"] = example.page
    return facts


def _thumbnail(example: Example) -> bytes:
    """A small JPEG; every further try is coarser until it is small enough."""
    side = (_THUMBNAIL_SIDE, _THUMBNAIL_SIDE)
    image = decode(example.path.read_bytes(), reduce_to=side).image
    image.thumbnail(side, Image.Resampling.LANCZOS)
    for quality in range(82, 0, -20):
        stored = io.BytesIO()
        image.save(stored, "JPEG", quality=quality, optimize=True)
        if stored.tell() <= _MOST_THUMBNAIL_BYTES:
            break
    return stored.getvalue()
