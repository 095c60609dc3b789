"""A sheet of the doubtful pictures for a person to look through: one HTML file, nothing beside."""

import base64
import heapq
import html
import io
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from PIL import Image

from app.bulk.problems import TableError, UnreadableFile
from app.bulk.rows import Row, is_doubtful
from app.bulk.run import Limits
from app.bulk.sources import Finder, Source
from app.errors import Problem
from app.imaging import decode

__all__ = ["Sheet", "choose_doubtful", "write_sheet"]

_MOST_PICTURES = 1000
_SIDE = 220
_QUALITY = 72

_STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2rem;color:#222;background:#faf9f7}
ol{display:grid;grid-template-columns:repeat(auto-fill,minmax(15rem,1fr));gap:1.2rem;
list-style:none;padding:0}
li{background:#fff;border:1px solid #ddd;border-radius:6px;padding:.8rem;overflow-wrap:anywhere}
img,.none{display:block;width:100%;height:220px;object-fit:contain;background:#efece7;margin:0 0
.6rem}
.none{line-height:220px;text-align:center;color:#666}
b{font-size:1.05em}small{color:#555}
""".replace("\n", "")
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


@dataclass(frozen=True)
class Sheet:
    """What stands on a sheet.

    Attributes:
        rows: Most doubtful first.
        doubtful: How many there are in all; not all may be shown.
        pictures: Of how many answers.
    """

    rows: list[Row]
    doubtful: int
    pictures: int


def choose_doubtful(rows: Iterable[Row], threshold: float, most: int = _MOST_PICTURES) -> Sheet:
    """Choose what a person should look at, in bounded memory.

    Args:
        rows: Of a table.
        threshold: Answers with less confidence are doubtful, and so is every answer whose
            verdict is not `confident`.
        most: How many are shown.
    """
    pictures = 0
    doubtful = 0

    def found() -> Iterator[tuple[float, int, Row]]:
        nonlocal pictures, doubtful
        order = count()
        for row in rows:
            confidence = row["confidence"]
            pictures += confidence is not None
            if is_doubtful(row, threshold):
                doubtful += 1
                yield float(confidence or 0), next(order), row

    chosen = heapq.nsmallest(most, found())
    return Sheet([row for _, _, row in chosen], doubtful, pictures)


def write_sheet(sheet: Sheet, place: Path, *, title: str, limits: Limits, threads: int) -> None:
    """Write the sheet, whole or not at all.

    Args:
        sheet: What to show.
        place: Where to.
        title: Of the page.
        limits: Of the pictures, as when they were classified.
        threads: That make thumbnails.

    Raises:
        TableError: It cannot be written.
    """
    finder = Finder()
    beside = place.with_name(f".{place.name}.writing")
    sources = (finder.find(str(row["path"])) for row in sheet.rows)
    try:
        with (
            beside.open("w", encoding="utf-8", errors="replace") as file,
            ThreadPoolExecutor(threads) as executor,
        ):
            file.write(_head(sheet, title))
            pictures = executor.map(lambda source: _thumbnail(source, limits), sources)
            for row, picture in zip(sheet.rows, pictures, strict=True):
                file.write(_entry(row, picture))
            file.write("</ol>\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise TableError(f"Cannot write {place}: {error.strerror}.") from None


def _thumbnail(source: Source, limits: Limits) -> str | None:
    """A data URL, or None where the picture is gone."""
    try:
        data = source.read(limits.max_bytes)
        image = decode(data, limits=limits.image, reduce_to=(_SIDE, _SIDE)).image
    except (Problem, UnreadableFile):
        return None
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stored.getvalue()).decode("ascii")


def _head(sheet: Sheet, title: str) -> str:
    shown = f"{len(sheet.rows):,} of {sheet.doubtful:,}"
    return (
        '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n"
        f"<h1>{html.escape(title)}</h1>\n"
        f"<p>{shown} doubtful answers are shown, the most doubtful first; "
        f"{sheet.pictures:,} pictures were answered.</p>\n<ol>\n"
    )


def _entry(row: Row, picture: str | None) -> str:
    path = html.escape(str(row["path"]))
    seen = (
        f'<img src="{picture}" alt="" loading="lazy">'
        if picture
        else '<span class="none">not there any more</span>'
    )
    others = sorted(
        (
            (value, name.removeprefix("probability_"))
            for name, value in row.items()
            if name.startswith("probability_") and isinstance(value, float)
        ),
        reverse=True,
    )
    ranked = ", ".join(f"{html.escape(name)} {value:.2f}" for value, name in others[1:])
    return (
        f"<li>{seen}<b>{html.escape(str(row['period']))}</b> {row['confidence']:.2f}, "
        f"{html.escape(str(row['verdict']))}<br><small>{ranked}</small><br>{path}</li>\n"
    )
