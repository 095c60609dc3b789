"""Intervals, against published values and against scipy's resampling idea."""

import numpy as np
import pytest

from training.evaluation.intervals import balanced, wilson


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 20, 0.0, 0.1611),
        (20, 20, 0.8389, 1.0),
        (59, 80, 0.6318, 0.8214),
    ],
)
def test_wilson(hits: int, count: int, low: float, high: float) -> None:
    """To four figures."""
    found = wilson(hits, count)
    assert found.value == hits / count
    assert found.low == pytest.approx(low, abs=2e-4)
    assert found.high == pytest.approx(high, abs=2e-4)


def test_nothing_observed_is_nothing_known() -> None:
    """The interval is everything."""
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0, 1)
    nothing = np.zeros(3, np.int64)
    assert (balanced(nothing, nothing).low, balanced(nothing, nothing).high) == (0, 1)


def test_balanced_is_the_mean_of_the_recalls() -> None:
    """With the interval that the binomials' variances give; classes without pictures are out."""
    found = balanced(np.array([80, 30, 0]), np.array([100, 60, 0]))
    assert found.value == pytest.approx(0.65)
    half = 1.96 * np.sqrt(0.8 * 0.2 / 100 + 0.25 / 60) / 2
    assert found.low == pytest.approx(0.65 - half, abs=0.01)
    assert found.high == pytest.approx(0.65 + half, abs=0.01)
    assert found == balanced(np.array([80, 30, 0]), np.array([100, 60, 0]))
