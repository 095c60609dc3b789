"""Renders the report of a version."""

import base64
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray

from app.imaging import decode
from app.model_card import ModelCard
from training.data.preparation import Prepared
from training.evaluation.calibration import reliability, sure_answers
from training.figures import Others
from training.prediction import Answers
from training.report.judging_plots import judging_plots
from training.report.plots import curves, reliability_diagram
from training.report.templates import fill
from training.state import Epoch

__all__ = ["Report", "Shown", "hits", "mistakes", "render"]

_SHOWN = 24
_THUMBNAIL = (160, 160)


@dataclass(frozen=True)
class Report:
    """What a report is made of.

    Attributes:
        card: As it will be written, but for its files and version.
        history: The passes of the fit that validation judged.
        again: The passes of a second fit, which is then what is stored; None without one.
        answers: Calibrated, by split.
        prepared: The data.
        others: What the model says of pictures that are no paintings; None where it was
            not asked.
    """

    card: ModelCard
    history: Sequence[Epoch]
    again: Sequence[Epoch] | None
    answers: dict[str, Answers]
    prepared: Prepared
    others: Others | None = None


@dataclass(frozen=True)
class Shown:
    """A picture with its answer.

    Attributes:
        file: The picture, below the data's folder.
        true: Its class.
        answered: The model's.
        confidence: Calibrated.
        picture: A data URL.
    """

    file: str
    true: str
    answered: str
    confidence: float
    picture: str


def render(report: Report, pictures: bool = False) -> str:
    """Make the page.

    Args:
        report: What to tell.
        pictures: Whether the most confident mistakes and least confident hits are
            shown. Defaults to not: a report that is published must not carry other
            people's pictures.
    """
    judged = "test" if "test" in report.answers else "validation"
    found = report.answers.get(judged)
    names = report.card.class_names
    diagram, sure, galleries = "", None, {}
    plots: dict[str, str] = {}
    if found is not None:
        diagram = reliability_diagram(reliability(found.truth, found.probabilities))
        sure = sure_answers(found.truth, found.probabilities, report.card.thresholds.confident)
        plots = judging_plots(found, report.card, report.others)
        if pictures:
            galleries = {
                "Most confident mistakes": mistakes(found, names),
                "Least confident hits": hits(found, names),
            }
    return fill(
        "page.html.j2",
        card=report.card,
        curves=curves(report.history, report.again or ()),
        refitted=report.again is not None,
        judged=judged,
        diagram=diagram,
        sure=sure,
        plots=plots,
        by_source=Counter(each.source for each in found.examples) if found else {},
        sizes=_sizes(report),
        prepared=report.prepared,
        galleries=galleries,
    )


def mistakes(answers: Answers, class_names: Sequence[str]) -> list[Shown]:
    """The most confident wrong answers, the most confident first."""
    confidence, answered = answers.probabilities.max(axis=1), answers.probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answered != answers.truth)
    return _shown(answers, class_names, wrong[np.argsort(-confidence[wrong], kind="stable")])


def hits(answers: Answers, class_names: Sequence[str]) -> list[Shown]:
    """The least confident right answers, the least confident first."""
    confidence, answered = answers.probabilities.max(axis=1), answers.probabilities.argmax(axis=1)
    right = np.flatnonzero(answered == answers.truth)
    return _shown(answers, class_names, right[np.argsort(confidence[right], kind="stable")])


def _shown(answers: Answers, class_names: Sequence[str], places: NDArray[np.int64]) -> list[Shown]:
    return [
        Shown(
            answers.examples[n].file,
            class_names[answers.truth[n]],
            class_names[answers.probabilities[n].argmax()],
            float(answers.probabilities[n].max()),
            _data_url(answers.examples[n].path),
        )
        for n in places[:_SHOWN].tolist()
    ]


def _sizes(report: Report) -> dict[str, tuple[int, int, int]]:
    """Shortest, median and longest longer side of the training pictures, by class."""
    train = report.prepared.train
    found = {}
    for name in report.card.class_names:
        sides = [
            max(facts.width, facts.height)
            for example, facts in zip(train.examples, train.facts, strict=True)
            if example.class_name == name
        ]
        found[name] = (min(sides), round(median(sides)), max(sides))
    return found


def _data_url(path: Path) -> str:
    image = decode(path.read_bytes(), reduce_to=_THUMBNAIL).image
    image.thumbnail(_THUMBNAIL)
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(stored.getvalue()).decode()}"
