"""Finds the pictures: which file, of which class, in which split, from where.

Three forms are read: folders `DIR/train/<class>` and `DIR/validation/<class>`
(and perhaps `DIR/test/<class>`); folders `DIR/<class>`; a CSV manifest with the
columns `file,period` and perhaps `split,source,artist,year,title,page,licence,
attribution`, whose files are relative to it.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.model_card import PeriodClass
from training.data.periods import describe
from training.errors import DataError

__all__ = ["MANIFEST", "SPLITS", "Example", "Index", "read_index"]

MANIFEST = "manifest.csv"
SPLITS = ("train", "validation", "test")
SUFFIXES = frozenset((".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif"))


@dataclass(frozen=True)
class Example:
    """One picture with its class.

    Attributes:
        path: The file.
        file: Its name below the data's folder, with forward slashes.
        class_name: The class.
        split: `train`, `validation` or `test`; None where the data does not say.
        source: Where it was collected; None if unknown.
        artist: Who painted it; None if unknown.
        year: As the source gives it; None if unknown.
        title: As the source gives it; None if unknown.
        page: Address where a person sees the work; None if unknown.
        licence: Of the picture, `cc0` and `pdm` where it is free; None if unknown.
        attribution: What stands between the artist and the work, such as `workshop of`;
            None if nothing does.
    """

    path: Path
    file: str
    class_name: str
    split: str | None = None
    source: str | None = None
    artist: str | None = None
    year: str | None = None
    title: str | None = None
    page: str | None = None
    licence: str | None = None
    attribution: str | None = None


@dataclass(frozen=True)
class Index:
    """All pictures of a data set.

    Attributes:
        examples: In the order of their names.
        classes: In the order of the model's outputs.
    """

    examples: tuple[Example, ...]
    classes: tuple[PeriodClass, ...]


def read_index(data: Path, *, split_column: str = "split") -> Index:
    """List the pictures of a folder or a manifest. No picture is opened.

    Args:
        data: A folder, or a CSV file.
        split_column: The manifest's column that names the split; rows in which
            it is empty are left out, unless the manifest has no such column.

    Raises:
        DataError: There is nothing there that can be trained on.
    """
    if not data.exists():
        raise DataError(f"Expected pictures in {data}; it does not exist. {_HOW_TO_GET_SOME}")
    if data.is_file():
        found = list(_from_manifest(data, split_column))
        folder = data.parent
    elif (data / MANIFEST).is_file():
        found = list(_from_manifest(data / MANIFEST, split_column))
        folder = data
    else:
        found = list(_from_folders(data))
        folder = data
    if not found:
        raise DataError(f"Expected pictures in {data}; found none. {_HOW_TO_GET_SOME}")
    examples = tuple(sorted(found, key=lambda each: each.file))
    classes = describe((each.class_name for each in examples), folder)
    if len(classes) == 1:
        raise DataError(
            f"Expected at least 2 classes in {data}; received only {classes[0].name!r}."
        )
    return Index(examples, classes)


_HOW_TO_GET_SOME = (
    "Pictures are looked for in ./data, or where --data says: DIR/train/<class>/*.jpg and "
    "DIR/validation/<class>/*.jpg, or DIR/<class>/*.jpg, or a manifest.csv with the columns "
    "file,period,split. Put a few dozen pictures of each period there; "
    "`python -m training.collect --help` fetches some from museums."
)


def _from_manifest(path: Path, split_column: str) -> Iterator[Example]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            columns = list(rows.fieldnames or ())
            missing = [each for each in ("file", "period") if each not in columns]
            if missing:
                raise DataError(
                    f"Expected the columns file and period in {path}; received {columns}."
                )
            if split_column not in columns and split_column != "split":
                raise DataError(f"Expected a column {split_column!r} in {path}; it has {columns}.")
            for row in rows:
                example = _from_row(path.parent, row, split_column)
                if split_column not in columns or example.split:
                    yield example
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"Expected a CSV file in UTF-8 at {path}; {error}.") from None


def _from_row(folder: Path, row: dict[str, str | None], split_column: str) -> Example:
    split = (row.get(split_column) or "").strip() or None
    if split is not None and split not in SPLITS:
        raise DataError(
            f"Expected a split of {list(SPLITS)} for {row['file']}; received {split!r}."
        )
    file, name = (row["file"] or "").strip(), (row["period"] or "").strip()
    if not file or not name:
        raise DataError(f"Expected file and period in every row; received {row}.")
    more = {
        column: (row.get(column) or "").strip() or None
        for column in ("source", "artist", "year", "title", "page", "licence", "attribution")
    }
    return Example(folder / file, file, name, split, **more)


def _from_folders(folder: Path) -> Iterator[Example]:
    named = [split for split in SPLITS if (folder / split).is_dir()]
    if not named:
        yield from _from_classes(folder, folder, None)
    for split in named:
        yield from _from_classes(folder, folder / split, split)


def _from_classes(root: Path, folder: Path, split: str | None) -> Iterator[Example]:
    for each in sorted(folder.iterdir()):
        if each.name.startswith(".") or not each.is_dir():
            continue
        for path in sorted(each.rglob("*")):
            if path.suffix.lower() in SUFFIXES and not path.name.startswith("."):
                file = path.relative_to(root).as_posix()
                yield Example(path, file, each.name, split)
