"""Processes that ask each other; here they are threads, in test_supervisor real processes."""

import socket
import time
from collections.abc import Callable, Iterator

import pytest

from app import colleagues
from app.colleagues import Colleagues


@pytest.fixture
def make_places() -> Iterator[Callable[[int], list[Colleagues]]]:
    """Places that are given up when the test is done."""
    made: list[Colleagues] = []

    def make(count: int) -> list[Colleagues]:
        made.extend(places := colleagues.make_places(count))
        return places

    yield make
    for place in made:
        place.close()


Places = Callable[[int], list[Colleagues]]


def test_each_asks_all_the_others(make_places: Places) -> None:
    places = make_places(3)
    for number, place in enumerate(places):
        place.tell(lambda number=number: f"worker {number}".encode() * 50_000)  # type: ignore[misc]
    assert places[1].ask() == {0: b"worker 0" * 50_000, 2: b"worker 2" * 50_000}


def test_one_that_fails_to_tell_is_asked_again_the_next_time(make_places: Places) -> None:
    places = make_places(2)
    broken = iter([True])

    def told() -> bytes:
        if next(broken, False):
            raise RuntimeError("broken")
        return b"well"

    places[0].tell(told)
    assert places[1].ask() == {0: b""}
    assert places[1].ask() == {0: b"well"}


def test_one_that_is_stuck_is_left_out(
    make_places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(colleagues, "_PATIENCE_SECONDS", 0.05)
    places = make_places(3)
    places[2].tell(lambda: b"here")
    places[1].tell(lambda: time.sleep(0.5) or b"late")  # type: ignore[func-returns-value]
    assert places[0].ask() == {2: b"here"}


def test_one_that_is_gone_is_left_out(make_places: Places) -> None:
    places = make_places(2)
    places[0].close()
    assert places[1].ask() == {}


def test_a_place_is_no_file_and_no_port(make_places: Places) -> None:
    """Nothing to write to is needed, and nobody on the network can ask."""
    (place,) = make_places(1)
    assert place.listener.family == socket.AF_UNIX
    assert place.addresses[0][0] == 0  # Linux's sign for a name outside the file system
