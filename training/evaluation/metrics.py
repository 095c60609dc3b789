"""Accuracy and its kin, from true classes and calibrated probabilities."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate, Metrics, PeriodClass
from training.evaluation.calibration import calibration_error, sure_answers
from training.evaluation.intervals import balanced, wilson

__all__ = ["by_source", "confusion", "follow_in_time", "measure", "off_by_more"]


def measure(
    split: str,
    truth: NDArray[np.int64],
    probabilities: NDArray[np.float64],
    class_names: Sequence[str],
    sources: Sequence[str | None] | None = None,
    *,
    in_time: bool = False,
    confident: float | None = None,
) -> Metrics:
    """Measure everything that a card holds of one split.

    Args:
        split: Its name.
        truth: [N], numbers of the true classes.
        probabilities: [N, C], calibrated.
        class_names: C names.
        sources: N sources; None where they are not known.
        in_time: Whether the classes follow each other in time; see `follow_in_time`.
        confident: From which confidence on an answer is called sure; None leaves out
            how many are, and how right those are.
    """
    table = confusion(truth, probabilities.argmax(axis=1), len(class_names))
    hits, actual, predicted = np.diag(table), table.sum(axis=1), table.sum(axis=0)
    error = calibration_error(truth, probabilities)
    sure = None if confident is None else sure_answers(truth, probabilities, confident)
    return Metrics(
        split=split,
        pictures=len(truth),
        accuracy=wilson(int(hits.sum()), len(truth)),
        balanced_accuracy=balanced(hits, actual),
        recall=_shares(class_names, hits, actual),
        precision=_shares(class_names, hits, predicted),
        expected_calibration_error=error.value,
        expected_calibration_error_interval=(error.low, error.high),
        confusion=table.tolist(),
        by_source=by_source(truth, probabilities, sources or ()),
        off_by_more=off_by_more(truth, probabilities.argmax(axis=1)) if in_time else None,
        answered=None if sure is None else sure.share,
        answered_accuracy=None if sure is None else sure.accuracy,
    )


def confusion(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: int
) -> NDArray[np.int64]:
    """Count [C, C]: rows are the true classes, columns the predicted ones."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (truth, predicted), 1)
    return table


def follow_in_time(classes: Sequence[PeriodClass]) -> bool:
    """Whether each class begins in the year in which the one before it ends."""
    return all(
        earlier.years[1] is not None and earlier.years[1] == later.years[0]
        for earlier, later in pairwise(classes)
    )


def off_by_more(truth: NDArray[np.int64], predicted: NDArray[np.int64]) -> Estimate:
    """Share of answers further off than the neighbouring class, of classes in time's order."""
    return wilson(int((abs(truth - predicted) > 1).sum()), len(truth))


def by_source(
    truth: NDArray[np.int64], probabilities: NDArray[np.float64], sources: Sequence[str | None]
) -> dict[str, Estimate]:
    """Accuracy by source, of the pictures whose source is known."""
    right = probabilities.argmax(axis=1) == truth
    names = sorted({each for each in sources if each})
    places = {name: [n for n, each in enumerate(sources) if each == name] for name in names}
    return {name: wilson(int(right[at].sum()), len(at)) for name, at in places.items()}


def _shares(
    names: Sequence[str], hits: NDArray[np.int64], counts: NDArray[np.int64]
) -> dict[str, Estimate]:
    return {
        name: wilson(int(hit), int(count))
        for name, hit, count in zip(names, hits, counts, strict=True)
    }
