"""GET /metrics: the form, what is in it, and that the documents know all of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from app.api import metrics as endpoint
from app.colleagues import make_places
from app.main import create_app
from tests.conftest import ClientFactory
from tests.images import jpeg
from tests.models import NAME

ROOT = Path(__file__).parents[3]


def families(client: TestClient) -> dict[str, Metric]:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {each.name: each for each in text_string_to_metric_families(answer.text)}


def samples(client: TestClient) -> dict[str, float]:
    """By name and labels, as Prometheus writes them."""
    return {
        name: float(value)
        for name, value in (
            line.rsplit(" ", 1)
            for line in client.get("/metrics").text.splitlines()
            if not line.startswith("#")
        )
    }


def test_requests_are_counted_by_route_and_status(client: TestClient) -> None:
    assert client.post("/predict", content=jpeg()).status_code == 200
    assert client.post("/predict", content=b"text").status_code == 415
    client.get("/models/tiny/1")
    client.get("/models/a/path/without/end")
    client.get("/web/style.css")
    found = samples(client)
    assert found['vasari_requests_total{route="/predict",status="200"}'] == 1
    assert found['vasari_requests_total{route="/predict",status="415"}'] == 1
    assert found['vasari_requests_total{route="/models/{name}/{version}",status="200"}'] == 1
    assert found['vasari_requests_total{route="other",status="404"}'] == 1
    assert found['vasari_requests_total{route="other",status="200"}'] == 1
    assert found['vasari_request_seconds_count{route="/predict"}'] == 2


def test_a_picture_is_counted_by_what_was_answered(client: TestClient) -> None:
    answer = client.post("/predict", content=jpeg()).json()
    found = samples(client)
    labels = f'model="{NAME}",period="{answer["period"]}",verdict="{answer["verdict"]}"'
    assert found[f'vasari_predictions_total{{{labels},version="1"}}'] == 1
    assert found["vasari_queue_seconds_count"] == 1
    assert found["vasari_decode_seconds_sum"] > 0
    assert found[f'vasari_inference_seconds_sum{{model="{NAME}"}}'] > 0
    assert found[f'vasari_confidence_sum{{model="{NAME}"}}'] == pytest.approx(
        answer["confidence"], abs=1e-6
    )


def test_problems_are_counted_by_their_code_those_of_a_batch_too(client: TestClient) -> None:
    client.get("/nowhere")
    client.post("/predict?top_k=0", content=jpeg())
    client.post("/predict?model=unknown", content=jpeg())
    files = [("files", ("a.jpg", b"text")), ("files", ("b.jpg", jpeg()))]
    client.post("/predict/batch", files=files)
    found = samples(client)
    for code in ("not_found", "invalid_request", "unknown_model", "unsupported_image"):
        assert found[f'vasari_problems_total{{code="{code}"}}'] == 1


def test_the_state_is_looked_up(client_for: ClientFactory) -> None:
    with client_for(queue_items=7, threads=3) as client:
        found = samples(client)
    assert found["vasari_ready"] == 1
    assert found["vasari_queue_limit_pictures"] == 7
    assert found["vasari_queue_pictures"] == 0
    assert found["vasari_threads"] == 3
    key = f'vasari_model_loaded{{backend="litert",device="cpu",model="{NAME}",version="1"}}'
    assert found[key] == 1


def test_openmetrics_is_given_to_those_who_ask(client: TestClient) -> None:
    client.post("/predict", content=jpeg())
    answer = client.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    names = {each.name for each in parse_openmetrics(answer.text)}  # type: ignore[no-untyped-call]
    assert {"vasari_requests", "vasari_queue_seconds"} <= names


def test_of_several_processes_each_has_its_label(client_for: ClientFactory) -> None:
    mine, theirs = make_places(2)
    with client_for() as other, client_for() as client:
        other.post("/predict", content=jpeg())
        theirs.tell(lambda: endpoint.tell(other.app.state.service))  # type: ignore[attr-defined]
        client.app.state.colleagues = mine  # type: ignore[attr-defined]
        client.get("/healthz")
        found = samples(client)
        types = client.get("/metrics").text.count("# TYPE vasari_requests_total counter")
    for place in (mine, theirs):
        place.close()
    assert found['vasari_requests_total{route="/predict",status="200",worker="1"}'] == 1
    assert found['vasari_requests_total{route="/healthz",status="200",worker="0"}'] == 1
    assert found['vasari_ready{worker="0"}'] == found['vasari_ready{worker="1"}'] == 1
    assert types == 1


def test_an_application_can_be_opened_again(client_for: ClientFactory) -> None:
    with client_for() as client:
        app = client.app
    with TestClient(app) as again:
        assert samples(again)["vasari_ready"] == 1


def _documented() -> Iterator[str]:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = text.partition("## Metrics")[2].partition("\n## ")[0]
    for row in re.findall(r"^\| (`.+?) \|", section, re.MULTILINE):
        yield from re.findall(r"`([a-z_]+)", row)


def test_every_metric_is_documented_and_no_other(client: TestClient) -> None:
    client.post("/predict", content=jpeg())
    given = {name for name in families(client) if name.startswith("vasari_")}
    assert given
    assert {each.removesuffix("_total") for each in _documented()} == given


def test_a_service_that_is_not_open_has_no_metrics(client: TestClient) -> None:
    closed = TestClient(create_app(client.app.state.service.settings))  # type: ignore[attr-defined]
    assert closed.get("/metrics").json()["code"] == "not_ready"
