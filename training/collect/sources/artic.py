"""The Art Institute of Chicago: an Elasticsearch of its own, pictures by IIIF.

https://api.artic.edu/docs/ . Since December 2025 its picture host answers programs
with 403; then the records are counted, the host is reported, and the rest goes on.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.collect.client import Client
from training.collect.pace import Manners
from training.collect.sources.source import member, read_each, records, seeded, text, year
from training.collect.spans import Span
from training.collect.work import Unread, Work
from training.data.years import years_in

_API = "https://api.artic.edu/api/v1/artworks/search"
_FIELDS = (
    "id,title,artist_title,artist_display,artist_id,date_start,date_end,date_display,"
    "is_public_domain,image_id,place_of_origin,department_title,artwork_type_title,"
    "classification_title"
)
_PAGE = 100
_MOST = 10_000  # results that one query may page through


@dataclass(frozen=True)
class ArtInstitute:
    """Reads `data[]`; pictures at 843 pixels, the size that the museum keeps ready."""

    name: str = "artic"
    museum: str = "Art Institute of Chicago"
    manners: Mapping[str, Manners] = field(
        default_factory=lambda: {
            "api.artic.edu": Manners(interval=1.0, parallel=1),
            "www.artic.edu": Manners(interval=1.0, parallel=1),
        }
    )

    def works(self, client: Client, span: Span, seed: int) -> Iterator[Work | Unread]:
        """Every open painting whose dating touches the span."""
        found: list[Any] = []
        iiif = ""
        for page in range(1, _MOST // _PAGE + 1):
            answer = client.json(
                _API,
                {
                    "params": json.dumps({"query": _query(span)}, sort_keys=True),
                    "fields": _FIELDS,
                    "limit": str(_PAGE),
                    "page": str(page),
                },
                headers={"AIC-User-Agent": f"vasari-collect ({client.contact})"},
            )
            found += records(answer, "data", of=self.museum)
            iiif = str(member(answer, "config", "iiif_url", of=self.museum))
            if page >= int(member(answer, "pagination", "total_pages", of=self.museum)):
                break

        def work(record: dict[str, Any]) -> Work:
            return self._work(record, iiif)

        yield from read_each(self.name, seeded(found, _number, seed), _number, work)

    def _work(self, record: dict[str, Any], iiif: str) -> Work:
        earliest, latest = year(record.get("date_start")), year(record.get("date_end"))
        if earliest is None or latest is None:
            earliest, latest = years_in(text(record.get("date_display"))) or (None, None)
        image, artist = text(record.get("image_id")), text(record.get("artist_title"))
        return Work(
            source=self.name,
            museum=self.museum,
            object_id=str(record["id"]),
            title=text(record.get("title")),
            artist=artist,
            artist_ids=(f"artic:{record['artist_id']}",) if record.get("artist_id") else (),
            earliest=earliest,
            latest=latest,
            licence="cc0" if record["is_public_domain"] is True else "unknown",
            licence_url="https://www.artic.edu/open-access",
            image_urls=(f"{iiif}/{image}/full/843,/0/default.jpg",) if image else (),
            page=f"https://www.artic.edu/artworks/{record['id']}",
            attribution=_attribution(record.get("artist_display"), artist),
            culture=text([record.get("place_of_origin"), record.get("department_title")]),
            kind=text([record["artwork_type_title"], record.get("classification_title")]),
        )


def _number(record: Any) -> object:
    return record["id"]


def _attribution(display: object, artist: str) -> str:
    """What the display line says before the name: `Follower of Rembrandt van Rijn`."""
    line = str(display or "").split("\n", maxsplit=1)[0]
    return line.split(artist)[0].strip() if artist and artist in line else line


def _query(span: Span) -> dict[str, Any]:
    return {
        "bool": {
            "must": [
                {"term": {"is_public_domain": True}},
                {"term": {"artwork_type_title.keyword": "Painting"}},
                {"exists": {"field": "image_id"}},
                {"range": {"date_start": {"lte": span.last}}},
                {"range": {"date_end": {"gte": span.first}}},
            ]
        }
    }
