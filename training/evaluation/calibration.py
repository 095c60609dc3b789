"""Makes probabilities honest, and says from which one on an answer is called sure."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate
from training.evaluation.intervals import wilson

__all__ = [
    "FEW",
    "HIGHEST_TEMPERATURE",
    "LOWEST_TEMPERATURE",
    "Bin",
    "Sure",
    "calibration_error",
    "confident_threshold",
    "expected_calibration_error",
    "fit_temperature",
    "log_loss",
    "reliability",
    "sure_answers",
    "with_temperature",
]

FEW = 40
"""Pictures below which a temperature is not fitted freely."""

LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.2, 10.0
"""What a temperature is looked for between."""

_BINS = 15
_RESAMPLES = 1000
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


def with_temperature(
    probabilities: NDArray[np.float64],
    temperature: float,
    bias: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Calibrate probabilities [N, C] as `app.prediction` does.

    The bias, [C] or one for all, is added to their logarithms, the sum divided by the
    temperature, and the softmax taken.
    """
    logits = (np.log(np.maximum(probabilities, 1e-30)) + bias) / temperature
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    scaled: NDArray[np.float64] = powers / powers.sum(axis=-1, keepdims=True)
    return scaled


def log_loss(
    truth: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Mean of the negative logarithms of the true classes' probabilities.

    Args:
        truth: [N].
        probabilities: [N, C].
        weights: [N], of the pictures. Defaults to all the same.

    Returns:
        From 0 on; 0 of no pictures.
    """
    if len(truth) == 0:
        return 0.0
    likely = np.maximum(probabilities[np.arange(len(truth)), truth], 1e-30)
    return float(np.average(-np.log(likely), weights=weights))


def fit_temperature(
    truth: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Find the temperature at which the true classes are most likely.

    Seven pictures can ask for a temperature of 10 by chance, so of fewer than `FEW` the
    logarithm is taken only as far as their share of `FEW`.

    Args:
        truth: [N], of pictures that were not trained on.
        probabilities: [N, C], before calibration.
        weights: [N], of the pictures. Defaults to each class weighing the same,
            whatever its number of pictures.

    Returns:
        From 0.2 to 10; 1 where there are no pictures.
    """
    if len(truth) == 0:
        return 1.0
    if weights is None:
        weights = 1 / np.bincount(truth, minlength=probabilities.shape[1])[truth]

    def cost(log_temperature: float) -> float:
        scaled = with_temperature(probabilities, float(np.exp(log_temperature)))
        return log_loss(truth, scaled, weights)

    found = _golden_section(cost, np.log(LOWEST_TEMPERATURE), np.log(HIGHEST_TEMPERATURE))
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
    place = _places(confidence)
    bins = []
    for number in range(_BINS):
        inside = place == number
        count = int(inside.sum())
        mean = float(confidence[inside].mean()) if count else 0.0
        share = float(right[inside].mean()) if count else 0.0
        bins.append(Bin(count, mean, share))
    return bins


def _places(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """The bin, from 0 to 14, of each confidence."""
    return np.minimum((confidence * _BINS).astype(np.int64), _BINS - 1)


def expected_calibration_error(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> float:
    """How far confidence and accuracy lie apart: the bins' mean distance, by their size."""
    bins = reliability(truth, probabilities)
    total = sum(each.count for each in bins) or 1
    return sum(each.count * abs(each.confidence - each.accuracy) for each in bins) / total


def calibration_error(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64], seed: int = 0
) -> Estimate:
    """The expected calibration error with its bootstrap interval.

    A resample's error is larger than its population's, for chance alone parts
    confidence and accuracy in every bin; the interval is moved down by as much as the
    resamples lie above the error that they were drawn from.

    Args:
        truth: [N].
        probabilities: [N, C], calibrated.
        seed: Of the resampling.
    """
    value = expected_calibration_error(truth, probabilities)
    count = len(truth)
    if count == 0:
        return Estimate(value=value, low=0.0, high=1.0)
    confidence = probabilities.max(axis=1)
    apart = confidence - (probabilities.argmax(axis=1) == truth)
    place = _places(confidence)
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(0, count, count) for _ in range(_RESAMPLES))
    errors = [float(abs(np.bincount(place[at], apart[at])).sum()) / count for at in drawn]
    low, high = np.quantile(errors, (0.025, 0.975)) - (np.mean(errors) - value)
    return Estimate(value=value, low=max(0.0, min(float(low), value)), high=max(float(high), value))


@dataclass(frozen=True)
class Sure:
    """What is called sure.

    Attributes:
        share: Of the answers.
        accuracy: Share of those that is right.
    """

    share: Estimate
    accuracy: Estimate


def sure_answers(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64], confident: float
) -> Sure:
    """How many answers reach a confidence, and how many of those are right."""
    sure = probabilities.max(axis=1) >= confident
    right = probabilities.argmax(axis=1) == truth
    count = int(sure.sum())
    return Sure(wilson(count, len(truth)), wilson(int((sure & right).sum()), count))


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
