"""Pictures into folders by period: links where they can be, copies where they cannot."""

import hashlib
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Literal

from app.bulk.problems import TableError, UnreadableFile
from app.bulk.rows import Row
from app.bulk.sources import FileSource, Finder, Source
from app.errors import BodyTooLarge

__all__ = ["LinkKind", "sort_into"]

LinkKind = Literal["hard", "symbolic", "copy"]

_NOT_A_PAINTING = "not_a_painting"


def sort_into(folder: Path, rows: Iterable[Row], kind: LinkKind, max_bytes: int) -> tuple[int, int]:
    """Put each picture that has a period into the folder of its name.

    What is there already stays: sorting again adds what is missing. A second picture of
    the same file name gets eight digits of its path's digest into its name. What was not
    taken for a painting goes into a folder of its own.

    Args:
        folder: Made where it is missing.
        rows: Of a table.
        kind: `hard` links share the picture's bytes and stay when it is moved; where the
            folder lies on another device, and for members of archives, a copy is made.
        max_bytes: Of a member of an archive.

    Returns:
        How many pictures are there, and how many could not be put there.

    Raises:
        TableError: The folder cannot be written.
    """
    finder = Finder()
    placed = missing = 0
    for row in rows:
        period = row["period"]
        if period is None:
            continue
        kept = _NOT_A_PAINTING if row["verdict"] == _NOT_A_PAINTING else str(period)
        try:
            place = folder / re.sub(r"[/\\]|^\.+", "_", kept)
            place.mkdir(parents=True, exist_ok=True)
            _put(finder.find(str(row["path"])), row, place, kind, max_bytes)
        except (UnreadableFile, BodyTooLarge, FileNotFoundError):
            missing += 1
        except OSError as error:
            raise TableError(f"Cannot sort into {folder}: {error.strerror}.") from None
        else:
            placed += 1
    return placed, missing


def _put(source: Source, row: Row, place: Path, kind: LinkKind, max_bytes: int) -> None:
    path = str(row["path"])
    plain = PurePosixPath(path)
    digits = hashlib.sha256(path.encode()).hexdigest()[:8]
    for name in (plain.name, f"{plain.stem}-{digits}{plain.suffix}"):
        target = place / name
        if _holds(target, source, row):
            return
        if not os.path.lexists(target):
            _make(target, source, kind, max_bytes)
            return
    target.unlink()  # what stands under both names is neither this picture nor another row's
    _make(target, source, kind, max_bytes)


def _holds(target: Path, source: Source, row: Row) -> bool:
    """Whether the picture stands there already."""
    if not target.is_file():
        return False
    if isinstance(source, FileSource) and os.path.samefile(target, source.path):  # noqa: PTH121
        return True
    with target.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == row["sha256"]


def _make(target: Path, source: Source, kind: LinkKind, max_bytes: int) -> None:
    if not isinstance(source, FileSource):
        _write_whole(target, source.read(max_bytes))
        return
    original = Path(source.path).resolve(strict=True)
    if kind == "symbolic":
        target.symlink_to(original)
        return
    if kind == "hard":
        try:
            target.hardlink_to(original)
        except OSError:  # another device, or a file system without links
            pass
        else:
            return
    beside = target.with_name(f".{target.name}.writing")
    shutil.copy2(original, beside)
    beside.replace(target)


def _write_whole(target: Path, data: bytes) -> None:
    beside = target.with_name(f".{target.name}.writing")
    beside.write_bytes(data)
    beside.replace(target)
