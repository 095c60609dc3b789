"""Seven museums made of code: each answers in the form that the real one documents.

`Museums()` is a function from request to response, for `httpx.MockTransport` and for a
local server alike. It logs what it is asked, and can be told to misbehave.
"""

import hashlib
import io
import json
import re
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

import httpx
import numpy as np
from PIL import Image

from tests.training.collect.museum_records import (
    Painting,
    artic_record,
    as_csv,
    cleveland_record,
    commons_page,
    met_record,
    nga_images,
    nga_objects,
    rijks_digital,
    rijks_object,
    rijks_visual,
    smk_record,
    wikidata_rows,
)

CONTACT = "vasari@example.org"


PERIOD_YEARS = {
    "medieval": (1310, 1390),
    "renaissance": (1410, 1590),
    "post-renaissance": (1610, 1850),
    "modern": (1870, 1920),
}


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
