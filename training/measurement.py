"""Everything that is measured of a stored version on labelled pictures."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imaging import InputSpec
from app.model_card import (
    KERAS_FILE,
    LITERT_FILE,
    LITERT_INT8_FILE,
    Dating,
    Estimate,
    Metrics,
    ModelCard,
)
from training.cores import usable_cores
from training.data.index import Example
from training.data.not_paintings import made_pictures, not_paintings
from training.data.pictures import serving_view
from training.errors import DataError, OptionError
from training.evaluation.calibration import with_temperature
from training.evaluation.heatmaps import check_deletion, check_randomised
from training.evaluation.intervals import mean
from training.evaluation.metrics import follow_in_time, measure
from training.evaluation.paired import Comparison, compare
from training.figures import (
    Figure,
    Others,
    cost_figures,
    date_figures,
    heat_map_figures,
    honesty_figures,
    measured_dating,
    painting_figures,
    period_figures,
    with_painting,
)
from training.files import digest_file
from training.networks.lite import LiteModel
from training.prediction import Answers, Model, answer_file, predict
from training.terminal import quiet

__all__ = [
    "BACKENDS",
    "Measurement",
    "ask_others",
    "calibrated",
    "check_comparable",
    "compared",
    "measured",
]

BACKENDS = {"litert": LITERT_FILE, "int8": LITERT_INT8_FILE, "keras": KERAS_FILE}
"""The version's file that each runs."""

_HEAT_MAPS = 60
_TIMED, _WARM_UP = 40, 3


@dataclass(frozen=True)
class Measurement:
    """What was measured.

    Attributes:
        backend: What ran the model.
        answers: To the pictures, calibrated.
        others: To the pictures that are no paintings; None where the model cannot tell.
        metrics: As a card holds them.
        dating: The card's, with what was measured; None where nothing was.
        figures: All of it, line by line.
    """

    backend: str
    answers: Answers
    others: Others | None
    metrics: Metrics
    dating: Dating | None
    figures: tuple[Figure, ...]


def measured(
    folder: Path,
    card: ModelCard,
    examples: Sequence[Example],
    split: str,
    *,
    backend: str = "litert",
    others: Path | None = None,
    heatmaps: bool = False,
) -> Measurement:
    """Ask a version about all pictures, and measure what the table holds.

    Args:
        folder: Of the version.
        card: Its card.
        examples: Of classes that the card knows.
        split: What the figures are called.
        backend: One of `BACKENDS`.
        others: A folder of pictures that are no paintings, whose half `report` is asked
            about beside those made in code.
        heatmaps: Whether to check the heat maps, on some of the pictures.

    Raises:
        DataError: A picture is of a class that the model does not know, or `others` has
            no picture.
        OptionError: The version's file is missing, or its digest is not the card's.
    """
    model = _load(folder, card, backend)
    answers = _ask(model, card, examples, backend)
    metrics = measure(
        split,
        answers.truth,
        answers.probabilities,
        card.class_names,
        [each.source for each in examples],
        in_time=follow_in_time(card.classes),
        confident=card.thresholds.confident,
    )
    strangers = None if answers.painting is None else ask_others(model, card.input.spec, others)
    figures = (
        *period_figures(metrics, answers, card),
        *honesty_figures(metrics, answers),
        *painting_figures(answers.painting, strangers, card.thresholds.painting),
        *date_figures(answers, card.dating),
        *_heat_map_figures(folder, card, model, examples, wanted=heatmaps),
        *cost_figures(_milliseconds(folder, card, examples), _in_8_bits(folder, card, answers)),
    )
    dating = measured_dating(answers, card.dating, split)
    metrics = with_painting(metrics, answers.painting, strangers, card.thresholds.painting)
    return Measurement(backend, answers, strangers, metrics, dating, figures)


def check_comparable(card: ModelCard, other: ModelCard) -> None:
    """Refuse to compare two models that answer other questions.

    Raises:
        DataError: They have other classes.
    """
    if other.class_names != card.class_names:
        raise DataError(
            f"Expected the classes {list(card.class_names)} in {other.name}; "
            f"received {list(other.class_names)}."
        )


def compared(found: Measurement, folder: Path, other: ModelCard) -> Comparison:
    """Compare with another version of the same classes on the same pictures, run by LiteRT.

    Raises:
        OptionError: Its file is missing, or its digest is not the card's.
    """
    answers = _ask(_load(folder, other, "litert"), other, found.answers.examples, "litert")
    mine, its = (each.probabilities.argmax(axis=1) for each in (found.answers, answers))
    return compare(found.answers.truth, mine, its)


def calibrated(probabilities: NDArray[np.float64], card: ModelCard) -> NDArray[np.float64]:
    """Probabilities [N, C] as the service tells them."""
    bias = np.array([card.calibration.bias.get(name, 0.0) for name in card.class_names])
    return with_temperature(probabilities, card.calibration.temperature, bias)


def ask_others(model: Model, spec: InputSpec, folder: Path | None) -> Others:
    """What a model with the output `painting` says of what is none: the half to report on.

    Args:
        model: Its outputs.
        spec: What it is fed.
        folder: Pictures besides those that are made in code; None for those alone.

    Raises:
        DataError: There is no picture in the folder.
    """
    found = () if folder is None else not_paintings(folder, "report")
    made = made_pictures("report")
    scores = [float(answer_file(model, each.content, spec)["painting"][0]) for each in found + made]
    return Others(
        kinds=tuple(each.kind for each in found + made),
        made=np.repeat([False, True], [len(found), len(made)]),
        painting=np.array(scores),
    )


def _ask(model: Model, card: ModelCard, examples: Sequence[Example], backend: str) -> Answers:
    unknown = sorted({each.class_name for each in examples} - set(card.class_names))
    if unknown:
        raise DataError(f"Expected pictures of {list(card.class_names)}; received {unknown}.")
    # Keras is one model for all threads; LiteRT has one for each.
    threads = 1 if backend == "keras" else usable_cores()
    answers = predict(model, examples, card.input.spec, card.class_names, threads)
    if answers.years is not None and card.dating is not None:
        bins = len(card.dating.edges) - 1
        if answers.years.shape[1] != bins:
            raise OptionError(
                f"Expected an output years of {bins} bins, as the card says; "
                f"received {answers.years.shape[1]}."
            )
    return replace(answers, probabilities=calibrated(answers.probabilities, card))


def _heat_map_figures(
    folder: Path,
    card: ModelCard,
    model: Model,
    examples: Sequence[Example],
    *,
    wanted: bool,
) -> list[Figure]:
    spec = card.input.spec
    step = max(1, len(examples) // _HEAT_MAPS)
    chosen = examples[::step][:_HEAT_MAPS] if wanted else ()
    pictures = [serving_view(each, spec) for each in chosen]
    if not pictures:
        return heat_map_figures(None, None, "not asked for; --heatmaps checks them")
    if "activation_map" not in model(pictures[0]):
        return heat_map_figures(None, None, "the model has no output `activation_map`")
    deletion = check_deletion(
        model, lambda probabilities: calibrated(probabilities[None], card)[0], pictures
    )
    if not _has(folder, card, KERAS_FILE):
        reason = f"weights can be changed in {KERAS_FILE} only, which this version has not"
        return heat_map_figures(deletion, None, reason)
    keras_model = model.keras if isinstance(model, _KerasModel) else _load_keras(folder, card)
    return heat_map_figures(deletion, check_randomised(keras_model, pictures), "")


def _in_8_bits(folder: Path, card: ModelCard, answers: Answers) -> Estimate | None:
    """What balanced accuracy the file in 8 bits gains over these answers; None without it."""
    if not _has(folder, card, LITERT_INT8_FILE):
        return None
    smaller = _ask(_load(folder, card, "int8"), card, answers.examples, "int8")
    one, other = (each.probabilities.argmax(axis=1) for each in (smaller, answers))
    return compare(answers.truth, one, other).difference


def _milliseconds(
    folder: Path, card: ModelCard, examples: Sequence[Example]
) -> dict[str, Estimate | None]:
    """Decoding, resizing and answering one picture after another, in time of one core, by file.

    The thread's own time is taken, so that what else the machine does counts less.
    """
    found: dict[str, Estimate | None] = {}
    for backend, file in BACKENDS.items():
        if backend == "keras":
            continue
        if not _has(folder, card, file):
            found[file] = None
            continue
        model = _load(folder, card, backend)
        chosen = [examples[n % len(examples)] for n in range(_TIMED + _WARM_UP)]
        times = []
        for example in chosen:
            content = example.path.read_bytes()
            started = time.thread_time()
            answer_file(model, content, card.input.spec)
            times.append((time.thread_time() - started) * 1000)
        found[file] = mean(np.array(times[_WARM_UP:]))
    return found


def _load(folder: Path, card: ModelCard, backend: str) -> Model:
    if backend == "keras":
        return _KerasModel(_load_keras(folder, card))
    return LiteModel(_verified(folder, card, BACKENDS[backend]))


def _load_keras(folder: Path, card: ModelCard) -> Any:
    path = _verified(folder, card, KERAS_FILE)
    with quiet():
        import keras  # noqa: PLC0415 - takes seconds, and only this branch needs it

        return keras.saving.load_model(path, compile=False, safe_mode=True)


def _has(folder: Path, card: ModelCard, file: str) -> bool:
    return file in card.files and (folder / file).is_file()


def _verified(folder: Path, card: ModelCard, file: str) -> Path:
    path = folder / file
    if not _has(folder, card, file):
        raise OptionError(f"Expected {file} in {folder}; this version has none.")
    received = digest_file(path)
    if received != card.files[file].sha256:
        raise OptionError(
            f"Expected {file} with sha256 {card.files[file].sha256}; received {received}."
        )
    return path


class _KerasModel:
    """A Keras model, called as a LiteRT one is."""

    def __init__(self, model: Any) -> None:
        self.keras = model

    def __call__(self, picture: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        outputs = self.keras(picture[None], training=False)
        named = outputs if isinstance(outputs, dict) else {"probabilities": outputs}
        return {name: np.asarray(value)[0] for name, value in named.items()}
