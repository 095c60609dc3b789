"""The Rijksmuseum: a search for identifiers, then three Linked Art documents per work.

    object -> shows[0] -> digitally_shown_by[0] -> access_point[0]

https://data.rijksmuseum.nl/docs/ ; no key. Rights stand on the second document, never
on the first: the record is free even where the picture is not.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from training.collect.client import Client
from training.collect.errors import HostRefusesError, MissingAnswerError, NoAnswerError
from training.collect.licences import UNKNOWN, licence_of
from training.collect.pace import Manners
from training.collect.sources.source import member, read_each, records, seeded, text
from training.collect.spans import Span
from training.collect.work import Unread, Work
from training.data.years import iso_year, years_in

_SEARCH = "https://data.rijksmuseum.nl/search/collection"
_LINKED_ART = "application/ld+json"
_ENGLISH = "300388277"
_EARLIEST = 1000  # four digits are what a wildcard of theirs stands for
_STATEMENT = re.compile(
    r"^(?:painter|schilder|maker|artist|vervaardiger)\s*:\s*(.*)$", re.IGNORECASE
)
_QUALIFIED = re.compile(
    r"^(attributed to|toegeschreven aan|workshop of|atelier van|circle of|omgeving van|"
    r"school of|school van|possibly|mogelijk|rejected attribution|after|naar|copy after|"
    r"kopie naar|follower of|navolger van|manner of|manier van|style of|stijl van)\s+(.*)$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Rijksmuseum:
    """Reads Linked Art; pictures by IIIF at 1024 pixels."""

    name: str = "rijksmuseum"
    museum: str = "Rijksmuseum"
    manners: Mapping[str, Manners] = field(
        default_factory=lambda: {
            "data.rijksmuseum.nl": Manners(interval=0.5, parallel=1),
            "id.rijksmuseum.nl": Manners(interval=0.5, parallel=2),
            "iiif.micr.io": Manners(interval=0.5, parallel=2),
        }
    )

    def works(self, client: Client, span: Span, seed: int) -> Iterator[Work | Unread]:
        """Every painting of the span, resolved one by one."""
        found: set[str] = set()
        for wildcard in wildcards(span.first, span.last):
            found.update(self._search(client, wildcard))
        yield from read_each(
            self.name,
            seeded(found, str, seed),
            lambda address: address.rsplit("/", 1)[-1],
            lambda address: self._work(client, address),
        )

    def _search(self, client: Client, wildcard: str) -> Iterator[str]:
        answer = client.json(
            _SEARCH,
            {"type": "painting", "creationDate": wildcard, "imageAvailable": "true"},
            accept=_LINKED_ART,
        )
        seen: set[str] = set()
        while True:
            for item in records(answer, "orderedItems", of=self.museum):
                yield str(member(item, "id", of=self.museum))
            following = text((answer.get("next") or {}).get("id"))
            # A page that names itself as the next would keep us for ever.
            if not following or following in seen:
                return
            seen.add(following)
            answer = client.json(following, accept=_LINKED_ART)

    def _work(self, client: Client, address: str) -> Work:
        record = _resolve(client, address)
        made = record["produced_by"]
        span = made.get("timespan") or {}
        earliest, latest = (
            iso_year(span.get("begin_of_the_begin")),
            iso_year(span.get("end_of_the_end")),
        )
        if earliest is None or latest is None:
            earliest, latest = years_in(_content(span.get("identified_by"))) or (None, None)
        artist, attribution, ids = _maker(made)
        number = _content(record["identified_by"], "Identifier") or address.rsplit("/", 1)[-1]
        licence, statement, images = _picture(client, record)
        return Work(
            source=self.name,
            museum=self.museum,
            object_id=number,
            title=_content(record["identified_by"]),
            artist=artist,
            artist_ids=ids,
            earliest=earliest,
            latest=latest,
            licence=licence,
            licence_url=statement,
            image_urls=images,
            page=address,
            attribution=attribution,
            culture="Asian art" if number.startswith("AK-") else "",
            # The record names its type by a number; paintings are numbered SK-.
            kind="painting" if number.startswith(("SK-", "AK-")) else f"numbered {number}",
        )


def wildcards(first: int, last: int) -> Iterator[str]:
    """`creationDate` patterns that cover the years: whole centuries, else decades."""
    year = max(first, _EARLIEST)
    while year <= last:
        if year % 100 == 0 and year + 99 <= last:
            yield f"{year // 100}??"
            year += 100
        else:
            yield f"{year // 10}?"
            year += 10


def _resolve(client: Client, address: str) -> dict[str, Any]:
    try:
        document = client.json(address, accept=_LINKED_ART)
    except HostRefusesError:
        raise
    except (MissingAnswerError, NoAnswerError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(document, dict):
        raise TypeError(f"expected a Linked Art document at {address}; received a list or text")
    return document


def _each(value: Any) -> list[Any]:
    """Linked Art leaves the brackets away around a single thing."""
    return value if isinstance(value, list) else [value] if value else []


def _content(names: Any, kind: str = "Name") -> str:
    """The English content of one type, else the first of that type."""
    fitting = [
        each for each in _each(names) if each.get("type", kind) == kind and each.get("content")
    ]
    english = [
        each
        for each in fitting
        if any(_ENGLISH in text(language.get("id")) for language in _each(each.get("language")))
    ]
    return text((english or fitting or [{}])[0].get("content"))


def _maker(made: dict[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """Name, attribution and identifiers of the painter.

    The words `painter: attributed to Jan de Baen` carry the doubt; the reference beside
    them is to Jan de Baen himself, so it counts only where there is no doubt.
    """
    for part in [made, *_each(made.get("part"))]:
        for statement in _each(part.get("referred_to_by")):
            words = _STATEMENT.match(text(statement.get("content")))
            if words is None:
                continue
            qualified = _QUALIFIED.match(words[1])
            if qualified:
                return qualified[2], qualified[1].lower(), ()
            ids = tuple(
                f"rijksmuseum:{text(person.get('id')).rsplit('/', 1)[-1]}"
                for person in _each(part.get("carried_out_by"))
                if person.get("id")
            )
            return words[1], "", ids[:1]
    return "", "", ()


def _picture(client: Client, record: dict[str, Any]) -> tuple[str, str, tuple[str, ...]]:
    """Licence, its address, and the picture's address."""
    shown = _each(record.get("shows"))
    if not shown:
        return UNKNOWN, "", ()
    visual = _resolve(client, shown[0]["id"])
    statement = ""
    for right in _each(visual.get("subject_to")):
        stated = [text(each.get("id")) for each in _each(right.get("classified_as"))]
        stated += [text(each.get("content")) for each in _each(right.get("identified_by"))]
        statement = next((each for each in stated if licence_of(each) != UNKNOWN), statement)
    licence = licence_of(statement)
    digital = _each(visual.get("digitally_shown_by"))
    if licence == UNKNOWN or not digital:
        # The third document is not worth a request for a picture that cannot be used.
        return licence, statement, ()
    points = _each(_resolve(client, digital[0]["id"]).get("access_point"))
    images = tuple(point["id"].replace("/full/max/", "/full/1024,/") for point in points[:1])
    return licence, statement if statement.startswith("http") else "", images
