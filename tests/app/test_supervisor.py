"""`app.supervisor` and `app.worker`: one real process, or several, minded by another."""

import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.app.test_server import Process, children
from tests.images import jpeg
from tests.models import NAME, write_version
from tests.signing import Signer

pytestmark = pytest.mark.slow


def lives(process: int) -> bool:
    try:  # of one that has ended, and whose parent does not know it yet, nothing is left to read
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""
    except OSError:
        return False


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def versions(process: Process) -> set[str]:
    """What several new connections, and so most likely every worker, are answered with."""
    with httpx.Client(limits=httpx.Limits(max_keepalive_connections=0)) as client:
        return {client.get(f"{process.url}/readyz").json()["models"][0] for _ in range(20)}


def test_workers_share_a_port_and_are_replaced_and_end_together(store: Path) -> None:
    process = Process(
        store, VASARI_WORKERS="2", VASARI_RELOAD_SECONDS="0", VASARI_DEADLINE_SECONDS="20"
    )
    assert process.ready_line == f"Vasari is ready at {process.url} with {NAME}@1\n"
    first = children(process.popen.pid)
    assert len(first) == 2
    statuses: list[int] = []

    def call() -> None:
        picture = jpeg()
        statuses.extend(
            httpx.post(f"{process.url}/predict", content=picture).status_code for _ in range(20)
        )

    callers = [threading.Thread(target=call) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert statuses == [200] * 60

    os.kill(first[0], signal.SIGKILL)
    until(lambda: len(set(children(process.popen.pid)) - set(first)) == 1)
    assert httpx.post(f"{process.url}/predict", content=jpeg()).status_code == 200
    write_version(store, version="2")

    def told() -> bool:
        process.popen.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        return versions(process) == {f"{NAME}@2"}

    until(told)
    last = children(process.popen.pid)
    code, log = process.end()
    assert code == 0
    assert "a worker ended with code -9; another takes its place" in log
    assert "Traceback" not in log
    assert not any(map(lives, last))


def test_a_scrape_of_one_tells_of_all(store: Path) -> None:
    process = Process(store, VASARI_WORKERS="2", VASARI_THREADS="1")
    with httpx.Client(limits=httpx.Limits(max_keepalive_connections=0)) as client:
        for _ in range(12):
            assert client.post(f"{process.url}/predict", content=jpeg()).status_code == 200
        text = client.get(f"{process.url}/metrics").text
    found = re.findall(r'^vasari_queue_seconds_count\{worker="(\d)"\} (\S+)$', text, re.MULTILINE)
    assert {worker for worker, _ in found} == {"0", "1"}
    assert sum(float(count) for _, count in found) == 12
    assert process.end()[0] == 0


def test_a_worker_that_cannot_start_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as raised:
        Process(tmp_path, VASARI_WORKERS="2")
    message = str(raised.value)
    assert message.count("vasari: No version of tiny stands in") == 1
    assert "Traceback" not in message


def test_a_worker_that_cannot_take_its_place_is_tried_again(store: Path) -> None:
    process = Process(store, VASARI_WORKERS="2", VASARI_RELOAD_SECONDS="0")
    hidden = store.with_name("hidden")
    store.rename(hidden)
    os.kill(children(process.popen.pid)[0], signal.SIGKILL)
    time.sleep(3)
    assert httpx.get(f"{process.url}/healthz").status_code == 200
    hidden.rename(store)
    until(lambda: len(children(process.popen.pid)) == 2)
    code, log = process.end()
    assert code == 0
    assert "a worker cannot take its place: No version of tiny stands in" in log


def test_every_worker_and_its_replacement_asks_for_a_signature(store: Path, tmp_path: Path) -> None:
    studio = Signer()
    studio.sign(store / NAME / "1")
    second = write_version(store, version="2")
    process = Process(
        store,
        VASARI_WORKERS="2",
        VASARI_RELOAD_SECONDS="0",
        VASARI_TRUSTED_KEYS=str(studio.trust(tmp_path / "trusted")),
    )
    assert versions(process) == {f"{NAME}@1"}
    first = children(process.popen.pid)
    os.kill(first[0], signal.SIGKILL)
    until(lambda: len(set(children(process.popen.pid)) - set(first)) == 1)
    assert versions(process) == {f"{NAME}@1"}
    studio.sign(second)

    def told() -> bool:
        process.popen.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        return versions(process) == {f"{NAME}@2"}

    until(told)
    assert process.end()[0] == 0


def test_workers_do_not_outlive_their_supervisor(store: Path) -> None:
    process = Process(store, VASARI_WORKERS="2")
    orphans = children(process.popen.pid)
    process.popen.kill()
    process.popen.communicate()
    until(lambda: not any(map(lives, orphans)))


def test_an_end_while_the_workers_start(store: Path) -> None:
    """The signal comes before anybody is ready, and nothing is left behind."""
    process = Process.__new__(Process)
    popen = Process.open(store, VASARI_WORKERS="2")
    process.popen = popen
    until(lambda: len(children(process.popen.pid)) == 2)
    started = children(process.popen.pid)
    code, _ = process.end()
    assert code == 0
    until(lambda: not any(map(lives, started)))


def test_a_worker_that_dies_before_it_is_ready_stops_the_start(store: Path) -> None:
    process = Process.__new__(Process)
    process.popen = Process.open(store, VASARI_WORKERS="2")
    until(lambda: len(children(process.popen.pid)) == 2)
    started = children(process.popen.pid)
    os.kill(started[0], signal.SIGKILL)
    _, log = process.popen.communicate(timeout=60)
    assert process.popen.returncode == 2
    assert "vasari: Expected a worker to serve; it ended with code -9." in log
    until(lambda: not any(map(lives, started)))


def test_a_worker_that_does_not_end_is_ended(store: Path) -> None:
    process = Process(store, VASARI_WORKERS="2", VASARI_DEADLINE_SECONDS="0.5")
    stuck = children(process.popen.pid)[0]
    os.kill(stuck, signal.SIGSTOP)
    code, _ = process.end()
    assert code == 0
    until(lambda: not lives(stuck))


GIVING_UP = """
import os, sys
from pathlib import Path
import app.server, app.supervisor
app.supervisor._PAUSE_SECONDS = 0.01
real = app.server.serve_on
lives = Path(sys.argv[1])
def serve_on(*given):
    if lives.exists():
        os._exit(7)
    lives.touch()
    real(*given)
app.server.serve_on = serve_on
from app.__main__ import main
sys.exit(main([]))
"""


def test_workers_that_all_die_before_they_are_ready_end_the_service(
    store: Path, tmp_path: Path
) -> None:
    script = ("sh", "-c", f'exec {sys.executable} -c "$1" $2', "", GIVING_UP)
    process = Process(store, (*script, str(tmp_path / "lives")))
    os.kill(process.workers[0], signal.SIGKILL)
    _, log = process.popen.communicate(timeout=60)
    assert process.popen.returncode == 2
    assert log.count("a worker ended with code 7; another takes its place in ") == 5
    assert "takes its place in 0.16 s" in log
    assert log.rstrip().endswith("vasari: Expected a worker to serve; it ended with code 7.")


PICTURE = jpeg()
HEAD = (
    b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\n"
    b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(PICTURE)
)


@contextmanager
def interrupted_in_work(store: Path) -> Iterator[tuple[Process, socket.socket]]:
    """A service that a terminal's interrupt has reached, and the connection it still serves."""
    process = Process(store, ("setsid",), VASARI_THREADS="1", VASARI_DEADLINE_SECONDS="600")
    with socket.create_connection(process.address, timeout=30) as connection:
        connection.sendall(HEAD)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        os.killpg(process.popen.pid, signal.SIGINT)
        until(lambda: refuses(process))
        yield process, connection
    _, log = process.popen.communicate(timeout=30)
    assert process.popen.returncode == 0
    assert "Traceback" not in log


def refuses(process: Process) -> bool:
    try:
        socket.create_connection(process.address, timeout=30).close()
    except ConnectionRefusedError:
        return True
    return False


def test_an_interrupt_from_the_terminal_ends_all_in_order(store: Path) -> None:
    """It comes to every process; what was accepted is answered, and nobody else let in."""
    with interrupted_in_work(store) as (_, connection):
        connection.sendall(PICTURE)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_second_interrupt_does_not_wait(store: Path) -> None:
    with interrupted_in_work(store) as (process, connection):
        os.killpg(process.popen.pid, signal.SIGINT)
        assert connection.recv(65536) == b""
