"""Writes `manifest.csv`, and `boundary.csv` of the same form."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from training.collect.groups import Grouped
from training.collect.labels import BOUNDARY
from training.files import write_atomically

COLUMNS = (
    "file",
    "period",
    "split",
    "group",
    "year",
    "year_from",
    "year_to",
    "artist",
    "title",
    "source",
    "museum",
    "object_id",
    "page",
    "image_url",
    "licence",
    "licence_url",
    "attribution",
    "sha256",
    "phash",
    "width",
    "height",
)
"""In this order; `docs/collect.md` says what each holds."""


def write_manifest(path: Path, rows: Sequence[Grouped]) -> None:
    """Write a manifest, whole or not at all.

    Args:
        path: The CSV file.
        rows: In any order; they are written by period and file.
    """
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in sorted(rows, key=lambda row: (row.taken.candidate.period, row.taken.facts.file)):
        writer.writerow(_cells(row))
    write_atomically(path, text.getvalue().encode())


def _cells(row: Grouped) -> dict[str, object]:
    work, facts = row.taken.candidate.work, row.taken.facts
    period = row.taken.candidate.period
    first, last = work.earliest, work.latest
    return {
        "file": facts.file,
        "period": period,
        "split": BOUNDARY if period == BOUNDARY else row.split,
        "group": row.group,
        "year": first if first == last else f"{first}-{last}",
        "year_from": first,
        "year_to": last,
        "artist": work.artist,
        "title": work.title,
        "source": work.source,
        "museum": work.museum,
        "object_id": work.object_id,
        "page": work.page,
        "image_url": facts.image_url,
        "licence": work.licence,
        "licence_url": work.licence_url,
        "attribution": work.attribution,
        "sha256": facts.sha256,
        "phash": facts.phash,
        "width": facts.width,
        "height": facts.height,
    }
