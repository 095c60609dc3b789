"""GET /docs: Swagger UI from this machine, or FastAPI's own page where its files are not there."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.api import reference
from app.main import create_app
from app.settings import Settings
from tests.app.api.problems import assert_problem

FILES = ("swagger-ui.css", "swagger-ui-bundle.js")


@pytest.fixture
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "static"
    folder.mkdir()
    for name in FILES:
        (folder / name).write_text(name)
    monkeypatch.setattr(reference, "find_assets", lambda: folder)
    return folder


@pytest.mark.usefixtures("assets")
def test_the_reference_loads_from_here_and_nowhere_else(
    settings_for: Callable[..., Settings],
) -> None:
    with TestClient(create_app(settings_for())) as client:
        page = client.get("/docs")
        addresses = re.findall(r'(?:src|href|url)(?:=|: )"([^"]+)"', page.text)
        assert len(addresses) == 4
        for address in addresses:
            assert not re.match(r"/|\w+:", address)  # relative: it works below a sub-path
            assert client.get(f"/{address}").status_code == 200
        assert client.get("/docs/swagger-ui.css").text == "swagger-ui.css"
        assert_problem(client.get("/docs/nothing.js"), "not_found")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self' 'sha256-")
    assert "http" not in policy


def test_without_the_files_it_is_fastapis_own(
    settings_for: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "find_spec", lambda _: None)
    with TestClient(create_app(settings_for()), root_path="/vasari") as client:
        assert "/vasari/openapi.json" in client.get("/docs").text


def test_the_package_has_the_files() -> None:
    pytest.importorskip("fastapi_offline")
    folder = reference.find_assets()
    assert folder is not None
    for name in FILES:
        assert (folder / name).stat().st_size > 10_000
