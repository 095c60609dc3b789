"""`{"url": ...}` in place of a picture: switched off, switched on, and misused."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.remote_pictures import RemotePictures
from tests.app.api.problems import assert_problem
from tests.conftest import ClientFactory
from tests.images import jpeg


def test_nothing_is_fetched_where_nothing_is_named(client: TestClient) -> None:
    response = client.post("/predict", json={"url": "https://images.example.org/a.jpg"})
    assert_problem(response, "unsupported_body")
    content = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    assert "application/json" not in content["content"]


def test_a_picture_is_fetched_and_answered(
    client_for: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fetch(_: Any, address: str, count: Callable[[int], None]) -> bytes:
        assert address == "https://images.example.org/a.jpg"
        data = jpeg()
        count(len(data))
        return data

    monkeypatch.setattr(RemotePictures, "fetch", fetch)
    with client_for(url_hosts="images.example.org") as client:
        response = client.post("/predict", json={"url": "https://images.example.org/a.jpg"})
        assert response.status_code == 200
        assert response.json()["image"]["format"] == "JPEG"
        assert client.app.state.service.engine.held_bytes == 0  # type: ignore[attr-defined]
        content = client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
        assert content["content"]["application/json"]["schema"]["required"] == ["url"]
        assert client.post("/predict", content=jpeg()).status_code == 200


def test_an_address_that_is_not_on_the_list(client_for: ClientFactory) -> None:
    with client_for(url_hosts="images.example.org") as client:
        for url in ("http://169.254.169.254/", "https://images.example.org.evil.test/", "a.jpg"):
            assert_problem(client.post("/predict", json={"url": url}), "url_not_allowed")


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"url": 1}', b'{"url": ""}', b'{"url": "x", "method": "PUT"}']
)
def test_a_body_that_is_no_address(client_for: ClientFactory, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    with client_for(url_hosts="images.example.org") as client:
        assert_problem(client.post("/predict", content=body, headers=headers), "invalid_request")
        large = client.post("/predict", content=bytes(9000), headers=headers)
        assert_problem(large, "body_too_large")
