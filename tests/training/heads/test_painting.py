"""The head that tells paintings from what is none."""

import numpy as np

from training.heads.painting import LEAST_PAINTINGS, Share, fit_painting_head, painting_threshold


def _clouds(seed: int, count: int, centre: float) -> np.ndarray:
    """Points about a place in 6 dimensions, of very unlike spreads."""
    rng = np.random.default_rng(seed)
    return ((rng.normal(0, 1, (count, 6)) + centre) * [1, 10, 0.1, 1, 1, 1]).astype(np.float32)


def test_strangers_are_told_apart() -> None:
    """Of the pictures that it did not learn from, too."""
    head = fit_painting_head(_clouds(0, 300, 0.0), [Share(_clouds(1, 40, 1.5), 1.0)])
    assert head.kernel.shape == (6, 1)
    assert head.kernel.dtype == np.float32
    assert head(_clouds(2, 200, 0.0)).mean() > 0.8
    assert head(_clouds(3, 200, 1.5)).mean() < 0.2


def test_shares_count_by_their_weight_and_not_by_their_number() -> None:
    """Two kinds, one on either side: the heavier one is refused the more surely."""
    paintings, near, far = _clouds(0, 200, 0.0), _clouds(1, 30, 1.0), _clouds(2, 300, -1.0)
    heavy = fit_painting_head(paintings, [Share(near, 0.9), Share(far, 0.1)])
    light = fit_painting_head(paintings, [Share(near, 0.1), Share(far, 0.9)])
    assert heavy(near).mean() < light(near).mean()
    assert heavy(far).mean() > light(far).mean()
    # All paintings together count for as much as all that are none.
    assert abs(float(heavy(np.concatenate([paintings, near])).mean()) - 0.5) < 0.25


def test_a_hundredth_of_strange_paintings_is_refused() -> None:
    """The threshold is told from paintings of sources that no fit had seen."""
    left_out = np.linspace(0.1, 1.0, 1001)
    threshold = painting_threshold(left_out)
    assert threshold is not None
    assert 0.005 <= (left_out < threshold).mean() <= 0.01
    assert painting_threshold(np.full(500, 0.99)) == 0.5
    assert painting_threshold(left_out[: LEAST_PAINTINGS - 1]) is None
