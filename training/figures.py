"""Figures by name, each with its interval or the reason why it is missing.

What is measured is decided here; `training.evaluate` prints it, and writes it as JSON.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.model_card import Dating, Estimate, Metrics, ModelCard
from training.data.index import Example
from training.data.years import Years, years_in
from training.evaluation.coverage import accuracy_answering, risk_coverage
from training.evaluation.dating import DateFigures, measure_dates, read_dates
from training.evaluation.detection import area_under_curve, share_below
from training.evaluation.edges import accuracy_by_distance, edges_of
from training.evaluation.heatmaps import Deletion
from training.prediction import Answers

__all__ = [
    "Figure",
    "Others",
    "cost_figures",
    "date_figures",
    "dates_of",
    "datings",
    "heat_map_figures",
    "honesty_figures",
    "measured_dating",
    "painting_figures",
    "period_figures",
    "with_painting",
]

Unit = Literal["share", "years", "milliseconds", "correlation"]

_ANSWERED = (0.5, 0.8, 0.9)
_PERIOD, _HONESTY = "which period", "how honest"
_PAINTING, _DATE, _HEAT_MAP, _COST = "painting or not", "when", "where it looks", "cost"


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        section: What it tells of.
        name: What was measured.
        unit: Of the estimate.
        estimate: With its 95 % interval; None where it is missing.
        pictures: How many it was measured on; None where that is the whole split.
        skipped: Why it is missing.
    """

    section: str
    name: str
    unit: Unit = "share"
    estimate: Estimate | None = None
    pictures: int | None = None
    skipped: str = ""


@dataclass(frozen=True)
class Others:
    """What a model says of pictures that are no paintings.

    Attributes:
        kinds: M kinds, such as `photo` or `noise`.
        made: bool [M], whether they were made in code.
        painting: float64 [M], probability of being a painting.
    """

    kinds: tuple[str, ...]
    made: NDArray[np.bool_]
    painting: NDArray[np.float64]


def period_figures(metrics: Metrics, answers: Answers, card: ModelCard) -> list[Figure]:
    """Accuracy and its kin, by class, by distance to a period's edge, and by source."""

    def line(name: str, estimate: Estimate, pictures: int | None = None) -> Figure:
        return Figure(_PERIOD, name, estimate=estimate, pictures=pictures)

    counts = np.array(metrics.confusion)
    found = [
        line("balanced accuracy", metrics.balanced_accuracy),
        line("accuracy", metrics.accuracy),
        *(
            line(f"recall of {name}", metrics.recall[name], int(of))
            for name, of in zip(card.class_names, counts.sum(axis=1), strict=True)
        ),
        *(
            line(f"precision of {name}", metrics.precision[name], int(of))
            for name, of in zip(card.class_names, counts.sum(axis=0), strict=True)
        ),
    ]
    if metrics.off_by_more is None:
        reason = "the classes do not follow each other in time"
        found.append(Figure(_PERIOD, "off by more than the neighbouring period", skipped=reason))
    else:
        found.append(line("off by more than the neighbouring period", metrics.off_by_more))
    right = answers.probabilities.argmax(axis=1) == answers.truth
    edges = edges_of(card.classes)
    groups = accuracy_by_distance(right, datings(answers.examples), edges)
    found.extend(
        line(f"accuracy {each.name} from an edge", each.accuracy, each.pictures) for each in groups
    )
    if not groups:
        reason = "the data have no years" if edges else "the classes have no years"
        found.append(Figure(_PERIOD, "accuracy by distance from a period's edge", skipped=reason))
    sources = [each.source for each in answers.examples]
    found.extend(
        line(f"accuracy on {name}", estimate, sources.count(name))
        for name, estimate in metrics.by_source.items()
    )
    return found


def honesty_figures(metrics: Metrics, answers: Answers) -> list[Figure]:
    """Calibration, and what is right of what is answered."""
    found = []
    error, interval = (
        metrics.expected_calibration_error,
        metrics.expected_calibration_error_interval,
    )
    if error is not None and interval is not None:
        estimate = Estimate(value=error, low=interval[0], high=interval[1])
        found.append(Figure(_HONESTY, "calibration error", estimate=estimate))
    if metrics.answered is not None and metrics.answered_accuracy is not None:
        sure = round(metrics.answered.value * metrics.pictures)
        found.append(Figure(_HONESTY, "called confident", estimate=metrics.answered))
        found.append(
            Figure(_HONESTY, "accuracy of those", estimate=metrics.answered_accuracy, pictures=sure)
        )
    truth, probabilities = answers.truth, answers.probabilities
    found.extend(
        Figure(
            _HONESTY,
            f"accuracy answering the surest {share:.0%}",
            estimate=accuracy_answering(share, truth, probabilities),
            pictures=max(1, round(share * len(truth))),
        )
        for share in _ANSWERED
    )
    area = risk_coverage(truth, probabilities).area
    found.append(Figure(_HONESTY, "mean accuracy over all shares answered", estimate=area))
    return found


def painting_figures(
    painting: NDArray[np.float64] | None, others: Others | None, threshold: float | None
) -> list[Figure]:
    """How well paintings are told from what is none, and what the threshold refuses.

    Args:
        painting: float64 [N], the output of that name for paintings; None without it.
        others: The same of others; None likewise.
        threshold: From the card; None refuses nothing.
    """
    names = ("AUROC, paintings against the others", "paintings refused", "others refused")
    if painting is None or others is None:
        reason = "the model has no output `painting`"
        return [Figure(_PAINTING, name, skipped=reason) for name in names]
    found = []
    for name, chosen in (
        (names[0], np.ones(len(others.made), bool)),
        ("AUROC against photographs and the like", ~others.made),
        ("AUROC against pictures made in code", others.made),
    ):
        if chosen.any():
            area = area_under_curve(painting, others.painting[chosen])
            count = len(painting) + int(chosen.sum())
            found.append(Figure(_PAINTING, name, estimate=area, pictures=count))
        else:
            reason = "no such pictures; --not-paintings DIR names some"
            found.append(Figure(_PAINTING, name, skipped=reason))
    if threshold is None:
        reason = "the card has no threshold for `painting`"
        return found + [Figure(_PAINTING, name, skipped=reason) for name in names[1:]]
    refused, caught = share_below(painting, threshold), share_below(others.painting, threshold)
    found.append(Figure(_PAINTING, names[1], estimate=refused, pictures=len(painting)))
    found.append(Figure(_PAINTING, names[2], estimate=caught, pictures=len(others.kinds)))
    for kind in dict.fromkeys(others.kinds):
        of = others.painting[[each == kind for each in others.kinds]]
        estimate = share_below(of, threshold)
        found.append(Figure(_PAINTING, f"refused of {kind}", estimate=estimate, pictures=len(of)))
    return found


def datings(examples: Sequence[Example]) -> list[Years | None]:
    """The first and last year of each picture's dating; None where it tells none."""
    return [None if each.year is None else years_in(each.year) for each in examples]


def dates_of(answers: Answers, dating: Dating | None) -> DateFigures | None:
    """Measure the dates; None where the model dates nothing or no picture is dated."""
    if answers.years is None or dating is None:
        return None
    return measure_dates(read_dates(answers.years, dating.edges), datings(answers.examples))


def measured_dating(answers: Answers, dating: Dating | None, split: str) -> Dating | None:
    """What a card says of the dates, with what was measured of them; None where nothing was."""
    found = dates_of(answers, dating)
    if found is None or dating is None:
        return None
    measured = {
        "mean_absolute_error": found.mean_absolute_error.value,
        "coverage": found.coverage,
        "pictures": found.pictures,
        "split": split,
    }
    return dating.model_copy(update=measured)


def with_painting(
    metrics: Metrics,
    painting: NDArray[np.float64] | None,
    others: Others | None,
    threshold: float | None,
) -> Metrics:
    """Add to a card's metrics what the output `painting` comes to.

    Args:
        metrics: Of the same split.
        painting: float64 [N], of its pictures; None without that output.
        others: Of pictures that are none; None likewise.
        threshold: From the card; None refuses nothing.
    """
    if painting is None:
        return metrics
    found: dict[str, object] = {}
    if threshold is not None:
        found["refused"] = share_below(painting, threshold)
    if others is not None:
        found["auroc"] = area_under_curve(painting, others.painting)
        found["not_paintings"] = len(others.kinds)
        if threshold is not None:
            found["caught"] = share_below(others.painting, threshold)
    return metrics.model_copy(update=found)


def date_figures(answers: Answers, dating: Dating | None) -> list[Figure]:
    """How near the dates come to the museums'."""
    names = ("mean absolute error of the median", "80 % interval holds the year", "its width")
    found = dates_of(answers, dating)
    if found is None:
        dates = answers.years is not None and dating is not None
        reason = "the data have no years" if dates else "the model was not taught years"
        return [Figure(_DATE, name, skipped=reason) for name in names]
    units: Sequence[Unit] = ("years", "share", "years")
    values = (found.mean_absolute_error, found.coverage, found.width)
    return [
        Figure(_DATE, name, unit, estimate, found.pictures)
        for name, unit, estimate in zip(names, units, values, strict=True)
    ]


def heat_map_figures(
    deletion: Deletion | None, correlation: Estimate | None, skipped: str
) -> list[Figure]:
    """What the checks of the heat maps found.

    Args:
        deletion: From `check_deletion`; None where it was not made.
        correlation: From `check_randomised`; likewise.
        skipped: Why one was not made.
    """
    names = (
        "probability lost with the strongest tenth",
        "probability lost with another tenth",
        "the one less the other",
        "pictures where the strongest cost more",
    )
    if deletion is None:
        found = [Figure(_HEAT_MAP, name, skipped=skipped) for name in names]
    else:
        values = (deletion.strongest, deletion.random, deletion.difference, deletion.stronger)
        found = [
            Figure(_HEAT_MAP, name, estimate=estimate, pictures=deletion.pictures)
            for name, estimate in zip(names, values, strict=True)
        ]
    name = "correlation with the map of random last weights"
    count = None if deletion is None else deletion.pictures
    if correlation is None:
        return [*found, Figure(_HEAT_MAP, name, "correlation", skipped=skipped)]
    return [*found, Figure(_HEAT_MAP, name, "correlation", correlation, count)]


def cost_figures(
    milliseconds: dict[str, Estimate | None], in_8_bits: Estimate | None
) -> list[Figure]:
    """What a picture costs with each of a version's files.

    Args:
        milliseconds: By file; None of one that the version does not have.
        in_8_bits: Balanced accuracy of the file in 8 bits less that of the answers that
            were measured; None without such a file.
    """
    missing = "this version has no such file"
    name = "balanced accuracy in 8 bits, less this"
    gained = Figure(_COST, name, estimate=in_8_bits, skipped="" if in_8_bits else missing)
    return [
        gained,
        *(
            Figure(
                _COST,
                f"milliseconds a picture, {file}",
                "milliseconds",
                estimate,
                skipped="" if estimate else missing,
            )
            for file, estimate in milliseconds.items()
        ),
    ]
