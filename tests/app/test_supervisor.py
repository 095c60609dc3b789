"""`VASARI_WORKERS`: several real processes on one socket."""

import os
import re
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.app.test_server import Process
from tests.images import jpeg
from tests.models import NAME, write_version
from tests.signing import Signer

pytestmark = pytest.mark.slow


def children(process: Process) -> list[int]:
    """The serving processes."""
    tasks = Path(f"/proc/{process.popen.pid}/task/{process.popen.pid}/children")
    found = [int(each) for each in tasks.read_text(encoding="ascii").split()]
    return [each for each in found if b"spawn_main" in command(each)]


def command(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


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
    first = children(process)
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
    until(lambda: len(set(children(process)) - set(first)) == 1)
    assert httpx.post(f"{process.url}/predict", content=jpeg()).status_code == 200
    write_version(store, version="2")

    def told() -> bool:
        process.popen.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        return versions(process) == {f"{NAME}@2"}

    until(told)
    last = children(process)
    code, log = process.end()
    assert code == 0
    assert "a worker ended with code -9; another takes its place" in log
    assert "Traceback" not in log
    assert [each for each in last if command(each)] == []


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
    os.kill(children(process)[0], signal.SIGKILL)
    time.sleep(3)
    assert httpx.get(f"{process.url}/healthz").status_code == 200
    hidden.rename(store)
    until(lambda: len(children(process)) == 2)
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
    first = children(process)
    os.kill(first[0], signal.SIGKILL)
    until(lambda: len(set(children(process)) - set(first)) == 1)
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
    orphans = children(process)
    process.popen.kill()
    process.popen.communicate()
    until(lambda: not any(b"spawn_main" in command(each) for each in orphans))


def test_an_end_while_the_workers_start(store: Path) -> None:
    """The signal comes before anybody is ready, and nothing is left behind."""
    process = Process.__new__(Process)
    popen = Process.open(store, VASARI_WORKERS="2")
    process.popen = popen
    until(lambda: len(children(process)) == 2)
    started = children(process)
    code, _ = process.end()
    assert code == 0
    until(lambda: not any(b"spawn_main" in command(each) for each in started))


def test_a_worker_that_dies_before_it_is_ready_stops_the_start(store: Path) -> None:
    process = Process.__new__(Process)
    process.popen = Process.open(store, VASARI_WORKERS="2")
    until(lambda: len(children(process)) == 2)
    started = children(process)
    os.kill(started[0], signal.SIGKILL)
    _, log = process.popen.communicate(timeout=60)
    assert process.popen.returncode == 2
    assert "vasari: Expected a worker to serve; it ended with code -9." in log
    until(lambda: not any(b"spawn_main" in command(each) for each in started))


def test_a_worker_that_does_not_end_is_ended(store: Path) -> None:
    process = Process(store, VASARI_WORKERS="2", VASARI_DEADLINE_SECONDS="0.5")
    stuck = children(process)[0]
    os.kill(stuck, signal.SIGSTOP)
    code, _ = process.end()
    assert code == 0
    until(lambda: b"spawn_main" not in command(stuck))
