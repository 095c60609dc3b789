"""Painting or not: how well the output `painting` tells them apart, and what refusing costs."""

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate
from training.evaluation.intervals import bootstrap, wilson

__all__ = ["area_under_curve", "share_below"]

Floats = NDArray[np.float64]


def area_under_curve(paintings: Floats, others: Floats) -> Estimate:
    """The share of pairs in which the painting scores higher (AUROC); ties count half.

    Args:
        paintings: [N], the output `painting` of paintings.
        others: [M], of pictures that are none.

    Returns:
        With a bootstrap interval that resamples both apart; with none of either, 0.5
        within 0 to 1.
    """
    if not len(paintings) or not len(others):
        return Estimate(value=0.5, low=0.0, high=1.0)
    return bootstrap(lambda n, m: _area(paintings[n], others[m]), (len(paintings), len(others)))


def share_below(scores: Floats, threshold: float) -> Estimate:
    """Share of the pictures that a threshold refuses, with Wilson's interval."""
    return wilson(int((scores < threshold).sum()), len(scores))


def _area(paintings: Floats, others: Floats) -> float:
    together = np.concatenate([paintings, others])
    _, place, counts = np.unique(together, return_inverse=True, return_counts=True)
    ranks = (counts.cumsum() - (counts - 1) / 2)[place]
    count = len(paintings)
    above = float(ranks[:count].sum()) - count * (count + 1) / 2
    return above / (count * len(others))
