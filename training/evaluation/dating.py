"""Dates read off bins of years, and how near they come to what museums say."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate
from training.data.years import Years
from training.evaluation.intervals import mean, wilson

__all__ = ["INTERVAL_SHARE", "WIDEST_DATING", "DateFigures", "Dates", "measure_dates", "read_dates"]

INTERVAL_SHARE = 0.8
"""How much of the probability of all years an interval holds; `app.prediction` has the same."""

WIDEST_DATING = 50
"""Years between the first and last of a dating that says when a picture was painted."""

_ROUNDING = 1e-4


@dataclass(frozen=True)
class Dates:
    """What N pictures are dated to.

    Attributes:
        median: int64 [N], the year before and after which lies half of the probability.
        first: int64 [N], first year of the interval.
        last: int64 [N], last year of it.
    """

    median: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]


@dataclass(frozen=True)
class DateFigures:
    """How near dates come.

    Attributes:
        pictures: That have a dating of at most `WIDEST_DATING` years.
        mean_absolute_error: Years between the median and the middle of the dating.
        coverage: Share of pictures the middle of whose dating lies in the interval.
        width: Mean years between the interval's first and last.
        distance: float64 [pictures], the median less the middle of the dating.
        middle: float64 [pictures], the middle of the dating.
        covered: bool [pictures].
    """

    pictures: int
    mean_absolute_error: Estimate
    coverage: Estimate
    width: Estimate
    distance: NDArray[np.float64]
    middle: NDArray[np.float64]
    covered: NDArray[np.bool_]


def read_dates(
    years: NDArray[np.float64], edges: Sequence[int], interval: float = INTERVAL_SHARE
) -> Dates:
    """Read medians and intervals, evenly spread within each bin, as `app.prediction` does.

    Args:
        years: [N, B], the mean over the views of a picture.
        edges: B + 1 whole years, rising.
        interval: Share of the probability between `first` and `last`.
    """
    shares = np.maximum(years, 0)
    upto = np.pad(shares.cumsum(axis=1), ((0, 0), (1, 0)))
    upto /= np.maximum(upto[:, -1:], 1e-30)
    at = np.array(edges, np.float64)

    def year(share: float) -> NDArray[np.int64]:
        place = np.clip((upto < share).sum(axis=1) - 1, 0, len(at) - 2)
        row = np.arange(len(upto))
        below, above = upto[row, place], upto[row, place + 1]
        part = np.minimum((share - below) / np.maximum(above - below, 1e-30), 1)
        found = np.floor(at[place] + part * (at[place + 1] - at[place]) + _ROUNDING)
        whole: NDArray[np.int64] = np.minimum(found, at[-1] - 1).astype(np.int64)
        return whole

    tail = (1 - interval) / 2
    return Dates(year(0.5), year(tail), year(1 - tail))


def measure_dates(dates: Dates, datings: Sequence[Years | None]) -> DateFigures | None:
    """Compare dates with the datings of museums.

    Args:
        dates: Of N pictures.
        datings: N of them; None, and those wider than `WIDEST_DATING`, are left out.

    Returns:
        None where no picture is dated.
    """
    dated = [
        place
        for place, each in enumerate(datings)
        if each is not None and each[1] - each[0] <= WIDEST_DATING
    ]
    if not dated:
        return None
    middle = np.array([sum(datings[n]) / 2 for n in dated])  # type: ignore[arg-type]
    first, last = dates.first[dated], dates.last[dated]
    distance = dates.median[dated] - middle
    covered = (first <= middle) & (middle <= last)
    return DateFigures(
        pictures=len(dated),
        mean_absolute_error=mean(abs(distance)),
        coverage=wilson(int(covered.sum()), len(dated)),
        width=mean((last - first).astype(np.float64)),
        distance=distance,
        middle=middle,
        covered=covered,
    )
