"""The load generator: callers in a process of their own, whose share of the CPU is told."""

import contextlib
import http.client
import multiprocessing
import queue
import socket
import statistics
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Self

__all__ = ["Answer", "Generator", "Load"]

OK, OVERLOADED = 200, 503
_SEND, _END = True, False


@dataclass(frozen=True)
class Answer:
    """One request: when it began and ended (`time.perf_counter`), and its status; 0 if none."""

    begun: float
    ended: float
    status: int

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended - self.begun


@dataclass(frozen=True)
class Load:
    """What came of so many seconds of load.

    Attributes:
        answers: In the order in which they came.
        seconds: How long it lasted.
        cpu_seconds: That the generator itself took.
    """

    answers: list[Answer]
    seconds: float
    cpu_seconds: float

    def of(self, status: int) -> list[Answer]:
        """The answers with one status."""
        return [each for each in self.answers if each.status == status]

    @property
    def rate(self) -> float:
        """Answers with status 200, a second."""
        return len(self.of(OK)) / self.seconds

    @property
    def failures(self) -> int:
        """Requests with neither an answer nor an orderly refusal."""
        return sum(each.status not in (OK, OVERLOADED) for each in self.answers)

    def median(self, status: int = OK) -> float:
        """Seconds that half of these answers took at most."""
        return statistics.median(each.seconds for each in self.of(status))

    def p99(self, status: int = OK) -> float:
        """Seconds that 99 of 100 answers took at most."""
        return p99([each.seconds for each in self.of(status)])


def p99(seconds: list[float]) -> float:
    """The 99th percentile; the longest of fewer than a hundred."""
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))]


class Generator:
    """Sends requests from a process of its own; to be used with `with`."""

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, mp_context=context)
        self._pool.submit(time.sleep, 0).result()  # it is there before anything is timed
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def closed(self, port: int, request: bytes, callers: int, seconds: float) -> Load:
        """So many callers, each sending as soon as it has its answer."""
        return self._pool.submit(_closed, port, request, callers, seconds).result()

    def begin(self, port: int, request: bytes, callers: int, seconds: float) -> Callable[[], Load]:
        """The same beside what the caller does; call what is returned to wait for it."""
        return self._pool.submit(_closed, port, request, callers, seconds).result

    def opened(self, port: int, request: bytes, rate: float, seconds: float) -> Load:
        """So many requests a second, whether or not the earlier ones are answered."""
        return self._pool.submit(_opened, port, request, rate, seconds).result()


class _Caller:
    """One connection, opened again when the other side has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None

    def ask(self, request: bytes) -> Answer:
        begun = time.perf_counter()
        try:
            status = self._ask(request)
        except (OSError, http.client.HTTPException):
            self.close()
            status = 0
        return Answer(begun, time.perf_counter(), status)

    def _ask(self, request: bytes) -> int:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port))
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # One that is refused while it is being sent has its answer in the buffer already.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(request)
        answer = http.client.HTTPResponse(self._socket)
        answer.begin()
        answer.read()
        if answer.will_close:
            self.close()
        return answer.status

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _closed(port: int, request: bytes, callers: int, seconds: float) -> Load:
    answers: list[Answer] = []
    end = time.perf_counter() + seconds

    def call() -> None:
        caller = _Caller(port)
        while time.perf_counter() < end:
            answers.append(caller.ask(request))
        caller.close()

    return _run([call] * callers, answers)


def _opened(port: int, request: bytes, rate: float, seconds: float) -> Load:
    answers: list[Answer] = []
    due: queue.SimpleQueue[bool] = queue.SimpleQueue()

    def call() -> None:
        caller = _Caller(port)
        while due.get():
            answers.append(caller.ask(request))
        caller.close()

    callers = 256

    def keep_time() -> None:
        begun, sent = time.perf_counter(), 0
        while (now := time.perf_counter() - begun) < seconds:
            for _ in range(int(now * rate) - sent):
                due.put(_SEND)
                sent += 1
            time.sleep(0.002)
        for _ in range(callers):
            due.put(_END)

    return _run([keep_time] + [call] * callers, answers)


def _run(works: list[Callable[[], None]], answers: list[Answer]) -> Load:
    threads = [threading.Thread(target=work) for work in works]
    begun, cpu = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Load(answers, time.perf_counter() - begun, time.process_time() - cpu)
