"""Cleveland's answers, good and bad."""

from pathlib import Path
from typing import Any

import httpx

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import (
    Painting,
)
from tests.training.collect.sources.listing import listed, outcome
from training.collect.labels import BOUNDARY


def test_cleveland_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)
    bad: list[dict[str, Any]] = [
        {"creation_date_earliest": None, "creation_date_latest": None, "creation_date": "1500s"},
        {"creation_date_earliest": None, "creation_date_latest": None, "creation_date": "n.d."},
        {"creation_date_earliest": -300, "creation_date_latest": -200},
        {"creation_date_earliest": 1590, "creation_date_latest": 1610},
        {"creation_date_earliest": "about 1500"},
        {"share_license_status": "Copyrighted"},
        {"share_license_status": None},
        {"images": None},
        {"images": {"web": {}, "print": {"url": "https://openaccess-cdn.clevelandart.org/p.jpg"}}},
        {"department": "Chinese Art", "culture": ["China, Ming dynasty (1368-1644)"]},
        {"type": "Drawing"},
        {"type": None},
        {"creators": [{"description": "Raphael", "qualifier": "after"}]},
        {"creators": []},
        {"creators": None, "title": None},
    ]
    museums.cleveland = [
        Painting(10000 + n, 1500, 1510, "X", extra=extra) for n, extra in enumerate(bad)
    ]
    assert outcome(museums, "cleveland", tmp_path) == {
        "renaissance": 4,
        BOUNDARY: 1,
        "NO_DATE": 1,
        "BCE": 1,
        "UNREADABLE": 1,
        "LICENCE": 2,
        "NO_PICTURE": 1,
        "NOT_WESTERN": 1,
        "NOT_A_PAINTING": 2,
        "COPY": 1,
    }


def test_cleveland_pages_by_a_thousand(tmp_path: Path) -> None:
    museums = Museums(each=0)
    museums.cleveland = [Painting(10000 + n, 1500, 1510, f"A{n}") for n in range(1203)]
    works, _ = listed(museums, "cleveland", tmp_path)
    assert len(works) == 1203
    assert ["skip=1000" in url for url in museums.log] == [False, True]


def test_cleveland_survives_a_record_that_is_no_record(tmp_path: Path) -> None:
    museums = Museums(each=0)
    museums.rules.append(lambda _: httpx.Response(200, json={"data": [None, {"title": "x"}, []]}))
    works, unread = listed(museums, "cleveland", tmp_path)
    assert works == {}
    assert [each.object_id for each in unread] == ["unnumbered"] * 3
