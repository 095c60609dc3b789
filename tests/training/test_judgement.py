"""What a card says of answers, and by what method they became honest."""

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
