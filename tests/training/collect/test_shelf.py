"""A shelf draws what is wanted, knows what it gave, and says why it stopped."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from tests.training.collect.virtual_time import client_of
from training.collect.artists import Hands
from training.collect.client import Client
from training.collect.errors import ChangedAnswerError, StoppedError
from training.collect.labels import Reason
from training.collect.licences import OPEN
from training.collect.pace import Manners
from training.collect.shelf import Shelf
from training.collect.spans import Span
from training.collect.work import Unread, Work

WORK = Work(
    source="test",
    museum="Test",
    object_id="0",
    title="T",
    artist="",
    earliest=1500,
    latest=1510,
    licence="cc0",
    image_urls=("https://i.example/0.jpg",),
    page="",
    kind="painting",
)


@dataclass(frozen=True)
class Listed:
    """A museum that gives the same list for every period, then perhaps fails."""

    entries: tuple[Work | Unread, ...]
    error: Exception | None = None
    name: str = "test"
    museum: str = "Test"
    manners: Mapping[str, Manners] = field(default_factory=dict)

    def works(self, client: Client, span: Span, seed: int) -> Iterator[Work | Unread]:
        assert client.contact
        assert span.first < span.last
        assert seed == 3
        yield from self.entries
        if self.error:
            raise self.error


def shelf(tmp_path: Path, *entries: Work | Unread, error: Exception | None = None) -> Shelf:
    client = client_of(httpx.MockTransport(lambda _: httpx.Response(500)), tmp_path)
    return Shelf(Listed(entries, error), client, OPEN, seed=3)


def numbered(number: int, **more: object) -> Work:
    return replace(WORK, object_id=str(number), **more)  # type: ignore[arg-type]


def test_no_work_is_given_twice_even_if_two_periods_list_it(tmp_path: Path) -> None:
    made = shelf(tmp_path, numbered(1), numbered(1), numbered(2))
    drawn = made.draw({"medieval": 5, "renaissance": 5, "modern": 5}, Hands(5))
    assert [each.work.object_id for each in drawn] == ["1", "2"]
    assert made.read == 2


def test_what_belongs_to_another_period_is_kept_for_it(tmp_path: Path) -> None:
    made = shelf(tmp_path, numbered(1, earliest=1700, latest=1700), numbered(2))
    assert [each.period for each in made.draw({"renaissance": 1}, Hands(5))] == ["renaissance"]
    drawn = made.draw({"post-renaissance": 1}, Hands(5))
    assert [each.work.object_id for each in drawn] == ["1"]


def test_every_refusal_is_counted_by_its_reason(tmp_path: Path) -> None:
    made = shelf(
        tmp_path,
        Unread("test", "1", "KeyError"),
        numbered(2, licence="unknown"),
        numbered(3, earliest=-5),
        numbered(4, earliest=1590, latest=1610),
    )
    assert made.draw({"renaissance": 5}, Hands(5)) == []
    assert made.refused == {Reason.UNREADABLE: 1, Reason.LICENCE: 1, Reason.BCE: 1}
    assert [each.work.object_id for each in made.boundary] == ["4"]
    assert not made.is_open("renaissance")
    assert made.is_open("modern")


def test_an_artist_who_has_enough_is_passed_over(tmp_path: Path) -> None:
    works = [numbered(n, artist="Catlin") for n in range(4)] + [numbered(9, artist="Moran")]
    drawn = shelf(tmp_path, *works).draw({"renaissance": 3}, Hands(1))
    assert [each.work.object_id for each in drawn] == ["0", "9"]


@pytest.mark.parametrize("error", [ChangedAnswerError("changed"), KeyError("data")])
def test_what_was_given_before_a_failure_counts(error: Exception, tmp_path: Path) -> None:
    made = shelf(tmp_path, numbered(1), numbered(2), error=error)
    drawn = made.draw({"renaissance": 5}, Hands(5))
    assert len(drawn) == 2
    assert not made.is_open("renaissance")
    assert not made.is_open("modern")
    assert "changed" in made.problem or "KeyError: 'data'" in made.problem
    made.close("later")
    assert made.problem != "later"


def test_a_run_that_is_stopped_is_no_failure_of_the_museum(tmp_path: Path) -> None:
    made = shelf(tmp_path, error=StoppedError("stop"))
    with pytest.raises(StoppedError):
        made.draw({"renaissance": 1}, Hands(5))
    assert made.problem == ""
