"""`app.api.middleware`: the request's id, its line in the log, and the last catch."""

import asyncio
import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.middleware import RequestEnvelope
from app.metrics import Metrics
from tests.images import jpeg


def test_the_id_of_the_request_is_kept(client: TestClient) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": "from-the-proxy.1"})
    assert response.headers["x-request-id"] == "from-the-proxy.1"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>"])
def test_an_id_that_is_not_sane_is_replaced(client: TestClient, given: str) -> None:
    response = client.get("/healthz", headers={"X-Request-ID": given})
    assert response.headers["x-request-id"] != given
    assert len(response.headers["x-request-id"]) == 16


def test_every_request_has_its_own_id(client: TestClient) -> None:
    assert len({client.get("/healthz").headers["x-request-id"] for _ in range(5)}) == 5


def test_the_log_has_one_line_and_nothing_of_the_upload(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/predict", files={"file": ("private-name.jpg", jpeg())})
        client.post("/predict", content=b"private words")
    lines = [each.getMessage() for each in caplog.records if each.name == "app.requests"]
    assert len(lines) == 2
    assert lines[0].startswith("POST /predict 200 ")
    assert lines[1].startswith("POST /predict 415 ")
    assert "private" not in caplog.text


def test_a_line_break_in_an_address_is_none_in_the_log(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        client.get("/a%0AGET%20/forged")
    (line,) = [each.getMessage() for each in caplog.records if each.name == "app.requests"]
    assert line.startswith("GET /a%0AGET%20/forged 404 ")


def run(inner: Any) -> list[Any]:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    asyncio.run(RequestEnvelope(inner, Metrics())(scope, receive, send))
    return sent


def test_half_an_answer_is_not_completed_with_a_lie() -> None:
    async def inner(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        run(inner)


def test_what_is_not_http_passes_through() -> None:
    seen: list[str] = []

    async def inner(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    async def unused(*_: Any) -> Any:
        raise AssertionError("neither received nor sent")

    asyncio.run(RequestEnvelope(inner, Metrics())({"type": "lifespan"}, unused, unused))
    assert seen == ["lifespan"]
