"""Results of runs are kept, and summed up as a person would by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from training.evaluation.intervals import wilson
from training.results import Result, kept, rows, store

ONE = Result("logistic", 0, None, "test", [[30, 10], [20, 40]], 1000, 4000, 10.0, 2.0)


def test_a_result_is_kept(tmp_path: Path) -> None:
    """As it was; another form is as good as none."""
    assert kept(tmp_path, "a") is None
    store(tmp_path, "a", ONE)
    assert kept(tmp_path, "a") == ONE
    (tmp_path / "a.json").write_text('{"recipe": "logistic"}')
    assert kept(tmp_path, "a") is None
    (tmp_path / "a.json").write_text("{")
    assert kept(tmp_path, "a") is None


def test_one_run() -> None:
    """Its own figures; no spread; the case's beside them."""
    (row,) = rows([ONE])
    assert row.accuracy == wilson(70, 100)
    assert row.balanced_accuracy.value == pytest.approx((0.75 + 2 / 3) / 2)
    assert (row.runs, row.pictures, row.spread) == (1, 100, None)
    assert row.published is not None
    assert row.published.value == 0.35
    assert rows([replace(ONE, recipe="other")])[0].published is None


def test_repeats_spread_but_do_not_narrow() -> None:
    """0.7 and 0.8 of the same hundred pictures."""
    better = replace(ONE, seed=1, confusion=[[35, 5], [15, 45]], seconds=20.0)
    (row,) = rows([ONE, better])
    assert row.pictures == 100
    assert row.accuracy.value == pytest.approx(0.75)
    assert row.accuracy.low == pytest.approx(wilson(75, 100).low, abs=0.01)
    assert row.spread == pytest.approx(0.1 / 2**0.5)
    assert row.seconds == 15


def test_folds_are_taken_together() -> None:
    """Each picture was judged in one of them; the spread of a single repeat is over them."""
    other = replace(ONE, fold=2, confusion=[[10, 0], [0, 10]])
    (row,) = rows([replace(ONE, fold=1), other])
    assert row.accuracy == wilson(90, 120)
    assert row.spread == pytest.approx(0.3 / 2**0.5)


def test_the_most_accurate_comes_first() -> None:
    """Then by name."""
    best = replace(ONE, recipe="z", confusion=[[40, 0], [0, 60]])
    found = rows([ONE, best, replace(ONE, recipe="a")])
    assert [row.recipe for row in found] == ["z", "a", "logistic"]
