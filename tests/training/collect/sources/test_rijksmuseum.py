"""The Rijksmuseum's Linked Art, good and bad."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import (
    Painting,
)
from tests.training.collect.sources.listing import listed, one, outcome
from training.collect.sources.rijksmuseum import wildcards
from training.collect.spans import SPANS, Span


def test_the_rijksmuseum_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)

    def says(words: str) -> dict[str, Any]:
        return {"produced_by": made | {"part": {"referred_to_by": {"content": words}}}}

    def numbered(number: str) -> dict[str, Any]:
        return {"identified_by": {"type": "Identifier", "content": number}}

    span = {"begin_of_the_begin": "1500-01-01T00:00:00Z", "end_of_the_end": "1510-12-31T23:59:59Z"}
    made = {"timespan": span}
    in_words = {"identified_by": [{"type": "Name", "content": "c. 1500 - c. 1510"}]}
    rights = [{"identified_by": [{"type": "Name", "content": "Public Domain"}]}]
    closed = [{"classified_as": [{"id": "https://rightsstatements.org/vocab/InC/1.0/"}]}]
    bad: list[dict[str, Any]] = [
        {"produced_by": {"timespan": in_words}},
        {"produced_by": {}},
        {"produced_by": None},
        {"subject_to": rights},
        {"subject_to": closed},
        {"subject_to": []},
        {"shows": []},
        says("painter: attributed to Jan de Baen"),
        says("painter: workshop of Rembrandt"),
        says("painter: naar Rembrandt"),
        says("schilder: kopie naar Frans Hals"),
        {"shows": [{"id": "https://id.rijksmuseum.nl/20299998"}]},
        numbered("AK-RAK-1991-2"),
        numbered("BK-NM-1"),
        numbered("SK-A-1"),
    ]
    museums.rijksmuseum = [
        Painting(50000 + n, 1500, 1510, "V", extra=each) for n, each in enumerate(bad)
    ]
    assert outcome(museums, "rijksmuseum", tmp_path) == {
        "renaissance": 5,
        "NO_DATE": 1,
        "UNREADABLE": 2,
        "LICENCE": 3,
        "COPY": 2,
        "NOT_WESTERN": 1,
        "NOT_A_PAINTING": 1,
    }
    works, _ = listed(museums, "rijksmuseum", tmp_path)
    assert works["SK-A-50007"].artist == "Jan de Baen"
    assert works["SK-A-50007"].attribution == "attributed to"


def test_the_rijksmuseum_spares_the_third_request_for_what_cannot_be_used(tmp_path: Path) -> None:
    museums = Museums(each=0)
    museums.rijksmuseum = [one(subject_to=[]), Painting(50001, 1500, 1500, "B")]
    listed(museums, "rijksmuseum", tmp_path)
    assert [url for url in museums.log if "nl/500" in url] == ["https://id.rijksmuseum.nl/50050001"]


def test_a_page_that_is_its_own_next_ends_the_list(tmp_path: Path) -> None:
    museums = Museums(each=0)
    circle = {
        "orderedItems": [],
        "next": {"id": "https://data.rijksmuseum.nl/search/collection?x=1"},
    }
    museums.rules.append(lambda _: httpx.Response(200, json=circle))
    assert listed(museums, "rijksmuseum", tmp_path) == ({}, [])


def test_a_list_instead_of_a_document_costs_one_work(tmp_path: Path) -> None:
    museums = Museums(each=1)
    museums.misbehave("id.rijksmuseum.nl", lambda: httpx.Response(200, json=[1]))
    works, unread = listed(museums, "rijksmuseum", tmp_path)
    assert (works, len(unread)) == ({}, 1)


@pytest.mark.parametrize("span", SPANS, ids=lambda span: span.period)
def test_wildcards_cover_their_years_once(span: Span) -> None:
    covered = [
        year
        for pattern in wildcards(span.first, span.last)
        for year in range(int(pattern.replace("?", "0")), int(pattern.replace("?", "9")) + 1)
    ]
    assert covered == list(range(max(1000, span.first), (span.last // 10) * 10 + 10))
