"""Accuracy of the surest answers, by hand and in the mean."""

import numpy as np
import pytest

from training.evaluation.coverage import accuracy_answering, risk_coverage


def test_the_surest_are_answered_first() -> None:
    """Right, wrong, right by falling confidence: 1, 1/2, 2/3."""
    probabilities = np.array([[0.6, 0.4], [0.1, 0.9], [0.8, 0.2]])
    truth = np.array([0, 1, 1])
    found = risk_coverage(truth, probabilities)
    assert found.share == pytest.approx([1 / 3, 2 / 3, 1])
    assert found.accuracy == pytest.approx([1, 1 / 2, 2 / 3])
    assert found.area.value == pytest.approx(13 / 18)
    assert accuracy_answering(0.6, truth, probabilities).value == 0.5
    assert accuracy_answering(0.0, truth, probabilities).value == 1


def test_confidence_that_tells_nothing_has_the_area_of_the_accuracy() -> None:
    """And honest confidence a larger one."""
    rng = np.random.default_rng(6)
    confidence = rng.uniform(0.5, 1, 500)
    probabilities = np.stack([confidence, 1 - confidence], axis=1)
    blind = risk_coverage((rng.random(500) > 0.75).astype(np.int64), probabilities)
    assert blind.area.low < 0.75 < blind.area.high
    honest = risk_coverage((rng.random(500) > confidence).astype(np.int64), probabilities)
    assert honest.area.low > honest.accuracy[-1]
