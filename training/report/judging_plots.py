"""Plots of how a model does beyond its accuracy: near edges, when sure, on others, in years."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure as Canvas
from numpy.typing import NDArray

from app.model_card import ModelCard
from training.evaluation.coverage import RiskCoverage, risk_coverage
from training.evaluation.dating import DateFigures, measure_dates, read_dates
from training.evaluation.edges import AtDistance, accuracy_by_distance, edges_of
from training.figures import Others, dates_of, datings
from training.prediction import Answers
from training.report.plots import BLUE, INK, ORANGE, quieten, svg

__all__ = [
    "accuracy_by_distance_plot",
    "date_plot",
    "judging_plots",
    "painting_histogram",
    "risk_coverage_plot",
]

_SHARES = tuple(number / 10 for number in range(1, 10))


def judging_plots(answers: Answers, card: ModelCard, others: Others | None) -> dict[str, str]:
    """The plots that the data allow, as SVG text.

    Args:
        answers: Calibrated.
        card: Of the model.
        others: What it says of pictures that are no paintings; None if it was not asked.

    Returns:
        `coverage`; `distance` where pictures are dated and periods have edges; `painting`
        where both were asked about; `dates` where the model was taught years.
    """
    right = answers.probabilities.argmax(axis=1) == answers.truth
    found = {"coverage": risk_coverage_plot(risk_coverage(answers.truth, answers.probabilities))}
    groups = accuracy_by_distance(right, datings(answers.examples), edges_of(card.classes))
    if groups:
        found["distance"] = accuracy_by_distance_plot(groups)
    if answers.painting is not None and others is not None:
        found["painting"] = painting_histogram(answers.painting, others, card.thresholds.painting)
    dates = dates_of(answers, card.dating)
    if dates is not None:
        found["dates"] = date_plot(dates, _covered(answers, card))
    return found


def risk_coverage_plot(found: RiskCoverage) -> str:
    """Accuracy against the share of pictures that are answered, the surest first."""
    figure = Canvas(figsize=(5, 3.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(found.share, found.accuracy, color=BLUE)
    axes.axhline(found.accuracy[-1], color=ORANGE, linewidth=1, label="answering everything")
    axes.set_xlim(0, 1)
    axes.set_ylim(min(0.5, float(found.accuracy.min())), 1.01)
    axes.set_xlabel("share of the pictures answered, the surest first")
    axes.set_ylabel("share of the answers that is right")
    axes.legend(frameon=False, labelcolor=INK, loc="lower left")
    quieten(axes)
    return svg(figure, "Accuracy against the share answered")


def accuracy_by_distance_plot(groups: Sequence[AtDistance]) -> str:
    """Accuracy with its interval, by years from the nearest edge of a period."""
    figure = Canvas(figsize=(5, 3.2), layout="constrained")
    axes = figure.subplots()
    for place, each in enumerate(groups):
        value, low, high = each.accuracy.value, each.accuracy.low, each.accuracy.high
        error = [[value - low], [high - value]]
        axes.errorbar(place, value, yerr=error, fmt="o", color=BLUE, capsize=3)
        axes.text(place + 0.12, value, str(each.pictures), va="center", size=7, color=INK)
    names = [
        f"{each.first} on" if each.until is None else f"{each.first} to {each.until}"
        for each in groups
    ]
    axes.set_xticks(range(len(groups)), names)
    axes.set_xlim(-0.5, len(groups) - 0.3)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("years from the nearest edge of a period")
    axes.set_ylabel("share that is right")
    quieten(axes)
    return svg(figure, "Accuracy by distance from an edge")


def painting_histogram(
    paintings: NDArray[np.float64], others: Others, threshold: float | None
) -> str:
    """The output `painting` of paintings and of others, each as shares of their own."""
    figure = Canvas(figsize=(5, 3.2), layout="constrained")
    axes = figure.subplots()
    bins = np.linspace(0, 1, 21)
    for scores, colour, label in (
        (paintings, BLUE, "paintings"),
        (others.painting, ORANGE, "others"),
    ):
        shares = np.histogram(scores, bins)[0] / max(len(scores), 1)
        axes.stairs(shares, bins, color=colour, fill=True, alpha=0.45)
        axes.stairs(shares, bins, color=colour, label=f"{label} ({len(scores)})")
    if threshold is not None:
        axes.axvline(threshold, color=INK, linewidth=1, linestyle=":", label="threshold")
    axes.set_xlim(0, 1)
    axes.set_xlabel("probability of being a painting")
    axes.set_ylabel("share of the pictures")
    axes.legend(frameon=False, labelcolor=INK, loc="upper center")
    quieten(axes)
    return svg(figure, "Probability of being a painting")


def date_plot(dates: DateFigures, covered: Sequence[tuple[float, float]]) -> str:
    """Medians against the museums' datings, and how many intervals hold them.

    Args:
        dates: At least one picture.
        covered: Share of the probability in an interval, and share of the datings that
            intervals of it hold.
    """
    figure = Canvas(figsize=(8, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    median = dates.middle + dates.distance
    for inside, colour, label in (
        (dates.covered, BLUE, "in the 80 % interval"),
        (~dates.covered, ORANGE, "outside"),
    ):
        left.plot(dates.middle[inside], median[inside], ".", ms=4, color=colour, label=label)
    ends = (
        float(min(dates.middle.min(), median.min())),
        float(max(dates.middle.max(), median.max())),
    )
    left.plot(ends, ends, color=INK, linewidth=1)
    left.set_xlabel("middle of the museum's dating")
    left.set_ylabel("median of the model")
    left.legend(frameon=False, labelcolor=INK)
    promised, held = zip(*covered, strict=True)
    right.plot(promised, held, marker=".", color=BLUE)
    right.plot((0, 1), (0, 1), color=ORANGE, linewidth=1)
    right.set_xlim(0, 1)
    right.set_ylim(0, 1)
    right.set_xlabel("share of the probability in the interval")
    right.set_ylabel("share of the datings in it")
    quieten(left)
    quieten(right)
    return svg(figure, "Dates against the museums'")


def _covered(answers: Answers, card: ModelCard) -> list[tuple[float, float]]:
    if answers.years is None or card.dating is None:
        return []
    found = []
    for share in _SHARES:
        dates = read_dates(answers.years, card.dating.edges, share)
        measured = measure_dates(dates, datings(answers.examples))
        if measured is not None:
            found.append((share, measured.coverage.value))
    return found
