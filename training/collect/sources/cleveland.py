"""The Cleveland Museum of Art: one open API, a thousand records an answer, no key.

https://openaccess-api.clevelandart.org/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.collect.client import Client
from training.collect.licences import licence_of
from training.collect.pace import Manners
from training.collect.sources.source import read_each, records, seeded, text, year
from training.collect.spans import Span
from training.collect.work import Unread, Work
from training.data.years import years_in

_API = "https://openaccess-api.clevelandart.org/api/artworks/"
_FIELDS = (
    "id,accession_number,title,creation_date,creation_date_earliest,creation_date_latest,"
    "creators,culture,department,type,technique,share_license_status,images,url"
)
_PAGE = 1000
_SIZES = ("web", "print")  # `full` is a TIFF of a hundred megabytes


@dataclass(frozen=True)
class Cleveland:
    """Reads `data[]`; pictures are the museum's own JPEGs, `web` before `print`."""

    name: str = "cleveland"
    museum: str = "The Cleveland Museum of Art"
    manners: Mapping[str, Manners] = field(
        default_factory=lambda: {
            "openaccess-api.clevelandart.org": Manners(interval=1.0, parallel=1),
            "openaccess-cdn.clevelandart.org": Manners(interval=0.25, parallel=2),
        }
    )

    def works(self, client: Client, span: Span, seed: int) -> Iterator[Work | Unread]:
        """Every open painting of the span."""
        found: list[Any] = []
        while True:
            answer = client.json(
                _API,
                {
                    "type": "Painting",
                    "cc0": "1",
                    "has_image": "1",
                    # Whether the ends count is not documented: ask for a year more.
                    "created_after": str(span.first - 1),
                    "created_before": str(span.last + 1),
                    "limit": str(_PAGE),
                    "skip": str(len(found)),
                    "fields": _FIELDS,
                },
            )
            page = records(answer, "data", of=self.museum)
            found += page
            if len(page) < _PAGE:
                break
        yield from read_each(self.name, seeded(found, _number, seed), _number, self._work)

    def _work(self, record: dict[str, Any]) -> Work:
        creators = record.get("creators") or [{}]
        earliest, latest = (
            year(record.get("creation_date_earliest")),
            year(record.get("creation_date_latest")),
        )
        if earliest is None or latest is None:
            earliest, latest = years_in(text(record.get("creation_date"))) or (None, None)
        images = record.get("images") or {}
        return Work(
            source=self.name,
            museum=self.museum,
            object_id=str(record["accession_number"]),
            title=text(record.get("title")),
            # "Caravaggio (Italian, 1571-1610)": the name ends where the bracket begins.
            artist=text(creators[0].get("description")).split(" (")[0],
            earliest=earliest,
            latest=latest,
            licence=licence_of(record["share_license_status"]),
            licence_url="https://www.clevelandart.org/open-access",
            image_urls=tuple(
                filter(None, (text((images.get(size) or {}).get("url")) for size in _SIZES))
            ),
            page=text(record.get("url")),
            attribution=text(creators[0].get("qualifier")),
            culture=text([record.get("culture"), record.get("department")]),
            kind=text(record["type"]),
        )


def _number(record: Any) -> object:
    return record["accession_number"]
