"""Temperatures are found again, and errors are what their definition says."""

import numpy as np
import pytest

from app.prediction import calibrate
from training.evaluation.calibration import (
    calibration_error,
    confident_threshold,
    expected_calibration_error,
    fit_temperature,
    reliability,
    with_temperature,
)


def _honest(
    count: int, seed: int
) -> tuple[
    "np.ndarray[tuple[int], np.dtype[np.int64]]",
    "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
]:
    """Classes drawn by their probabilities."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 1.5, (count, 4))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    truth = (probabilities.cumsum(axis=1) < rng.random((count, 1))).sum(axis=1)
    return truth, probabilities


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_temperature_is_found_again(temperature: float) -> None:
    """Probabilities made sharper or flatter are brought back."""
    truth, honest = _honest(6000, 1)
    spoilt = with_temperature(honest, 1 / temperature)
    found = fit_temperature(truth, spoilt)
    assert found == pytest.approx(temperature, rel=0.08)
    mended = with_temperature(spoilt, found)
    assert expected_calibration_error(truth, mended) < 0.03
    if temperature != 1:
        assert expected_calibration_error(truth, spoilt) > 0.05


@pytest.mark.parametrize(("count", "power"), [(7, 7 / 40), (39, 39 / 40), (40, 1.0), (80, 1.0)])
def test_few_pictures_move_a_temperature_little(count: int, power: float) -> None:
    """Where all are wrong and sure, 10 is asked for; seven pictures get a part of the way."""
    truth = np.zeros(count, np.int64)
    probabilities = np.tile([0.001, 0.999], (count, 1))
    assert fit_temperature(truth, probabilities) == pytest.approx(10**power, rel=1e-3)


def test_no_pictures_leave_probabilities_alone() -> None:
    """Nothing can be fitted."""
    assert fit_temperature(np.array([], np.int64), np.empty((0, 4))) == 1.0


def test_reliability_and_error_by_hand() -> None:
    """Four pictures in two bins: 2/4 * |0.95 - 0.5| + 2/4 * |0.65 - 1|."""
    probabilities = np.array([[0.95, 0.05], [0.95, 0.05], [0.65, 0.35], [0.35, 0.65]])
    truth = np.array([0, 1, 0, 1])
    bins = reliability(truth, probabilities)
    assert [each.count for each in bins if each.count] == [2, 2]
    assert sum(each.count for each in bins) == 4
    assert expected_calibration_error(truth, probabilities) == pytest.approx(0.4)
    assert expected_calibration_error(np.array([], np.int64), np.empty((0, 2))) == 0


def test_certainty_falls_into_the_last_bin() -> None:
    """Confidence 1 is no bin of its own."""
    assert reliability(np.array([0]), np.array([[1.0, 0.0]]))[-1].count == 1


def test_the_threshold_is_the_lowest_that_keeps_the_promise() -> None:
    """Below 0.6 half are wrong, from 0.6 on all are right."""
    confidence = np.concatenate([np.full(60, 0.55), np.full(60, 0.7)])
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    truth = np.concatenate([np.arange(60) % 2, np.zeros(60, int)])
    assert confident_threshold(truth, probabilities, wanted=0.9) == 0.56
    assert confident_threshold(truth, probabilities, wanted=0.7) == 0.5


def test_too_few_pictures_tell_no_threshold() -> None:
    """Then the wanted share stands, as a calibrated probability promises it."""
    truth, probabilities = _honest(10, 2)
    assert confident_threshold(truth, probabilities, wanted=0.8) == 0.8


def test_training_and_serving_calibrate_alike() -> None:
    """The same formula in both halves."""
    _, probabilities = _honest(20, 3)
    served = np.stack([calibrate(row, 1.7) for row in probabilities])
    np.testing.assert_allclose(with_temperature(probabilities, 1.7), served, atol=1e-6)


def test_an_error_has_an_interval_that_chance_alone_does_not_move() -> None:
    """It holds the error itself, of honest answers and of others, which it tells apart."""
    for seed in range(5):
        truth, probabilities = _honest(400, seed)
        found = calibration_error(truth, probabilities)
        assert found.value == expected_calibration_error(truth, probabilities)
        assert 0 <= found.low <= found.value <= found.high < 0.15
    spoilt = calibration_error(truth, with_temperature(probabilities, 0.3))
    assert spoilt.low > found.value
    nothing = calibration_error(np.array([], np.int64), np.empty((0, 4)))
    assert (nothing.low, nothing.high) == (0, 1)
