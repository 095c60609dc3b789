"""`app.logs`: lines for people or for programs, each with its request's id."""

import fcntl
import json
import logging
import os
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from app.logs import JsonLines, Lines, request_id
from tests.images import jpeg


def record(message: str, **more: object) -> logging.LogRecord:
    made = logging.LogRecord("app.x", logging.WARNING, "f.py", 1, message, (), None)
    vars(made).update(more)
    return made


def test_a_record_is_one_line_of_json() -> None:
    line = JsonLines().format(record('two\nlines and "quotes"', members={"status": 200}))
    assert "\n" not in line
    told = json.loads(line)
    assert told["level"] == "warning"
    assert told["message"] == 'two\nlines and "quotes"'
    assert told["status"] == 200
    assert told["time"].endswith("Z")
    assert "request_id" not in told


def test_whatever_is_logged_for_a_request_has_its_id() -> None:
    naming = request_id.set("abc")
    assert json.loads(JsonLines().format(record("x")))["request_id"] == "abc"
    request_id.reset(naming)


def test_an_error_brings_its_traceback() -> None:
    made = record("failed", exc_info=(ValueError, ValueError("why"), None))
    assert "ValueError: why" in json.loads(JsonLines().format(made))["traceback"]


class Listening(logging.Handler):
    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(JsonLines().format(record))


def test_a_request_is_logged_with_the_id_of_its_answer(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    lines: list[str] = []
    handler = Listening(lines)
    logger = logging.getLogger("app.requests")
    logger.addHandler(handler)
    try:
        with caplog.at_level(logging.INFO):
            response = client.post("/predict", content=jpeg())
    finally:
        logger.removeHandler(handler)
    (told,) = map(json.loads, lines)
    assert told["request_id"] == response.headers["x-request-id"]
    assert (told["method"], told["path"], told["status"]) == ("POST", "/predict", 200)
    assert told["milliseconds"] > 0


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that holds 4 KiB."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield reading, writing
    for each in (reading, writing):
        os.close(each)


def read_lines(descriptor: int, last: str) -> list[str]:
    """All lines until the last one has come."""
    data = b""
    while not data.endswith(f"{last}\n".encode()):
        data += os.read(descriptor, 65536)
    return data.decode().splitlines()


def test_what_is_logged_is_written_in_order_and_at_the_end(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[1])
    for number in range(50):
        lines.emit(record(f"line {number}"))
    lines.flush()
    assert read_lines(pipe[0], "line 49") == [f"line {number}" for number in range(50)]


@pytest.mark.parametrize("blocking", [True, False])
def test_nobody_waits_for_a_log_that_is_not_read(pipe: tuple[int, int], blocking: bool) -> None:
    """What there is room for is kept in order; what is missing is counted in its place."""
    os.set_blocking(pipe[1], blocking)
    lines = Lines(pipe[1], most=20)
    for number in range(1000):
        lines.emit(record(f"line {number} {'x' * 500}"))
    lines.flush()  # gives up
    told: list[str] = []
    reached = 0
    while reached < 1000:
        told += read_lines(pipe[0], "")
        reached = sum(int(each.split()[0]) if "dropped" in each else 1 for each in told)
    lines.emit(record("again"))
    assert read_lines(pipe[0], "again") == ["again"]
    following = 0
    for line in told:
        words = line.split()
        if "dropped" in line:
            assert line == f"{words[0]} lines were dropped here: nobody read the log"
            following += int(words[0])
        else:
            assert words[1] == str(following)
            following += 1
    assert following == 1000
    assert len(told) < 200


def test_a_log_that_nobody_will_ever_read_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    lines = Lines(writing)
    lines.emit(record("lost"))
    lines.flush()
    os.close(writing)
    assert capfd.readouterr().err == ""


def test_a_forked_process_writes_its_own_lines_only(pipe: tuple[int, int]) -> None:
    lines = Lines(pipe[1])
    lines.emit(record("parent"))
    lines.flush()
    child = os.fork()
    if child == 0:
        lines.flush()
        lines.emit(record("child"))
        lines.flush()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert read_lines(pipe[0], "child") == ["parent", "child"]
