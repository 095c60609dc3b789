"""The Met's answers, good and bad, and its guard."""

from pathlib import Path
from typing import Any

import httpx

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import (
    Painting,
)
from tests.training.collect.sources.listing import RENAISSANCE, listed, outcome
from tests.training.collect.virtual_time import VirtualClock, client_of
from training.collect.sources import SOURCES


def test_the_met_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)
    bad: list[dict[str, Any]] = [
        {"objectBeginDate": 0, "objectEndDate": 0, "objectDate": "ca. 1500"},
        {"objectBeginDate": 0, "objectEndDate": 0, "objectDate": ""},
        {"objectEndDate": 153505},
        {"objectBeginDate": -30, "objectEndDate": 150},
        {"objectBeginDate": None, "objectEndDate": None},
        {"isPublicDomain": False},
        {"primaryImage": "", "primaryImageSmall": ""},
        {"primaryImageSmall": ""},
        {"artistPrefix": "Copy after"},
        {"artistPrefix": "Workshop of"},
        {"artistSuffix": "or follower"},
        {"department": "Asian Art"},
        {"classification": "Miniatures"},
        {"classification": "", "objectName": "Painting, fresco"},
        {"culture": "Persian"},
    ]
    museums.met = [Painting(20000 + n, 1500, 1510, "Y", extra=each) for n, each in enumerate(bad)]
    assert outcome(museums, "met", tmp_path) == {
        "renaissance": 5,
        "NO_DATE": 1,
        "IMPOSSIBLE_DATE": 1,
        "BCE": 1,
        "LICENCE": 1,
        "NO_PICTURE": 1,
        "COPY": 2,
        "NOT_WESTERN": 2,
        "NOT_A_PAINTING": 1,
    }


def test_the_met_is_asked_with_a_query_and_both_dates(tmp_path: Path) -> None:
    museums = Museums(each=1)
    listed(museums, "met", tmp_path)
    searches = [url for url in museums.log if "/search?" in url]
    assert {httpx.URL(url).params["departmentId"] for url in searches} == {"11", "15", "17"}
    for url in searches:
        asked = httpx.URL(url).params
        assert (asked["q"], asked["dateBegin"], asked["dateEnd"]) == ("*", "1400", "1599")


def test_the_met_asks_for_no_more_objects_than_are_drawn(tmp_path: Path) -> None:
    museums = Museums(each=20)
    client = client_of(httpx.MockTransport(museums), tmp_path)
    works = SOURCES["met"].works(client, RENAISSANCE, seed=1)
    next(works)
    next(works)
    assert sum("/objects/" in url for url in museums.log) == 2


def test_a_met_object_that_is_gone_or_broken_costs_only_itself(tmp_path: Path) -> None:
    museums = Museums(each=3)
    numbers = [each.number for each in museums.met if 1400 <= each.first < 1600]

    def fault(request: httpx.Request) -> httpx.Response | None:
        if request.url.path.endswith(f"/objects/{numbers[0]}"):
            return httpx.Response(404, json={"message": "not found"})
        if request.url.path.endswith(f"/objects/{numbers[1]}"):
            return httpx.Response(500)
        return None

    museums.rules.append(fault)
    works, unread = listed(museums, "met", tmp_path)
    assert len(works) == 1
    assert {each.object_id for each in unread} == {str(numbers[0]), str(numbers[1])}


def test_the_met_obeys_its_guard(tmp_path: Path) -> None:
    """403 after thirty calls in a row: waited out, and no record is lost."""
    museums = Museums(each=40)
    clock = VirtualClock()
    blocked = [0.0]

    def guard(_: httpx.Request) -> httpx.Response | None:
        if len(museums.log) % 30 == 0:
            blocked[0] = clock.now() + 30
        return httpx.Response(403, text="<html>") if clock.now() < blocked[0] else None

    museums.rules.append(guard)
    client = client_of(httpx.MockTransport(museums), tmp_path, clock)
    assert len(list(SOURCES["met"].works(client, RENAISSANCE, 1))) == 40
