"""`app.traces`: what is sent to a collector, what never is, and a collector that is not there."""

import asyncio
import logging
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from importlib import util
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from app import __version__, traces
from app.errors import SettingsError
from app.main import create_app
from app.settings import load_settings
from tests.app.test_server import ROOT, Process
from tests.collector import Collector, collector
from tests.images import jpeg
from tests.models import NAME, write_version

ClientFactory = Callable[..., AbstractContextManager[TestClient]]

PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = {"traceparent": f"00-{PARENT[0]}-{PARENT[1]}-01"}
SERVER = 2


@pytest.fixture
def collecting() -> Iterator[Collector]:
    with collector() as found:
        yield found


def test_a_request_is_a_span_of_the_callers_trace_with_its_stages_below(
    client_for: ClientFactory, collecting: Collector
) -> None:
    with client_for(traces_endpoint=collecting.url) as client:
        answer = client.post("/predict", content=jpeg(), headers=TRACEPARENT)
        assert answer.status_code == 200
    assert set(collecting.paths) == {"/v1/traces"}
    request, picture, *stages = collecting.spans
    assert (request.name, request.kind, request.is_error) == ("POST /predict", SERVER, False)
    assert (request.trace, request.parent) == PARENT
    told = request.attributes
    assert told["http.request.method"] == "POST"
    assert told["http.route"] == told["url.path"] == "/predict"
    assert told["http.response.status_code"] == 200
    assert told["url.scheme"] == "http"
    assert told["vasari.request_id"] == answer.headers["x-request-id"]
    assert (picture.name, picture.parent) == ("picture", request.identity)
    assert [each.name for each in stages] == ["queue", "decode", "inference"]
    assert {each.parent for each in stages} == {picture.identity}
    assert {each.trace for each in collecting.spans} == {PARENT[0]}
    timings = answer.json()["timings_ms"]
    for stage in stages:
        assert stage.seconds * 1000 == pytest.approx(timings[stage.name], abs=0.01)
    assert [each.start for each in stages[1:]] == [each.end for each in stages[:-1]]
    assert stages[0].start >= request.start
    assert stages[2].attributes == {
        "vasari.model": f"{NAME}@1",
        "vasari.device": "cpu",
        "vasari.batch_rows": 1,
    }
    assert request.resource["service.name"] == "vasari"
    assert request.resource["service.version"] == __version__


def test_nothing_of_a_picture_or_of_what_was_asked_is_sent(
    client_for: ClientFactory, collecting: Collector
) -> None:
    picture = jpeg()
    with client_for(traces_endpoint=collecting.url, url_hosts="pictures.test") as client:
        files = {"file": ("private-name.jpg", picture)}
        client.post("/predict", files=files, params={"top_k": 2, "note": "private words"})
        client.post("/predict", json={"url": "https://elsewhere.test/private-address"})
        client.post("/predict", content=b"private words", headers={"User-Agent": "private"})
        client.post("/predict", content=picture, headers={"X-API-Key": "private"})
    sent = b"".join(collecting.bodies)
    assert len(collecting.named("POST /predict")) == 4
    assert b"private" not in sent
    assert b"elsewhere" not in sent
    assert b"renaissance" not in sent.lower()
    assert picture[20:40] not in sent
    assert collecting.named("POST /predict")[0].attributes["url.query"] == "REDACTED"
    known = {
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "network.protocol.version",
        "server.address",
        "server.port",
        "url.path",
        "url.query",
        "url.scheme",
        "vasari.request_id",
        "error.type",
        "vasari.model",
        "vasari.device",
        "vasari.batch_rows",
    }
    assert {name for each in collecting.spans for name in each.attributes} <= known
    assert not any(each.events for each in collecting.spans)


def test_every_span_and_attribute_is_documented_and_no_other(
    client_for: ClientFactory, collecting: Collector
) -> None:
    with client_for(traces_endpoint=collecting.url) as client:
        client.post("/predict?top_k=1", content=jpeg())
        client.post("/predict", content=b"text")
    sent = {name for each in collecting.spans for name in each.attributes}
    sent |= {each.name for each in collecting.spans if each.scope == "vasari"}
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    section = text.partition("## Traces")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|(.*)\|$", section, re.MULTILINE)
    told = set(re.findall(r"`([a-z_.]+)`", " ".join(f"{name} {of}" for name, _, of in rows)))
    assert told == sent


def test_each_picture_of_a_batch_has_its_span_and_a_bad_one_says_why(
    client_for: ClientFactory, collecting: Collector
) -> None:
    with client_for(traces_endpoint=collecting.url) as client:
        files = [("files", jpeg()), ("files", b"text"), ("files", jpeg())]
        assert client.post("/predict/batch", files=files).status_code == 200
    (request,) = collecting.named("POST /predict/batch")
    pictures = collecting.named("picture")
    assert [each.parent for each in pictures] == [request.identity] * 3
    told = [each.attributes.get("error.type") for each in pictures]
    assert sorted(told, key=str) == [None, None, "unsupported_image"]
    assert not any(each.is_error for each in collecting.spans)
    assert len(collecting.named("inference")) == 2


def test_each_model_that_is_asked_has_its_stages(
    store: Path, client_for: ClientFactory, collecting: Collector
) -> None:
    write_version(store, name="another", side=24)
    with client_for(traces_endpoint=collecting.url, models=("another",)) as client:
        assert client.post("/predict?model=all", content=jpeg()).status_code == 200
    asked = [each.attributes["vasari.model"] for each in collecting.named("inference")]
    assert sorted(asked) == ["another@1", "tiny@1"]
    assert len(collecting.named("decode")) == 2
    assert len(collecting.named("queue")) == 1


def test_what_fails_by_our_fault_is_an_error(
    client_for: ClientFactory, collecting: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    with client_for(traces_endpoint=collecting.url) as client:
        (resident,) = client.app.state.service.residents.current  # type: ignore[attr-defined]

        def fail(*_: object) -> None:
            raise RuntimeError("private words of a failure")

        monkeypatch.setattr(type(resident), "run", fail)
        assert client.post("/predict", content=jpeg()).status_code == 500
        assert client.get("/models/missing").status_code == 404
    (picture,) = collecting.named("picture")
    assert (picture.is_error, picture.attributes["error.type"]) == (True, "internal_error")
    (request,) = collecting.named("POST /predict")
    assert (request.is_error, request.attributes["http.response.status_code"]) == (True, 500)
    assert b"private" not in b"".join(collecting.bodies)
    (missing,) = collecting.named("GET /models/{name}")
    assert (missing.is_error, missing.attributes["http.response.status_code"]) == (False, 404)


def test_a_caller_that_leaves_is_told_of_the_picture(collecting: Collector) -> None:
    tracing = traces.Traces(collecting.url)
    tracing.open()
    with pytest.raises(asyncio.CancelledError), tracing.picture():
        raise asyncio.CancelledError
    tracing.close()
    (picture,) = collecting.spans
    assert (picture.is_error, picture.attributes) == (False, {"error.type": "caller_left"})


def test_what_watches_the_process_leaves_no_span(
    client_for: ClientFactory, collecting: Collector
) -> None:
    with client_for(traces_endpoint=collecting.url) as client:
        for path in ("/healthz", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready"):
            assert client.get(path).status_code == 200
        assert client.get("/models").status_code == 200
    assert [each.name for each in collecting.spans] == ["GET /models"]


def test_a_caller_that_samples_nothing_is_left_out_of_all(
    client_for: ClientFactory, collecting: Collector
) -> None:
    unsampled = {"traceparent": f"00-{PARENT[0]}-{PARENT[1]}-00"}
    with client_for(traces_endpoint=collecting.url) as client:
        assert client.post("/predict", content=jpeg(), headers=unsampled).status_code == 200
        assert client.get("/models").status_code == 200
    assert [each.name for each in collecting.spans] == ["GET /models"]


def test_the_variables_of_opentelemetry_name_the_service(
    client_for: ClientFactory, collecting: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "paintings")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=museum")
    with client_for(traces_endpoint=f"{collecting.url}/") as client:
        client.get("/models")
    resource = collecting.spans[0].resource
    assert resource["service.name"] == "paintings"
    assert resource["deployment.environment.name"] == "museum"


def test_without_an_endpoint_nothing_is_sent_whatever_else_is_set(
    client_for: ClientFactory, collecting: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FastAPI would send spans, metrics and logs by itself."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collecting.url)
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    with client_for() as client:
        assert client.post("/predict", content=jpeg()).status_code == 200
        assert client.app.state.service.traces is None  # type: ignore[attr-defined]
        assert not client.app._native_telemetry.enabled()  # type: ignore[attr-defined]
    assert collecting.bodies == []


def threads() -> set[str]:
    return {each.name for each in threading.enumerate()}


def test_a_collector_that_is_not_there_costs_spans_and_no_request(
    client_for: ClientFactory, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And is told in the log by one line a try; no thread stays."""
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and never listens
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with client_for(traces_endpoint=address) as client:
            statuses = [client.post("/predict", content=jpeg()).status_code for _ in range(20)]
    assert statuses == [200] * 20
    told = [each for each in caplog.records if each.name.startswith("opentelemetry")]
    assert told
    assert all("Failed to export spans" in each.getMessage() for each in told)
    assert all(each.levelno == logging.ERROR for each in told)
    assert "OtelBatchSpanRecordProcessor" not in threads()


@pytest.mark.parametrize("status", [400, 500, 503])
def test_a_collector_that_refuses_costs_spans_and_no_request(
    client_for: ClientFactory, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(traces, "_PATIENCE", 0.2)
    with collector(status) as refusing, client_for(traces_endpoint=refusing.url) as client:
        assert client.post("/predict", content=jpeg()).status_code == 200


def test_a_collector_that_never_answers_holds_up_neither_requests_nor_the_end(
    client_for: ClientFactory, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its spans are bounded: beyond, the oldest are dropped."""
    monkeypatch.setattr(traces, "_PATIENCE", 0.2)
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "8")
    monkeypatch.setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4")
    gate = threading.Event()
    with collector(gate=gate) as silent:
        with client_for(traces_endpoint=silent.url) as client:
            statuses = [client.post("/predict", content=jpeg()).status_code for _ in range(20)]
        assert statuses == [200] * 20
        assert silent.bodies == []
        assert "the last traces are lost: nobody took them within 0.2 s" in caplog.text


def test_the_packages_may_be_missing_where_nothing_is_sent(
    settings_for: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for missing in (lambda _: None, lambda name: util.find_spec(f"none.{name}")):
        monkeypatch.setattr(traces, "find_spec", missing)
        with pytest.raises(SettingsError, match=r"pip install 'vasari\[traces\]'"):
            create_app(settings_for(traces_endpoint="http://127.0.0.1:4318"))
        create_app(settings_for())


@pytest.mark.parametrize(
    "value", ["collector:4318", "ftp://collector", "http://", "http://a b", "http://u:p@collector"]
)
def test_an_endpoint_that_is_no_address(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VASARI_TRACES_ENDPOINT", value)
    with pytest.raises(SettingsError, match="VASARI_TRACES_ENDPOINT: "):
        load_settings()


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_left_is_sent_when_the_service_ends_in_order(
    store: Path, collecting: Collector, workers: str
) -> None:
    process = Process(
        store,
        VASARI_WORKERS=workers,
        VASARI_TRACES_ENDPOINT=collecting.url,
        OTEL_BSP_SCHEDULE_DELAY="3600000",
    )
    answers = [httpx.post(f"{process.url}/predict", content=jpeg()) for _ in range(4)]
    assert [each.status_code for each in answers] == [200] * 4
    assert collecting.bodies == []
    code, log = process.end()
    assert code == 0
    assert "Traceback" not in log
    told = {each.attributes["vasari.request_id"] for each in collecting.named("POST /predict")}
    assert told == {each.headers["x-request-id"] for each in answers}
    assert len(collecting.named("inference")) == 4


@pytest.mark.slow
def test_spans_are_sent_while_it_serves(store: Path, collecting: Collector) -> None:
    process = Process(store, VASARI_TRACES_ENDPOINT=collecting.url, OTEL_BSP_SCHEDULE_DELAY="50")
    httpx.post(f"{process.url}/v2/models/{NAME}/infer", content=b"{}")
    route = "POST /v2/models/{name}/infer"
    assert collecting.wait_for(route).attributes["http.response.status_code"] == 400
    assert process.end()[0] == 0
