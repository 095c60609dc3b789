"""Wikidata for the facts, Wikimedia Commons for the pictures and their licences.

https://www.wikidata.org/wiki/Wikidata:SPARQL_query_service and
https://commons.wikimedia.org/w/api.php . Dates carry a precision, and "14th century"
is stored as one single day: the precision is read before the year.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from training.collect.client import Client
from training.collect.licences import licence_of
from training.collect.pace import Manners
from training.collect.sources.source import member, read_each, records, seeded, text
from training.collect.spans import Span
from training.collect.work import Unread, Work
from training.data.years import CIRCA, Years, iso_year

_SPARQL = "https://query.wikidata.org/sparql"
_COMMONS = "https://commons.wikimedia.org/w/api.php"
_WIDTH = 960  # one of the few widths that Commons makes: any other is refused
_BATCH = 50  # titles that one question may name
_SLICE = 20  # years a query: more, and the sixty seconds of a query may not do
_ROWS = 4000

_DAY, _MONTH, _YEAR, _DECADE, _CENTURY = 11, 10, 9, 8, 7

_QUERY = """\
SELECT ?work ?workLabel ?image ?time ?precision ?from ?until ?circa ?creator ?creatorLabel \
?qualifier ?keeperLabel ?originLabel ?countryLabel ?after WHERE {{
  ?work wdt:P31 wd:Q3305213; wdt:P18 ?image; p:P571 ?dated.
  ?dated psv:P571 [wikibase:timeValue ?time; wikibase:timePrecision ?precision].
  FILTER(?time >= "{first:04d}-01-01T00:00:00Z"^^xsd:dateTime
      && ?time < "{after:04d}-01-01T00:00:00Z"^^xsd:dateTime)
  OPTIONAL {{ ?dated pq:P1319 ?from. }}
  OPTIONAL {{ ?dated pq:P1326 ?until. }}
  OPTIONAL {{ ?dated pq:P1480 ?circa. }}
  OPTIONAL {{
    ?work p:P170 ?made.
    OPTIONAL {{ ?made ps:P170 ?creator. OPTIONAL {{ ?creator wdt:P27 ?country. }} }}
    OPTIONAL {{
      VALUES (?property ?qualifier) {{
        (pq:P1773 "attributed to") (pq:P1774 "workshop of") (pq:P1775 "follower of")
        (pq:P1776 "circle of") (pq:P1777 "manner of") (pq:P1778 "forgery after")
        (pq:P1877 "after")
      }}
      ?made ?property ?master.
    }}
  }}
  OPTIONAL {{ ?work wdt:P195 ?keeper. }}
  OPTIONAL {{ ?work wdt:P495 ?origin. }}
  OPTIONAL {{ ?work wdt:P1877 ?after. }}
  SERVICE wikibase:label {{ bd:serviceParam wikibase:language "en,mul,fr,de,it,nl". }}
}} LIMIT {rows}"""

Row = dict[str, str]


@dataclass(frozen=True)
class Wikidata:
    """Reads SPARQL's JSON results and `imageinfo`; pictures at 960 pixels."""

    name: str = "wikidata"
    museum: str = "Wikidata and Wikimedia Commons"
    manners: Mapping[str, Manners] = field(
        default_factory=lambda: {
            "query.wikidata.org": Manners(interval=5.0, parallel=1),
            "commons.wikimedia.org": Manners(interval=1.0, parallel=1),
            "upload.wikimedia.org": Manners(interval=1.0, parallel=2),
            "thumb.wikimedia.org": Manners(interval=1.0, parallel=2),
        }
    )

    def works(self, client: Client, span: Span, seed: int) -> Iterator[Work | Unread]:
        """Every painting with a picture, slice by slice of years in an order of the seed."""
        # Before 1000 there are few: one slice.
        starts = [year for year in range(span.first, span.last + 1, _SLICE) if year >= 1000]  # noqa: PLR2004
        slices = [(year, min(year + _SLICE, span.last + 1)) for year in starts]
        if span.first < 1000:  # noqa: PLR2004
            slices.append((span.first, 1000))
        for first, after in seeded(slices, str, seed):
            answer = client.json(
                _SPARQL,
                {"query": _QUERY.format(first=first, after=after, rows=_ROWS), "format": "json"},
                accept="application/sparql-results+json",
            )
            rows = records(answer, "results", "bindings", of="Wikidata")
            merged = seeded(_merged(rows), lambda facts: facts["work"], seed)
            for start in range(0, len(merged), _BATCH):
                batch = merged[start : start + _BATCH]
                yield from self._batch(client, batch)

    def _batch(self, client: Client, batch: list[Row]) -> Iterator[Work | Unread]:
        answer = client.json(
            _COMMONS,
            {
                "action": "query",
                "format": "json",
                "formatversion": "2",
                "prop": "imageinfo",
                "iiprop": "url|size|mime|extmetadata",
                "iiurlwidth": str(_WIDTH),
                "titles": "|".join(sorted({_title(facts) for facts in batch})),
            },
        )
        pages = records(answer, "query", "pages", of="Wikimedia Commons")
        pictures = {
            str(member(page, "title", of="Wikimedia Commons")): (page.get("imageinfo") or [{}])[0]
            for page in pages
        }

        def work(facts: Row) -> Work:
            return self._work(facts, pictures.get(_title(facts), {}))

        yield from read_each(self.name, batch, lambda facts: facts["work"], work)

    def _work(self, facts: Row, picture: dict[str, Any]) -> Work:
        years = _years(facts)
        creator = facts.get("creator", "")
        stated = picture.get("extmetadata") or {}
        licences = [
            (stated.get(name) or {}).get("value")
            for name in ("LicenseUrl", "License", "LicenseShortName")
        ]
        # The original may have a hundred megapixels: it is asked for only if there is no other.
        address = text(picture.get("thumburl") or picture.get("url"))
        return Work(
            source=self.name,
            museum=facts.get("keeperLabel") or self.museum,
            object_id=facts["work"].rsplit("/", 1)[-1],
            title=facts.get("workLabel", ""),
            artist=facts.get("creatorLabel", "") if "/entity/Q" in creator else "",
            artist_ids=(f"wikidata:{creator.rsplit('/', 1)[-1]}",)
            if "/entity/Q" in creator
            else (),
            earliest=years[0] if years else None,
            latest=years[1] if years else None,
            licence=licence_of(*licences),
            licence_url=text(licences[0]),
            image_urls=(address,) if address else (),
            page=facts["work"],
            attribution="after" if facts.get("after") else facts.get("qualifier", ""),
            culture=text([facts.get("originLabel"), facts.get("countryLabel")]),
            kind="painting",
            whole=f"wikidata:{facts['work'].rsplit('/', 1)[-1]}",
        )


def _merged(rows: list[Any]) -> list[Row]:
    """One row a work: two keepers or two countries make two rows of one painting.

    What differs is joined where it is text to be searched; the widest years win.
    """
    merged: dict[str, Row] = {}
    for row in rows:
        facts = {name: str(cell.get("value", "")) for name, cell in row.items()}
        if "work" not in facts or "image" not in facts:
            continue
        known = merged.setdefault(facts["work"], facts)
        for name in ("originLabel", "countryLabel", "qualifier"):
            value = facts.get(name, "")
            if value and value not in known.get(name, ""):
                known[name] = f"{known[name]}, {value}" if known.get(name) else value
        if facts.get("time") != known.get("time"):
            known["from"], known["until"] = _widest(known, facts)
    return list(merged.values())


def _widest(known: Row, other: Row) -> tuple[str, str]:
    """Two datings of one work are a doubt: the range that covers both, as ISO dates."""
    spans = [years for years in (_years(known), _years(other)) if years]
    first = min((years[0] for years in spans), default=0)
    last = max((years[1] for years in spans), default=0)
    return f"{first:04d}-01-01", f"{last:04d}-01-01"


def _years(facts: Row) -> Years | None:
    """The years that a time of a precision may mean, narrowed or widened by its qualifiers.

    A century is taken by the book and by habit at once: `1500` at precision 7 may mean
    1401-1500 or the 1500s, so it covers 1401 to 1599, which is still the Renaissance.
    """
    value = iso_year(facts["time"])
    precision = int(facts["precision"])
    if value is None or precision < _CENTURY:
        return None
    if precision >= _YEAR:
        first = last = value
        if facts.get("circa"):
            first, last = first - CIRCA, last + CIRCA
    elif precision == _DECADE:
        first, last = value - value % 10, value - value % 10 + 9
    else:
        base = value - value % 100
        first, last = (base - 99, base + 99) if value == base else (base, base + 100)
    earliest, latest = iso_year(facts.get("from")), iso_year(facts.get("until"))
    return (first if earliest is None else earliest), (last if latest is None else latest)


def _title(facts: Row) -> str:
    """The title on Commons of a file that Wikidata names by address."""
    name = unquote(facts["image"].rsplit("/", 1)[-1]).replace("_", " ").strip()
    return f"File:{name[:1].upper()}{name[1:]}"
