"""Seven museums made of code: each answers in the form that the real one documents.

`Museums()` is a function from request to response, for `httpx.MockTransport` and for a
local server alike. It logs what it is asked, and can be told to misbehave.
"""

import csv
import hashlib
import io
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

import httpx
import numpy as np
from PIL import Image

CONTACT = "vasari@example.org"
PERIOD_YEARS = {
    "medieval": (1310, 1390),
    "renaissance": (1410, 1590),
    "post-renaissance": (1610, 1850),
    "modern": (1870, 1920),
}


@dataclass(frozen=True)
class Painting:
    """What all museums' records are made from."""

    number: int
    first: int
    last: int
    artist: str
    title: str = "Study"
    picture: str = ""
    extra: dict[str, Any] = field(default_factory=dict)


def paintings(start: int, each: int, museum: str) -> list[Painting]:
    """`each` works of every period, by artists of their own, numbered from `start`."""
    made = []
    for place, (first, last) in enumerate(PERIOD_YEARS.values()):
        for n in range(each):
            year = first + (last - first) * n // max(each, 1)
            number = start + place * 1000 + n
            artist = f"{museum.title()} Painter{chr(65 + place)}{n // 2}"
            made.append(Painting(number, year, year + 4, artist, f"Work {number}"))
    return made


@lru_cache(maxsize=4096)
def picture_bytes(
    key: str, size: tuple[int, int] = (360, 300), quality: int = 85, kind: str = "JPEG"
) -> bytes:
    """A coloured picture that no other key gives; the same key, the same picture."""
    seed = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")
    cells = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    image = Image.fromarray(cells).resize(size, Image.Resampling.BICUBIC)
    data = io.BytesIO()
    image.save(data, kind, quality=quality)
    return data.getvalue()


def answer(data: Any, status: int = 200) -> httpx.Response:
    return httpx.Response(status, json=data)


Rule = Callable[[httpx.Request], httpx.Response | None]


class Museums:
    """Every museum at once.

    Args:
        each: Works of every period in every museum.
    """

    def __init__(self, each: int = 4) -> None:
        self.cleveland = paintings(10000, each, "cleveland")
        self.met = paintings(20000, each, "met")
        self.nga = paintings(30000, each, "nga")
        self.smk = paintings(40000, each, "smk")
        self.rijksmuseum = paintings(50000, each, "rijks")
        self.artic = paintings(60000, each, "artic")
        self.wikidata = paintings(70000, each, "wikidata")
        self.pictures: dict[str, str] = {}  # number -> key of another picture
        self.rules: list[Rule] = []
        self.log: list[str] = []
        self._lock = threading.Lock()
        self._hosts: dict[str, Callable[[httpx.Request], httpx.Response]] = {
            "openaccess-api.clevelandart.org": self._cleveland,
            "collectionapi.metmuseum.org": self._met,
            "raw.githubusercontent.com": self._nga,
            "api.smk.dk": self._smk,
            "data.rijksmuseum.nl": self._rijks_search,
            "id.rijksmuseum.nl": self._rijks_document,
            "api.artic.edu": self._artic,
            "query.wikidata.org": self._sparql,
            "commons.wikimedia.org": self._commons,
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self.log.append(str(request.url))
        for rule in self.rules:
            ruled = rule(request)
            if ruled is not None:
                return ruled
        known = self._hosts.get(request.url.host)
        return known(request) if known else self._picture(request)

    def misbehave(self, host: str, response: Callable[[], httpx.Response]) -> None:
        """From now on a host answers this and nothing else."""
        self.rules.append(lambda request: response() if request.url.host == host else None)

    def _picture(self, request: httpx.Request) -> httpx.Response:
        numbers = re.findall(r"\d{5}", unquote(request.url.path))
        if not numbers:
            return httpx.Response(404)
        key = self.pictures.get(numbers[-1], numbers[-1])
        # Each museum keeps its own size and compression of what may be one painting.
        quality = 70 + int(numbers[-1][0]) * 3
        data = picture_bytes(key, (360 + int(numbers[-1][0]) * 8, 300), quality)
        return httpx.Response(200, content=data, headers={"Content-Type": "image/jpeg"})

    def _cleveland(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        after, before = int(asked["created_after"]), int(asked["created_before"])
        found = [each for each in self.cleveland if after <= each.last and each.first <= before]
        skip, limit = int(asked["skip"]), int(asked["limit"])
        page = [cleveland_record(each) for each in found[skip : skip + limit]]
        return answer({"info": {"total": len(found), "parameters": dict(asked)}, "data": page})

    def _met(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if request.url.path.endswith("/search"):
            if "q" not in asked:
                return httpx.Response(503)
            begin, end = int(asked["dateBegin"]), int(asked["dateEnd"])
            ids = [
                each.number
                for each in self.met
                if begin <= each.last
                and each.first <= end
                and str(each.extra.get("departmentId", 11)) == asked["departmentId"]
            ]
            return answer({"total": len(ids), "objectIDs": ids or None})
        number = int(request.url.path.rsplit("/", 1)[-1])
        found = [each for each in self.met if each.number == number]
        if not found:
            return answer({"message": "ObjectID not found"}, 404)
        return answer(met_record(found[0]))

    def _nga(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rsplit("/", 1)[-1]
        table = nga_objects if name == "objects.csv" else nga_images
        # A sculpture is always there: a file without rows has no header either.
        statue = Painting(39999, 1500, 1500, "Donatello", extra={"classification": "Sculpture"})
        text = as_csv(table([*self.nga, statue]))
        return httpx.Response(200, text=text, headers={"Content-Type": "text/plain"})

    def _smk(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        years = [int(found) for found in re.findall(r"(\d{4})-\d\d-\d\dT", asked["range"])]
        found = [each for each in self.smk if years[0] <= each.last <= years[1]]
        offset = int(asked["offset"])
        page = found[offset : offset + min(5, int(asked["rows"]))]
        return answer(
            {
                "offset": offset,
                "rows": len(page),
                "found": len(found),
                "items": [smk_record(each) for each in page],
            }
        )

    def _rijks_search(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        pattern = re.compile(asked["creationDate"].replace("?", r"\d"))
        found = [each for each in self.rijksmuseum if pattern.fullmatch(str(each.first))]
        start = int(asked.get("pageToken", "0"))
        page: dict[str, Any] = {
            "@context": "https://linked.art/ns/v1/search.json",
            "id": str(request.url),
            "type": "OrderedCollectionPage",
            "partOf": {"type": "OrderedCollection", "totalItems": len(found)},
            "orderedItems": [
                {"id": f"https://id.rijksmuseum.nl/200{each.number}", "type": "HumanMadeObject"}
                for each in found[start : start + 3]
            ],
        }
        if start + 3 < len(found):
            following = request.url.copy_set_param("pageToken", str(start + 3))
            page["next"] = {"id": str(following), "type": "OrderedCollectionPage"}
        return answer(page)

    def _rijks_document(self, request: httpx.Request) -> httpx.Response:
        kind, number = request.url.path[1:4], int(request.url.path[4:])
        found = [each for each in self.rijksmuseum if each.number == number]
        if not found:
            return httpx.Response(404)
        return answer(
            {"200": rijks_object, "202": rijks_visual, "500": rijks_digital}[kind](found[0])
        )

    def _artic(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        must = json.loads(asked["params"])["query"]["bool"]["must"]
        limits = {name: edge for each in must for name, edge in each.get("range", {}).items()}
        found = [
            each
            for each in self.artic
            if each.first <= limits["date_start"]["lte"] and each.last >= limits["date_end"]["gte"]
        ]
        page, limit = int(asked["page"]), 3
        return answer(
            {
                "pagination": {
                    "total": len(found),
                    "limit": limit,
                    "total_pages": max(1, -(-len(found) // limit)),
                    "current_page": page,
                },
                "data": [artic_record(each) for each in found[(page - 1) * limit : page * limit]],
                "config": {"iiif_url": "https://www.artic.edu/iiif/2"},
            }
        )

    def _sparql(self, request: httpx.Request) -> httpx.Response:
        first, after = map(int, re.findall(r'"(\d{4})-01-01T', request.url.params["query"]))
        rows = [
            row
            for each in self.wikidata
            if first <= each.first < after
            for row in wikidata_rows(each)
        ]
        return answer({"head": {"vars": []}, "results": {"bindings": rows}})

    def _commons(self, request: httpx.Request) -> httpx.Response:
        assert request.url.params["iiurlwidth"] == "960", "any other width is answered with 429"
        by_title = {f"File:Work {each.number}.jpg": each for each in self.wikidata}
        pages = []
        for title in request.url.params["titles"].split("|"):
            known = by_title.get(title)
            pages.append(commons_page(known) if known else {"title": title, "missing": True})
        return answer({"batchcomplete": True, "query": {"pages": pages}})


def cleveland_record(each: Painting) -> dict[str, Any]:
    accession = f"1950.{each.number}"
    base = f"https://openaccess-cdn.clevelandart.org/{accession}/{accession}"
    return {
        "id": each.number,
        "accession_number": accession,
        "title": each.title,
        "creation_date": f"c. {each.first}-{each.last}",
        "creation_date_earliest": each.first,
        "creation_date_latest": each.last,
        "creators": [
            {
                "description": f"{each.artist} (Italian, 1300-1360)",
                "role": "artist",
                "qualifier": None,
            }
        ],
        "culture": ["Italy, Siena"],
        "department": "European Painting and Sculpture",
        "type": "Painting",
        "technique": "tempera and gold on wood",
        "share_license_status": "CC0",
        "images": {
            "web": {"url": f"{base}_web.jpg", "width": "893", "height": "700"},
            "print": {"url": f"{base}_print.jpg", "width": "3400", "height": "2660"},
            "full": {"url": f"{base}_full.tif"},
        },
        "url": f"https://clevelandart.org/art/{accession}",
    } | each.extra


def met_record(each: Painting) -> dict[str, Any]:
    return {
        "objectID": each.number,
        "isPublicDomain": True,
        "primaryImage": f"https://images.metmuseum.org/CRDImages/ep/original/DT{each.number}.jpg",
        "primaryImageSmall": f"https://images.metmuseum.org/CRDImages/ep/web-large/DT{each.number}.jpg",
        "department": "European Paintings",
        "objectName": "Painting",
        "title": each.title,
        "culture": "",
        "period": "",
        "artistPrefix": "",
        "artistSuffix": "",
        "artistDisplayName": each.artist,
        "artistULAN_URL": "",
        "artistWikidata_URL": f"https://www.wikidata.org/wiki/Q{each.artist.split()[-1][7:]}9",
        "objectDate": f"ca. {each.first}",
        "objectBeginDate": each.first,
        "objectEndDate": each.last,
        "medium": "Oil on canvas",
        "classification": "Paintings",
        "objectURL": f"https://www.metmuseum.org/art/collection/search/{each.number}",
    } | each.extra


def nga_objects(found: list[Painting]) -> list[dict[str, str]]:
    return [
        {
            "objectid": str(each.number),
            "accessionnum": f"1937.1.{each.number}",
            "title": each.title,
            "displaydate": f"c. {each.first}",
            "beginyear": str(each.first),
            "endyear": str(each.last),
            "medium": "tempera on panel",
            "provenancetext": 'Sold, "as is",\nto a dealer;\r\nbought 1937.',
            "attribution": each.artist,
            "classification": "Painting",
            "parentid": "",
            "isvirtual": "0",
            "departmentabbr": "DCPA",
            "wikidataid": "",
        }
        | {name: value for name, value in each.extra.items() if name not in _IMAGE_COLUMNS}
        for each in found
    ]


_IMAGE_COLUMNS = ("uuid", "iiifurl", "maxpixels", "openaccess", "viewtype")


def nga_images(found: list[Painting]) -> list[dict[str, str]]:
    return [
        {
            "uuid": f"uuid-{each.number}",
            "iiifurl": f"https://api.nga.gov/iiif/uuid-{each.number}",
            "viewtype": view,
            "sequence": "0",
            "maxpixels": "",
            "depictstmsobjectid": str(each.number),
            "assistivetext": 'A saint says, "peace",\non a gold ground.\n\nNine lines, more.',
            "openaccess": "1",
        }
        | {
            name: value
            for name, value in each.extra.items()
            if name in _IMAGE_COLUMNS and view == "primary"
        }
        for each in found
        for view in ("primary", "alternate")
    ]


def as_csv(rows: list[dict[str, str]]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["objectid"])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def smk_record(each: Painting) -> dict[str, Any]:
    return {
        "id": f"{each.number}_object",
        "object_number": f"KMS{each.number}",
        "titles": [
            {"title": "Studie", "language": "dansk"},
            {"title": each.title, "language": "engelsk"},
        ],
        "artist": [each.artist],
        "production": [{"creator": each.artist, "creator_nationality": "Danish"}],
        "production_date": [
            {
                "start": f"{each.first}-01-01T00:00:00.000Z",
                "end": f"{each.last}-12-31T00:00:00.000Z",
                "period": f"{each.first}-{each.last}",
            }
        ],
        "object_names": [{"name": "painting"}],
        "techniques": ["Olie på lærred"],
        "rights": "https://creativecommons.org/publicdomain/mark/1.0/",
        "public_domain": True,
        "has_image": True,
        "image_iiif_id": f"https://iip.smk.dk/iiif/jp2/kms{each.number}.tif.jp2",
        "image_native": f"https://iip.smk.dk/iiif/jp2/kms{each.number}.tif.jp2/full/full/0/native.jpg",
        "frontend_url": f"https://open.smk.dk/artwork/image/KMS{each.number}",
    } | each.extra


def rijks_object(each: Painting) -> dict[str, Any]:
    english = [{"id": "http://vocab.getty.edu/aat/300388277", "type": "Language"}]
    return {
        "id": f"https://id.rijksmuseum.nl/200{each.number}",
        "type": "HumanMadeObject",
        "identified_by": [
            {
                "type": "Name",
                "content": "Studie",
                "language": [{"id": "http://vocab.getty.edu/aat/300388256"}],
            },
            {"type": "Name", "content": each.title, "language": english},
            {"type": "Identifier", "content": f"SK-A-{each.number}"},
        ],
        "produced_by": {
            "type": "Production",
            "timespan": {
                "type": "TimeSpan",
                "identified_by": [{"type": "Name", "content": f"c. {each.first} - c. {each.last}"}],
                "begin_of_the_begin": f"{each.first}-01-01T00:00:00Z",
                "end_of_the_end": f"{each.last}-12-31T23:59:59Z",
            },
            "part": [
                {
                    "type": "Production",
                    "referred_to_by": [
                        {"type": "LinguisticObject", "content": "on canvas"},
                        {"type": "LinguisticObject", "content": f"painter: {each.artist}"},
                    ],
                    "carried_out_by": [
                        {"id": f"https://id.rijksmuseum.nl/210{each.number // 2}", "type": "Person"}
                    ],
                }
            ],
        },
        "shows": [{"id": f"https://id.rijksmuseum.nl/202{each.number}", "type": "VisualItem"}],
    } | {name: value for name, value in each.extra.items() if name != "subject_to"}


def rijks_visual(each: Painting) -> dict[str, Any]:
    return {
        "id": f"https://id.rijksmuseum.nl/202{each.number}",
        "type": "VisualItem",
        "subject_to": each.extra.get(
            "subject_to",
            [
                {
                    "type": "Right",
                    "classified_as": [
                        {"id": "https://creativecommons.org/publicdomain/mark/1.0/", "type": "Type"}
                    ],
                }
            ],
        ),
        "digitally_shown_by": [
            {"id": f"https://id.rijksmuseum.nl/500{each.number}", "type": "DigitalObject"}
        ],
    }


def rijks_digital(each: Painting) -> dict[str, Any]:
    # A single thing without its brackets, as the museum writes it too.
    return {
        "type": "DigitalObject",
        "access_point": {
            "id": f"https://iiif.micr.io/R{each.number}/full/max/0/default.jpg",
            "type": "DigitalObject",
        },
    }


def artic_record(each: Painting) -> dict[str, Any]:
    return {
        "id": each.number,
        "title": each.title,
        "artist_title": each.artist,
        "artist_display": f"{each.artist}\nFrench, 1600-1650",
        "artist_id": each.number // 2,
        "date_start": each.first,
        "date_end": each.last,
        "date_display": f"c. {each.first}",
        "is_public_domain": True,
        "image_id": f"aaaa-{each.number}",
        "place_of_origin": "France",
        "department_title": "Painting and Sculpture of Europe",
        "artwork_type_title": "Painting",
        "classification_title": "oil on canvas",
    } | each.extra


def wikidata_rows(each: Painting) -> list[dict[str, dict[str, str]]]:
    facts = {
        "work": f"http://www.wikidata.org/entity/Q{each.number}",
        "workLabel": each.title,
        "image": "http://commons.wikimedia.org/wiki/Special:FilePath/"
        + quote(f"work {each.number}.jpg"),
        "time": f"{each.first}-01-01T00:00:00Z",
        "precision": "9",
        "creator": f"http://www.wikidata.org/entity/Q{each.number // 2}",
        "creatorLabel": each.artist,
        "keeperLabel": "Galleria degli Uffizi",
        "originLabel": "Italy",
    } | {name: value for name, value in each.extra.items() if name != "page"}
    row = {name: {"type": "literal", "value": str(value)} for name, value in facts.items() if value}
    # Two keepers make two rows of one painting.
    return [row, row | {"keeperLabel": {"type": "literal", "value": "Italian State"}}]


def commons_page(each: Painting) -> dict[str, Any]:
    page: dict[str, Any] = {
        "pageid": each.number,
        "title": f"File:Work {each.number}.jpg",
        "imageinfo": [
            {
                "url": f"https://upload.wikimedia.org/wikipedia/commons/a/a1/Work_{each.number}.jpg",
                "thumburl": f"https://thumb.wikimedia.org/a/a1/Work_{each.number}.jpg/960px.jpg",
                "mime": "image/jpeg",
                "extmetadata": {
                    "LicenseShortName": {"value": "Public domain"},
                    "License": {"value": "pd"},
                },
            }
        ],
    }
    return page | dict(each.extra.get("page", {}))
