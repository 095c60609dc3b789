"""GET /models and below: what is there, what answers, what was refused."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from fastapi.testclient import TestClient

from tests.app.api.problems import assert_problem
from tests.models import write_version

ClientFactory = Callable[..., AbstractContextManager[TestClient]]


def test_loaded_and_not_loaded_and_refused(store: Path, client_for: ClientFactory) -> None:
    write_version(store, version="2")
    write_version(store, version="3", card={"golden": {"probabilities": [[1, 0, 0, 0]] * 3}})
    write_version(store, name="unused")
    write_version(store, name="unused", version="2", card={"format_version": 7})
    with client_for() as client:
        answer = client.get("/models").json()
    found = [(each["name"], each["version"], each["loaded"]) for each in answer["models"]]
    assert found == [
        ("tiny", "3", False),
        ("tiny", "2", True),
        ("tiny", "1", False),
        ("unused", "1", False),
    ]
    assert [each["default"] for each in answer["models"]] == [False, True, False, False]
    assert answer["models"][0]["backend"] is None
    assert [(each["name"], each["version"]) for each in answer["refused"]] == [
        ("tiny", "3"),
        ("unused", "2"),
    ]
    assert "answers that differ" in answer["refused"][0]["reason"]
    assert "format_version 1" in answer["refused"][1]["reason"]


def test_one_model(store: Path, client_for: ClientFactory) -> None:
    write_version(store, name="unused")
    with client_for() as client:
        assert client.get("/models/unused").json()["version"] is None
        problem = assert_problem(client.get("/models/nobody"), "unknown_model")
        assert problem["models"] == ["tiny", "unused"]


def test_a_pinned_default_answers_by_name_only(store: Path, client_for: ClientFactory) -> None:
    write_version(store, version="2")
    with client_for(model="tiny@1") as client:
        answer = client.get("/models").json()
        assert answer["default"] == "tiny"
        assert [(each["version"], each["default"]) for each in answer["models"]] == [
            ("2", False),
            ("1", True),
        ]


def test_the_card(client: TestClient) -> None:
    card = client.get("/models/tiny/1").json()
    assert card["name"] == "tiny"
    assert card["calibration"]["temperature"] == 1
    assert "model.tflite" in card["files"]
    problem = assert_problem(client.get("/models/tiny/2"), "unknown_model")
    assert problem["models"] == ["tiny@1"]
    for path in ("/models/..%2f1", "/models/tiny/..%2f1", "/models/%2e%2e/1", "/models/tiny/01"):
        assert client.get(path).status_code == 404


def test_a_card_that_cannot_be_read(store: Path, client_for: ClientFactory) -> None:
    write_version(store, version="2", card={"format_version": 7})
    with client_for() as client:
        problem = assert_problem(client.get("/models/tiny/2"), "unknown_model")
        assert "Expected format_version 1" in problem["detail"]


def test_the_report_runs_nothing(client: TestClient) -> None:
    response = client.get("/models/tiny/1/report")
    assert response.status_code == 200
    assert response.text == "<h1>Report</h1>"
    assert response.headers["content-type"].startswith("text/html")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy


def test_a_report_that_is_missing_or_altered(store: Path, client: TestClient) -> None:
    (store / "tiny" / "1" / "report.html").write_text("<script>alert(1)</script>")
    assert_problem(client.get("/models/tiny/1/report"), "not_found")
    (store / "tiny" / "1" / "report.html").unlink()
    assert_problem(client.get("/models/tiny/1/report"), "not_found")
    assert_problem(client.get("/models/tiny/9/report"), "unknown_model")
