"""Renders the report."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np

from app.imaging import decode
from app.model_card import ModelCard
from training.data.preparation import Prepared
from training.evaluation.calibration import reliability
from training.prediction import Answers
from training.report.plots import curves, reliability_diagram
from training.state import Epoch

__all__ = ["Mistake", "Report", "mistakes", "render"]

_SHOWN = 24
_THUMBNAIL = (160, 160)


@dataclass(frozen=True)
class Report:
    """What a report is made of.

    Attributes:
        card: As it will be written, but for its files and version.
        history: The passes.
        answers: Calibrated, by split.
        prepared: The data.
    """

    card: ModelCard
    history: Sequence[Epoch]
    answers: dict[str, Answers]
    prepared: Prepared


@dataclass(frozen=True)
class Mistake:
    """A wrong answer.

    Attributes:
        file: The picture, below the data's folder.
        true: Its class.
        answered: The model's.
        confidence: Calibrated.
        picture: A data URL, empty where pictures are not shown.
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
        pictures: Whether the most confident mistakes are shown. Defaults to not:
            a report that is published must not carry other people's pictures.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    judged = "test" if "test" in report.answers else "validation"
    diagram = ""
    if judged in report.answers:
        found = report.answers[judged]
        diagram = reliability_diagram(reliability(found.truth, found.probabilities))
    return environment.get_template("page.html.j2").render(
        card=report.card,
        curves=curves(report.history),
        judged=judged,
        diagram=diagram,
        prepared=report.prepared,
        mistakes=mistakes(report.answers[judged], report.card.class_names)
        if pictures and judged in report.answers
        else [],
    )


def mistakes(answers: Answers, class_names: Sequence[str]) -> list[Mistake]:
    """The most confident wrong answers, each with its picture."""
    confidence = answers.probabilities.max(axis=1)
    answered = answers.probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answered != answers.truth)
    worst = wrong[np.argsort(-confidence[wrong], kind="stable")][:_SHOWN]
    return [
        Mistake(
            answers.examples[n].file,
            class_names[answers.truth[n]],
            class_names[answered[n]],
            float(confidence[n]),
            _data_url(answers.examples[n].path),
        )
        for n in worst.tolist()
    ]


def _data_url(path: Path) -> str:
    image = decode(path.read_bytes(), reduce_to=_THUMBNAIL).image
    image.thumbnail(_THUMBNAIL)
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(stored.getvalue()).decode()}"
