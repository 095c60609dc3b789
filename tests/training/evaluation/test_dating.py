"""Dates as the service reads them, and how near they come."""

import numpy as np
import pytest

from app.model_card import Dating
from app.prediction import INTERVAL_SHARE as SERVED_SHARE
from app.prediction import date
from training.data.years import Years
from training.evaluation.dating import INTERVAL_SHARE, measure_dates, read_dates

EDGES = (1200, 1300, 1400, 1450, 1500, 1700, 1900, 1950)


def test_training_and_serving_read_dates_alike() -> None:
    """Of many kinds of bins' shares, peaked and flat, with empty bins and a full one."""
    rng = np.random.default_rng(8)
    years = rng.dirichlet([0.2] * 7, 200).astype(np.float32)
    years[0] = np.eye(7)[6]
    years[1] = np.eye(7)[0]
    years[2] = 0
    dating = Dating(edges=EDGES, method="")
    served = [date(row[None], dating) for row in years]
    found = read_dates(years.astype(np.float64), EDGES)
    assert found.median.tolist() == [each.median for each in served]
    intervals = list(zip(found.first.tolist(), found.last.tolist(), strict=True))
    assert intervals == [each.interval for each in served]
    assert INTERVAL_SHARE == SERVED_SHARE


def test_errors_and_coverage_by_hand() -> None:
    """Two dated pictures of four: one undated, one dated to a century."""
    years = np.eye(3)[[0, 1, 1, 2]]
    dates = read_dates(years, (1400, 1500, 1600, 1700))
    assert dates.median.tolist() == [1450, 1550, 1550, 1650]
    datings: list[Years | None] = [(1440, 1450), None, (1500, 1599), (1800, 1800)]
    found = measure_dates(dates, datings)
    assert found is not None
    assert found.pictures == 2
    assert found.mean_absolute_error.value == pytest.approx((5 + 150) / 2)
    assert found.distance.tolist() == [5, -150]
    assert found.coverage.value == 0.5
    assert found.width.value == pytest.approx(80)
    assert measure_dates(dates, [None] * 4) is None


def test_honest_dates_cover_what_they_promise() -> None:
    """Years drawn from the very bins: four in five lie inside."""
    rng = np.random.default_rng(9)
    bins = rng.dirichlet([1] * 7, 1500)
    place = (bins.cumsum(axis=1) < rng.random((1500, 1))).sum(axis=1)
    drawn = np.array(EDGES)[place] + rng.random(1500) * np.diff(EDGES)[place]
    datings: list[Years | None] = [(int(year), int(year)) for year in drawn]
    found = measure_dates(read_dates(bins, EDGES), datings)
    assert found is not None
    assert found.coverage.low < 0.8 < found.coverage.high
