"""The page and its parts: what they are allowed, and how they are kept fresh."""

from fastapi.testclient import TestClient

from app.api.page import CONTENT_SECURITY_POLICY, WEB_FOLDER
from tests.app.api.problems import assert_problem


def test_the_page_may_load_from_here_and_nowhere_else(client: TestClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert "http" not in CONTENT_SECURITY_POLICY
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"


def test_every_part_is_served_with_its_type(client: TestClient) -> None:
    types = {".html": "text/html", ".css": "text/css", ".js": "javascript", ".json": "json"}
    for path in WEB_FOLDER.rglob("*"):
        if not path.is_file():
            continue
        response = client.get(f"/web/{path.relative_to(WEB_FOLDER)}")
        assert response.status_code == 200
        assert types.get(path.suffix, "") in response.headers["content-type"]
        assert response.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


def test_a_browser_that_has_it_is_told_so(client: TestClient) -> None:
    for path in ("/", "/web/index.html"):
        first = client.get(path)
        assert first.headers["cache-control"] == "no-cache"
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert again.status_code == 304
        assert again.content == b""
        assert again.headers["content-security-policy"]


def test_head_is_answered(client: TestClient) -> None:
    assert client.head("/").status_code == 200
    assert client.head("/").content == b""


def test_nothing_but_the_page_is_served(client: TestClient) -> None:
    for path in (
        "/web/../settings.py",
        "/web/%2e%2e/settings.py",
        "/web/..%2fsettings.py",
        "/web/",
    ):
        assert_problem(client.get(path), "not_found")
