"""Whether a picture is a painting at all: a logistic regression on the embedding."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

__all__ = ["LEAST_PAINTINGS", "PaintingHead", "Share", "fit_painting_head", "painting_threshold"]

Floats = NDArray[np.floating[Any]]

LEAST_PAINTINGS = 100
"""Paintings that were not learnt from, below which no threshold is told from them."""

_MOST_STEPS = 2000


@dataclass(frozen=True)
class Share:
    """Pictures that are no paintings, and how much they count for together.

    Attributes:
        embeddings: [M, D].
        weight: Beside the weights of the other shares; all paintings together count
            for as much as all shares.
    """

    embeddings: Floats
    weight: float


@dataclass(frozen=True)
class PaintingHead:
    """A layer `sigmoid(embedding @ kernel + bias)`.

    Attributes:
        kernel: float32 [D, 1].
        bias: float32 [1].
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(self, embeddings: Floats) -> NDArray[np.float64]:
        """Probability that each of [N, D] is a painting; float64 [N]."""
        logits = (embeddings @ self.kernel + self.bias)[:, 0].astype(np.float64)
        probabilities: NDArray[np.float64] = 1 / (1 + np.exp(-logits))
        return probabilities


def fit_painting_head(paintings: Floats, others: Sequence[Share]) -> PaintingHead:
    """Teach the head.

    Embeddings are standardised for the fit, and the layer takes them as they are.

    Args:
        paintings: [N, D], of pictures that were trained on.
        others: Of pictures that are no paintings; at least one share with a picture.
    """
    rows = np.concatenate([paintings, *(each.embeddings for each in others)]).astype(np.float64)
    truth = np.arange(len(rows)) < len(paintings)
    total = sum(each.weight for each in others)
    parts = [(len(paintings), 1.0), *((len(e.embeddings), e.weight / total) for e in others)]
    weights = np.concatenate([np.full(count, part / max(count, 1)) for count, part in parts])
    mean, deviation = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    # The more dimensions, the more of them tell apart by chance what was shown.
    fit = LogisticRegression(C=1 / rows.shape[1], max_iter=_MOST_STEPS)
    # The weights' sum is the number of pictures, against which C is measured.
    fit.fit((rows - mean) / deviation, truth, sample_weight=weights * len(rows) / weights.sum())
    kernel = fit.coef_[0] / deviation
    bias = fit.intercept_ - mean @ kernel
    return PaintingHead(kernel[:, None].astype(np.float32), bias.astype(np.float32))


def painting_threshold(left_out: Floats, refused: float = 0.01) -> float | None:
    """The probability below which a picture is refused.

    Args:
        left_out: [N], probabilities of paintings of sources that no fit had seen.
        refused: Share of those to refuse at most.

    Returns:
        From 0 to 0.5, rounded down to a thousandth; None where there are fewer than
        `LEAST_PAINTINGS`.
    """
    if len(left_out) < LEAST_PAINTINGS:
        return None
    found = float(np.quantile(left_out, refused, method="lower"))
    return min(0.5, math.floor(found * 1000) / 1000)
