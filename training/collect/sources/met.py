"""The Metropolitan Museum of Art: a search for numbers, then one request per work.

https://metmuseum.github.io/ allows 80 requests a second; its guard answers 403 after
some thirty fast ones, so this asks one a second.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.collect.client import Client
from training.collect.errors import HostRefusesError, MissingAnswerError, NoAnswerError
from training.collect.pace import Manners
from training.collect.sources.source import member, read_each, records, seeded, text, year
from training.collect.spans import Span
from training.collect.work import Unread, Work
from training.data.years import years_in

_API = "https://collectionapi.metmuseum.org/public/collection/v1"
_EUROPE = (11, 15)  # European Paintings, the Robert Lehman Collection
_DEPARTMENTS = {
    "medieval": (*_EUROPE, 17, 7),  # Medieval Art, the Cloisters
    "renaissance": (*_EUROPE, 17),
    "post-renaissance": (*_EUROPE, 1),  # the American Wing
    "modern": (*_EUROPE, 1, 21),  # Modern Art
}


_SIZES = ("primaryImageSmall", "primaryImage")  # as on the page; as photographed


@dataclass(frozen=True)
class Met:
    """Reads `/objects/{id}`; pictures are `primaryImageSmall`, else `primaryImage`."""

    name: str = "met"
    museum: str = "The Metropolitan Museum of Art"
    manners: Mapping[str, Manners] = field(
        default_factory=lambda: {
            "collectionapi.metmuseum.org": Manners(interval=1.0, parallel=1),
            "images.metmuseum.org": Manners(interval=1.0, parallel=1),
        }
    )

    def works(self, client: Client, span: Span, seed: int) -> Iterator[Work | Unread]:
        """Every painting of the span in the Western departments."""
        numbers: set[int] = set()
        for department in _DEPARTMENTS[span.period]:
            answer = client.json(
                f"{_API}/search",
                {
                    "q": "*",  # without it the search answers 503
                    "hasImages": "true",
                    "medium": "Paintings",
                    "departmentId": str(department),
                    "dateBegin": str(span.first),
                    "dateEnd": str(span.last),
                },
            )
            # The Met writes null, not an empty list, where nothing was found.
            if member(answer, "total", of=self.museum) and answer.get("objectIDs") is not None:
                numbers.update(records(answer, "objectIDs", of=self.museum))
        yield from read_each(
            self.name,
            self._objects(client, seeded(numbers, str, seed)),
            lambda record: record["objectID"],
            self._work,
        )

    def _objects(self, client: Client, numbers: list[int]) -> Iterator[Any]:
        for number in numbers:
            try:
                yield client.json(f"{_API}/objects/{number}")
            except HostRefusesError:
                raise
            except (MissingAnswerError, NoAnswerError):
                # The search names works that have been withdrawn since, or that fail for ever.
                yield {"objectID": number}

    def _work(self, record: dict[str, Any]) -> Work:
        earliest, latest = year(record["objectBeginDate"]), year(record["objectEndDate"])
        if not earliest and not latest:
            earliest, latest = years_in(text(record.get("objectDate"))) or (None, None)
        ids = {
            "ulan": text(record.get("artistULAN_URL")),
            "wikidata": text(record.get("artistWikidata_URL")),
        }
        return Work(
            source=self.name,
            museum=self.museum,
            object_id=str(record["objectID"]),
            title=text(record.get("title")),
            artist=text(record.get("artistDisplayName")),
            artist_ids=tuple(
                f"{scheme}:{address.rstrip('/').rsplit('/', 1)[-1]}"
                for scheme, address in ids.items()
                if address
            ),
            earliest=earliest,
            latest=latest,
            licence="cc0" if record["isPublicDomain"] is True else "unknown",
            licence_url="https://www.metmuseum.org/policies/open-access",
            image_urls=tuple(filter(None, (text(record.get(size)) for size in _SIZES))),
            page=text(record.get("objectURL")),
            attribution=text([record.get("artistPrefix"), record.get("artistSuffix")]),
            culture=text([record.get("culture"), record.get("department"), record.get("period")]),
            # Most say "Paintings" here, and the Cloisters' only in the object's name.
            kind=text([record.get("classification"), record.get("objectName")]),
        )
