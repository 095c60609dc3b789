"""Rows, row files and folders of pictures for these tests."""

from pathlib import Path

from app.bulk.forms import Csv, Form, JsonLines
from app.bulk.row_file import RowFile
from app.bulk.rows import Column, Row, columns_for, problem_row
from app.errors import BrokenImage
from app.model_card import read_card
from tests.images import encode, plain
from tests.models import NAME, write_version

MODEL = f"{NAME}@1"


def columns_of(folder: Path) -> tuple[Column, ...]:
    """The columns of the tiny model's tables; its version is written to the folder."""
    return columns_for(read_card(write_version(folder / "columns-store")))


def row_for(
    columns: tuple[Column, ...], path: str, sha256: str | None = "ab", **given: object
) -> Row:
    """A row with an answer."""
    values = {"period": "modern", "confidence": 0.75, "verdict": "confident", "width": 9}
    known = {"path": path, "model": MODEL, "sha256": sha256, **values, **given}
    row: Row = {column.name: known.get(column.name) for column in columns}  # type: ignore[misc]
    return row


def failed_row(columns: tuple[Column, ...], path: str, detail: str = "It is broken.") -> Row:
    """A row with a problem."""
    problem = BrokenImage(detail)
    return problem_row(columns, path=path, model=MODEL, sha256="cd", problem=problem)


def form_of(kind: str, columns: tuple[Column, ...]) -> Form:
    """CSV or JSON lines."""
    return Csv(columns) if kind == "csv" else JsonLines(columns)


def row_file(path: Path, columns: tuple[Column, ...]) -> RowFile:
    """Opened, of the form that its suffix says."""
    return RowFile(path, form_of(path.suffix[1:], columns), MODEL)


def picture(number: int) -> bytes:
    """A small file; no two numbers have the same bytes, and red grows with the number."""
    return encode(plain(16, 16, (number & 255, number >> 8, 7)), "BMP")


def write_pictures(folder: Path, count: int, start: int = 0) -> list[str]:
    """Write so many pictures; returns their paths in order."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(start, start + count):
        (folder / f"{number:04}.bmp").write_bytes(picture(number))
    return [str(folder / f"{number:04}.bmp") for number in range(start, start + count)]
