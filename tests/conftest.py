"""What tests share: a clean environment, a tiny store, and a client of an application on it."""

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.models import NAME, write_version

ClientFactory = Callable[..., AbstractContextManager[TestClient]]


def pytest_configure(config: pytest.Config) -> None:
    """Let Pillow warn of odd pictures, as the service does."""
    config.addinivalue_line("filterwarnings", r"ignore:::PIL\.")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the machine reaches a test."""
    for variable in list(os.environ):
        if variable.startswith("VASARI_"):
            monkeypatch.delenv(variable)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """models_store with version 1 of the tiny model."""
    folder = tmp_path / "models_store"
    write_version(folder)
    return folder


@pytest.fixture
def settings_for(store: Path) -> Callable[..., Settings]:
    """Settings on that store, for two workers, with whatever else is given."""

    def make(**given: Any) -> Settings:
        return Settings(
            **{"models_store": store, "model": NAME, "threads": 2, "device": "cpu", **given}
        )

    return make


@pytest.fixture
def client_for(settings_for: Callable[..., Settings]) -> ClientFactory:
    """Opens an application on that store, with whatever settings are given."""

    @contextmanager
    def client(**given: Any) -> Iterator[TestClient]:
        with TestClient(create_app(settings_for(**given))) as opened:
            yield opened

    return client


@pytest.fixture
def client(client_for: ClientFactory) -> Iterator[TestClient]:
    """A client of an application on that store."""
    with client_for() as opened:
        yield opened
