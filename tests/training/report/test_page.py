"""The report: whole, self-contained, and without anyone's pictures unless asked."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from app.model_card import Calibration, Dating, Input, ModelCard
from app.model_card import Recipe as RecipeFacts
from tests.training.making import folder
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.preparation import prepare
from training.evaluation.metrics import measure
from training.figures import Others, measured_dating, with_painting
from training.prediction import Answers
from training.report.page import Report, hits, mistakes, render
from training.state import Epoch


@pytest.fixture
def report(tmp_path: Path) -> Report:
    """Two classes, four validation pictures, one of them wrong."""
    index = read_index(folder(tmp_path / "data", count=10))
    prepared = prepare(index, inspect(index.examples, tmp_path / "facts.json"))
    examples = prepared.validation.examples
    truth = np.array([prepared.class_names.index(each.class_name) for each in examples])
    probabilities = np.eye(2)[truth] * 0.6 + 0.2
    probabilities[0] = [0.1, 0.9] if truth[0] == 0 else [0.9, 0.1]
    metrics = measure("validation", truth, probabilities, prepared.class_names, ["<me>"] * 4)
    card = ModelCard(
        format_version=1,
        name="tiny",
        version="1",
        description="A <tiny> model.",
        created="now",
        classes=prepared.classes,
        input=Input(height=8, width=8),
        files={},
        parameters=1234,
        calibration=Calibration(temperature=1.5, method="by hand"),
        metrics={"validation": metrics},
        data=prepared.facts,
        limitations=("Not for cats.",),
        libraries={"keras": "3"},
        recipe=RecipeFacts(
            name="tiny",
            command="python -m training.run --data DIR",
            seed=0,
            hyperparameters={"rate": 0.1},
            seconds=12,
        ),
    )
    history = [Epoch(1.2, 0.4, 1.0, 0.5, 1), Epoch(0.9, 0.6, 0.8, 0.75, 1)]
    answers = {"validation": Answers(examples, truth, probabilities)}
    return Report(card, history, None, answers, prepared)


class _Elements(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_it_needs_nothing_beside_it_and_shows_no_picture(report: Report) -> None:
    """No address is loaded; plots are inside; no training picture is."""
    html = render(report)
    elements = _Elements()
    elements.feed(html)
    names = [name for name, _ in elements.found]
    assert names.count("svg") == 3
    assert not {"img", "script", "link", "iframe"} & set(names)
    for _, attributes in elements.found:
        for key in ("src", "href", "xlink:href"):
            assert (attributes.get(key) or "#").startswith("#")
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_it_tells_what_a_person_asks(report: Report) -> None:
    """Scores with intervals, confusion, sources, data, command, limits; text is escaped."""
    html = render(report)
    for part in (
        "0.750 <small>(0.301 to 0.954)</small>",
        "A &lt;tiny&gt; model.",
        "&lt;me&gt;",
        "python -m training.run --data DIR",
        "Not for cats.",
        "1,234 parameters",
        "by hand",
        '"rate": 0.1',
        "copies in train 0",
        "By class, on validation",
        "keras 3.",
        "color-scheme",
        "@media print",
    ):
        assert part in html, part


def test_mistakes_are_shown_only_when_asked_for(report: Report) -> None:
    """Most confident first, as pictures inside the page."""
    (mistake,) = mistakes(report.answers["validation"], report.card.class_names)
    assert mistake.confidence == pytest.approx(0.9)
    assert mistake.true != mistake.answered
    shown = hits(report.answers["validation"], report.card.class_names)
    assert [each.true for each in shown] == [each.answered for each in shown]
    assert [each.confidence for each in shown] == pytest.approx([0.8] * 3)
    html = render(report, pictures=True)
    assert html.count("<img") == html.count('src="data:image/jpeg;base64,') == 4
    assert html.index("Most confident mistakes") < html.index("Least confident hits")


def test_a_second_fit_is_told_apart(report: Report) -> None:
    """Which figure is of which; its passes are drawn; a diagram says how sure is how right."""
    assert "the first fit" not in render(report)
    html = render(replace(report, again=[Epoch(1.0, 0.5, None, None, 1)] * 2))
    assert "<td>the first fit</td>" in html
    assert "no picture was left to judge it" in html
    assert "training views, second fit" in html


def test_confident_answers_are_counted(report: Report) -> None:
    """From the card's threshold on; above every answer it never says so."""
    html = render(report)
    assert "75 % right" in html
    assert "it says so of 100 % of pictures" in html
    thresholds = report.card.thresholds.model_copy(update={"confident": 0.95})
    card = report.card.model_copy(update={"thresholds": thresholds})
    assert "no answer reaches 0.95" in render(replace(report, card=card))


def test_painting_or_not_and_dates_are_told_where_they_were_measured(report: Report) -> None:
    """With their plots and figures; without them there is no such heading."""
    plain = render(report)
    assert "Painting or not" not in plain
    assert "<h2>When</h2>" not in plain
    answers = report.answers["validation"]
    dated = replace(
        answers,
        examples=tuple(replace(each, year="c. 1450") for each in answers.examples),
        painting=np.array([0.9, 0.8, 0.95, 0.2]),
        years=np.tile([0.2, 0.6, 0.2], (4, 1)),
    )
    others = Others(("photo", "noise"), np.array([False, True]), np.array([0.1, 0.3]))
    dating = Dating(edges=(1300, 1400, 1500, 1600), method="by hand")
    thresholds = report.card.thresholds.model_copy(update={"painting": 0.5})
    metrics = with_painting(report.card.metrics["validation"], dated.painting, others, 0.5)
    card = report.card.model_copy(
        update={
            "dating": measured_dating(dated, dating, "validation"),
            "thresholds": thresholds,
            "metrics": {"validation": metrics},
        }
    )
    html = render(replace(report, card=card, answers={"validation": dated}, others=others))
    assert html.count("<svg") == 5
    assert "area under the curve of 0.875" in html
    assert "At the threshold of 0.500, 0.250" in html
    assert "The median lies 0 years from the middle" in html
    assert "Years: by hand." in html


def test_without_anything_to_judge_on(report: Report) -> None:
    """Still a report."""
    card = report.card.model_copy(update={"metrics": {}})
    history = [Epoch(1.2, 0.4, None, None, 1)]
    html = render(Report(card, history, None, {}, report.prepared), pictures=True)
    assert "How it was trained" in html
    assert "Reliability" not in html
