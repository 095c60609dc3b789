"""How far a dating lies from a period's edge, and who is right there."""

import numpy as np
import pytest

from app.model_card import PeriodClass
from training.data.periods import PERIODS
from training.data.years import Years, years_in
from training.evaluation.edges import accuracy_by_distance, distance_to_edge, edges_of

EDGES = edges_of(PERIODS)


def test_edges_are_where_one_period_ends_and_the_next_begins() -> None:
    assert EDGES == (1400, 1600, 1860)
    assert edges_of([PeriodClass(name="a", years=(None, 1500)), PeriodClass(name="b")]) == ()


@pytest.mark.parametrize(
    ("words", "distance"),
    [
        ("1399", 1),
        ("1400", 0),
        ("1375/1400", 0),
        ("1375\u20131399", 1),
        ("c. 1270", 125),
        ("1503-06", 94),
        ("ca. 1490-1500", 85),
        ("16th century", 1),
        ("1730", 130),
        ("1953", 93),
    ],
)
def test_a_dating_is_as_far_as_its_nearest_year(words: str, distance: int) -> None:
    years = years_in(words)
    assert years is not None
    assert distance_to_edge(years, EDGES) == distance


def test_accuracy_by_distance() -> None:
    """Groups from near to far, without the undated and without empty groups."""
    years: list[Years | None] = [(1395, 1399), (1400, 1400), None, (1630, 1630), (1000, 1100)]
    right = np.array([False, True, True, True, False])
    found = accuracy_by_distance(right, years, EDGES)
    assert [(each.name, each.pictures, each.accuracy.value) for each in found] == [
        ("0 to 10 years", 2, 0.5),
        ("25 to 50 years", 1, 1.0),
        ("100 years and more", 1, 0.0),
    ]
    assert accuracy_by_distance(right, years, ()) == []
