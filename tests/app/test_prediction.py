"""`app.prediction`: calibration, verdict, ranking and heat maps."""

from typing import Any

import numpy as np
import pytest

from app.model_card import ModelCard
from app.prediction import calibrate, heat_map, predict


def card(**members: Any) -> ModelCard:
    return ModelCard.model_validate(
        {
            "format_version": 1,
            "name": "tiny",
            "version": "1",
            "classes": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
            "input": {"height": 16, "width": 16},
            "files": {},
            **members,
        }
    )


def rows(*probabilities: list[float]) -> Any:
    return np.array(probabilities, np.float32)


def test_temperature_one_changes_nothing() -> None:
    raw = rows([0.2, 0.3, 0.5])[0]
    assert calibrate(raw, 1.0) == pytest.approx(raw, abs=1e-6)


def test_a_high_temperature_makes_less_sure_and_keeps_the_order() -> None:
    raw = rows([0.1, 0.2, 0.7])[0]
    warm = calibrate(raw, 2.0)
    assert warm.sum() == pytest.approx(1)
    assert list(warm.argsort()) == [0, 1, 2]
    assert warm[2] == pytest.approx(0.7**0.5 / (0.1**0.5 + 0.2**0.5 + 0.7**0.5))
    assert calibrate(raw, 0.5)[2] > raw[2]


def test_a_probability_of_zero_stays_finite() -> None:
    assert np.isfinite(calibrate(rows([0.0, 0.0, 1.0])[0], 0.01)).all()


def test_views_are_averaged_before_calibration() -> None:
    found = predict(rows([0.9, 0.1, 0.0], [0.1, 0.1, 0.8]), card())
    assert found.period.name == "a"
    assert found.confidence == pytest.approx(0.5)
    assert list(found.probabilities) == ["a", "b", "c"]


@pytest.mark.parametrize(("threshold", "verdict"), [(0.6, "confident"), (0.61, "uncertain")])
def test_the_card_says_when_an_answer_is_sure(threshold: float, verdict: str) -> None:
    found = predict(rows([0.2, 0.6001, 0.1999]), card(thresholds={"confident": threshold}))
    assert found.verdict == verdict


def test_top_is_best_first_and_no_longer_than_there_are_classes() -> None:
    found = predict(rows([0.2, 0.5, 0.3]), card())
    assert [name for name, _ in found.top(2)] == ["b", "c"]
    assert len(found.top(10)) == 3


def test_a_heat_map_shows_what_sets_a_class_apart() -> None:
    """What all classes share is taken away, what speaks against is 0, the most is 1."""
    shares = np.full((1, 2, 2, 3), 7.0, np.float32)
    shares[0, 0, 1, 1] += 3
    found = heat_map(shares, card())
    assert (found.rows, found.columns) == (2, 2)
    assert found.maps == {
        "a": [[0.0, 0.0], [0.0, 0.0]],
        "b": [[0.0, 1.0], [0.0, 0.0]],
        "c": [[0.0, 0.0], [0.0, 0.0]],
    }


def test_one_scale_for_all_classes() -> None:
    shares = np.zeros((1, 1, 2, 3), np.float32)
    shares[0, 0, 0] = [2, 0, -2]
    shares[0, 0, 1] = [-1, 1, 0]
    found = heat_map(shares, card())
    assert found.maps == {"a": [[1.0, 0.0]], "b": [[0.0, 0.5]], "c": [[0.0, 0.0]]}


def test_a_mirrored_view_is_turned_back() -> None:
    shares = np.zeros((2, 1, 2, 3), np.float32)
    shares[0, 0, 0, 0] = 3
    shares[1, 0, 1, 0] = 3
    both = card(input={"height": 16, "width": 16, "views": ["whole", "mirror"]})
    assert heat_map(shares, both).maps["a"] == [[1.0, 0.0]]


def test_a_picture_without_evidence_has_an_empty_heat_map() -> None:
    """Nor does what rounding leaves over become any."""
    assert heat_map(np.zeros((1, 1, 1, 3), np.float32), card()).maps["a"] == [[0.0]]
    same = np.full((1, 1, 1, 3), 0.1, np.float32)
    assert heat_map(same, card()).maps["a"] == [[0.0]]
