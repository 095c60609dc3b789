"""Statens Museum for Kunst, Copenhagen: one open API, two thousand records an answer.

https://api.smk.dk/api/v1/docs/
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.collect.client import Client
from training.collect.licences import licence_of
from training.collect.pace import Manners
from training.collect.sources.source import member, read_each, records, seeded, text
from training.collect.spans import Span
from training.collect.work import Unread, Work
from training.data.years import iso_year, years_in

_API = "https://api.smk.dk/api/v1/art/search/"
_PAGE = 2000
_SIZE = "/full/!1024,1024/0/default.jpg"


@dataclass(frozen=True)
class Smk:
    """Reads `items[]`; pictures by IIIF, old records by `image_native`."""

    name: str = "smk"
    museum: str = "Statens Museum for Kunst"
    manners: Mapping[str, Manners] = field(
        default_factory=lambda: {
            "api.smk.dk": Manners(interval=5.0, parallel=1),
            "iip.smk.dk": Manners(interval=0.5, parallel=2),
            "iip-thumb.smk.dk": Manners(interval=0.5, parallel=2),
        }
    )

    def works(self, client: Client, span: Span, seed: int) -> Iterator[Work | Unread]:
        """Every open painting whose dating ends in the span."""
        found: list[Any] = []
        while True:
            answer = client.json(
                _API,
                {
                    "keys": "*",
                    "filters": "[has_image:true],[public_domain:true],[object_names:painting]",
                    "range": "[production_dates_end:{"
                    f"{span.first:04d}-01-01T00:00:00.000Z;{span.last:04d}-12-31T23:59:59.999Z"
                    "}]",
                    "offset": str(len(found)),
                    "rows": str(_PAGE),
                    "lang": "en",
                },
            )
            page = records(answer, "items", of=self.museum)
            found += page
            if not page or len(found) >= int(member(answer, "found", of=self.museum)):
                break
        yield from read_each(self.name, seeded(found, _number, seed), _number, self._work)

    def _work(self, record: dict[str, Any]) -> Work:
        dating = (record.get("production_date") or [{}])[0]
        earliest, latest = iso_year(dating.get("start")), iso_year(dating.get("end"))
        if earliest is None or latest is None:
            earliest, latest = years_in(text(dating.get("period"))) or (None, None)
        made = (record.get("production") or [{}])[0]
        iiif = text(record.get("image_iiif_id"))
        addresses = (iiif.rstrip("/") + _SIZE if iiif else "", text(record.get("image_native")))
        return Work(
            source=self.name,
            museum=self.museum,
            object_id=str(record["object_number"]),
            title=_title(record.get("titles") or []),
            artist=text(made.get("creator") or record.get("artist")),
            earliest=earliest,
            latest=latest,
            licence=licence_of(record["rights"]) if record["public_domain"] is True else "unknown",
            licence_url=text(record["rights"]),
            image_urls=tuple(filter(None, addresses)),
            page=text(record.get("frontend_url"))
            or f"https://open.smk.dk/artwork/image/{record['object_number']}",
            attribution=text([made.get("creator_role"), made.get("role"), made.get("notes")]),
            culture=text(made.get("creator_nationality")),
            kind=text([each.get("name") for each in record["object_names"]]),
        )


def _number(record: Any) -> object:
    return record["object_number"]


def _title(titles: list[Any]) -> str:
    """The English title where there is one, else the first."""
    english = [
        each for each in titles if text(each.get("language")).lower() in ("engelsk", "english")
    ]
    return text((english or titles or [{}])[0].get("title"))
