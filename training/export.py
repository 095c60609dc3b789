"""The only writer of models_store: a version appears whole, or not at all.

A version is written in a hidden folder beside its place, brought to the disk and
renamed. A writer holds a lock on its folder while it lives, so that the next
one can tell, and clear away, what a dead one left.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from app.model_card import (
    CARD_FILE,
    KERAS_FILE,
    LITERT_FILE,
    REPORT_FILE,
    FileEntry,
    GoldenPrediction,
    Input,
    ModelCard,
    Parity,
    golden_pictures,
)
from training.errors import ExportError
from training.files import digest_file, sync
from training.networks.conversion import convert
from training.networks.lite import LiteModel

__all__ = ["Draft", "draft", "golden", "parity", "write_models"]

MOST_DIFFERENCE = 5e-4
"""Most by which a probability of model.tflite may differ from model.keras."""

MOST_BYTES = 36 << 20
"""Most that a version may weigh, unless its recipe allows more."""

_PREFIX = ".writing-"


@dataclass(frozen=True)
class Draft:
    """A version that is being written.

    Attributes:
        folder: Where its files are written.
        place: models_store/<name>.
    """

    folder: Path
    place: Path

    def publish(self, card: ModelCard, most_bytes: int | None = None) -> Path:
        """Write the card, and rename the folder to the next whole number.

        Args:
            card: Its `version` and `files` are filled in here.
            most_bytes: Most that the files may weigh. Defaults to `MOST_BYTES`.

        Returns:
            models_store/<name>/<version>.

        Raises:
            ExportError: The files weigh too much.
        """
        files = sorted(each for each in self.folder.iterdir() if each.name != CARD_FILE)
        entries = {
            each.name: FileEntry(sha256=digest_file(each), size=each.stat().st_size)
            for each in files
        }
        weight = sum(each.size or 0 for each in entries.values())
        most = MOST_BYTES if most_bytes is None else most_bytes
        if weight > most:
            raise ExportError(
                f"Expected a version of at most {most} bytes; received {weight}: "
                f"{ {name: each.size for name, each in entries.items()} }."
            )
        while True:
            version = _next_version(self.place)
            final = card.model_copy(update={"version": version, "files": entries})
            checked = ModelCard.model_validate(final.model_dump())
            path = self.folder / CARD_FILE
            path.write_text(checked.model_dump_json(indent=2) + "\n", encoding="utf-8")
            for each in [*files, path, self.folder]:
                sync(each)
            try:
                published = self.folder.rename(self.place / version)
            except OSError:
                # Another writer took the number between the look and the rename.
                if not (self.place / version).exists():
                    raise
                continue
            sync(self.place)
            return published


@contextlib.contextmanager
def draft(store: Path, name: str) -> Iterator[Draft]:
    """Open a hidden folder to write a version in; it is removed unless it was published.

    Args:
        store: models_store.
        name: The model's.
    """
    place = store / name
    place.mkdir(parents=True, exist_ok=True)
    _clear(place)
    folder = place / f"{_PREFIX}{secrets.token_hex(6)}"
    folder.mkdir()
    lock = os.open(folder, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        yield Draft(folder, place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def write_models(folder: Path, model: keras.Model, pictures: NDArray[np.uint8]) -> Parity:
    """Write model.keras and model.tflite, and measure how far they agree.

    Weights in 16 bits would halve the LiteRT file, and miss the bound sevenfold
    (3.4e-3): folding batch normalisation into the convolutions spreads them too wide.

    Args:
        folder: Of the draft.
        model: What is served.
        pictures: uint8 [N, height, width, 3] to compare the answers on.

    Raises:
        ExportError: The two files do not answer alike.
    """
    model.save(folder / KERAS_FILE)
    (folder / LITERT_FILE).write_bytes(convert(model))
    measured = parity(model, LiteModel(folder / LITERT_FILE), pictures)
    if measured.max_absolute_difference > MOST_DIFFERENCE:
        raise ExportError(
            f"Expected probabilities of {LITERT_FILE} within {MOST_DIFFERENCE} of {KERAS_FILE}; "
            f"received {measured.max_absolute_difference:.2g}."
        )
    return measured


def parity(model: keras.Model, lite: LiteModel, pictures: NDArray[np.uint8]) -> Parity:
    """Compare the two files' probabilities on pictures uint8 [N, height, width, 3].

    Raises:
        ExportError: The Keras model's are no numbers.
    """
    expected = answers(model, pictures)
    if not np.isfinite(expected).all():
        raise ExportError("Expected finite probabilities; the training has diverged.")
    received = np.stack([lite(each)["probabilities"] for each in pictures])
    return Parity(
        pictures=len(pictures),
        max_absolute_difference=float(np.abs(expected - received).max()),
        same_class=float((expected.argmax(axis=1) == received.argmax(axis=1)).mean()),
    )


def golden(model: keras.Model, wanted: Input) -> GoldenPrediction:
    """What the model answers to `golden_pictures`."""
    found = answers(model, golden_pictures(wanted.spec))
    return GoldenPrediction(probabilities=[[round(float(p), 6) for p in row] for row in found])


def answers(model: keras.Model, pictures: NDArray[np.uint8]) -> NDArray[Any]:
    """Probabilities [N, C] of the Keras model, a few pictures at a time."""
    parts: Sequence[NDArray[Any]] = [
        np.asarray(model(pictures[start : start + 8], training=False)["probabilities"])
        for start in range(0, len(pictures), 8)
    ]
    return np.concatenate(parts)


def write_report(folder: Path, html: str) -> None:
    """Write the report's file."""
    (folder / REPORT_FILE).write_text(html, encoding="utf-8")


def _next_version(place: Path) -> str:
    taken = [int(each.name) for each in place.iterdir() if each.name.isdecimal()]
    return str(max(taken, default=0) + 1)


def _clear(place: Path) -> None:
    """Remove what writers left that are no more."""
    for left in place.glob(f"{_PREFIX}*"):
        try:
            lock = os.open(left, os.O_RDONLY)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(left, ignore_errors=True)
        except BlockingIOError:
            pass  # its writer lives
        finally:
            os.close(lock)
