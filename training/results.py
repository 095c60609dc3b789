"""What runs of a comparison came to: kept as soon as each is complete, and summed up."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate
from training.evaluation.intervals import balanced, wilson
from training.files import write_atomically

__all__ = ["PUBLISHED", "Result", "Row", "kept", "published", "rows", "store"]

PUBLISHED = {"logistic": 28, "alexnet": 46, "inception_v3": 59}
"""Of 80 pictures, how many the teaching case reports as right, by recipe."""

PUBLISHED_OF = 80


@dataclass(frozen=True)
class Result:
    """What one run came to.

    Attributes:
        recipe: Its name.
        seed: The run's.
        fold: Which part was judged, from 1; None for the data's own splits.
        split: Which pictures were judged.
        confusion: [C, C]; rows are the true classes.
        parameters: Numbers in the model.
        size: Bytes of model.tflite.
        seconds: That the passes took.
        milliseconds: Of decoding and answering one picture, alone, on one core.
    """

    recipe: str
    seed: int
    fold: int | None
    split: str
    confusion: list[list[int]]
    parameters: int
    size: int
    seconds: float
    milliseconds: float

    @property
    def accuracy(self) -> float:
        """Share of the judged pictures that is right."""
        table = np.array(self.confusion)
        return float(np.trace(table) / table.sum())


def store(folder: Path, key: str, result: Result) -> None:
    """Keep a result for the next time the same run is wanted."""
    write_atomically(folder / f"{key}.json", json.dumps(asdict(result)).encode())


def kept(folder: Path, key: str) -> Result | None:
    """The result of a run that was made before; None if there is none of this form."""
    try:
        return Result(**json.loads((folder / f"{key}.json").read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


@dataclass(frozen=True)
class Row:
    """What all runs of a recipe came to.

    Attributes:
        recipe: Its name.
        runs: How many.
        pictures: That were judged, each counted once.
        accuracy: Mean over the repeats, all folds taken together. The interval is
            that of so many pictures: judging them again does not narrow it.
        balanced_accuracy: Likewise.
        spread: Standard deviation of the accuracy over the repeats, or over the
            folds of a single one; None of a single run.
        parameters: Numbers in the model.
        size: Bytes of model.tflite.
        seconds: Mean of a run.
        milliseconds: Mean of a picture.
    """

    recipe: str
    runs: int
    pictures: int
    accuracy: Estimate
    balanced_accuracy: Estimate
    spread: float | None
    parameters: int
    size: int
    seconds: float
    milliseconds: float

    @property
    def published(self) -> Estimate | None:
        """The teaching case's accuracy of the same model; None if it has none."""
        return published(self.recipe)


def published(recipe: str) -> Estimate | None:
    """The teaching case's accuracy of a recipe's model; None if it has none."""
    hits = PUBLISHED.get(recipe)
    return None if hits is None else wilson(hits, PUBLISHED_OF)


def rows(results: Iterable[Result]) -> list[Row]:
    """Sum up, the most accurate recipe first."""
    by_recipe: defaultdict[str, list[Result]] = defaultdict(list)
    for each in results:
        by_recipe[each.recipe].append(each)
    found = [_row(name, of) for name, of in by_recipe.items()]
    return sorted(found, key=lambda row: (-row.accuracy.value, row.recipe))


def _row(recipe: str, results: Sequence[Result]) -> Row:
    repeats: defaultdict[int, list[NDArray[np.int64]]] = defaultdict(list)
    for each in results:
        repeats[each.seed].append(np.array(each.confusion))
    tables = [np.sum(of, axis=0) for of in repeats.values()]
    shares = [float(np.trace(table) / table.sum()) for table in tables]
    mean = np.mean(tables, axis=0)
    counts = np.rint(mean.sum(axis=1)).astype(np.int64)
    hits = np.rint(np.diag(mean)).astype(np.int64)
    right = round(float(np.trace(mean)))
    spread_over = shares if len(shares) > 1 else [each.accuracy for each in results]
    value = float(np.mean(shares))
    recalls = np.diag(mean)[counts > 0] / counts[counts > 0]
    return Row(
        recipe=recipe,
        runs=len(results),
        pictures=int(counts.sum()),
        accuracy=wilson(right, int(counts.sum())).model_copy(update={"value": value}),
        balanced_accuracy=balanced(hits, counts).model_copy(
            update={"value": float(recalls.mean())}
        ),
        spread=float(np.std(spread_over, ddof=1)) if len(spread_over) > 1 else None,
        parameters=results[0].parameters,
        size=results[0].size,
        seconds=float(np.mean([each.seconds for each in results])),
        milliseconds=float(np.mean([each.milliseconds for each in results])),
    )
