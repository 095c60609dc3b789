"""What breaks around the service: what a caller gets, what the log says, and that it goes on."""

import fcntl
import json
import os
import resource
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from app.runtime.residents import Resident
from tests.app.api.problems import assert_problem
from tests.app.test_server import Process
from tests.app.test_supervisor import until
from tests.conftest import ClientFactory
from tests.images import encode, jpeg, plain
from tests.models import litert_model, write_version

HUNG = """
import re, sys, time
import app.runtime.classification as work
import app.server
app.server._LEAST_HANG_SECONDS = 2.0
real = work.decode
def decode(data, **options):
    if data == b"hang":
        time.sleep(600)
    if data == b"seize":
        re.match("(a+)+$", "a" * 60 + "b")  # without end, and holds Python's lock
    if data == b"crash":
        import faulthandler
        faulthandler._sigsegv()
    return real(data, **options)
work.decode = decode
from app.__main__ import main
sys.exit(main([]))
"""
BROKEN_DECODER = (sys.executable, "-c", HUNG)


def served(process: Process) -> int:
    return httpx.post(f"{process.url}/predict", content=jpeg(), timeout=30).status_code


@pytest.mark.slow
def test_a_decoder_that_runs_away_costs_its_process_and_others_are_served(store: Path) -> None:
    process = Process(store, BROKEN_DECODER, VASARI_THREADS="2", VASARI_DEADLINE_SECONDS="0.5")
    first = process.workers
    answer = httpx.post(f"{process.url}/predict", content=b"hang", timeout=30)
    assert answer.status_code == 504
    assert answer.json()["code"] == "deadline_exceeded"
    until(lambda: process.workers not in (first, [process.popen.pid]))
    assert served(process) == 200
    code, log = process.end()
    assert code == 0
    assert "a worker has been at one picture for over 1 s: this process ends" in log
    assert "a worker ended with code 70; another takes its place" in log


@pytest.mark.slow
def test_a_decoder_that_crashes_says_where_and_others_wait_a_moment(store: Path) -> None:
    """The socket stays open: nobody is refused, though there is one worker only."""
    process = Process(store, BROKEN_DECODER, VASARI_THREADS="1", VASARI_LOG_FORMAT="json")
    for _ in range(2):
        with pytest.raises(httpx.HTTPError):
            httpx.post(f"{process.url}/predict", content=b"crash", timeout=30)
        assert served(process) == 200
    code, log = process.end()
    assert code == 0
    told = [json.loads(line)["message"] for line in log.splitlines() if line.startswith("{")]
    ends = [each for each in told if "a worker ended with code -11" in each]
    assert len(ends) == 2
    assert all("Fatal Python error: Segmentation fault" in each for each in ends)
    assert all("in decode" in each for each in ends)


@pytest.mark.slow
def test_a_decoder_that_holds_the_interpreter_is_ended_from_without(store: Path) -> None:
    process = Process(store, BROKEN_DECODER, VASARI_THREADS="1", VASARI_DEADLINE_SECONDS="0.5")
    with pytest.raises(httpx.HTTPError):
        httpx.post(f"{process.url}/predict", content=b"seize", timeout=30)
    assert served(process) == 200
    code, log = process.end()
    assert code == 0
    assert "a worker ended with code 1; another takes its place" in log
    assert "in decode" in log


@pytest.mark.slow
@pytest.mark.parametrize(("sent", "expected"), [(b"hang", 70), (b"crash", -signal.SIGSEGV)])
def test_without_a_supervisor_the_process_ends_with_its_reason(
    store: Path, sent: bytes, expected: int
) -> None:
    process = Process(
        store, BROKEN_DECODER, VASARI_WORKERS="0", VASARI_THREADS="2", VASARI_DEADLINE_SECONDS="0.5"
    )
    assert process.workers == [process.popen.pid]
    with suppress(httpx.HTTPError):
        assert httpx.post(f"{process.url}/predict", content=sent, timeout=30).status_code == 504
    _, log = process.popen.communicate(timeout=60)
    assert process.popen.returncode == expected
    assert "this process ends" in log or "Fatal Python error: Segmentation fault" in log


@pytest.mark.slow
def test_a_worker_that_is_killed_in_mid_request_is_replaced(store: Path) -> None:
    """Its own callers lose their connection; others are served meanwhile."""
    process = Process(store, VASARI_WORKERS="2", VASARI_THREADS="1", VASARI_RELOAD_SECONDS="0")
    held = []
    for _ in range(6):
        connection = socket.create_connection(process.address, timeout=30)
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        held.append(connection)
    killed = process.workers[0]
    os.kill(killed, signal.SIGKILL)
    until(lambda: killed not in process.workers)
    assert served(process) == 200
    until(lambda: len(process.workers) == 2)
    for connection in held:
        connection.close()
    code, log = process.end()
    assert code == 0
    assert "a worker ended with code -9; another takes its place" in log


@pytest.mark.slow
def test_a_picture_that_needs_more_memory_than_there_is(store: Path) -> None:
    process = Process(store, VASARI_THREADS="1")
    picture = encode(plain(9000, 9000, 90, "L"), compress_level=1)
    assert served(process) == 200
    status = Path(f"/proc/{process.workers[0]}/statm").read_text("ascii")
    used = int(status.split()[0]) * os.sysconf("SC_PAGE_SIZE")
    limit = used + len(picture) * 3 + 60 * 2**20
    resource.prlimit(process.workers[0], resource.RLIMIT_AS, (limit, limit))
    answer = httpx.post(f"{process.url}/predict", content=picture, timeout=60)
    assert answer.status_code == 413
    assert answer.json()["code"] == "image_too_large"
    assert served(process) == 200
    assert process.end()[0] == 0


@pytest.mark.slow
def test_a_log_that_nobody_reads_stops_nothing(store: Path) -> None:
    """The pipe is full after some forty lines; then even a crash is survived, and an end."""
    process = Process(store, BROKEN_DECODER, VASARI_THREADS="1")
    assert process.popen.stderr is not None
    fcntl.fcntl(process.popen.stderr, fcntl.F_SETPIPE_SZ, 4096)
    with httpx.Client(base_url=process.url) as client:
        for _ in range(200):
            assert client.get("/healthz").status_code == 200
    with pytest.raises(httpx.HTTPError):
        httpx.post(f"{process.url}/predict", content=b"crash", timeout=30)
    assert served(process) == 200
    process.popen.terminate()
    assert process.popen.wait(timeout=30) == 0
    process.popen.communicate()


def test_a_store_that_vanishes_while_it_is_served(client: TestClient, store: Path) -> None:
    store.rename(store.with_name("elsewhere"))
    assert client.post("/predict", content=jpeg()).status_code == 200
    listed = client.get("/models").json()
    assert listed["models"] == []
    assert client.get("/readyz").status_code == 200
    assert_problem(client.get("/models/tiny/1"), "unknown_model")
    store.with_name("elsewhere").rename(store)
    assert len(client.get("/models").json()["models"]) == 1


def test_a_version_that_is_spoilt_while_it_answers(client: TestClient, store: Path) -> None:
    folder = store / "tiny" / "1"
    before = client.post("/predict", content=jpeg()).json()["probabilities"]
    (folder / "model.tflite").write_bytes(litert_model(bias=[9, 0, 0, 0]))
    (folder / "report.html").write_text("<script>altered</script>", "utf-8")
    (folder / "card.json").write_text("{", "utf-8")
    assert client.post("/predict", content=jpeg()).json()["probabilities"] == before
    listed = client.get("/models").json()
    assert [each["version"] for each in listed["refused"]] == ["1"]
    response = client.get("/models/tiny/1/report")
    assert "altered" not in response.text


def test_a_new_version_that_is_spoilt_is_refused_and_the_old_one_goes_on(
    client: TestClient, store: Path
) -> None:
    folder = write_version(store, version="2")
    (folder / "model.tflite").write_bytes(b"\x80\x04altered")
    client.app.state.service.watcher.look(forced=True)  # type: ignore[attr-defined]
    assert client.post("/predict", content=jpeg()).json()["model"]["version"] == "1"
    (refused,) = client.get("/models").json()["refused"]
    assert refused["version"] == "2"
    assert "sha256" in refused["reason"]


def test_a_device_that_fails_in_a_forward_pass(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("CUDA_ERROR_ILLEGAL_ADDRESS")

    with monkeypatch.context() as patched:
        patched.setattr(Resident, "run", broken)
        response = client.post("/predict", content=jpeg())
    assert_problem(response, "internal_error")
    assert "CUDA" not in response.text
    assert "CUDA_ERROR_ILLEGAL_ADDRESS" in caplog.text
    assert client.post("/predict", content=jpeg()).status_code == 200


@pytest.mark.parametrize("jump", [-1e9, 1e9])
def test_a_wall_clock_that_jumps(
    client_for: ClientFactory, monkeypatch: pytest.MonkeyPatch, jump: float
) -> None:
    real = time.time
    with client_for(rate_limit="100/minute", deadline_seconds=5) as client:
        assert client.post("/predict", content=jpeg()).status_code == 200
        monkeypatch.setattr(time, "time", lambda: real() + jump)
        for _ in range(3):
            assert client.post("/predict", content=jpeg()).status_code == 200
        assert client.get("/metrics").status_code == 200
