"""When within its period a picture was painted: for each period, bins of years.

Few pictures are dated, so the head only tells the years within a period; how much each
period has is the classes' business. Together they are the output `years`.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from app.model_card import PeriodClass
from training.data.years import Years

__all__ = [
    "LEAST_DATED",
    "WIDEST_DATING",
    "DatingHead",
    "PeriodYears",
    "can_date",
    "fit_dating_head",
    "most_probable",
]

Floats = NDArray[np.floating[Any]]

LEAST_DATED = 30
"""Dated pictures of every period, below which years are not taught."""

WIDEST_DATING = 100
"""Years between the first and last of a dating that is learnt from."""

_BIN = 20
_WEIGHT_DECAY = 1.0
_OPEN = 0.02


@dataclass(frozen=True)
class PeriodYears:
    """One period's bins, and a layer `softmax(embedding @ kernel + bias)` over them.

    Attributes:
        edges: B + 1 whole years, rising.
        kernel: float32 [D, B].
        bias: float32 [B].
    """

    edges: tuple[int, ...]
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __call__(self, embeddings: Floats) -> NDArray[np.float64]:
        """Probability of each bin for each of [N, D]; float64 [N, B]."""
        return _softmax(embeddings @ self.kernel + self.bias)


@dataclass(frozen=True)
class DatingHead:
    """The periods' bins, in the order of time.

    Attributes:
        periods: Of each class.
        order: Number of the class that each is of.
        pictures: Dated pictures that it was taught by.
    """

    periods: tuple[PeriodYears, ...]
    order: tuple[int, ...]
    pictures: int

    @property
    def edges(self) -> tuple[int, ...]:
        """Of all bins; each period begins where the one before it ends."""
        return (*(edge for each in self.periods for edge in each.edges[:-1]), self._last)

    @property
    def _last(self) -> int:
        return self.periods[-1].edges[-1]


def can_date(
    truth: NDArray[np.int64], datings: Sequence[Years | None], classes: Sequence[PeriodClass]
) -> bool:
    """Whether a head can be taught: `LEAST_DATED` pictures of each period, and no gap between."""
    return bool(_in_time(classes)) and all(
        len(_dated(number, truth, datings, period)) >= LEAST_DATED
        for number, period in enumerate(classes)
    )


def fit_dating_head(
    embeddings: Floats,
    truth: NDArray[np.int64],
    datings: Sequence[Years | None],
    classes: Sequence[PeriodClass],
) -> DatingHead:
    """Teach the years within each period.

    A dating of several years says that the picture was painted in one of them; what is
    learnt is that the bins that it meets together are probable.

    Args:
        embeddings: [N, D], of pictures that were trained on.
        truth: [N], the numbers of their classes.
        datings: Of each; None where it is not dated.
        classes: In the order of the outputs, such that `can_date`.
    """
    order = _in_time(classes)
    mean = embeddings.mean(axis=0)
    deviation = embeddings.std(axis=0) + 1e-6
    periods = []
    count = 0
    for number in order:
        dated = _dated(number, truth, datings, classes[number])
        count += len(dated)
        edges = _edges(classes[number], list(dated.values()))
        rows = (embeddings[list(dated)] - mean) / deviation
        # Dimensions are hundreds and pictures few: without it every one is learnt by heart.
        decay = _WEIGHT_DECAY * rows.shape[1]
        met = _met(edges, list(dated.values()))
        kernel, bias = most_probable(rows.astype(np.float64), met, decay)
        kernel = kernel / deviation[:, None]
        bias = bias - mean @ kernel
        periods.append(PeriodYears(edges, kernel.astype(np.float32), bias.astype(np.float32)))
    return DatingHead(tuple(periods), order, count)


def _dated(
    number: int,
    truth: NDArray[np.int64],
    datings: Sequence[Years | None],
    period: PeriodClass,
) -> dict[int, Years]:
    """The places of a class's dated pictures, with the part of the dating in the class."""
    places = np.flatnonzero(truth == number).tolist()
    spans = {place: _within(datings[place], period) for place in places}
    return {place: span for place, span in spans.items() if span is not None}


def _in_time(classes: Sequence[PeriodClass]) -> tuple[int, ...]:
    """The classes' numbers by time; none unless each begins where another ends."""
    order = sorted(range(len(classes)), key=lambda n: classes[n].years[0] or -(10**6))
    years = [classes[n].years for n in order]
    follows = all(
        before[1] is not None and before[1] == after[0]
        for before, after in itertools.pairwise(years)
    )
    return tuple(order) if follows else ()


def _within(dating: Years | None, period: PeriodClass) -> Years | None:
    """The part of a dating that lies in its class; None where nothing is told by it."""
    if dating is None or dating[1] - dating[0] > WIDEST_DATING:
        return None
    begin, end = period.years
    first = dating[0] if begin is None else max(dating[0], begin)
    last = dating[1] if end is None else min(dating[1], end - 1)
    return (first, last) if first <= last else None


def _edges(period: PeriodClass, dated: Sequence[Years]) -> tuple[int, ...]:
    """Bins of about `_BIN` years; an open side ends where nearly all dated pictures do."""
    begin, end = period.years
    if begin is None:
        begin = int(np.quantile([first for first, _ in dated], _OPEN)) // _BIN * _BIN
    if end is None:
        end = -(-(int(np.quantile([last for _, last in dated], 1 - _OPEN)) + 1) // _BIN) * _BIN
    bins = max(1, round((end - begin) / _BIN))
    return tuple(round(edge) for edge in np.linspace(begin, end, bins + 1))


def _met(edges: tuple[int, ...], dated: Sequence[Years]) -> NDArray[np.float64]:
    """[N, B]: 1 where a dating meets a bin; what lies beyond the ends meets the last one."""
    inner = np.array(edges[1:-1])
    low = np.searchsorted(inner, [first for first, _ in dated], side="right")
    high = np.searchsorted(inner, [last for _, last in dated], side="right")
    places = np.arange(len(edges) - 1)
    return ((places >= low[:, None]) & (places <= high[:, None])).astype(np.float64)


def most_probable(
    rows: NDArray[np.float64], met: Floats, decay: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the layer `softmax(rows @ kernel + bias)` at which what was met is most probable.

    Args:
        rows: [N, D].
        met: [N, B]: 1 for each of the bins that a row may be of, which are probable together.
        decay: How much half of the sum of the kernel's squares costs beside N rows.

    Returns:
        Kernel [D, B] and bias [B].
    """
    shape = rows.shape[1], met.shape[1]
    split = shape[0] * shape[1]

    def cost(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        kernel, bias = flat[:split].reshape(shape), flat[split:]
        probabilities = _softmax(rows @ kernel + bias)
        inside = np.maximum((probabilities * met).sum(axis=1, keepdims=True), 1e-30)
        slope = probabilities - probabilities * met / inside
        loss = float(-np.log(inside).sum() + decay * np.square(kernel).sum() / 2)
        toward = (rows.T @ slope + decay * kernel).ravel()
        return loss, np.concatenate([toward, slope.sum(axis=0)])

    start = np.zeros(split + shape[1])
    start[split:] = np.log(met.sum(axis=0) / met.sum() + 1e-3)
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    return found[:split].reshape(shape), found[split:]


def _softmax(logits: Floats) -> NDArray[np.float64]:
    raised = np.exp(logits.astype(np.float64) - logits.max(axis=1, keepdims=True))
    probabilities: NDArray[np.float64] = raised / raised.sum(axis=1, keepdims=True)
    return probabilities
