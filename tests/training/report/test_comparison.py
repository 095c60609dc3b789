"""A comparison is told in eighty columns, and in a page that needs nothing beside it."""

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.making import folder
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.preparation import prepare
from training.report.comparison import Comparison, render, table
from training.results import Result, rows


@pytest.fixture
def comparison(tmp_path: Path) -> Comparison:
    """A recipe of the case in two repeats, one of our own in one; a third could not run."""
    index = read_index(folder(tmp_path / "data", count=6))
    prepared = prepare(index, inspect(index.examples, tmp_path / "facts.json"))
    runs = [
        Result(
            "inception_v3",
            0,
            None,
            "test",
            [[30, 10], [20, 40]],
            21_800_000,
            87_000_000,
            60.4,
            95.6,
        ),
        Result(
            "inception_v3", 1, None, "test", [[35, 5], [20, 40]], 21_800_000, 87_000_000, 61.0, 95.6
        ),
        Result("efficientnet_lite0", 0, None, "test", [[38, 2], [10, 50]], 3_400, 13600, 9, 5.5),
    ]
    left_out = {"alexnet": "Expected <weights>."}
    return Comparison(rows(runs), runs, left_out, "python -m training.run --data DIR", prepared)


def test_the_table_fits_a_terminal(comparison: Comparison) -> None:
    """Each recipe in a line of at most eighty characters."""
    console = Console(file=io.StringIO(), width=80, record=True)
    console.print(table(comparison))
    text = console.export_text()
    lines = [line.split() for line in text.splitlines() if line.startswith("efficient")]
    assert lines == [
        ["efficientnet_lite0", "88.0", "(80-93)", "89.2", "3.4k", "0.0", "9", "s", "5.5"]
    ]
    (case,) = [line for line in text.splitlines() if line.startswith("inception_v3")]
    assert "72.5 (63-80) ±3.5" in case
    assert case.split()[-1] == "73.75"
    assert "21.8M" in case
    (missing,) = [line for line in text.splitlines() if line.startswith("alexnet")]
    assert missing.split() == ["alexnet", "could", "not", "run", "57.50"]
    assert comparison.judged == "100 pictures of test"


def test_the_page_is_whole(comparison: Comparison) -> None:
    """The case's figure beside ours, what could not run, every run; text is escaped."""
    html = render(comparison)
    for part in (
        "0.738 <small>(0.632 to 0.821)</small>",
        "± 0.035",
        "<strong>alexnet</strong>: Expected &lt;weights&gt;.",
        "could not run here",
        "0.575 <small>(0.466 to 0.677)</small>",
        "21,800,000",
        "87.0 MB",
        "python -m training.run --data DIR",
        "the case, on its own pictures",
        "prefers-color-scheme: dark",
        "@media print",
    ):
        assert part in html, part
    assert not re.search(r"url\((?!#)|<(script|link|img|iframe)\b", html)
    assert html.startswith("<!doctype html>")
