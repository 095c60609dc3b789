"""Calibration across sources: found again, kept only where it helps strangers."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.prediction import calibrate
from training.evaluation.calibration import expected_calibration_error, with_temperature
from training.evaluation.scaling import fit_calibration, fit_scaling, picture_weights

Floats = NDArray[np.float64]
Truth = NDArray[np.int64]


def _honest(count: int, seed: int) -> tuple[Truth, Floats]:
    """Classes drawn by their probabilities."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (count, 3))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (probabilities.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
    return truth, probabilities


def _spoil(honest: Floats, temperature: float, bias: Floats) -> Floats:
    """Answers that this temperature and bias make honest again."""
    spoilt = with_temperature(honest, 1 / temperature) * np.exp(-bias)
    mended: Floats = spoilt / spoilt.sum(axis=1, keepdims=True)
    return mended


BIAS = np.array([0.9, -0.6, -0.3])


def test_temperature_and_bias_are_found_again() -> None:
    """From six thousand pictures, nearly; the biases sum to 0."""
    truth, honest = _honest(6000, 1)
    temperature, bias = fit_scaling(truth, _spoil(honest, 1.8, BIAS), np.ones(6000))
    assert temperature == pytest.approx(1.8, rel=0.06)
    assert bias == pytest.approx(BIAS, abs=0.12)
    assert bias.sum() == pytest.approx(0, abs=1e-9)


def test_few_pictures_move_a_bias_little() -> None:
    """Six pictures of one class, all taken for another: a logit or so, not twenty."""
    truth, probabilities = np.zeros(6, np.int64), np.tile([0.1, 0.8, 0.1], (6, 1))
    temperature, bias = fit_scaling(truth, probabilities, np.ones(6))
    assert 0.1 < bias[0] / temperature < 1.5
    assert temperature < 8


def test_no_pictures_leave_probabilities_alone() -> None:
    temperature, bias = fit_scaling(np.zeros(0, np.int64), np.zeros((0, 3)), np.ones(0))
    assert temperature == 1
    assert bias.tolist() == [0, 0, 0]


@pytest.mark.parametrize("probability", [1.0, 1e-9])
def test_certainty_stays_finite(probability: float) -> None:
    """Probabilities of 0 and 1, right or wrong."""
    rest = (1 - probability) / 2
    probabilities = np.tile([probability, rest, rest], (30, 1))
    temperature, bias = fit_scaling(np.zeros(30, np.int64), probabilities, np.ones(30))
    assert 0.2 <= temperature <= 10
    assert np.isfinite(bias).all()


def test_a_bias_that_all_sources_share_is_kept() -> None:
    """It makes left-out sources more honest, by half at least."""
    truth, honest = _honest(3000, 2)
    sources = [f"s{number % 6}" for number in range(3000)]
    spoilt = _spoil(honest, 1.5, BIAS)
    found = fit_calibration(truth, spoilt, sources)
    assert found.has_bias
    assert found.groups == 6
    assert found.losses["temperature and bias"] < found.losses["temperature"]
    assert found.losses["temperature"] < found.losses["nothing"]
    assert found.error < found.error_before / 2
    assert list(found.named_bias(("a", "b", "c"))) == ["a", "b", "c"]
    mended = with_temperature(spoilt, found.temperature, found.bias)
    assert expected_calibration_error(truth, mended) < 0.04


def test_a_bias_that_every_source_has_the_other_way_is_dropped() -> None:
    """It would mend one source and spoil the next: the temperature stands alone."""
    truth, honest = _honest(800, 3)
    odd = np.arange(800) % 2 == 1
    spoilt = np.where(odd[:, None], _spoil(honest, 1, 2 * BIAS), _spoil(honest, 1, -2 * BIAS))
    # One source of each kind: a bias fitted on either is the opposite of the other's.
    found = fit_calibration(truth, spoilt, ["odd" if each else "even" for each in odd])
    assert not found.has_bias
    assert found.named_bias(("a", "b", "c")) == {}
    assert found.losses["temperature and bias"] > found.losses["temperature"]


def test_one_source_is_too_few_to_leave_any_out() -> None:
    """The temperature alone, judged on what it was fitted on."""
    truth, honest = _honest(200, 4)
    found = fit_calibration(truth, _spoil(honest, 2, BIAS), [None] * 200)
    assert (found.groups, found.has_bias) == (0, False)
    assert found.left_out.sum(axis=1) == pytest.approx(np.ones(200))


def test_weights_of_classes_and_sources() -> None:
    """By hand: class 0 has four of x and one of y, class 1 one picture."""
    truth = np.array([0, 0, 0, 0, 0, 1])
    weights = picture_weights(truth, ["x", "x", "x", "x", "y", "y"])
    assert weights[:4] == pytest.approx([0.5 / 3 * 2 / 4] * 4)
    assert weights[4] == pytest.approx(0.5 / 3)
    assert weights[5] == pytest.approx(0.5)


def test_training_and_serving_calibrate_alike() -> None:
    """The same formula in both halves, with a bias too."""
    _, probabilities = _honest(20, 5)
    served = np.stack([calibrate(row, 1.7, BIAS) for row in probabilities])
    np.testing.assert_allclose(with_temperature(probabilities, 1.7, BIAS), served, atol=1e-9)
