"""What holds for every museum: good records become works, and no answer ends a run."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import (
    Painting,
    artic_record,
    cleveland_record,
    met_record,
    rijks_object,
    smk_record,
)
from tests.training.collect.sources.listing import RENAISSANCE, listed, one
from tests.training.collect.virtual_time import client_of
from training.collect.errors import ChangedAnswerError, HostRefusesError
from training.collect.labels import judge
from training.collect.licences import OPEN
from training.collect.sources import SOURCES
from training.collect.sources.source import member, seeded
from training.collect.spans import SPANS, Span


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
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=9)
    | st.floats(allow_nan=False, allow_infinity=False),
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
