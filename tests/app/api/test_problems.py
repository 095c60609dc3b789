"""One error shape, on every route; see tests/app/api/problems.py for it."""

import json
from collections.abc import Callable

import pytest
from fastapi import FastAPI, HTTPException
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.app.api.problems import STATUS, assert_problem

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def test_every_route_refuses_other_methods_in_this_shape(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    addresses = [*document["paths"], "/", "/web/index.html", "/docs", "/openapi.json"]
    assert len(addresses) >= 12
    for path in addresses:
        allowed = {method.upper() for method in document["paths"].get(path, {})}
        for method in METHODS:
            response = client.request(method, path.format(name="tiny", version="1"))
            if method in allowed or response.status_code in (200, 204):
                continue
            if method == "HEAD":
                assert response.status_code == 405
                continue
            if path.startswith("/v2"):
                assert response.json()["error"].startswith("method_not_allowed: ")
            else:
                assert_problem(response, "method_not_allowed")
            assert response.headers["allow"]


@pytest.mark.parametrize("path", ["/nowhere", "/predict/", "/models/a/b/c", "/web/none.js"])
def test_an_address_that_is_not_served(client: TestClient, path: str) -> None:
    assert_problem(client.get(path), "not_found")


def test_an_unexpected_error_is_told_without_its_words(
    settings_for: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(settings_for())
    _add_failing_routes(app)
    with TestClient(app) as client:
        problem = assert_problem(
            client.get("/fails", headers={"X-Request-ID": "trace-me"}), "internal_error"
        )
        assert "secret" not in json.dumps(problem)
        assert "trace-me failed" in caplog.text
        assert "secret" in caplog.text


@pytest.mark.parametrize(("path", "status"), [("/raises/400", 422), ("/raises/503", 500)])
def test_what_a_library_raises_takes_the_shape_too(
    settings_for: Callable[..., Settings], path: str, status: int
) -> None:
    app = create_app(settings_for())
    _add_failing_routes(app)
    with TestClient(app) as client:
        assert_problem(client.get(path), "invalid_request" if status == 422 else "internal_error")


def test_every_problem_of_a_route_is_documented_with_an_example(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    predict = document["paths"]["/predict"]["post"]["responses"]
    documented = {
        code
        for status, response in predict.items()
        if status not in ("200", "default")
        for code in response["content"]["application/problem+json"]["examples"]
    }
    assert documented == set(STATUS) - {"not_found", "method_not_allowed"}
    for status, response in predict.items():
        if status in ("200", "default"):
            continue
        content = response["content"]
        assert list(content) == ["application/problem+json"]
        for code, example in content["application/problem+json"]["examples"].items():
            assert example["value"]["status"] == STATUS[code] == int(status)


def _add_failing_routes(app: FastAPI) -> None:
    @app.get("/fails")
    async def fails() -> None:
        raise RuntimeError("a secret")

    @app.get("/raises/{status}")
    async def raises(status: int) -> None:
        raise HTTPException(status, "from a library")
