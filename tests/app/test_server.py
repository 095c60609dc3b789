"""The real process, end to end: real bytes in, the answer out, and an orderly end."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.images import encode, jpeg, photograph, plain
from tests.models import NAME, write_version

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


def children(parent: int) -> list[int]:
    """The processes that another has started."""
    tasks = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(each) for each in tasks.read_text(encoding="ascii").split()]


class Process:
    """`python -m app` on a free port."""

    def __init__(self, store: Path, before: Sequence[str] = (), **variables: str) -> None:
        self.popen = self.open(store, before, **variables)
        assert self.popen.stdout is not None
        self.ready_line = self.popen.stdout.readline()
        found = re.search(r"(http://\S+)", self.ready_line)
        assert found, self.popen.communicate()[1]
        self.url = found[1]

    @staticmethod
    def open(store: Path, before: Sequence[str] = (), **variables: str) -> "subprocess.Popen[str]":
        """Start it, by way of another command perhaps, without waiting until it is ready."""
        environment = {
            "PATH": os.environ["PATH"],
            "VASARI_MODELS_STORE": str(store),
            "VASARI_MODEL": NAME,
            "VASARI_PORT": "0",
            "VASARI_DEVICE": "cpu",
            **{key: value for key, value in os.environ.items() if key.startswith("COV")},
            **variables,
        }
        return subprocess.Popen(
            [*before, sys.executable, "-m", "app"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def workers(self) -> list[int]:
        """The processes that serve: those which the started one minds, or else itself."""
        return children(self.popen.pid) or [self.popen.pid]

    @property
    def all(self) -> list[int]:
        """Those, and the one that minds them."""
        return sorted({self.popen.pid, *self.workers})

    def resident_megabytes(self) -> float:
        """Of all; what they share counts in each."""
        pages = 0
        for each in self.all:
            pages += int(Path(f"/proc/{each}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        host, port = self.url.removeprefix("http://").split(":")
        return host, int(port)

    def end(self) -> tuple[int, str]:
        """Its exit code and what it wrote to the log."""
        self.popen.terminate()
        _, log = self.popen.communicate(timeout=30)
        return self.popen.returncode, log


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    store = tmp_path_factory.mktemp("models_store")
    write_version(store)
    started = Process(store, VASARI_THREADS="2")
    yield started
    if started.popen.poll() is None:
        started.end()


def test_it_says_where_it_is_ready_and_answers_there(process: Process) -> None:
    assert process.ready_line == f"Vasari is ready at {process.url} with {NAME}@1\n"
    assert httpx.get(f"{process.url}/readyz").json()["models"] == [f"{NAME}@1"]
    data = jpeg(photograph())
    as_field = httpx.post(f"{process.url}/predict", files={"file": ("painting.jpg", data)})
    as_body = httpx.post(
        f"{process.url}/predict", content=data, headers={"Content-Type": "image/jpeg"}
    )
    assert as_field.status_code == as_body.status_code == 200
    assert as_field.json()["probabilities"] == as_body.json()["probabilities"]
    assert as_field.json()["image"]["width"] == 800
    assert httpx.get(process.url).text.startswith("<!doctype html>")
    assert httpx.get(f"{process.url}/nowhere").json()["code"] == "not_found"


def test_many_callers_each_get_their_own_answer(process: Process) -> None:
    colours = [((255, 0, 0), "medieval"), ((0, 255, 0), "renaissance"), ((0, 0, 0), "modern")]
    wrong: list[str] = []

    def call(colour: tuple[int, int, int], period: str) -> None:
        with httpx.Client() as client:
            for _ in range(20):
                answer = client.post(f"{process.url}/predict", content=encode(plain(colour=colour)))
                if answer.json().get("period") != period:
                    wrong.append(answer.text)

    threads = [threading.Thread(target=call, args=each) for each in colours * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_100_megabytes_is_refused_and_not_kept(process: Process, announced: bool) -> None:
    before = process.resident_megabytes()
    size = 100 * 2**20
    chunk = bytes(2**20)

    def body() -> Iterator[bytes]:
        for _ in range(size // len(chunk)):
            yield chunk

    headers = {"Content-Length": str(size)} if announced else {}
    answer = httpx.post(f"{process.url}/predict", content=body(), headers=headers, timeout=60)
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"
    assert process.resident_megabytes() - before < 80
    assert httpx.get(f"{process.url}/healthz").status_code == 200


def test_announced_bytes_are_refused_before_they_are_sent(process: Process) -> None:
    """A caller that waits for 100 Continue gets its refusal in its place."""
    with socket.create_connection(process.address, timeout=10) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Length: 100000000\r\n"
            b"Content-Type: image/jpeg\r\nExpect: 100-continue\r\n\r\n"
        )
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_caller_that_leaves_disturbs_nobody(process: Process) -> None:
    for _ in range(5):
        connection = socket.create_connection(process.address, timeout=10)
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Length: 50000\r\n\r\n" + bytes(1000)
        )
        connection.close()
    assert httpx.post(f"{process.url}/predict", content=jpeg()).status_code == 200


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_order(store: Path, how: signal.Signals) -> None:
    """What was accepted is answered; the exit code is 0; the log has no traceback."""
    process = Process(store, VASARI_THREADS="1")
    picture = encode(photograph(3000, 3000), compress_level=1)
    with socket.create_connection(process.address, timeout=30) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: image/png\r\n"
            b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(picture)
        )
        # Only the handler asks for the body: from here on the request is accepted.
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        process.popen.send_signal(how)
        connection.sendall(picture)
        answer = connection.recv(65536)
    code, log = process.end()
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert code == 0
    assert "Traceback" not in log
    assert "POST /predict 200" in log


def test_a_hangup_signal_has_it_look_for_new_versions(store: Path) -> None:
    process = Process(store, VASARI_RELOAD_SECONDS="0")
    write_version(store, version="2")
    process.popen.send_signal(signal.SIGHUP)
    for _ in range(200):
        if httpx.get(f"{process.url}/readyz").json()["models"] == [f"{NAME}@2"]:
            break
        time.sleep(0.05)
    code, log = process.end()
    assert code == 0
    assert "tiny@2 answers in place of tiny@1" in log


def test_below_a_sub_path(store: Path) -> None:
    """The proxy takes the sub-path away; the documents still know it."""
    process = Process(store, VASARI_ROOT_PATH="/art/vasari")
    assert process.url.endswith("/art/vasari")
    address = process.url.removesuffix("/art/vasari")
    assert httpx.get(f"{address}/healthz").json() == {"status": "live"}
    assert httpx.get(f"{address}/").status_code == 200
    assert httpx.get(f"{address}/web/index.html").status_code == 200
    assert httpx.get(f"{address}/openapi.json").json()["servers"] == [{"url": "/art/vasari"}]
    assert "openapi.json" in httpx.get(f"{address}/docs").text
    assert process.end()[0] == 0


@pytest.mark.parametrize(("trusted", "second"), [("127.0.0.1", 200), ("", 429)])
def test_whom_a_request_comes_from_is_believed_of_named_proxies_only(
    store: Path, trusted: str, second: int
) -> None:
    process = Process(store, VASARI_RATE_LIMIT="1/hour", VASARI_TRUSTED_PROXIES=trusted)
    statuses = [
        httpx.post(
            f"{process.url}/predict", content=jpeg(), headers={"X-Forwarded-For": caller}
        ).status_code
        for caller in ("192.0.2.1", "192.0.2.2")
    ]
    assert process.end()[0] == 0
    assert statuses == [200, second]


def test_a_port_that_is_taken(store: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(AssertionError) as raised:
            Process(store, VASARI_PORT=str(port))
    assert f"vasari: Cannot listen on 127.0.0.1:{port} (VASARI_HOST, VASARI_PORT): Address" in str(
        raised.value
    )
