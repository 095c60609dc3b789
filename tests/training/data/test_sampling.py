"""What a pass shows."""

from collections import Counter
from pathlib import Path

import pytest

from training.data.index import Example
from training.data.sampling import Sampling, draws, weights


def _examples(cells: dict[tuple[str, str], int]) -> list[Example]:
    return [
        Example(Path("x"), "x", name, "train", source)
        for (name, source), count in cells.items()
        for _ in range(count)
    ]


EXAMPLES = _examples({("old", "a"): 90, ("old", "b"): 10, ("new", "a"): 300})


def test_each_picture_once() -> None:
    """Without evening; in another order each time, the same one if asked again."""
    first = draws(EXAMPLES, Sampling(), 0, 0)
    assert sorted(each.position for each in first) == list(range(400))
    assert first == draws(EXAMPLES, Sampling(), 0, 0)
    assert first != draws(EXAMPLES, Sampling(), 0, 1)
    assert len(draws(EXAMPLES, Sampling(most=50), 0, 0)) == 50


@pytest.mark.parametrize(("power", "part"), [(1.0, 0.1), (0.5, 0.25), (0.0, 0.5)])
def test_classes_evenly_and_sources_more_evenly(power: float, part: float) -> None:
    """Half of the showings for each class; source b's part of its class by the power."""
    shares = weights(EXAMPLES, power)
    assert shares.sum() == pytest.approx(1)
    assert shares[:100].sum() == pytest.approx(0.5)
    assert shares[90:100].sum() == pytest.approx(part / 2)
    drawn = draws(EXAMPLES, Sampling(even=True, source_power=power), 3, 1)
    counts = Counter(EXAMPLES[each.position].class_name for each in drawn)
    assert abs(counts["old"] - 200) <= 1


def test_no_view_is_shown_twice() -> None:
    """A picture drawn often in a pass, and in the next, is shown in other views."""
    sampling = Sampling(even=True, source_power=0)
    shown = [each for epoch in range(3) for each in draws(EXAMPLES, sampling, 0, epoch)]
    assert len({(each.position, each.view) for each in shown}) == len(shown)


def test_a_number_of_views_is_shown_in_turn() -> None:
    """Each once in as many passes, and then again."""
    shown = [each for epoch in range(6) for each in draws(EXAMPLES, Sampling(views=3), 0, epoch)]
    assert Counter(each.view for each in shown if each.position == 7) == {0: 2, 1: 2, 2: 2}
    assert len({(each.position, each.view) for each in shown}) == 3 * len(EXAMPLES)
