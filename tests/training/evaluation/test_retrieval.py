"""`training.evaluation.retrieval`: found by similarity, against drawn blindly."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from training.data.index import Example
from training.evaluation.retrieval import leave_one_out, look_up, show, strangers
from training.references import References


def references(*works: tuple[str, str, int]) -> References:
    """Works as (artist, source, degrees), on a circle."""
    radians = np.deg2rad([degrees for *_, degrees in works])
    vectors = np.rint(100 * np.stack([np.cos(radians), np.sin(radians)], axis=1)).astype(np.int8)
    facts = tuple(
        {"period": "modern", "source": source, **({"artist": artist} if artist else {})}
        for artist, source, _ in works
    )
    unit = np.ones(2, np.float32)
    return References(np.eye(2, dtype=np.int8), unit, 0 * unit, vectors, facts, (b"",) * len(works))


def on_circle(*degrees: float) -> Any:
    radians = np.deg2rad(degrees)
    return np.stack([np.cos(radians), np.sin(radians)], axis=1).astype(np.float32)


def test_each_reference_is_looked_up_among_the_others() -> None:
    """Two of Titian side by side find each other; two of Giotto have one between them."""
    found = leave_one_out(
        references(
            ("Titian", "a", 0), ("Titian", "a", 3), ("Giotto", "a", 90), ("Monet", "b", 95),
            ("Giotto", "b", 110), ("", "b", 180),
        )
    )  # fmt: skip
    whole, across = found[:3], found[3:]
    assert [each.nearest for each in whole] == [1, 5, 10]
    assert whole[0].queries == 4
    assert whole[0].found.value == 0.5
    assert whole[0].chance == pytest.approx(1 / 5)
    assert whole[1].found.value == whole[1].chance == 1
    assert [each.queries for each in across] == [2, 2, 2], "Titian's are of one source."
    assert across[0].chance == pytest.approx(1 / 3)
    assert "other sources" in across[0].among


def test_a_stranger_does_not_find_its_own_copy() -> None:
    known = references(("Titian", "a", 0), ("Giotto", "a", 20), ("TITIAN (Italian)", "b", 40))
    asked = [
        Example(Path(), "", "modern", artist=each) for each in ("titian", "Nobody known", None)
    ]
    (one, five, _) = strangers(known, on_circle(0, 10, 20), asked)
    assert (one.queries, one.found.value) == (1, 0)
    assert five.found.value == 1
    assert one.chance == pytest.approx(1 / 2)


def test_chance_is_that_of_drawing_blindly() -> None:
    """Counted over many draws."""
    rng = np.random.default_rng(3)
    known = np.array(["a"] * 4 + ["b"] * 26)
    vectors = on_circle(*np.linspace(0, 300, 30))
    five = look_up(
        vectors[:1], vectors, known[:1], known, among="", allowed=lambda *_: np.ones(30, bool)
    )[1]
    drawn = [(known[rng.choice(30, 5, replace=False)] == "a").any() for _ in range(20_000)]
    assert five.chance == pytest.approx(np.mean(drawn), abs=0.02)


def test_where_no_artist_has_another_work_nothing_is_measured() -> None:
    assert leave_one_out(references(("Titian", "a", 0), ("Giotto", "a", 9), ("", "a", 20))) == ()


def test_the_table_tells_share_interval_and_chance() -> None:
    console = Console(record=True, width=160, file=io.StringIO())
    show((), console)
    assert console.export_text() == ""
    show(leave_one_out(references(("Titian", "a", 0), ("Titian", "b", 3))), console)
    told = console.export_text()
    for words in ("each among the others", "by chance", "1.000", "0.342 to 1.000"):
        assert words in told
