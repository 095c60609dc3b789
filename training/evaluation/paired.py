"""Two models on the same pictures: whether one is better, or chance alone parts them."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate
from training.evaluation.intervals import bootstrap

__all__ = ["Comparison", "compare", "mcnemar"]


@dataclass(frozen=True)
class Comparison:
    """One model against another.

    Attributes:
        only_first: Pictures that the first alone has right.
        only_second: Pictures that the second alone has right.
        difference: Balanced accuracy of the first less that of the second, with a
            bootstrap interval that resamples pictures within each class.
        p_value: Of McNemar's exact test: how often chance alone parts two models of
            the same accuracy at least so far.
    """

    only_first: int
    only_second: int
    difference: Estimate
    p_value: float


def compare(
    truth: NDArray[np.int64], first: NDArray[np.int64], second: NDArray[np.int64]
) -> Comparison:
    """Compare two models' answers [N] to the same pictures of classes `truth` [N]."""
    one, other = first == truth, second == truth
    gained, lost = int((one & ~other).sum()), int((other & ~one).sum())
    apart = one.astype(np.float64) - other
    by_class = [apart[truth == number] for number in np.unique(truth)]

    def difference(*places: NDArray[np.int64]) -> float:
        means = [of[at].mean() for of, at in zip(by_class, places, strict=True)]
        return float(np.mean(means))

    counts = tuple(len(each) for each in by_class)
    return Comparison(gained, lost, bootstrap(difference, counts), mcnemar(gained, lost))


def mcnemar(gained: int, lost: int) -> float:
    """Chance that a fair coin thrown for each picture parts them at least so far."""
    count, fewer = gained + lost, min(gained, lost)
    tail = sum(math.comb(count, number) for number in range(fewer + 1))
    return min(1.0, float(2 * tail / 2**count))
