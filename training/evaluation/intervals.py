"""95 % intervals of measured shares."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate

__all__ = ["balanced", "bootstrap", "mean", "wilson"]

_Z = 1.959963984540054
_RESAMPLES = 10_000
_FEWER_RESAMPLES = 1000
"""Where each resample is measured anew, which costs time."""


def wilson(hits: int, count: int) -> Estimate:
    """A share with Wilson's interval; with no observations, 0 within 0 to 1."""
    if count == 0:
        return Estimate(value=0.0, low=0.0, high=1.0)
    share = hits / count
    scale = 1 + _Z**2 / count
    middle = (share + _Z**2 / (2 * count)) / scale
    half = _Z / scale * math.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return Estimate(
        value=share,
        low=max(0.0, min(middle - half, share)),
        high=min(1.0, max(middle + half, share)),
    )


def balanced(hits: NDArray[np.int64], counts: NDArray[np.int64], seed: int = 0) -> Estimate:
    """The mean of the classes' recalls, with a bootstrap interval stratified by class.

    Resampling n pictures of one class, of which a share r is right, gives a
    binomial number of right ones, so no picture is resampled one by one.

    Args:
        hits: [C], right pictures of each class.
        counts: [C], pictures of each class; classes without any are left out.
        seed: Of the resampling.
    """
    present = counts > 0
    if not present.any():
        return Estimate(value=0.0, low=0.0, high=1.0)
    right, of = hits[present], counts[present]
    rng = np.random.default_rng(seed)
    resampled = (rng.binomial(of, right / of, (_RESAMPLES, len(of))) / of).mean(axis=1)
    low, high = np.quantile(resampled, (0.025, 0.975))
    return Estimate(value=float((right / of).mean()), low=float(low), high=float(high))


def mean(values: NDArray[np.float64], seed: int = 0) -> Estimate:
    """A mean with its bootstrap interval; with no observations, 0 within 0 to 0.

    Args:
        values: [N], in any unit.
        seed: Of the resampling.
    """
    if len(values) == 0:
        return Estimate(value=0.0, low=0.0, high=0.0)
    return bootstrap(lambda places: float(values[places].mean()), (len(values),), seed)


def bootstrap(statistic: Callable[..., float], counts: tuple[int, ...], seed: int = 0) -> Estimate:
    """Any figure with the interval that a thousand resamples give.

    Args:
        statistic: Takes the places, int64 [n], of each group's pictures, such as
            `np.arange(n)` for all of them, and gives the figure.
        counts: n of each group; groups are resampled apart.
        seed: Of the resampling.
    """
    rng = np.random.default_rng(seed)
    resampled = [
        statistic(*(rng.integers(0, count, count) for count in counts))
        for _ in range(_FEWER_RESAMPLES)
    ]
    low, high = np.quantile(resampled, (0.025, 0.975))
    value = statistic(*(np.arange(count) for count in counts))
    return Estimate(value=value, low=float(low), high=float(high))
