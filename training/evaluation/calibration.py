"""Makes probabilities honest, and says from which one on an answer is called sure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "FEW",
    "Bin",
    "confident_threshold",
    "expected_calibration_error",
    "fit_temperature",
    "reliability",
    "with_temperature",
]

FEW = 40
"""Pictures below which a temperature is not fitted freely."""

_BINS = 15
_LOWEST, _HIGHEST = 0.2, 10.0
_GOLDEN = (5**0.5 - 1) / 2


@dataclass(frozen=True)
class Bin:
    """Pictures whose confidence lies in one fifteenth of 0 to 1.

    Attributes:
        count: How many.
        confidence: Their mean confidence.
        accuracy: Share of them that is right.
    """

    count: int
    confidence: float
    accuracy: float


def with_temperature(probabilities: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """Raise probabilities [N, C] to 1 / temperature and normalise, as `app.prediction` does."""
    logits = np.log(np.maximum(probabilities, 1e-30)) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    scaled: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return scaled


def fit_temperature(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Find the temperature at which the true classes are most likely.

    Each class weighs the same, whatever its number of pictures. Seven pictures
    can ask for a temperature of 10 by chance, so of fewer than `FEW` the
    logarithm is taken only as far as their share of `FEW`.

    Args:
        truth: [N], of pictures that were not trained on.
        probabilities: [N, C], before calibration.

    Returns:
        From 0.2 to 10; 1 where there are no pictures.
    """
    if len(truth) == 0:
        return 1.0
    counts = np.bincount(truth, minlength=probabilities.shape[1])
    weight = 1 / counts[truth]

    def cost(log_temperature: float) -> float:
        scaled = with_temperature(probabilities, float(np.exp(log_temperature)))
        likely = np.maximum(scaled[np.arange(len(truth)), truth], 1e-30)
        return float(-(weight * np.log(likely)).sum() / weight.sum())

    found = _golden_section(cost, np.log(_LOWEST), np.log(_HIGHEST))
    return float(np.exp(found * min(1.0, len(truth) / FEW)))


def _golden_section(cost: Callable[[float], float], low: float, high: float) -> float:
    """The place of the least of a function that falls and then rises."""
    while high - low > 1e-4:  # noqa: PLR2004 - far below what the data can tell
        left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if cost(left) < cost(right):
            high = right
        else:
            low = left
    return (low + high) / 2


def reliability(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> list[Bin]:
    """Sort pictures by confidence into 15 bins of equal width."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    place = np.minimum((confidence * _BINS).astype(int), _BINS - 1)
    bins = []
    for number in range(_BINS):
        inside = place == number
        count = int(inside.sum())
        mean = float(confidence[inside].mean()) if count else 0.0
        share = float(right[inside].mean()) if count else 0.0
        bins.append(Bin(count, mean, share))
    return bins


def expected_calibration_error(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> float:
    """How far confidence and accuracy lie apart: the bins' mean distance, by their size."""
    bins = reliability(truth, probabilities)
    total = sum(each.count for each in bins) or 1
    return sum(each.count * abs(each.confidence - each.accuracy) for each in bins) / total


def confident_threshold(
    truth: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    *,
    wanted: float = 0.85,
    least: int = 20,
) -> float:
    """Find the lowest confidence from which on the wanted share of answers is right.

    Args:
        truth: [N], of pictures that were not trained on.
        probabilities: [N, C], calibrated.
        wanted: That share.
        least: From fewer pictures no share is told.

    Returns:
        In steps of 0.01, from 1 / C on; where no confidence is enough, the
        wanted share itself, which is what a calibrated probability promises.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == truth
    lowest = int(100 / probabilities.shape[1])
    for percent in range(lowest, 100):
        sure = confidence >= percent / 100
        if sure.sum() >= least and right[sure].mean() >= wanted:
            return percent / 100
    return wanted
