"""The command line of `python -m app classify`. Imports nothing that takes time."""

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.bulk.problems import TableError

__all__ = ["Options", "add_arguments", "options_from"]

TableKind = Literal["csv", "jsonl", "parquet"]

_KINDS: dict[str, TableKind] = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}
_DEFAULT_MEGABYTES = 1024
_LINKS = ("hard", "symbolic", "copy")


@dataclass(frozen=True)
class Options:
    """What was asked for.

    Attributes:
        paths: Files, folders, patterns, archives.
        list_file: That names more of them.
        out: The table.
        kind: Its form.
        settings: Overrides for `app.settings.load_settings`.
        max_bytes: Most bytes of a picture's file.
        retry: Whether what failed before is tried again.
        sort_into: Folder for links by period.
        link: What links they are.
        review: Confidence below which an answer is put on the sheet.
    """

    paths: tuple[str, ...]
    list_file: str | None
    out: Path
    kind: TableKind
    settings: dict[str, Any]
    max_bytes: int
    retry: bool
    sort_into: Path | None
    link: Literal["hard", "symbolic", "copy"]
    review: float | None

    @property
    def sheet(self) -> Path:
        """Where the review sheet goes."""
        return self.out.with_suffix(".review.html")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a picture, a folder (with what lies below it), a pattern such as 'scans/**/*.tif', "
        "or a ZIP archive",
    )
    parser.add_argument(
        "--from",
        dest="list_file",
        metavar="FILE",
        help="more paths: one a line, or a .csv with the column path, file or filename; - is "
        "standard input",
    )
    parser.add_argument(
        "--out",
        required=True,
        type=Path,
        metavar="FILE",
        help="the table: .csv, .jsonl or .parquet; where it exists the run goes on",
    )
    parser.add_argument("--model", help="name or name@version, above VASARI_MODEL")
    parser.add_argument("--models-store", type=Path, metavar="DIR", help="above the variable")
    parser.add_argument("--threads", type=int, metavar="N", help="defaults to the usable cores")
    parser.add_argument(
        "--max-megabytes",
        type=float,
        default=_DEFAULT_MEGABYTES,
        metavar="N",
        help=f"of one picture's file; defaults to {_DEFAULT_MEGABYTES}",
    )
    parser.add_argument(
        "--retry", action="store_true", help="try again what has an error in the table"
    )
    parser.add_argument(
        "--sort-into", type=Path, metavar="DIR", help="link the pictures into a folder each period"
    )
    parser.add_argument(
        "--link", choices=_LINKS, default="hard", help="of --sort-into; defaults to hard"
    )
    parser.add_argument(
        "--review",
        type=float,
        metavar="CONFIDENCE",
        help="write <table>.review.html with the answers below this (0 to 1), and all that "
        "are not sure",
    )


def options_from(given: argparse.Namespace) -> Options:
    """Check what was given.

    Raises:
        TableError: Something cannot be used; the message says what.
    """
    if not given.paths and given.list_file is None:
        raise TableError("Expected pictures: name a PATH, or a list by --from.")
    kind = _KINDS.get(given.out.suffix.lower())
    if kind is None:
        raise TableError(f"Expected --out to end in {', '.join(_KINDS)}; received {given.out}.")
    if not given.out.parent.is_dir():
        raise TableError(f"Expected the folder {given.out.parent} for --out; it is missing.")
    if given.review is not None and not 0 <= given.review <= 1:
        raise TableError(f"Expected --review from 0 to 1; received {given.review}.")
    if not given.max_megabytes > 0:
        raise TableError(f"Expected --max-megabytes above 0; received {given.max_megabytes}.")
    named = ("model", "models_store", "threads")
    return Options(
        paths=tuple(given.paths),
        list_file=given.list_file,
        out=given.out,
        kind=kind,
        settings={name: value for name in named if (value := getattr(given, name)) is not None},
        max_bytes=int(given.max_megabytes * 2**20),
        retry=given.retry,
        sort_into=given.sort_into,
        link=given.link,
        review=given.review,
    )
