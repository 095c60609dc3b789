"""Wikidata's dates and Commons' licences, good and bad."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import (
    Painting,
)
from tests.training.collect.sources.listing import listed, outcome
from training.collect.labels import BOUNDARY
from training.collect.spans import SPANS
from training.collect.work import Work


def test_wikidata_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)
    licence = {"extmetadata": {"LicenseShortName": {"value": "CC BY-SA 4.0"}}}
    blank = "http://www.wikidata.org/.well-known/genid/1"
    bad: list[dict[str, Any]] = [
        {"precision": "11"},
        {"precision": "8"},
        {"precision": "7"},
        {"precision": "6"},
        {"precision": "many"},
        {"from": "1495-01-01T00:00:00Z", "until": "1605-01-01T00:00:00Z"},
        {"circa": "http://www.wikidata.org/entity/Q5727902"},
        {"creator": blank, "creatorLabel": "t123"},
        {"qualifier": "follower of"},
        {"qualifier": "workshop of"},
        {"after": "http://www.wikidata.org/entity/Q5597"},
        {"countryLabel": "Joseon"},
        {"page": {"imageinfo": [licence | {"thumburl": "https://thumb.wikimedia.org/1.jpg"}]}},
        {"page": {"imageinfo": []}},
        {"page": {"missing": True, "imageinfo": None}},
        {"image": ""},
        {"creator": "", "creatorLabel": "", "keeperLabel": "", "originLabel": ""},
    ]
    museums.wikidata = [
        Painting(70000 + n, 1500, 1510, "L", extra=each) for n, each in enumerate(bad)
    ]
    # The file's page of Commons comes with the number of the work: one title has none.
    assert outcome(museums, "wikidata", tmp_path) == {
        "renaissance": 7,
        BOUNDARY: 1,
        "NO_DATE": 1,
        "UNREADABLE": 1,
        "COPY": 2,
        "NOT_WESTERN": 1,
        "LICENCE": 3,
    }


@pytest.mark.parametrize(
    ("stored", "precision", "expected"),
    [
        (1500, 7, (1401, 1599)),  # 15th century by the book, the 1500s by habit
        (1450, 7, (1400, 1500)),
        (1301, 7, (1300, 1400)),
        (1400, 7, (1301, 1499)),
        (1504, 8, (1500, 1509)),
        (1504, 9, (1504, 1504)),
        (1504, 10, (1504, 1504)),
        (1504, 11, (1504, 1504)),
    ],
)
def test_the_precision_is_read_before_the_year(
    stored: int, precision: int, expected: tuple[int, int], tmp_path: Path
) -> None:
    museums = Museums(each=0)
    museums.wikidata = [Painting(70000, stored, stored, "L", extra={"precision": str(precision)})]
    works: dict[str, Work] = {}
    for span in SPANS:
        works |= listed(museums, "wikidata", tmp_path, span)[0]
    assert (works["Q70000"].earliest, works["Q70000"].latest) == expected


def test_a_century_at_a_boundary_is_no_label(tmp_path: Path) -> None:
    """Year 1600 at precision 7 may be the 16th century or the 1600s."""
    museums = Museums(each=0)
    museums.wikidata = [Painting(70000, 1600, 1600, "L", extra={"precision": "7"})]
    assert outcome(museums, "wikidata", tmp_path, SPANS[2]) == {"VAGUE_DATE": 1}


def test_two_datings_of_one_work_are_a_range(tmp_path: Path) -> None:
    museums = Museums(each=0)
    museums.wikidata = [Painting(70000, 1510, 1510, "L"), Painting(70001, 1515, 1515, "L")]

    def doubt(request: httpx.Request) -> httpx.Response | None:
        if request.url.host != "query.wikidata.org":
            return None
        answer = museums._sparql(request).json()
        for row in answer["results"]["bindings"]:
            row["work"]["value"] = "http://www.wikidata.org/entity/Q70000"
            row["image"]["value"] = (
                "http://commons.wikimedia.org/wiki/Special:FilePath/Work%2070000.jpg"
            )
        return httpx.Response(200, json=answer)

    museums.rules.append(doubt)
    works, _ = listed(museums, "wikidata", tmp_path)
    assert (works["Q70000"].earliest, works["Q70000"].latest) == (1510, 1515)


def test_two_countries_of_one_work_are_both_looked_at(tmp_path: Path) -> None:
    museums = Museums(each=0)
    museums.wikidata = [Painting(70000, 1510, 1510, "L")]

    def second(request: httpx.Request) -> httpx.Response | None:
        if request.url.host != "query.wikidata.org":
            return None
        answer = museums._sparql(request).json()
        for row in answer["results"]["bindings"][1:]:
            row["originLabel"] = {"value": "Japan"}
            row["countryLabel"] = {"value": "Portugal"}
        return httpx.Response(200, json=answer)

    museums.rules.append(second)
    works, _ = listed(museums, "wikidata", tmp_path)
    assert works["Q70000"].culture == "Italy, Japan, Portugal"
