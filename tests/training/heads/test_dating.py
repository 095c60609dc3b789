"""The head that tells the years within a period."""

import numpy as np
import pytest

from app.model_card import PeriodClass
from training.data.periods import PERIODS
from training.data.years import Years
from training.heads.dating import LEAST_DATED, DatingHead, can_date, fit_dating_head

OLD_AND_NEW = (
    PeriodClass(name="new", years=(1600, None)),
    PeriodClass(name="old", years=(1400, 1600)),
)


def _world(count: int = 200) -> tuple[np.ndarray, np.ndarray, list[Years | None]]:
    """Pictures whose first dimension is their year; the second is noise."""
    rng = np.random.default_rng(0)
    years = rng.integers(1400, 1800, count)
    embeddings = np.stack([(years - 1600) / 100, rng.normal(0, 1, count)], axis=1)
    truth = (years < 1600).astype(np.int64)
    return embeddings.astype(np.float32), truth, [(int(y) - 3, int(y) + 3) for y in years]


def _head() -> DatingHead:
    return fit_dating_head(*_world(), OLD_AND_NEW)


def test_bins_cover_time_without_a_gap() -> None:
    """Each period begins where the one before it ends, whatever the classes' order."""
    head = _head()
    assert head.order == (1, 0)
    assert head.pictures == 200
    assert head.edges[0] == 1400
    assert 1600 in head.edges
    assert 1780 <= head.edges[-1] <= 1820
    assert list(head.edges) == sorted(set(head.edges))
    assert sum(len(each.edges) - 1 for each in head.periods) == len(head.edges) - 1


def test_years_are_learnt() -> None:
    """A picture of 1450 is dated before one of 1550."""
    old, _ = _head().periods
    middles = (np.array(old.edges[:-1]) + np.array(old.edges[1:])) / 2
    shown = np.array([[-1.5, 0.0], [-0.5, 0.0]], np.float32)
    early, late = old(shown) @ middles
    assert early < 1500 < late
    np.testing.assert_allclose(old(shown).sum(axis=1), 1)


def test_a_wide_dating_tells_nothing_and_one_of_decades_a_little() -> None:
    """What is learnt is that the bins it meets together are probable."""
    embeddings, truth, datings = _world()
    wide: list[Years | None] = [(1300, 1900) for _ in datings]
    assert can_date(truth, datings, OLD_AND_NEW)
    assert not can_date(truth, wide, OLD_AND_NEW)
    decades: list[Years | None] = [
        (each[0] // 50 * 50, each[0] // 50 * 50 + 49) for each in datings if each
    ]
    old, _ = fit_dating_head(embeddings, truth, decades, OLD_AND_NEW).periods
    middles = (np.array(old.edges[:-1]) + np.array(old.edges[1:])) / 2
    early, late = old(np.array([[-1.5, 0.0], [-0.5, 0.0]], np.float32)) @ middles
    assert early < late


def test_too_few_dated_pictures_and_classes_without_years_teach_nothing() -> None:
    """And classes that leave years between them."""
    _, truth, datings = _world()
    old = np.flatnonzero(truth == 1)
    few = [None if n in old[LEAST_DATED - 1 :] else each for n, each in enumerate(datings)]
    assert not can_date(truth, few, OLD_AND_NEW)
    nameless = (PeriodClass(name="a"), PeriodClass(name="b"))
    assert not can_date(truth, datings, nameless)
    apart = (PeriodClass(name="a", years=(1700, None)), PeriodClass(name="b", years=(1400, 1600)))
    assert not can_date(truth, datings, apart)


@pytest.mark.parametrize(("dating", "expected"), [((1380, 1420), 1), ((1390, 1399), 0)])
def test_a_dating_counts_only_inside_its_period(dating: Years, expected: int) -> None:
    """What a class's picture is dated to outside of its years is a disagreement, and left out."""
    truth = np.full(LEAST_DATED, 1)
    datings: list[Years | None] = [dating] * LEAST_DATED
    periods = PERIODS[:2]
    both = np.concatenate([truth, np.zeros(LEAST_DATED, np.int64)])
    assert can_date(both, [*datings, *([(1300, 1310)] * LEAST_DATED)], periods) == bool(expected)
