"""The polite client: named, paced, patient, and never asking twice."""

import itertools
import json
import threading
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path

import httpx
import pytest

from tests.training.collect.virtual_time import VirtualClock, client_of
from training.collect.clock import SystemClock
from training.collect.errors import (
    ChangedAnswerError,
    HostRefusesError,
    MissingAnswerError,
    NoAnswerError,
    StoppedError,
)
from training.collect.pace import Manners, Pace
from training.collect.patience import Patience, seconds_asked
from training.collect.store import AnswerStore

URL = "https://museum.example/api"


class Server:
    """Answers from a list, the last one for ever, and counts."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self)


def json_answer(data: object = None) -> httpx.Response:
    return httpx.Response(200, json={"data": data})


def test_every_request_says_who_asks(tmp_path: Path) -> None:
    server = Server(json_answer())
    client_of(server.transport, tmp_path).json(URL)
    name = server.requests[0].headers["User-Agent"]
    assert name.startswith("vasari-collect/")
    assert "(vasari@example.org) python-httpx/" in name


def test_an_answer_is_asked_for_once_ever(tmp_path: Path) -> None:
    server = Server(json_answer([1, 2]))
    for _ in range(2):
        client = client_of(server.transport, tmp_path)
        assert client.json(URL, {"page": "1"}) == {"data": [1, 2]}
        assert client.json(URL, {"page": "1"}) == {"data": [1, 2]}
    assert len(server.requests) == 1
    client.json(URL, {"page": "2"})
    client.json(URL, {"page": "1"}, accept="application/ld+json")
    client.close()
    assert len(server.requests) == 3


def test_a_damaged_answer_on_disk_is_asked_for_again(tmp_path: Path) -> None:
    server = Server(json_answer([1]))
    client_of(server.transport, tmp_path).json(URL)
    for body in tmp_path.rglob("*.body"):
        body.write_bytes(b"{}")
    assert client_of(server.transport, tmp_path).json(URL) == {"data": [1]}
    assert len(server.requests) == 2


def test_what_was_unfinished_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "partial" / "half"
    left.parent.mkdir()
    left.write_bytes(b"{")
    AnswerStore(tmp_path)
    assert not left.exists()


@pytest.mark.parametrize("status", [403, 429, 500, 503, 504])
def test_a_refusal_is_met_with_growing_waits(tmp_path: Path, status: int) -> None:
    server = Server(*[httpx.Response(status)] * 3, json_answer())
    clock = VirtualClock()
    began = clock.now()
    client_of(server.transport, tmp_path, clock).json(URL)
    assert len(server.requests) == 4
    # 2, 4 and 8 seconds, each with a quarter more or less.
    assert 14 * 0.75 <= clock.now() - began <= 14 * 1.25


def test_retry_after_is_obeyed_as_a_number_and_as_a_date(tmp_path: Path) -> None:
    clock = VirtualClock()
    date = formatdate(clock.wall() + 200, usegmt=True)
    server = Server(
        httpx.Response(429, headers={"Retry-After": "50"}),
        httpx.Response(503, headers={"Retry-After": date}),
        json_answer(),
    )
    began = clock.now()
    client_of(server.transport, tmp_path, clock).json(URL)
    assert 199 <= clock.now() - began <= 201


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("7", 7.0),
        ("", None),
        ("soon", None),
        ("Thu, 01 Jan 1970 00:00:20 GMT", 10.0),
        ("Thu, 01 Jan 1970 00:00:20 -0000", 10.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ],
)
def test_retry_after_is_read(header: str, expected: float | None) -> None:
    assert seconds_asked(header, 10.0) == expected


def test_a_retry_after_of_a_day_ends_the_tries(tmp_path: Path) -> None:
    server = Server(httpx.Response(429, headers={"Retry-After": "86400"}))
    with pytest.raises(NoAnswerError, match="Retry-After 86400 s"):
        client_of(server.transport, tmp_path).json(URL)
    assert len(server.requests) == 1


def test_a_host_that_refuses_everything_is_left_alone(tmp_path: Path) -> None:
    server = Server(httpx.Response(403))
    client = client_of(server.transport, tmp_path, patience=Patience(tries=3, strikes=2))
    with pytest.raises(NoAnswerError, match="status 403"):
        client.json(URL)
    with pytest.raises(HostRefusesError, match="2 things in a row"):
        client.json(f"{URL}/2")
    with pytest.raises(HostRefusesError):
        client.json(f"{URL}/3")
    assert len(server.requests) == 6


def test_one_answer_in_between_forgives_a_strike(tmp_path: Path) -> None:
    bad = httpx.Response(500)
    server = Server(bad, bad, json_answer(), bad, bad, json_answer())
    client = client_of(server.transport, tmp_path, patience=Patience(tries=2, strikes=2))
    for number in range(2):
        with pytest.raises(NoAnswerError):
            client.json(f"{URL}/bad{number}")
        client.json(f"{URL}/good{number}")


def test_403_after_thirty_calls_is_waited_out(tmp_path: Path) -> None:
    """As the Met's guard does: thirty quick calls, then 403 until a minute of silence."""
    clock = VirtualClock()
    state = {"calls": 0, "blocked_until": 0.0}

    def guard(request: httpx.Request) -> httpx.Response:
        if clock.now() < state["blocked_until"]:
            return httpx.Response(403, text="<html>Request unsuccessful. Incapsula</html>")
        state["calls"] += 1
        if state["calls"] == 31:
            state["blocked_until"] = clock.now() + 40
            return httpx.Response(403, text="<html>Request unsuccessful. Incapsula</html>")
        return httpx.Response(200, json={"url": str(request.url)})

    client = client_of(httpx.MockTransport(guard), tmp_path, clock)
    answers = [client.json(f"{URL}/{number}")["url"] for number in range(40)]
    assert answers == [f"{URL}/{number}" for number in range(40)]


def test_connections_that_fail_are_tried_again(tmp_path: Path) -> None:
    server = Server(
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
        json_answer([3]),
    )
    assert client_of(server.transport, tmp_path).json(URL) == {"data": [3]}


def test_html_instead_of_json_is_a_change_and_is_not_kept(tmp_path: Path) -> None:
    server = Server(httpx.Response(200, text="<!DOCTYPE html><title>Just a moment"), json_answer())
    client = client_of(server.transport, tmp_path)
    with pytest.raises(ChangedAnswerError, match=r"Expected JSON; received .*DOCTYPE"):
        client.json(URL)
    assert client.json(URL) == {"data": None}


def test_what_is_not_there_is_remembered(tmp_path: Path) -> None:
    server = Server(httpx.Response(404))
    for _ in range(2):
        with pytest.raises(MissingAnswerError):
            client_of(server.transport, tmp_path).json(URL)
    assert len(server.requests) == 1
    with pytest.raises(MissingAnswerError):
        client_of(server.transport, tmp_path).picture(URL)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://museum.example/1.jpg",
        "file:///etc/hosts",
        "1.jpg",
        "https://museum.example:port/1.jpg",
        "https:///1.jpg",
    ],
)
def test_what_is_no_web_address_is_not_asked(tmp_path: Path, url: str) -> None:
    server = Server(json_answer())
    with pytest.raises(MissingAnswerError, match="Expected a web address"):
        client_of(server.transport, tmp_path).picture(url)
    assert server.requests == []


def test_a_picture_beyond_all_measure_is_cut_off(tmp_path: Path) -> None:
    server = Server(httpx.Response(200, content=bytes((64 << 20) + 1)))
    with pytest.raises(ChangedAnswerError, match="at most"):
        client_of(server.transport, tmp_path).picture(URL)


def test_a_file_is_kept(tmp_path: Path) -> None:
    server = Server(httpx.Response(200, text="a,b\n1,2\n"))
    client = client_of(server.transport, tmp_path)
    assert client.file(URL).read_text() == client.file(URL).read_text() == "a,b\n1,2\n"
    assert len(server.requests) == 1


def test_the_store_keeps_nothing_that_fails_its_check(tmp_path: Path) -> None:
    def refuse(body: Path) -> None:
        raise ValueError(body.name)

    store = AnswerStore(tmp_path)
    with pytest.raises(ValueError, match="tmp"):
        store.keep(URL, "*/*", [b"x"], check=refuse)
    assert store.find(URL, "*/*") is None
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_kept_answers_say_what_was_asked(tmp_path: Path) -> None:
    client_of(Server(json_answer()).transport, tmp_path).json(URL, {"page": "7"})
    notes = [json.loads(path.read_bytes()) for path in tmp_path.rglob("*.json")]
    assert [note["url"] for note in notes] == [f"{URL}?page=7"]


def test_requests_to_a_host_keep_their_distance() -> None:
    clock = VirtualClock()
    pace = Pace({"slow.example": Manners(interval=5.0)}, clock)
    times = []
    for _ in range(3):
        with pace.turn("slow.example"):
            times.append(clock.now())
    with pace.turn("other.example"):
        times.append(clock.now())
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [5, 5, 0]
    pace.hold("other.example", 60)
    pace.hold("other.example", 10)
    with pace.turn("other.example"):
        assert clock.now() - times[-1] == 60


def test_no_more_requests_at_once_than_a_host_is_granted() -> None:
    pace = Pace({"host": Manners(interval=0.0, parallel=2)}, SystemClock())
    inside, most, lock = 0, 0, threading.Lock()
    gate = threading.Event()

    def ask() -> None:
        nonlocal inside, most
        with pace.turn("host"):
            with lock:
                inside += 1
                most = max(most, inside)
                if inside == 2:
                    gate.set()
            gate.wait(5)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_the_real_clock_waits_and_can_be_stopped() -> None:
    clock = SystemClock()
    began = clock.now()
    clock.sleep(0.01)
    assert clock.now() - began >= 0.009
    assert clock.wall() > 1_700_000_000
    failed: list[Exception] = []

    def wait() -> None:
        try:
            clock.sleep(60)
        except StoppedError as error:
            failed.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    clock.stop()
    thread.join(5)
    assert len(failed) == 1
    with pytest.raises(StoppedError):
        clock.sleep(0)


def test_redirects_are_followed(tmp_path: Path) -> None:
    def redirect(request: httpx.Request) -> httpx.Response:
        if request.url.host == "id.example":
            return httpx.Response(303, headers={"Location": "https://data.example/1"})
        return httpx.Response(200, json={"id": 1})

    answer: Callable[[httpx.Request], httpx.Response] = redirect
    client = client_of(httpx.MockTransport(answer), tmp_path)
    assert client.json("https://id.example/1") == {"id": 1}
