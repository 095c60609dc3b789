"""Two models on the same pictures."""

import numpy as np
import pytest

from training.evaluation.paired import compare, mcnemar


@pytest.mark.parametrize(
    ("gained", "lost", "chance"),
    [(0, 0, 1.0), (5, 5, 1.0), (1, 9, 22 / 1024), (9, 1, 22 / 1024), (0, 6, 2 / 64)],
)
def test_mcnemar_is_a_fair_coin(gained: int, lost: int, chance: float) -> None:
    assert mcnemar(gained, lost) == pytest.approx(chance)


def test_a_comparison_by_hand() -> None:
    """Classes of two sizes weigh the same."""
    truth = np.array([0, 0, 0, 0, 1, 1])
    first = np.array([0, 0, 1, 0, 1, 0])
    second = np.array([0, 1, 1, 1, 1, 1])
    found = compare(truth, first, second)
    assert (found.only_first, found.only_second) == (2, 1)
    assert found.difference.value == pytest.approx((2 / 4 - 1 / 2) / 2)
    assert found.difference.low < 0 < found.difference.high
    same = compare(truth, first, first)
    assert (same.difference.low, same.difference.high, same.p_value) == (0, 0, 1)
