"""`app.api.admission`: a full queue is told first, and what is not asked is not looked for."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from fastapi.testclient import TestClient

from tests.app.api.problems import assert_problem
from tests.images import jpeg

ClientFactory = Callable[..., AbstractContextManager[TestClient]]

PATHS = ("/predict", "/predict/batch")


def test_without_a_query_the_answer_is_that_of_its_defaults(client: TestClient) -> None:
    for path, field in zip(PATHS, ("file", "files"), strict=True):
        files = [(field, ("a.jpg", jpeg(), "image/jpeg"))]
        plain = client.post(path, files=files).json()
        asked = client.post(path, files=files, params={"heatmap": "false"}).json()
        for answer in (plain, asked):
            found = answer["results"][0]["prediction"] if "results" in answer else answer
            found["timings_ms"] = None
        assert plain == asked


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", ["", "?top_k=none"])
def test_a_full_queue_is_told_before_anything_else(
    client_for: ClientFactory, monkeypatch: pytest.MonkeyPatch, path: str, query: str
) -> None:
    with client_for() as client:
        engine = client.app.state.service.engine  # type: ignore[attr-defined]
        monkeypatch.setattr(engine, "queue_items", 0)
        response = client.post(path + query, content=b"no picture")
        assert_problem(response, "overloaded")
        assert client.get(path).status_code == 405


@pytest.mark.parametrize("path", PATHS)
def test_a_wrong_query_is_told_where_there_is_room(client: TestClient, path: str) -> None:
    assert_problem(client.post(f"{path}?top_k=none", content=jpeg()), "invalid_request")
