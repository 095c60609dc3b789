"""Accuracy against the share of pictures that are answered, the surest first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate
from training.evaluation.intervals import bootstrap, wilson

__all__ = ["RiskCoverage", "accuracy_answering", "risk_coverage"]


@dataclass(frozen=True)
class RiskCoverage:
    """What is right of the surest answers.

    Attributes:
        share: float64 [N], rising: answered pictures of all.
        accuracy: float64 [N], of those that are answered.
        area: Mean of `accuracy`: 1 would be right wherever it is sure. With a bootstrap
            interval.
    """

    share: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    area: Estimate


def risk_coverage(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> RiskCoverage:
    """Answer one picture more at a time, the most confident first.

    Args:
        truth: [N], at least one.
        probabilities: [N, C], calibrated.
    """
    confidence = probabilities.max(axis=1)
    right = (probabilities.argmax(axis=1) == truth).astype(np.float64)
    numbers = np.arange(1, len(truth) + 1)

    def accuracies(places: NDArray[np.int64]) -> NDArray[np.float64]:
        surest = places[np.argsort(-confidence[places], kind="stable")]
        found: NDArray[np.float64] = right[surest].cumsum() / numbers
        return found

    area = bootstrap(lambda places: float(accuracies(places).mean()), (len(truth),))
    return RiskCoverage(numbers / len(truth), accuracies(np.arange(len(truth))), area)


def accuracy_answering(
    share: float, truth: NDArray[np.int64], probabilities: NDArray[np.float64]
) -> Estimate:
    """Accuracy where only the surest share of the pictures is answered.

    Args:
        share: From 0 to 1; at least one picture is answered.
        truth: [N].
        probabilities: [N, C].
    """
    count = max(1, round(share * len(truth)))
    surest = np.argsort(-probabilities.max(axis=1), kind="stable")[:count]
    right = probabilities[surest].argmax(axis=1) == truth[surest]
    return wilson(int(right.sum()), len(surest))
