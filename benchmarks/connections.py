"""Thousands of connections that want nothing, and what callers beside them notice.

    python benchmarks/connections.py [--count N] [--seconds N] [--limit N]

A crowd, in a process of its own, keeps that many connections: silent ones, ones with half a
request's head, ones whose body drips, and all of these; whichever is closed is opened again.
Meanwhile two callers send an 800-pixel JPEG each time by a new connection.
"""

import argparse
import http.client
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.pictures import Sent, pictures
from benchmarks.service import ROOT, Service

HEAD = b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\n"
KINDS = {
    "silent": b"",
    "half a head": HEAD,
    "dripping bodies": HEAD + b"Content-Length: 100000\r\n\r\n",
}
CALLERS = 2
DRIP_SECONDS = 3.0
_AT_ONCE = 100  # connections that are opened between two looks at the others


class Crowd:
    """Connections to a port of this machine, each with what it sends at first."""

    def __init__(self, port: int, count: int, beginnings: list[bytes]) -> None:
        self._address = ("127.0.0.1", port)
        self._count = count
        self._beginnings = beginnings
        self._selector = selectors.DefaultSelector()
        self._opened = 0

    def run(self) -> None:
        """Keep them until this process is ended; tell when so many have been opened."""
        dripped = time.monotonic()
        was_told = False
        while True:
            held = len(self._selector.get_map())
            for _ in range(min(_AT_ONCE, self._count - held)):
                self._open()
            if self._opened >= self._count and not was_told:
                print("opened", flush=True)
                was_told = True
            for key, _ in self._selector.select(0.02):
                self._read(key.fileobj)
            if time.monotonic() - dripped > DRIP_SECONDS:
                dripped = time.monotonic()
                for key in list(self._selector.get_map().values()):
                    if key.data:
                        self._send(key.fileobj, b"x")

    def _open(self) -> None:
        connection = socket.create_connection(self._address, timeout=30)
        connection.setblocking(False)  # noqa: FBT003  its only argument
        beginning = self._beginnings[self._opened % len(self._beginnings)]
        self._opened += 1
        self._selector.register(connection, selectors.EVENT_READ, data=bool(beginning))
        self._send(connection, beginning)

    def _send(self, connection: object, data: bytes) -> None:
        assert isinstance(connection, socket.socket)  # noqa: S101
        try:
            connection.send(data)
        except OSError:
            self._drop(connection)

    def _read(self, connection: object) -> None:
        assert isinstance(connection, socket.socket)  # noqa: S101
        try:
            if not connection.recv(65536):
                self._drop(connection)
        except OSError:
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        connection.close()


def _call(port: int, sent: Sent, until: float, found: list[float], failures: list[str]) -> None:
    while time.monotonic() < until:
        began = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request("POST", "/predict", sent.data, {"Content-Type": sent.media_type})
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.OK:
                failures.append(str(answer.status))
        except OSError as error:
            failures.append(type(error).__name__)
        finally:
            connection.close()
        found.append(time.perf_counter() - began)


def _measure(port: int, sent: Sent, seconds: float) -> tuple[list[float], list[str]]:
    found: list[float] = []
    failures: list[str] = []
    until = time.monotonic() + seconds
    callers = [
        threading.Thread(target=_call, args=(port, sent, until, found, failures))
        for _ in range(CALLERS)
    ]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    return sorted(found), failures


def _row(name: str, service: Service, sent: Sent, seconds: float) -> int:
    found, failures = _measure(service.port, sent, seconds)
    p50, p99 = statistics.median(found) * 1000, found[int(len(found) * 0.99)] * 1000
    print(
        f"{name:18} {service.connections:6} held  {len(found):5} requests  p50 {p50:6.1f} ms  "
        f"p99 {p99:6.1f} ms  failed {len(failures)} {sorted(set(failures))}  "
        f"{service.megabytes():4.0f} MB",
        flush=True,
    )
    return len(failures)


def main() -> int:
    """Measure, print a row for each crowd, and tell by the exit code whether all was answered."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--count", type=int, default=4000, help="connections of the crowd")
    parser.add_argument("--limit", type=int, default=2000, help="VASARI_MAX_CONNECTIONS")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--crowd", nargs=2, metavar=("PORT", "KIND"), help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if chosen.crowd:
        port, kind = chosen.crowd
        Crowd(int(port), chosen.count, [KINDS[kind]] if kind in KINDS else [*KINDS.values()]).run()
    sent = pictures()["web"]
    failed = 0
    with Service(
        ROOT / "models_store", "vasari", VASARI_MAX_CONNECTIONS=str(chosen.limit)
    ) as service:
        _measure(service.port, sent, 1)
        failed += _row("nobody else", service, sent, chosen.seconds)
        for kind in (*KINDS, "all of these"):
            words = [sys.executable, __file__, "--count", str(chosen.count)]
            crowd = subprocess.Popen(
                [*words, "--crowd", str(service.port), kind], stdout=subprocess.PIPE, text=True
            )
            try:
                assert crowd.stdout is not None  # noqa: S101
                crowd.stdout.readline()
                failed += _row(kind, service, sent, chosen.seconds)
            finally:
                crowd.kill()
                crowd.communicate()
            time.sleep(1)
        failed += _row("nobody again", service, sent, chosen.seconds)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
