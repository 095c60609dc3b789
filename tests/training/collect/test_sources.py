"""Every museum's documented answers, good and bad, become works or are named as unread."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.collect.museum_answers import (
    Museums,
    Painting,
    artic_record,
    as_csv,
    cleveland_record,
    met_record,
    nga_images,
    nga_objects,
    rijks_object,
    smk_record,
)
from tests.training.collect.virtual_time import VirtualClock, client_of
from training.collect.errors import ChangedAnswerError, HostRefusesError
from training.collect.labels import BOUNDARY, judge
from training.collect.licences import OPEN
from training.collect.sources import SOURCES
from training.collect.sources.rijksmuseum import wildcards
from training.collect.sources.source import member, seeded
from training.collect.spans import SPANS, Span
from training.collect.work import Unread, Work

RENAISSANCE = SPANS[1]


def listed(
    museums: Museums, name: str, folder: Path, span: Span = RENAISSANCE
) -> tuple[dict[str, Work], list[Unread]]:
    """Works by number, and what could not be read, of one span."""
    client = client_of(httpx.MockTransport(museums), folder)
    entries = list(SOURCES[name].works(client, span, seed=1))
    client.close()
    works = {each.object_id: each for each in entries if isinstance(each, Work)}
    return works, [each for each in entries if isinstance(each, Unread)]


def outcome(museums: Museums, name: str, folder: Path, span: Span = RENAISSANCE) -> Counter[str]:
    """How many of each verdict."""
    works, unread = listed(museums, name, folder, span)
    counts: Counter[str] = Counter()
    for work in works.values():
        verdict = judge(work, OPEN)
        counts[verdict.refused.name if verdict.refused else verdict.period] += 1
    counts["UNREADABLE"] += len(unread)
    return +counts


def one(first: int = 1500, last: int = 1510, **extra: Any) -> Painting:
    return Painting(99999, first, last, "Sandro Botticelli", "Venus", extra=extra)


@pytest.mark.parametrize("name", SOURCES)
def test_a_good_record_becomes_a_whole_work(name: str, tmp_path: Path) -> None:
    museums = Museums(each=0)
    setattr(museums, name, [one()])
    works, unread = listed(museums, name, tmp_path)
    assert unread == []
    (work,) = works.values()
    assert (work.earliest, work.latest) == ((1500, 1500) if name == "wikidata" else (1500, 1510))
    assert work.title == "Venus"
    assert work.artist == "Sandro Botticelli"
    assert work.source == name
    assert work.licence in OPEN
    assert work.page.startswith("http")
    assert work.image_urls[0].startswith("https://")
    assert judge(work, OPEN).period == "renaissance"


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("span", SPANS, ids=lambda span: span.period)
def test_every_page_of_every_period_is_read(name: str, span: Span, tmp_path: Path) -> None:
    museums = Museums(each=7)
    works, unread = listed(museums, name, tmp_path, span)
    inside = [work for work in works.values() if judge(work, OPEN).period == span.period]
    assert len(inside) == 7
    assert unread == []


@pytest.mark.parametrize("name", SOURCES)
def test_a_museum_without_anything_gives_nothing(name: str, tmp_path: Path) -> None:
    assert listed(Museums(each=0), name, tmp_path) == ({}, [])


@pytest.mark.parametrize("name", SOURCES)
def test_html_instead_of_an_answer_is_named(name: str, tmp_path: Path) -> None:
    museums = Museums()
    museums.rules.append(lambda _: httpx.Response(200, text="<html>Just a moment...</html>"))
    with pytest.raises(ChangedAnswerError, match=r"[Ee]xpected"):
        listed(museums, name, tmp_path)


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "nga"])
def test_json_of_another_form_is_named(name: str, tmp_path: Path) -> None:
    museums = Museums()
    museums.rules.append(lambda _: httpx.Response(200, json={"results": {}, "hits": []}))
    with pytest.raises(ChangedAnswerError, match=r"expected .* received"):
        listed(museums, name, tmp_path)


@pytest.mark.parametrize("name", SOURCES)
def test_a_museum_that_refuses_is_given_up(name: str, tmp_path: Path) -> None:
    museums = Museums()
    museums.rules.append(lambda _: httpx.Response(403))
    client = client_of(httpx.MockTransport(museums), tmp_path)
    for _ in range(2):
        error = None
        try:
            list(SOURCES[name].works(client, RENAISSANCE, 1))
        except Exception as caught:  # noqa: BLE001
            error = caught
    assert isinstance(error, HostRefusesError)


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


def test_the_national_gallery_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)
    bad: list[dict[str, Any]] = [
        {"beginyear": "", "endyear": "", "displaydate": "c. 1500"},
        {"beginyear": "", "endyear": "", "displaydate": "date unknown"},
        {"beginyear": "15OO"},
        {"openaccess": "0"},
        {"maxpixels": "640"},
        {"isvirtual": "1"},
        {"classification": "Sculpture"},
        {"attribution": "Follower of Giotto"},
        {"attribution": "Florentine 15th Century"},
        {"parentid": "777"},
        {"wikidataid": "Q42"},
        {"viewtype": "crop"},
    ]
    museums.nga = [Painting(30000 + n, 1500, 1510, "Z", extra=each) for n, each in enumerate(bad)]
    assert outcome(museums, "nga", tmp_path) == {
        "renaissance": 5,
        "LICENCE": 2,
        "NOT_A_PAINTING": 1,
        "COPY": 1,
    }
    # What has no years it can be filed by is refused with its reason, once: with the oldest.
    assert outcome(museums, "nga", tmp_path, SPANS[0]) == {"NO_DATE": 1, "UNREADABLE": 1}
    works, _ = listed(museums, "nga", tmp_path)
    assert works["30009"].whole == "nga:777"
    assert works["30010"].whole == "wikidata:Q42"


def test_the_national_gallery_without_its_flag_is_judged_by_its_cap(tmp_path: Path) -> None:
    museums = Museums(each=0)
    museums.nga = [one(), Painting(30001, 1500, 1500, "A", extra={"maxpixels": "640"})]

    def old_form(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("published_images.csv"):
            return None
        rows = nga_images(museums.nga)
        for row in rows:
            del row["openaccess"]
        return httpx.Response(200, text=as_csv(rows))

    museums.rules.append(old_form)
    assert outcome(museums, "nga", tmp_path) == {"renaissance": 1, "LICENCE": 1}


def test_quoted_newlines_do_not_break_a_row(tmp_path: Path) -> None:
    museums = Museums(each=5)
    assert "\n\nNine lines" in as_csv(nga_images(museums.nga))
    assert '""as is"",\n' in as_csv(nga_objects(museums.nga))
    works, unread = listed(museums, "nga", tmp_path)
    assert (len(works), unread) == (5, [])


def test_a_git_lfs_pointer_is_followed_to_the_file(tmp_path: Path) -> None:
    museums = Museums(each=2)

    def pointer(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "raw.githubusercontent.com":
            return httpx.Response(200, text="version https://git-lfs.github.com/spec/v1\noid x\n")
        if request.url.host == "media.githubusercontent.com":
            return museums._nga(request)
        return None

    museums.rules.append(pointer)
    works, _ = listed(museums, "nga", tmp_path)
    assert len(works) == 2


def test_a_column_that_is_gone_is_named(tmp_path: Path) -> None:
    museums = Museums()
    museums.rules.append(
        lambda _: httpx.Response(200, text="objectid,title,from,to\r\n1,x,2,3\r\n")
    )
    with pytest.raises(ChangedAnswerError, match=r"beginyear.*objects\.csv; received objectid"):
        listed(museums, "nga", tmp_path)


def test_smk_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)
    bad: list[dict[str, Any]] = [
        {"production_date": [{"period": "1500-1510"}]},
        {"production_date": [{"start": "-0300-01-01T00:00:00Z", "end": "-0200-01-01T00:00:00Z"}]},
        {"production_date": []},
        {"production_date": None},
        {"rights": "https://rightsstatements.org/vocab/InC/1.0/"},
        {"public_domain": False},
        {"image_iiif_id": None},
        {"image_iiif_id": None, "image_native": None},
        {"object_names": [{"name": "maleri"}]},
        {"object_names": [{"name": "drawing"}]},
        {"object_names": "maleri"},
        {"production": [{"creator": "Efter Rubens"}]},
        {"production": [{"creator": "Rubens", "creator_role": "kopi efter"}]},
        {"production": [{"creator": "Hokusai", "creator_nationality": "Japanese"}]},
        {"titles": None, "production": None, "frontend_url": None},
    ]
    museums.smk = [Painting(40000 + n, 1500, 1510, "Å", extra=each) for n, each in enumerate(bad)]
    assert outcome(museums, "smk", tmp_path) == {
        "renaissance": 4,
        "BCE": 1,
        "NO_DATE": 2,
        "LICENCE": 2,
        "NO_PICTURE": 1,
        "NOT_A_PAINTING": 1,
        "UNREADABLE": 1,
        "COPY": 2,
        "NOT_WESTERN": 1,
    }


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


def test_the_art_institute_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)
    bad: list[dict[str, Any]] = [
        {"date_start": None, "date_end": None, "date_display": "c. 1500"},
        {"date_start": None, "date_end": None, "date_display": None},
        {"date_start": 1595, "date_end": 1605},
        {"is_public_domain": False},
        {"is_public_domain": None},
        {"image_id": None},
        {"artist_display": "Follower of X"},
        {"artist_display": "After X\nItalian"},
        {"artist_title": None, "artist_display": "Imitator of Rembrandt"},
        {"artist_title": None, "artist_display": None, "artist_id": None},
        {"place_of_origin": "China"},
        {"artwork_type_title": "Print"},
        {"id": None, "artwork_type_title": 7},
    ]
    museums.artic = [Painting(60000 + n, 1500, 1510, "X", extra=each) for n, each in enumerate(bad)]
    assert outcome(museums, "artic", tmp_path) == {
        "renaissance": 2,
        "NO_DATE": 1,
        BOUNDARY: 1,
        "LICENCE": 2,
        "NO_PICTURE": 1,
        "COPY": 3,
        "NOT_WESTERN": 1,
        "NOT_A_PAINTING": 2,
    }


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


def test_an_order_depends_on_the_seed_and_survives_growth() -> None:
    first = seeded(range(20), str, seed=1)
    assert first == seeded(reversed(range(20)), str, seed=1)
    assert first != seeded(range(20), str, seed=2)
    grown = seeded(range(25), str, seed=1)
    assert [each for each in grown if each < 20] == first


def test_a_missing_member_is_named_with_what_came() -> None:
    with pytest.raises(ChangedAnswerError, match=r"Met: expected a.b; received \['c'\]"):
        member({"a": {"c": 1}}, "a", "b", of="Met")
    with pytest.raises(ChangedAnswerError, match="received int"):
        member({"a": 1}, "a", 0, of="Met")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.floats(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2)
    ),
    max_leaves=4,
)
RECORDS: dict[str, Callable[[Painting], dict[str, Any]]] = {
    "cleveland": cleveland_record,
    "met": met_record,
    "smk": smk_record,
    "artic": artic_record,
    "rijksmuseum": rijks_object,
}


@pytest.mark.parametrize("name", RECORDS)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_no_field_of_a_record_can_end_a_run(name: str, data: st.DataObject) -> None:
    """Whatever stands in a field, the record is a work, refused or unread; nothing is raised."""
    fields = sorted(RECORDS[name](one()))
    field = data.draw(st.sampled_from(fields))
    museums = Museums(each=0)
    number = 11111
    made = Painting(number, 1500, 1510, "X", extra={field: data.draw(JSON)})
    setattr(museums, name, [made])
    # The search knows the number whatever the record says.
    with TemporaryDirectory() as folder:
        works, unread = listed(museums, name, Path(folder))
    assert len(works) + len(unread) == 1
    for work in works.values():
        judge(work, OPEN)
        assert all(isinstance(url, str) for url in work.image_urls)
        assert isinstance(work.title, str)
