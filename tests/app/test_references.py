"""`app.references`: what is like a picture, and which files are refused."""

from typing import Any

import numpy as np
import pytest

from app import references as module
from app.errors import IntegrityError
from app.references import References
from tests.models import references_arrays, references_file

FACTS = [
    {"period": "medieval", "artist": "Giotto", "title": "Kiss of Judas", "year": "1305"},
    {"period": "renaissance", "artist": "Titian", "page": "https://museum.example/1"},
    {"period": "modern", "source": "met", "licence": "cc0"},
]
COLOURS = [(250, 20, 20), (20, 250, 20), (20, 20, 250)]


def embedding(*colour: int) -> Any:
    return np.array([colour], np.float32)


def made(**change: Any) -> bytes:
    return references_file({**references_arrays(FACTS, COLOURS), **change})


def test_the_nearest_come_first_with_their_facts() -> None:
    found = References(made()).nearest(embedding(200, 120, 20), 2)
    assert [each.reference.artist for each in found] == ["Giotto", "Titian"]
    assert found[0].reference.title == "Kiss of Judas"
    assert found[0].reference.source is None
    assert 1 >= found[0].similarity > found[1].similarity >= -1
    assert found[0].thumbnail is None


def test_a_reference_is_most_like_itself() -> None:
    references = References(made())
    for place, colour in enumerate(COLOURS):
        (nearest,) = references.nearest(embedding(*colour), 1)
        assert nearest.reference.period == FACTS[place]["period"]
        assert nearest.similarity == pytest.approx(1, abs=1e-3)


def test_views_count_as_their_mean() -> None:
    references = References(made())
    views = np.concatenate([embedding(250, 20, 20), embedding(20, 250, 20)])
    assert references.nearest(views, 3) == references.nearest(embedding(135, 135, 20), 3)


def test_no_more_than_there_are_and_none_where_none_is_asked_for() -> None:
    references = References(made())
    assert len(references) == 3
    assert references.embedding_size == 3
    assert len(references.nearest(embedding(1, 2, 3), 20)) == 3
    assert references.nearest(embedding(1, 2, 3), 0) == []


def test_those_as_similar_come_in_their_order() -> None:
    references = References(references_file(references_arrays(FACTS, [COLOURS[0]] * 3)))
    found = references.nearest(embedding(250, 20, 20), 3)
    assert [each.reference.period for each in found] == ["medieval", "renaissance", "modern"]


def test_a_picture_like_nothing_has_an_answer_too() -> None:
    """The mean picture has no direction."""
    found = References(made()).nearest(embedding(128, 128, 128), 3)
    assert [each.similarity for each in found] == [0, 0, 0]


def test_each_work_keeps_its_own_thumbnail() -> None:
    arrays = references_arrays(FACTS, COLOURS, [b"red", b"", b"blue!"])
    references = References(references_file(arrays))
    found = {
        each.reference.period: each.thumbnail for each in references.nearest(embedding(1, 1, 1), 3)
    }
    assert found == {"medieval": b"red", "renaissance": None, "modern": b"blue!"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"projection": np.eye(3, dtype=np.float32)}, "projection of int8 with 2 axes.*float32"),
        ({"vectors": np.zeros((3, 2), np.int8)}, r"vectors of shape \(3, 3\).*received \(3, 2\)"),
        ({"vectors": np.zeros((2, 3), np.int8)}, "facts of shape 2.*received 3"),
        ({"scale": np.full(3, np.nan, np.float32)}, "finite numbers"),
        ({"offset": np.zeros(2, np.float32)}, r"scale and offset of shape \(3,\)"),
        ({"ends": np.array([0, 5, 0])}, "to end in order, and the last at 0"),
        ({"ends": np.array([0, 0, 9])}, "the last at 0; received 9"),
        ({"facts": np.frombuffer(b"{}\n{}\n{}", np.uint8)}, "reference 0: Field required"),
        ({"vectors": np.array([[None]], object)}, "allow_pickle"),
    ],
)
def test_what_has_not_the_form_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(IntegrityError, match=reason):
        References(made(**change))


@pytest.mark.parametrize("page", ["javascript:alert(1)", "data:text/html,x", "//host/x"])
def test_a_page_is_an_address_that_a_browser_may_be_sent_to(page: str) -> None:
    facts = [{"period": "modern", "page": page}]
    with pytest.raises(IntegrityError, match="reference 0: String should match pattern"):
        References(references_file(references_arrays(facts, COLOURS[:1])))


@pytest.mark.parametrize("content", [b"", b"no archive"])
def test_what_is_no_archive_is_refused(content: bytes) -> None:
    with pytest.raises(IntegrityError, match=r"references\.npz: "):
        References(content)


def test_a_missing_array_is_named() -> None:
    arrays = references_arrays(FACTS, COLOURS)
    del arrays["offset"]
    with pytest.raises(IntegrityError, match="offset"):
        References(references_file(arrays))


def test_no_work_and_too_many_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = {"vectors": np.zeros((0, 3), np.int8), "facts": np.zeros(0, np.uint8)}
    with pytest.raises(IntegrityError, match="received 0"):
        References(made(**empty, ends=np.zeros(0, np.int64)))
    monkeypatch.setattr(module, "MOST_REFERENCES", 2)
    with pytest.raises(IntegrityError, match=r"Expected 1 to 2 references .*received 3"):
        References(made())


def test_an_archive_that_would_fill_the_memory_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = made(thumbnails=np.zeros(1_000_000, np.uint8))
    assert len(content) < 10_000
    monkeypatch.setattr(module, "_MOST_UNPACKED", 100_000)
    with pytest.raises(IntegrityError, match="unpack to at most 100000 bytes"):
        References(content)
