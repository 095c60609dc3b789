"""Intervals, against published values and against scipy's resampling idea."""

import numpy as np
import pytest

from training.evaluation.intervals import balanced, bootstrap, mean, wilson


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


def test_a_mean_has_the_interval_of_its_standard_error() -> None:
    """Near enough, of two hundred normal values."""
    values = np.random.default_rng(5).normal(30, 8, 200)
    found = mean(values)
    assert found.value == pytest.approx(values.mean())
    half = 1.96 * values.std() / 200**0.5
    assert found.high - found.low == pytest.approx(2 * half, rel=0.15)
    assert found.low < found.value < found.high
    assert mean(values[:0]).value == 0


def test_groups_are_resampled_apart() -> None:
    """Each with as many pictures as it has."""
    seen: list[tuple[int, int]] = []

    def statistic(
        one: "np.ndarray[tuple[int], np.dtype[np.int64]]",
        other: "np.ndarray[tuple[int], np.dtype[np.int64]]",
    ) -> float:
        seen.append((len(one), len(other)))
        return float(one.max() + other.max())

    found = bootstrap(statistic, (3, 7))
    assert set(seen) == {(3, 7)}
    assert found.value == 8
    assert found.low < found.high <= 8
