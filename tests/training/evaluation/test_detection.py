"""Painting or not: against scikit-learn, and what a threshold refuses."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from training.evaluation.detection import area_under_curve, share_below


@pytest.mark.parametrize("decimals", [1, 8])
def test_the_area_is_scikit_learns(decimals: int) -> None:
    """With ties and without."""
    rng = np.random.default_rng(2)
    paintings, others = rng.normal(1, 1, 120).round(decimals), rng.normal(0, 1, 50).round(decimals)
    found = area_under_curve(paintings, others)
    truth = np.repeat([1, 0], [120, 50])
    expected = roc_auc_score(truth, np.concatenate([paintings, others]))
    assert found.value == pytest.approx(expected)
    assert 0.05 < found.high - found.low < 0.2
    assert found.low < found.value < found.high


def test_apart_is_one_and_nothing_is_unknown() -> None:
    """No pair is told wrong; without pairs nothing is known."""
    apart = area_under_curve(np.array([0.8, 0.9]), np.array([0.1, 0.2, 0.3]))
    assert (apart.value, apart.low, apart.high) == (1, 1, 1)
    nothing = area_under_curve(np.array([]), np.array([0.1]))
    assert (nothing.value, nothing.low, nothing.high) == (0.5, 0, 1)


def test_what_is_below_a_threshold_is_refused() -> None:
    """What reaches it is not, as in the service."""
    found = share_below(np.array([0.1, 0.29, 0.3, 0.9]), 0.3)
    assert found.value == 0.5
