"""`create_app`: wiring, and what start-up and end do."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from app.errors import ModelError
from app.main import create_app
from app.settings import Settings


def test_nothing_is_loaded_before_the_lifespan(settings_for: Callable[..., Settings]) -> None:
    app = create_app(settings_for(model="missing"))
    with pytest.raises(ModelError, match="No version of missing"), TestClient(app):
        pass


def test_two_applications_share_nothing(settings_for: Callable[..., Settings]) -> None:
    first, second = create_app(settings_for()), create_app(settings_for(threads=1))
    with TestClient(first), TestClient(second):
        assert first.state.service.engine is not second.state.service.engine
    assert first.state.service is None


def test_at_the_end_the_workers_are_gone(settings_for: Callable[..., Settings]) -> None:
    app = create_app(settings_for())
    with TestClient(app):
        engine = app.state.service.engine
        workers = list(engine._workers)
        assert all(worker.is_alive() for worker in workers)
    assert not any(worker.is_alive() for worker in workers)


def test_behind_a_proxy_the_documents_know_the_sub_path(
    settings_for: Callable[..., Settings],
) -> None:
    """The server passes VASARI_ROOT_PATH on with each request; see test_server.py."""
    with TestClient(create_app(settings_for()), root_path="/vasari") as client:
        assert client.get("/docs").status_code == 200
        assert client.get("/openapi.json").json()["servers"] == [{"url": "/vasari"}]
