"""`app.prediction`: calibration, verdict, ranking and heat maps."""

from typing import Any

import numpy as np
import pytest

from app.model_card import Dating, ModelCard
from app.prediction import calibrate, date, heat_map, predict


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


def test_a_bias_comes_before_the_temperature() -> None:
    """By hand: e**0.7 times the second, then the square root of each."""
    raw = rows([0.2, 0.3, 0.5])[0]
    moved = np.sqrt([0.2, 0.3 * np.exp(0.7), 0.5])
    assert calibrate(raw, 2.0, np.array([0, 0.7, 0])) == pytest.approx(moved / moved.sum())
    told = card(calibration={"temperature": 2.0, "bias": {"b": 0.7}})
    assert predict(raw[None], told).probabilities["b"] == pytest.approx(moved[1] / moved.sum())


def test_a_bias_may_change_the_period() -> None:
    raw = rows([0.45, 0.4, 0.15])
    assert predict(raw, card()).period.name == "a"
    assert predict(raw, card(calibration={"bias": {"a": -1}})).period.name == "b"


def test_views_are_averaged_before_calibration() -> None:
    found = predict(rows([0.9, 0.1, 0.0], [0.1, 0.1, 0.8]), card())
    assert found.period.name == "a"
    assert found.confidence == pytest.approx(0.5)
    assert list(found.probabilities) == ["a", "b", "c"]


@pytest.mark.parametrize(("threshold", "verdict"), [(0.6, "confident"), (0.61, "uncertain")])
def test_the_card_says_when_an_answer_is_sure(threshold: float, verdict: str) -> None:
    found = predict(rows([0.2, 0.6001, 0.1999]), card(thresholds={"confident": threshold}))
    assert found.verdict == verdict


@pytest.mark.parametrize(
    ("shares", "code", "reason"),
    [
        ([0.1, 0.7, 0.2], "clear", "B has 70 %, at least the 60 % that this model asks for."),
        ([0.42, 0.5, 0.08], "close", "Two periods are close: B has 50 %, a 42 %."),
        ([0.3, 0.45, 0.25], "close", "Two periods are close: B has 45 %, a 30 %."),
        ([0.3, 0.44, 0.26], "unsure", "B has 44 %, less than the 60 % that this model asks for."),
        ([0.2, 0.599, 0.201], "unsure", "B has 59.9 %, less than the 60 %"),
    ],
)
def test_a_reason_names_what_decided(shares: list[float], code: str, reason: str) -> None:
    """A second period is close from half the first on, where both hold three quarters."""
    classes = [{"name": "a"}, {"name": "b", "label": {"en": "B"}}, {"name": "c"}]
    found = predict(rows(shares), card(classes=classes, thresholds={"confident": 0.6}))
    assert found.reason_code == code
    assert found.reason.startswith(reason)


def test_a_percentage_below_the_threshold_never_reads_as_if_it_reached_it() -> None:
    found = predict(rows([0.59999, 0.2, 0.20001]), card(thresholds={"confident": 0.6}))
    assert found.reason.startswith("a has 59.9 %, less than the 60 %")


def test_what_is_no_painting_is_said_before_all_else() -> None:
    """The mean of the views decides; without the card's threshold nothing is refused."""
    sure, views = rows([1, 0, 0], [1, 0, 0]), rows([0.1], [0.3])
    found = predict(sure, card(thresholds={"painting": 0.25}), painting=views)
    assert (found.verdict, found.reason_code) == ("not_a_painting", "not_a_painting")
    assert found.painting == pytest.approx(0.2)
    assert "20 % where 25 % is asked for" in found.reason
    assert found.confidence == pytest.approx(1)
    kept = predict(sure, card(thresholds={"painting": 0.2}), painting=views)
    assert kept.verdict == "confident"
    untold = predict(sure, card(), painting=views)
    assert untold.verdict == "confident"
    assert untold.painting == pytest.approx(0.2)
    assert predict(sure, card(thresholds={"painting": 0.2})).painting is None


def test_a_date_is_read_off_evenly_filled_bins() -> None:
    """A tenth, half and nine tenths of the way, by hand."""
    found = date(rows([0.2, 0.6, 0.2]), Dating(edges=(1000, 1100, 1400, 1500), method=""))
    assert (found.median, found.interval, found.share) == (1250, (1050, 1450), 0.8)
    narrow = date(rows([0, 1, 0]), Dating(edges=(1000, 1100, 1400, 1500), method=""))
    assert (narrow.median, narrow.interval) == (1250, (1130, 1370))


def test_years_of_views_are_averaged_and_stay_inside_the_bins() -> None:
    dating = Dating(edges=(1400, 1401, 1402), method="")
    found = date(rows([1, 0], [0, 1]), dating)
    assert (found.median, found.interval) == (1401, (1400, 1401))
    last = date(rows([0, 1e-9]), dating)
    assert (last.median, last.interval) == (1401, (1401, 1401))
    assert date(rows([0, 0]), dating).interval[1] <= 1401


def test_a_date_needs_the_output_and_the_cards_bins() -> None:
    dated = card(dating={"edges": [1000, 1200], "method": ""})
    found = predict(rows([1, 0, 0]), dated, years=rows([1]))
    assert found.date is not None
    assert found.date.median == 1100
    assert predict(rows([1, 0, 0]), dated).date is None
    assert predict(rows([1, 0, 0]), card(), years=rows([1])).date is None


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
