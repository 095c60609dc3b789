"""`app.api.access`: keys, limits, other sites' pages, and bodies that do not come."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.access import Access
from app.api_keys import add_key
from app.errors import BodyTimeout
from app.metrics import Metrics
from tests.app.api.problems import assert_problem
from tests.conftest import ClientFactory
from tests.images import jpeg


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "keys"
    return path, add_key(path, "museum")


def basic(password: str) -> str:
    return f"Basic {base64.b64encode(f'anybody:{password}'.encode()).decode()}"


def test_with_keys_nothing_but_health_is_open(
    client_for: ClientFactory, keys: tuple[Path, str]
) -> None:
    with client_for(api_keys_file=keys[0]) as client:
        for path in ("/", "/web/style.css", "/models", "/metrics", "/docs", "/openapi.json", "/no"):
            response = client.get(path)
            assert_problem(response, "unauthorized")
            assert response.headers["www-authenticate"].startswith("Basic realm=")
        assert_problem(client.post("/predict", content=jpeg()), "unauthorized")
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == 200


def test_a_key_is_asked_for_where_the_document_says_so_and_nowhere_else(
    client_for: ClientFactory, keys: tuple[Path, str]
) -> None:
    with client_for(api_keys_file=keys[0]) as client:
        document = client.get("/openapi.json", headers={"X-API-Key": keys[1]}).json()
        asked = set()
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                response = client.request(method, path.format(name="tiny", version="1"))
                assert (response.status_code == 401) == ("security" in operation), path
                asked.add("security" in operation)
        assert asked == {True, False}


def test_a_key_is_given_in_one_of_three_ways(
    client_for: ClientFactory, keys: tuple[Path, str]
) -> None:
    path, key = keys
    with client_for(api_keys_file=path) as client:
        for headers in (
            {"Authorization": f"Bearer {key}"},
            {"Authorization": f"bearer  {key} "},
            {"X-API-Key": key},
            {"Authorization": basic(key)},
        ):
            response = client.post("/predict", content=jpeg(), headers=headers)
            assert response.status_code == 200, headers
            assert client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic !!!"},
        {"Authorization": basic("wrong")},
        {"Authorization": "Digest username=x"},
        {"X-API-Key": ""},
        {"X-API-Key": "é".encode("latin-1")},
    ],
)
def test_a_key_that_is_none(
    client_for: ClientFactory, keys: tuple[Path, str], headers: dict[str, Any]
) -> None:
    with client_for(api_keys_file=keys[0]) as client:
        assert_problem(client.get("/models", headers=headers), "unauthorized")
        assert (
            'code="unauthorized"} 1.0'
            in client.get("/metrics", headers={"X-API-Key": keys[1]}).text
        )


def test_the_document_tells_of_keys_only_where_there_are_any(
    client: TestClient, client_for: ClientFactory, keys: tuple[Path, str]
) -> None:
    assert "securitySchemes" not in client.get("/openapi.json").json()["components"]
    with client_for(api_keys_file=keys[0]) as guarded:
        document = guarded.get("/openapi.json", headers={"X-API-Key": keys[1]}).json()
    assert document["components"]["securitySchemes"] == {
        "ApiKey": {"type": "http", "scheme": "bearer"}
    }
    assert document["paths"]["/predict"]["post"]["security"] == [{"ApiKey": []}]
    assert "security" not in document["paths"]["/healthz"]["get"]


def test_a_rate_is_kept_by_address_and_reading_is_free(client_for: ClientFactory) -> None:
    with client_for(rate_limit="2/hour") as client:
        for _ in range(2):
            assert client.post("/predict", content=jpeg()).status_code == 200
        response = client.post("/predict", content=jpeg())
        assert_problem(response, "rate_limited")
        assert response.headers["retry-after"] == "1800"
        assert client.get("/models").status_code == 200


def test_a_rate_is_kept_by_key(client_for: ClientFactory, keys: tuple[Path, str]) -> None:
    path, key = keys
    other = add_key(path, "laptop")
    with client_for(api_keys_file=path, rate_limit="1/hour") as client:
        codes = [
            client.post("/predict", content=jpeg(), headers={"X-API-Key": each}).status_code
            for each in (key, key, other, other)
        ]
    assert codes == [200, 429, 200, 429]


def test_so_many_at_once_and_no_more(client_for: ClientFactory) -> None:
    """One caller's second request is refused while its first is held open by its body."""

    async def scenario(app: Any) -> list[int]:
        release = asyncio.Event()
        statuses: list[int] = []

        async def post(wait: bool) -> None:
            body = iter([{"type": "http.request", "body": b"x", "more_body": False}])

            async def receive() -> Any:
                if wait:
                    await release.wait()
                return next(body, None) or await asyncio.Event().wait()

            async def send(message: Any) -> None:
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])

            scope = {
                "type": "http",
                "method": "POST",
                "path": "/predict",
                "query_string": b"",
                "headers": [],
                "client": ("192.0.2.1", 1),
            }
            await app({**scope, "root_path": ""}, receive, send)

        first = asyncio.create_task(post(wait=True))
        await asyncio.sleep(0)
        await post(wait=False)
        release.set()
        await first
        return statuses

    with client_for(requests_at_once=1) as client:
        assert client.portal is not None
        assert client.portal.call(scenario, client.app) == [429, 415]


def test_other_sites_pages_may_ask_only_where_they_are_named(
    client: TestClient, client_for: ClientFactory
) -> None:
    origin = {"Origin": "https://gallery.example"}
    assert "access-control-allow-origin" not in client.get("/models", headers=origin).headers
    preflight = {**origin, "Access-Control-Request-Method": "POST"}
    assert (
        "access-control-allow-origin" not in client.options("/predict", headers=preflight).headers
    )
    with client_for(cors_origins="https://gallery.example") as opened:
        answer = opened.post("/predict", content=jpeg(), headers=origin)
        assert answer.headers["access-control-allow-origin"] == "https://gallery.example"
        assert "access-control-allow-credentials" not in answer.headers
        assert opened.options("/predict", headers=preflight).status_code == 200
        stranger = {"Origin": "https://stranger.example"}
        assert "access-control-allow-origin" not in opened.get("/models", headers=stranger).headers


def test_another_sites_page_can_read_that_its_key_is_wrong(
    client_for: ClientFactory, keys: tuple[Path, str]
) -> None:
    origin = {"Origin": "https://gallery.example"}
    with client_for(cors_origins=origin["Origin"], api_keys_file=keys[0]) as client:
        answer = client.post("/predict", content=jpeg(), headers=origin)
        assert_problem(answer, "unauthorized")
        assert answer.headers["access-control-allow-origin"] == origin["Origin"]


def test_a_body_that_drips_is_cut_off() -> None:
    dripped = 0

    async def inner(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive())["more_body"]:
            pass

    async def receive() -> Any:
        nonlocal dripped
        dripped += 1
        await asyncio.sleep(0.02)
        return {"type": "http.request", "body": b"x", "more_body": True}

    async def send(_: Any) -> None: ...

    access = Access(inner, Metrics(), keys=None, limits=None, body_seconds=0.1)
    with pytest.raises(BodyTimeout, match=r"within 0\.1 seconds"):
        asyncio.run(access({"type": "http", "method": "POST"}, receive, send))
    assert 1 < dripped < 10


def test_an_answer_may_take_longer_than_its_body() -> None:
    messages = iter([{"type": "http.request", "more_body": False}, {"type": "http.disconnect"}])
    seen: list[str] = []

    async def inner(_scope: Any, receive: Any, _send: Any) -> None:
        await receive()
        await asyncio.sleep(0.02)
        seen.append((await receive())["type"])

    async def receive() -> Any:
        return next(messages)

    async def send(_: Any) -> None: ...

    access = Access(inner, Metrics(), keys=None, limits=None, body_seconds=0.01)
    asyncio.run(access({"type": "http", "method": "POST"}, receive, send))
    assert seen == ["http.disconnect"]


def test_a_body_that_does_not_come_is_told_and_ends_the_connection(
    client_for: ClientFactory,
) -> None:
    sent: list[Any] = []

    async def scenario(app: Any) -> None:
        async def receive() -> Any:
            await asyncio.sleep(60)

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/predict", "query_string": b""}
        await app({**scope, "headers": [], "root_path": ""}, receive, send)

    with client_for(body_seconds=0.05) as client:
        assert client.portal is not None
        client.portal.call(scenario, client.app)
        assert client.app.state.service.engine.held_bytes == 0  # type: ignore[attr-defined]
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
