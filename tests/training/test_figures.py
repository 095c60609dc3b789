"""Lines of the table: each has a figure or a reason."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.model_card import Dating, Estimate, Input, ModelCard
from training.data.index import Example
from training.data.periods import PERIODS
from training.evaluation.metrics import measure
from training.figures import (
    Figure,
    Others,
    cost_figures,
    date_figures,
    heat_map_figures,
    measured_dating,
    painting_figures,
    period_figures,
    with_painting,
)
from training.prediction import Answers

CARD = ModelCard(
    format_version=1,
    name="tiny",
    version="1",
    classes=PERIODS,
    input=Input(height=8, width=8),
    files={},
)
ANSWERS = Answers(
    tuple(
        Example(Path("a.jpg"), "a.jpg", each.name, year=year)
        for each, year in zip(PERIODS, ("1395", "1500", "no year", "1861-1970"), strict=True)
    ),
    np.arange(4),
    np.eye(4)[[0, 3, 2, 3]],
    painting=np.array([0.9, 0.8, 0.4, 1.0]),
    years=np.tile([0.0, 1.0, 0.0], (4, 1)),
)
METRICS = measure("test", ANSWERS.truth, ANSWERS.probabilities, CARD.class_names, in_time=True)
OTHERS = Others(("photo", "photo", "noise"), np.array([0, 0, 1], bool), np.array([0.2, 0.85, 0.1]))


def _by_name(figures: list[Figure]) -> dict[str, Figure]:
    assert all((each.estimate is None) == bool(each.skipped) for each in figures)
    return {each.name: each for each in figures}


def _value(figure: Figure) -> float:
    assert figure.estimate is not None
    return figure.estimate.value


def test_periods() -> None:
    """One answer of four is two periods off, and it lies 100 years from an edge."""
    found = _by_name(period_figures(METRICS, ANSWERS, CARD))
    assert _value(found["off by more than the neighbouring period"]) == 0.25
    assert _value(found["accuracy 100 years and more from an edge"]) == 0
    assert found["accuracy 0 to 10 years from an edge"].pictures == 2
    assert found["recall of renaissance"].pictures == 1
    undated = replace(ANSWERS, examples=tuple(replace(e, year=None) for e in ANSWERS.examples))
    found = _by_name(period_figures(METRICS, undated, CARD))
    assert found["accuracy by distance from a period's edge"].skipped == "the data have no years"


def test_painting_or_not() -> None:
    """Of twelve pairs ten are told right; by kind, and what a threshold refuses."""
    found = _by_name(painting_figures(ANSWERS.painting, OTHERS, 0.5))
    assert _value(found["AUROC, paintings against the others"]) == pytest.approx(10 / 12)
    assert _value(found["AUROC against pictures made in code"]) == 1
    assert _value(found["paintings refused"]) == 0.25
    assert _value(found["refused of photo"]) == 0.5
    assert found["refused of noise"].pictures == 1
    found = _by_name(painting_figures(ANSWERS.painting, OTHERS, None))
    assert found["paintings refused"].skipped == "the card has no threshold for `painting`"
    made = replace(OTHERS, made=np.ones(3, bool))
    found = _by_name(painting_figures(ANSWERS.painting, made, 0.5))
    assert "--not-paintings" in found["AUROC against photographs and the like"].skipped


def test_a_cards_metrics_hold_what_was_measured_of_painting() -> None:
    found = with_painting(METRICS, ANSWERS.painting, OTHERS, 0.5)
    assert found.refused is not None
    assert found.refused.value == 0.25
    assert found.caught is not None
    assert found.caught.value == pytest.approx(2 / 3)
    assert found.auroc is not None
    assert found.not_paintings == 3
    assert found.accuracy == METRICS.accuracy
    assert with_painting(METRICS, None, OTHERS, 0.5) == METRICS
    alone = with_painting(METRICS, ANSWERS.painting, None, None)
    assert (alone.auroc, alone.refused, alone.caught) == (None, None, None)


def test_dates() -> None:
    """Two pictures are dated narrowly enough: the median of 1500 is 105 and 0 years off."""
    dating = Dating(edges=(1300, 1450, 1550, 1900), method="")
    found = _by_name(date_figures(ANSWERS, dating))
    assert _value(found["mean absolute error of the median"]) == 52.5
    assert found["80 % interval holds the year"].pictures == 2
    told = measured_dating(ANSWERS, dating, "test")
    assert told is not None
    assert (told.mean_absolute_error, told.pictures, told.split) == (52.5, 2, "test")
    assert told.coverage is not None
    assert told.coverage.value == 0.5
    assert measured_dating(ANSWERS, None, "test") is None
    untaught = _by_name(date_figures(ANSWERS, None))
    assert {each.skipped for each in untaught.values()} == {"the model was not taught years"}


def test_what_was_not_checked_says_why() -> None:
    """Heat maps, and files that a version does not have."""
    skipped = _by_name(heat_map_figures(None, None, "not today"))
    assert {each.skipped for each in skipped.values()} == {"not today"}
    estimate = Estimate(value=2.5, low=2, high=3)
    found = cost_figures({"model.tflite": estimate, "model_int8.tflite": None}, None)
    assert [each.estimate for each in found] == [None, estimate, None]
    assert found[0].skipped == found[2].skipped == "this version has no such file"
    lost = Estimate(value=0.0, low=-0.01, high=0.01)
    assert cost_figures({}, lost)[0].estimate == lost
