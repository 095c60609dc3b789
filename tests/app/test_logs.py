"""`app.logs`: lines for people or for programs, each with its request's id."""

import json
import logging

import pytest
from fastapi.testclient import TestClient

from app.logs import JsonLines, request_id
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
