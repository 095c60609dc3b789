"""Plots of what a model is judged by: they show what they are given, and nothing else."""

import re
from pathlib import Path

import numpy as np
import pytest

from app.model_card import Dating, Input, ModelCard
from training.data.index import Example
from training.data.periods import PERIODS
from training.figures import Others
from training.prediction import Answers
from training.report.judging_plots import judging_plots

OTHERS = Others(("photo",) * 3, np.zeros(3, bool), np.array([0.05, 0.1, 0.6]))


def _answers(years: tuple[str | None, ...]) -> Answers:
    """The second and every fourth picture are taken for the next period."""
    examples = tuple(
        Example(Path(f"{n}.jpg"), f"{n}.jpg", PERIODS[n % 4].name, year=year)
        for n, year in enumerate(years)
    )
    truth = np.arange(len(years)) % 4
    answered = np.where(np.arange(len(years)) % 4 == 1, (truth + 1) % 4, truth)
    return Answers(
        examples,
        truth,
        np.eye(4)[answered] * 0.6 + 0.1,
        painting=np.linspace(0.5, 1, len(years)),
        years=np.tile([0.1, 0.3, 0.4, 0.2], (len(years), 1)),
    )


def _card(**members: object) -> ModelCard:
    return ModelCard(
        format_version=1,
        name="tiny",
        version="1",
        classes=PERIODS,
        input=Input(height=8, width=8),
        files={},
    ).model_copy(update=members)


DATED = _answers(("1395", "c. 1405", "1800-20", "1953") * 3)
DATING = Dating(edges=(1300, 1400, 1600, 1860, 2000), method="")


def _words(svg: str) -> str:
    return " ".join(re.findall(r">([^<>]+)</text>", svg))


def test_every_plot_has_its_name_and_the_pages_ink() -> None:
    found = judging_plots(DATED, _card(dating=DATING), OTHERS)
    assert set(found) == {"coverage", "distance", "painting", "dates"}
    for svg in found.values():
        assert svg.startswith('<svg role="img" aria-label="')
        assert "currentColor" in svg
        assert "#808080" not in svg


@pytest.mark.parametrize(
    ("answers", "card", "others", "plots"),
    [
        (DATED, _card(), OTHERS, {"coverage", "distance", "painting"}),
        (DATED, _card(dating=DATING), None, {"coverage", "distance", "dates"}),
        (_answers((None,) * 4), _card(dating=DATING), OTHERS, {"coverage", "painting"}),
    ],
)
def test_what_the_data_lack_is_not_drawn(
    answers: Answers, card: ModelCard, others: Others | None, plots: set[str]
) -> None:
    assert set(judging_plots(answers, card, others)) == plots


def test_groups_are_labelled_by_distance_and_pictures() -> None:
    """5 years and 0 years; 40; 93."""
    words = _words(judging_plots(DATED, _card(), None)["distance"])
    for part in ("0 to 10", "25 to 50", "50 to 100"):
        assert part in words
    assert "100 on" not in words


def test_the_histogram_tells_how_many_and_where_the_threshold_is() -> None:
    card = _card()
    words = _words(judging_plots(DATED, card, OTHERS)["painting"])
    assert "paintings (12)" in words
    assert "others (3)" in words
    assert "threshold" not in words
    thresholds = card.thresholds.model_copy(update={"painting": 0.3})
    card = _card(thresholds=thresholds)
    assert "threshold" in _words(judging_plots(DATED, card, OTHERS)["painting"])
