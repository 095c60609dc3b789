"""The form of a row: which columns there are, and what stands in them.

One place for all tables, whatever writes them. A row has an answer (`period` and what
follows) or a problem (`error`, `detail`); the other half is empty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from app.bulk.problems import UnreadableFile
from app.errors import Problem
from app.model_card import ModelCard
from app.prediction import DateRange
from app.runtime.classification import Classified

__all__ = ["Column", "Row", "Value", "answer_row", "columns_for", "is_doubtful", "problem_row"]

Value = str | int | float | None
Row = dict[str, Value]

_DIGITS = 6


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: At the table's head.
        kind: Of its values; each may be missing.
        from_answer: Takes the value from an answer; None where it is none of the answer's.
    """

    name: str
    kind: type[str] | type[int] | type[float]
    from_answer: Callable[[Classified], Value] | None = None


def columns_for(card: ModelCard) -> tuple[Column, ...]:
    """The columns of every table that a model's answers are written to."""
    return (
        Column("path", str),
        Column("period", str, lambda found: found.prediction.period.name),
        Column("confidence", float, lambda found: _rounded(found.prediction.confidence)),
        Column("verdict", str, lambda found: found.prediction.verdict),
        Column("reason_code", str, lambda found: found.prediction.reason_code),
        *(Column(f"probability_{name}", float, _probability(name)) for name in card.class_names),
        Column("painting", float, lambda found: _rounded(found.prediction.painting)),
        Column("date", int, _year(lambda date: date.median)),
        Column("date_from", int, _year(lambda date: date.interval[0])),
        Column("date_to", int, _year(lambda date: date.interval[1])),
        Column("model", str),
        Column("sha256", str),
        Column("width", int, lambda found: found.image.width),
        Column("height", int, lambda found: found.image.height),
        Column("error", str),
        Column("detail", str),
    )


def answer_row(
    columns: tuple[Column, ...], *, path: str, model: str, sha256: str, found: Classified
) -> Row:
    """The row of a picture that was answered.

    Args:
        columns: From `columns_for`.
        path: What the picture is called by.
        model: `name@version`.
        sha256: Of the picture's file, in hexadecimal digits.
        found: The answer.
    """
    known: Mapping[str, Value] = {"path": path, "model": model, "sha256": sha256}
    return {
        column.name: column.from_answer(found) if column.from_answer else known.get(column.name)
        for column in columns
    }


def problem_row(
    columns: tuple[Column, ...],
    *,
    path: str,
    model: str,
    sha256: str | None,
    problem: Problem | UnreadableFile,
) -> Row:
    """The row of a picture that has none: the problem's code, and its sentence."""
    known: Mapping[str, Value] = {
        "path": path,
        "model": model,
        "sha256": sha256,
        "error": problem.code,
        "detail": str(problem),
    }
    return {column.name: known.get(column.name) for column in columns}


def is_doubtful(row: Row, threshold: float) -> bool:
    """Whether a person should look at an answer: it is less sure than the threshold or the card."""
    confidence = row["confidence"]
    return isinstance(confidence, float) and (
        confidence < threshold or row["verdict"] != "confident"
    )


def _probability(name: str) -> Callable[[Classified], Value]:
    return lambda found: _rounded(found.prediction.probabilities[name])


def _year(year: Callable[[DateRange], int]) -> Callable[[Classified], Value]:
    return lambda found: None if found.prediction.date is None else year(found.prediction.date)


def _rounded(probability: float | None) -> float | None:
    return None if probability is None else round(probability, _DIGITS)
