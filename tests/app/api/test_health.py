"""GET /healthz and /readyz."""

from collections.abc import Callable

from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.app.api.problems import assert_problem


def test_a_service_that_is_not_open_is_live_and_not_ready(
    settings_for: Callable[..., Settings],
) -> None:
    client = TestClient(create_app(settings_for()))
    assert client.get("/healthz").json() == {"status": "live"}
    for path in ("/readyz", "/models"):
        assert_problem(client.get(path), "not_ready")
    assert_problem(client.post("/predict", content=b"x"), "not_ready")


def test_a_service_that_is_closing_is_not_ready(settings_for: Callable[..., Settings]) -> None:
    app = create_app(settings_for())
    with TestClient(app) as client:
        app.state.service.close()
        assert_problem(client.get("/readyz"), "not_ready")
        assert_problem(client.post("/predict", content=b"x"), "not_ready")
