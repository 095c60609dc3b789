"""Metrics, against scikit-learn's."""

import numpy as np
import pytest
from sklearn import metrics as reference

from app.model_card import PeriodClass
from training.data.periods import PERIODS
from training.evaluation.metrics import (
    by_source,
    confusion,
    follow_in_time,
    measure,
    off_by_more,
)

RNG_SEED = 4
NAMES = ("a", "b", "c")


def _data() -> tuple[
    "np.ndarray[tuple[int], np.dtype[np.int64]]",
    "np.ndarray[tuple[int, int], np.dtype[np.float64]]",
]:
    rng = np.random.default_rng(RNG_SEED)
    truth = rng.integers(0, 3, 200)
    scores = rng.random((200, 3)) + np.eye(3)[truth] * 0.5
    return truth, scores / scores.sum(axis=1, keepdims=True)


def test_against_scikit_learn() -> None:
    """Accuracy, balanced accuracy, recall, precision, confusion."""
    truth, probabilities = _data()
    predicted = probabilities.argmax(axis=1)
    found = measure("test", truth, probabilities, NAMES)
    assert found.pictures == 200
    assert found.accuracy.value == pytest.approx(reference.accuracy_score(truth, predicted))
    assert found.balanced_accuracy.value == pytest.approx(
        reference.balanced_accuracy_score(truth, predicted)
    )
    for name, value in zip(
        NAMES, reference.recall_score(truth, predicted, average=None), strict=True
    ):
        assert found.recall[name].value == pytest.approx(value)
    precision = reference.precision_score(truth, predicted, average=None)
    assert [each.value for each in found.precision.values()] == pytest.approx(precision.tolist())
    assert found.confusion == reference.confusion_matrix(truth, predicted).tolist()
    assert found.by_source == {}
    assert found.accuracy.low < found.accuracy.value < found.accuracy.high


def test_by_source_leaves_out_the_unknown() -> None:
    """Each source's own share."""
    truth = np.array([0, 1, 1, 0])
    probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.9, 0.1]])
    found = by_source(truth, probabilities, ["x", "x", "y", None])
    assert {name: each.value for name, each in found.items()} == {"x": 0.5, "y": 1.0}


def test_confusion_counts_rows_by_truth() -> None:
    """Rows true, columns answered."""
    table = confusion(np.array([0, 0, 1]), np.array([1, 0, 1]), 2)
    assert table.tolist() == [[1, 1], [0, 1]]


def test_classes_that_follow_in_time() -> None:
    """The four periods do; without years, with a gap, or in another order they do not."""
    assert follow_in_time(PERIODS)
    assert not follow_in_time(PERIODS[::-1])
    assert not follow_in_time(PERIODS[::2])
    assert not follow_in_time([PeriodClass(name="a"), PeriodClass(name="b")])


def test_off_by_more_than_the_neighbour() -> None:
    """0 for 2 and 3 for 0 are; told only where the classes follow in time."""
    truth, predicted = np.array([0, 0, 1, 2, 3]), np.array([0, 1, 2, 0, 0])
    assert off_by_more(truth, predicted).value == 0.4
    probabilities = np.eye(4)[predicted]
    found = measure("test", truth, probabilities, "abcd", in_time=True)
    assert found.off_by_more == off_by_more(truth, predicted)
    assert measure("test", truth, probabilities, "abcd").off_by_more is None


def test_what_is_called_sure_is_counted() -> None:
    """Two of three reach 0.7, one of them is right."""
    truth = np.array([0, 0, 1])
    probabilities = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6]])
    found = measure("test", truth, probabilities, "ab", confident=0.7)
    assert found.answered is not None
    assert found.answered.value == pytest.approx(2 / 3)
    assert found.answered_accuracy is not None
    assert found.answered_accuracy.value == 0.5
    assert measure("test", truth, probabilities, "ab").answered is None
