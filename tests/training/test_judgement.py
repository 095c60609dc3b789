"""What a card says of answers, and by what method they became honest."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.making import folder
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.preparation import Prepared, prepare
from training.judgement import judge
from training.prediction import Answers


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    """Two classes."""
    index = read_index(folder(tmp_path / "data", count=8))
    return prepare(index, inspect(index.examples, tmp_path / "facts.json"))


def _answers(prepared: Prepared, count: int) -> Answers:
    examples = (prepared.train.examples * count)[:count]
    truth = np.array([prepared.class_names.index(each.class_name) for each in examples])
    probabilities = np.eye(2)[truth] * 0.4 + 0.3
    probabilities[0] = probabilities[0][::-1]
    return Answers(examples, truth, probabilities)


@pytest.mark.parametrize(("count", "few"), [(39, True), (40, False)])
def test_the_method_tells_of_few_pictures(prepared: Prepared, count: int, few: bool) -> None:
    """Below forty the temperature is held near 1, and the card says so."""
    found = judge({"validation": _answers(prepared, count)}, prepared, refitted=False)
    assert ("of fewer than 40 pictures" in found.calibration.method) is few
    assert f"fitted on {count} validation pictures" in found.calibration.method
    assert found.metrics["validation"].pictures == count


def test_test_is_scaled_by_what_validation_taught(prepared: Prepared) -> None:
    """And by nothing without validation pictures."""
    raw = _answers(prepared, 40)
    found = judge({"validation": raw, "test": raw}, prepared, refitted=True)
    np.testing.assert_array_equal(
        found.answers["test"].probabilities, found.answers["validation"].probabilities
    )
    assert found.calibration.temperature < 1
    assert found.calibration.method.endswith("the figures on test of the stored model")
    blind = judge({"validation": raw}, prepared, refitted=True)
    assert blind.calibration.method.endswith("no picture was left to judge the stored model")
    alone = judge({"test": raw}, prepared, refitted=False)
    np.testing.assert_allclose(alone.answers["test"].probabilities, raw.probabilities)
    assert alone.calibration.method.startswith("none")


def test_answers_across_sources_are_calibrated_on_where_there_are_any(prepared: Prepared) -> None:
    """In place of validation: temperature, bias, threshold, and what that promises."""
    examples = tuple(
        replace(each, source=f"s{number % 4}")
        for number, each in enumerate(prepared.train.examples * 20)
    )
    rng = np.random.default_rng(1)
    honest = rng.uniform(0.05, 0.95, len(examples))
    truth = (rng.random(len(examples)) < honest).astype(np.int64)
    # Twice as sure as it may be, and in favour of the first class.
    logit = 2 * np.log(honest / (1 - honest)) - 1.5
    second = 1 / (1 + np.exp(-logit))
    strangers = Answers(examples, truth, np.stack([1 - second, second], axis=1))
    found = judge({"test": strangers}, prepared, refitted=False, out_of_fold=strangers)
    assert found.calibration.temperature == pytest.approx(2, rel=0.35)
    assert found.calibration.bias["modern"] == pytest.approx(0.75, abs=0.4)
    assert sum(found.calibration.bias.values()) == pytest.approx(0, abs=1e-3)
    assert "With each of 4 sources left out" in found.calibration.method
    assert "kept because" in found.calibration.method
    metrics = found.metrics["test"]
    assert (metrics.expected_calibration_error or 1) < 0.1
    low, high = metrics.expected_calibration_error_interval or (1, 0)
    assert low <= (metrics.expected_calibration_error or 1) <= high
    assert metrics.answered is not None
    assert metrics.answered_accuracy is not None
    assert metrics.answered_accuracy.value > metrics.accuracy.value
    assert 0.5 <= found.thresholds.confident <= 0.9
    again = found.calibrate(strangers, prepared.class_names)
    np.testing.assert_array_equal(again.probabilities, found.answers["test"].probabilities)


def test_one_source_promises_nothing(prepared: Prepared) -> None:
    """Nothing can be left out, and the card says so."""
    raw = _answers(prepared, 40)
    found = judge({"test": raw}, prepared, refitted=False, out_of_fold=raw)
    assert found.calibration.bias == {}
    assert "too few sources" in found.calibration.method
