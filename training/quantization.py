"""The model in 8 bits: written, measured against the float file, and kept if it holds."""

from collections.abc import Callable, Mapping
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from app.model_card import (
    LITERT_INT8_FILE,
    GoldenPrediction,
    Input,
    Int8,
    SplitAgreement,
    golden_pictures,
)
from training.errors import ExportError
from training.evaluation.intervals import balanced
from training.networks.lite import LiteModel
from training.networks.quantization import Quantizer
from training.prediction import Answers

__all__ = ["CALIBRATION_PICTURES", "MOST_LOSS", "write_int8"]

CALIBRATION_PICTURES = 200
"""Training pictures that the ranges of the numbers are taken from."""

MOST_LOSS = 0.01
"""Most balanced accuracy that 8 bits may cost on any split."""

_EXTENTS = {
    False: "weights by channel and activations in 8 bits; the outputs' layers in float32",
    True: (
        "weights by channel and activations in 8 bits; the outputs' layers, and those that "
        "answer at a quarter of the picture's size and above, in float32"
    ),
}

# Every machine rounds the sums between two layers alike or one step apart.
_TOLERANCE = 2e-2


def write_int8(
    folder: Path,
    model: keras.Model,
    pictures: NDArray[np.uint8],
    wanted: Input,
    *,
    judged: Mapping[str, Answers],
    ask: Callable[[LiteModel, Answers], Answers],
) -> Int8 | None:
    """Quantize a model, measure what that costs, and write model_int8.tflite if it is little.

    The whole network is tried first, then, where that loses too much, one whose first
    layers are spared. Where no picture judges the model, the file is written and not
    served by default.

    Args:
        folder: Of the draft.
        model: What model.keras holds.
        pictures: uint8 [N, height, width, 3] of the training set, as they are served.
        wanted: What the model is fed.
        judged: What model.tflite answers to pictures that it has not learnt from, by split.
        ask: What another file answers to the pictures of such answers.

    Returns:
        What stands in the card; None where there is nothing to quantize.
    """
    try:
        quantizer = Quantizer(model, pictures)
        tried = [_try(quantizer, judged, ask, spare_large=False)]
        if _loses(tried[0][1]):
            tried.append(_try(quantizer, judged, ask, spare_large=True))
    except ExportError:
        return None
    content, splits, method = min(tried, key=lambda each: _loss(each[1]))
    if not _loses(splits):
        (folder / LITERT_INT8_FILE).write_bytes(content)
    return Int8(
        pictures=len(pictures),
        method=method,
        size=len(content),
        splits=splits,
        is_default=bool(splits) and not _loses(splits),
        golden=_golden(LiteModel(content), wanted),
    )


def _try(
    quantizer: Quantizer,
    judged: Mapping[str, Answers],
    ask: Callable[[LiteModel, Answers], Answers],
    *,
    spare_large: bool,
) -> tuple[bytes, dict[str, SplitAgreement], str]:
    content = quantizer.convert(spare_large=spare_large)
    lite = LiteModel(content)
    splits = {split: _agreement(answers, ask(lite, answers)) for split, answers in judged.items()}
    return content, splits, _EXTENTS[spare_large]


def _agreement(float32: Answers, int8: Answers) -> SplitAgreement:
    one, other = float32.probabilities.argmax(axis=1), int8.probabilities.argmax(axis=1)
    return SplitAgreement(
        pictures=len(one),
        float32=_balanced_accuracy(float32),
        int8=_balanced_accuracy(int8),
        same_class=float((one == other).mean()),
    )


def _balanced_accuracy(answers: Answers) -> float:
    classes = answers.probabilities.shape[1]
    right = answers.truth[answers.probabilities.argmax(axis=1) == answers.truth]
    counts = np.bincount(answers.truth, minlength=classes)
    return balanced(np.bincount(right, minlength=classes), counts).value


def _loss(splits: Mapping[str, SplitAgreement]) -> float:
    return max((each.float32 - each.int8 for each in splits.values()), default=0.0)


def _loses(splits: Mapping[str, SplitAgreement]) -> bool:
    return _loss(splits) > MOST_LOSS


def _golden(lite: LiteModel, wanted: Input) -> GoldenPrediction:
    found = [lite(each)["probabilities"] for each in golden_pictures(wanted.spec)]
    return GoldenPrediction(
        probabilities=[[round(float(p), 6) for p in row] for row in found], tolerance=_TOLERANCE
    )
