"""Measure a stored version: `python -m training.evaluate MODEL --data DIR [--split test]`."""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from app.imaging import prepare_pillow
from app.model_card import (
    KERAS_FILE,
    LITERT_FILE,
    LITERT_INT8_FILE,
    CardError,
    Estimate,
    Metrics,
    ModelCard,
    read_card,
)
from training.cores import usable_cores
from training.data.index import Example, read_index
from training.data.inspection import inspect
from training.errors import DataError, OptionError, TrainingError
from training.evaluation import retrieval
from training.evaluation.calibration import with_temperature
from training.evaluation.metrics import follow_in_time, measure
from training.files import digest_file
from training.networks.lite import LiteModel
from training.prediction import predict
from training.terminal import quiet

__all__ = ["evaluate", "main"]

Model = Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]

_FILES = {"litert": LITERT_FILE, "int8": LITERT_INT8_FILE, "keras": KERAS_FILE}


@dataclass(frozen=True)
class Evaluation:
    """What was measured.

    Attributes:
        metrics: As a card holds them.
        milliseconds: Of decoding, resizing and answering a picture, in the mean.
    """

    metrics: Metrics
    milliseconds: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status.

    Args:
        arguments: Without the program's name. Defaults to the process's own.
    """
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate",
        description="Measure a stored version on labelled pictures.",
    )
    add = parser.add_argument
    add("model", metavar="MODEL", help="NAME, NAME@VERSION, or a version's folder")
    add("--data", type=Path, default=Path("data"), metavar="DIR", help="as for training.run")
    add("--split", default="test", help="of the data's splits; `all` for every picture")
    add("--split-column", default="split", metavar="NAME", help="as for training.run")
    add("--models-store", type=Path, default=Path("models_store"), metavar="DIR")
    add("--backend", choices=sorted(_FILES), default="litert", help="default: litert")
    add("--cache", type=Path, default=Path(".cache"), metavar="DIR")
    given = parser.parse_args(arguments)
    prepare_pillow()
    try:
        folder = find(given.model, given.models_store)
        card = read_card(folder)
        examples = select(given.data, given.split, given.split_column, given.cache)
        found = evaluate(folder, card, examples, given.split, given.backend)
        similar = retrieval.measure(folder, card, examples)
    except (TrainingError, CardError) as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {error}", highlight=False)
        return 1
    show(found, card, Console())
    retrieval.show(similar, Console())
    return 0


def find(model: str, store: Path) -> Path:
    """The folder of a version, by name, name and version, or path.

    Raises:
        OptionError: There is none.
    """
    if (Path(model) / "card.json").is_file():
        return Path(model)
    name, _, version = model.partition("@")
    place = store / name
    known = sorted((each.name for each in place.glob("*") if each.name.isdecimal()), key=int)
    if not known or (version and version not in known):
        raise OptionError(f"Expected a version in {place}; received {model!r}, it has {known}.")
    return place / (version or known[-1])


def select(data: Path, split: str, split_column: str, cache: Path) -> tuple[Example, ...]:
    """The readable pictures of one split.

    Raises:
        DataError: There are none.
    """
    index = read_index(data, split_column=split_column)
    chosen = [each for each in index.examples if split in ("all", each.split)]
    readable = inspect(chosen, cache / "pictures.json", threads=usable_cores()).examples
    if not readable:
        raise DataError(f"Expected pictures of the split {split!r} in {data}; found none.")
    return readable


def evaluate(
    folder: Path, card: ModelCard, examples: Sequence[Example], split: str, backend: str = "litert"
) -> Evaluation:
    """Answer and measure.

    Args:
        folder: Of the version.
        card: Its card.
        examples: Of classes that the card knows.
        split: What the figures are called.
        backend: `litert`, `int8` or `keras`.

    Raises:
        DataError: A picture is of a class that the model does not know.
        OptionError: The version's file is missing, or its digest is not the card's.
    """
    unknown = sorted({each.class_name for each in examples} - set(card.class_names))
    if unknown:
        raise DataError(f"Expected pictures of {list(card.class_names)}; received {unknown}.")
    model = _load(folder, card, backend)
    started = time.perf_counter()
    # Keras is one model for all threads; LiteRT has one for each.
    threads = 1 if backend == "keras" else usable_cores()
    answers = predict(model, examples, card.input.spec, card.class_names, threads)
    milliseconds = (time.perf_counter() - started) / len(examples) * 1000
    bias = np.array([card.calibration.bias.get(name, 0.0) for name in card.class_names])
    calibrated = with_temperature(answers.probabilities, card.calibration.temperature, bias)
    metrics = measure(
        split,
        answers.truth,
        calibrated,
        card.class_names,
        [each.source for each in examples],
        in_time=follow_in_time(card.classes),
        confident=card.thresholds.confident,
    )
    return Evaluation(metrics, milliseconds)


def show(found: Evaluation, card: ModelCard, console: Console) -> None:
    """Print the tables."""
    m = found.metrics
    table = Table(title=f"{card.name}@{card.version} on {m.split}, {m.pictures} pictures")
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("95 % interval")
    _row(table, "accuracy", m.accuracy)
    _row(table, "balanced accuracy", m.balanced_accuracy)
    table.add_row("calibration error", f"{m.expected_calibration_error or 0:.3f}", "")
    table.add_row("milliseconds a picture", f"{found.milliseconds:.1f}", "")
    for name in card.class_names:
        _row(table, f"recall of {name}", m.recall[name])
    for name in card.class_names:
        _row(table, f"precision of {name}", m.precision[name])
    for name, estimate in m.by_source.items():
        _row(table, f"accuracy on {name}", estimate)
    console.print(table)
    confusion = Table(title="confusion: rows are true")
    confusion.add_column("")
    for name in card.class_names:
        confusion.add_column(name, justify="right")
    for name, row in zip(card.class_names, m.confusion, strict=True):
        confusion.add_row(name, *(str(count) for count in row))
    console.print(confusion)


def _row(table: Table, name: str, estimate: Estimate) -> None:
    table.add_row(name, f"{estimate.value:.3f}", f"{estimate.low:.3f} to {estimate.high:.3f}")


def _load(folder: Path, card: ModelCard, backend: str) -> Model:
    path = folder / _FILES[backend]
    if path.name not in card.files or not path.is_file():
        raise OptionError(f"Expected {path.name} in {folder}; this version has none.")
    received = digest_file(path)
    if received != card.files[path.name].sha256:
        raise OptionError(
            f"Expected {path.name} with sha256 {card.files[path.name].sha256}; received {received}."
        )
    if backend != "keras":
        return LiteModel(path)
    with quiet():
        import keras  # noqa: PLC0415 - takes seconds, and only this branch needs it

        return _keras_model(keras.saving.load_model(path, compile=False, safe_mode=True))


def _keras_model(model: Any) -> Model:
    def answer(picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        outputs = model(picture[None], training=False)
        named = outputs if isinstance(outputs, dict) else {"probabilities": outputs}
        return {name: np.asarray(value)[0] for name, value in named.items()}

    return answer


if __name__ == "__main__":
    sys.exit(main())
