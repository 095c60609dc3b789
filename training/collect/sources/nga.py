"""The National Gallery of Art, Washington: two CSV files on GitHub, pictures by IIIF.

https://github.com/NationalGalleryOfArt/opendata
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from training.collect.client import Client
from training.collect.errors import ChangedAnswerError
from training.collect.pace import Manners
from training.collect.sources.source import read_each, seeded, text, year
from training.collect.spans import Span
from training.collect.work import Unread, Work
from training.data.years import years_in

_RAW = "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data/"
# The files live in Git LFS: the raw address may give a pointer of three lines instead.
_MEDIA = "https://media.githubusercontent.com/media/NationalGalleryOfArt/opendata/main/data/"
_POINTER = b"version https://git-lfs"
_OBJECTS = ("objectid", "title", "attribution", "classification", "beginyear", "endyear")
_IMAGES = ("uuid", "iiifurl", "viewtype", "depictstmsobjectid", "maxpixels")
_SIZE = "/full/!1024,1024/0/default.jpg"
_LONGEST_FIELD = 1 << 24  # provenance texts are longer than the csv module's own limit

Row = dict[str, str]


@dataclass(frozen=True)
class NationalGallery:
    """Joins `objects.csv` with `published_images.csv`, keeping pictures of open works."""

    name: str = "nga"
    museum: str = "National Gallery of Art, Washington"
    manners: Mapping[str, Manners] = field(
        default_factory=lambda: {
            "raw.githubusercontent.com": Manners(interval=1.0, parallel=1),
            "media.githubusercontent.com": Manners(interval=1.0, parallel=1),
            "api.nga.gov": Manners(interval=0.5, parallel=2),
        }
    )

    def works(self, client: Client, span: Span, seed: int) -> Iterator[Work | Unread]:
        """Every painting that touches the span."""
        objects = [
            row
            for row in self._rows(client, "objects.csv", _OBJECTS)
            if row["classification"] == "Painting" and _may_touch(row, span)
        ]
        wanted = {row["objectid"] for row in objects}
        images = {
            row["depictstmsobjectid"]: row
            for row in self._rows(client, "published_images.csv", _IMAGES)
            if row["viewtype"] == "primary" and row["depictstmsobjectid"] in wanted
        }

        def work(row: Row) -> Work:
            return self._work(row, images.get(row["objectid"]))

        yield from read_each(self.name, seeded(objects, _number, seed), _number, work)

    def _rows(self, client: Client, name: str, columns: tuple[str, ...]) -> Iterator[Row]:
        path = client.file(_RAW + name)
        if _is_pointer(path):
            path = client.file(_MEDIA + name)
        csv.field_size_limit(_LONGEST_FIELD)
        # Quoted texts hold newlines: the csv module must see them untranslated.
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, restval="")
            missing = sorted(set(columns) - set(rows.fieldnames or ()))
            if missing:
                raise ChangedAnswerError(
                    f"{self.museum}: expected the columns {', '.join(missing)} in {name}; "
                    f"received {', '.join((rows.fieldnames or ())[:8]) or 'nothing'}."
                )
            yield from rows

    def _work(self, row: Row, image: Row | None) -> Work:
        earliest, latest = year(row["beginyear"]), year(row["endyear"])
        if earliest is None or latest is None:
            earliest, latest = years_in(row.get("displaydate", "")) or (None, None)
        part = row.get("parentid", "")
        wikidata = row.get("wikidataid", "")
        return Work(
            source=self.name,
            museum=self.museum,
            object_id=row["objectid"],
            title=text(row["title"]),
            artist=text(row["attribution"]),
            earliest=earliest,
            latest=latest,
            licence="cc0" if image is not None and _is_open(image) else "unknown",
            licence_url="https://www.nga.gov/artworks/free-images-and-open-access",
            image_urls=(image["iiifurl"] + _SIZE,) if image and image["iiifurl"] else (),
            page=f"https://www.nga.gov/artworks/{row['objectid']}",
            # A virtual record stands for a whole whose parts are recorded too.
            kind="virtual" if row.get("isvirtual") == "1" else row["classification"],
            culture=row.get("departmentabbr", ""),
            whole=f"nga:{part}" if part else f"wikidata:{wikidata}" if wikidata else "",
        )


def _number(row: Row) -> str:
    return row["objectid"]


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER


def _is_open(image: Row) -> bool:
    """Whether the picture is given away: the flag where it exists, else no cap on its size.

    A capped picture (`maxpixels`) is shown under fair use.
    """
    if image.get("openaccess") is not None:
        return image["openaccess"] == "1"
    return not image["maxpixels"]


def _may_touch(row: Row, span: Span) -> bool:
    """Whether the years touch the span; what cannot be read may, and is refused with a reason."""
    try:
        earliest, latest = year(row["beginyear"]), year(row["endyear"])
    except ValueError:
        return span.period == "medieval"
    if earliest is None or latest is None:
        years = years_in(row.get("displaydate", ""))
        if years is None:
            return span.period == "medieval"
        earliest, latest = years
    return earliest <= span.last and latest >= span.first
