"""Minds the processes that serve: a picture that breaks its decoder costs one of them.

    supervise  ->  worker: loads the models, says that it is ready, accepts from the socket
               ->  worker: likewise, where there are several

The system gives each connection to one of the workers. One that dies is replaced, and
whoever connects meanwhile waits, for the socket stays open here; a signal that ends this
process ends all of them in order.
"""

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.connection import wait
from typing import Any

from app.colleagues import Colleagues, make_places
from app.errors import ModelError, VasariError
from app.settings import Settings
from app.worker import Serve, Worker

__all__ = ["supervise"]

_log = logging.getLogger(__name__)

# After so many starts in a row that came to nothing, with no worker left, it is given up:
# whoever started the service is to know.
_MOST_FAILURES = 5
# Between them, doubled each time.
_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0
# A worker that lived for less is not replaced at once.
_SHORT_LIFE_SECONDS = 1.0


class _Place:
    """What one worker after the other holds.

    Args:
        serve: What each of them does.
        colleagues: The place as the others know it, where there are any.

    Attributes:
        worker: Who holds it; None between two.
        failures: Starts in a row that came to nothing.
        due: When the next is started, by the monotonic clock, where there is none.
        reason: Why the last one could not serve.
    """

    def __init__(self, serve: Serve, colleagues: Colleagues | None) -> None:
        self._start = partial(Worker, serve, colleagues)
        self.worker: Worker | None = self._start()
        self.failures = 0
        self.due = 0.0
        self.reason: VasariError = ModelError("Expected a worker to serve; it has not begun.")

    @property
    def is_served(self) -> bool:
        return self.worker is not None and self.worker.is_ready

    def look(self, happened: list[Any]) -> None:
        """Take note of what a worker tells, of its end, and of the time for the next."""
        if self.worker is None:
            if time.monotonic() >= self.due:
                self.worker = self._start()
            return
        has_ended = self.worker.process.sentinel in happened
        if not self.worker.is_ready and (has_ended or self.worker.news in happened):
            try:
                self.worker.read_news()
                self.failures = 0
            except VasariError as error:
                self.reason = error
                _log.error("a worker cannot take its place: %s", error)
        if has_ended:
            self._bury(self.worker)

    def _bury(self, worker: Worker) -> None:
        code = worker.end()
        said = worker.close()
        pause = 0.0
        if not worker.is_ready:
            pause = min(_LONGEST_PAUSE_SECONDS, _PAUSE_SECONDS * 2**self.failures)
            self.failures += 1
        elif time.monotonic() - worker.began < _SHORT_LIFE_SECONDS:
            pause = _PAUSE_SECONDS
        _log.error(
            "a worker ended with code %s; another takes its place%s%s",
            code,
            f" in {pause:g} s" if pause else "",
            f"\n{said}" if said else "",
        )
        self.due = time.monotonic() + pause
        self.worker = None if pause else self._start()


def supervise(
    serve: Callable[..., None],
    settings: Settings,
    listener: socket.socket,
    announce: Callable[[str], None],
) -> None:
    """Serve with `settings.workers` processes until a signal ends them.

    Args:
        serve: `app.server.serve_on`, which each of them calls.
        settings: For each of them.
        listener: Bound, and not listening yet.
        announce: Called with what the last worker says, when all are ready.

    Raises:
        VasariError: A worker cannot start; or, later, none is left and none can.
    """
    colleagues = make_places(settings.workers) if settings.workers > 1 else [None]
    places: list[_Place] = []
    with _received_signals() as signals:
        try:
            work = partial(serve, settings, listener)
            places.extend(_Place(work, each) for each in colleagues)
            if _await_ready(places, signals, announce):
                _keep(places, signals)
        finally:
            listener.close()  # whoever comes now is refused, and does not wait for nobody
            _end(
                [each.worker for each in places if each.worker], signals, settings.deadline_seconds
            )
            for each in colleagues:
                if each is not None:
                    each.close()


def _await_ready(
    places: list[_Place], signals: socket.socket, announce: Callable[[str], None]
) -> bool:
    """Wait until every worker is ready; tell whether they are to go on."""
    line = ""
    workers = [each.worker for each in places if each.worker]
    while starting := [worker for worker in workers if not worker.is_ready]:
        happened = wait([signals, *(worker.news for worker in starting)])
        if signals in happened and _passed_on(workers, signals):
            return False
        for worker in starting:
            if worker.news in happened:
                line = worker.read_news()
    announce(line)
    return True


def _keep(places: list[_Place], signals: socket.socket) -> None:
    """Replace workers that die, until a signal ends them all.

    Raises:
        VasariError: None is left, and none can start.
    """
    while True:
        workers = [each.worker for each in places if each.worker]
        awaited: list[Any] = [signals, *(worker.process.sentinel for worker in workers)]
        awaited += [worker.news for worker in workers if not worker.is_ready]
        due = [each.due for each in places if each.worker is None]
        left = max(0.0, min(due) - time.monotonic()) if due else None
        happened = wait(awaited, left)
        if signals in happened and _passed_on(workers, signals):
            return
        for place in places:
            place.look(happened)
        if not any(each.is_served for each in places):
            for place in places:
                if place.failures >= _MOST_FAILURES:
                    raise place.reason


def _passed_on(workers: list[Worker], signals: socket.socket) -> bool:
    """Pass a hangup on to the workers; tell whether it was another signal, which ends them."""
    (number,) = signals.recv(1)
    if number != signal.SIGHUP:
        return True
    for worker in workers:
        worker.send(signal.SIGHUP)
    return False


def _end(workers: list[Worker], signals: socket.socket, patience: float) -> None:
    """End them in order; at once where the time is up, or at a second interrupt."""
    for worker in workers:
        worker.send(signal.SIGTERM)
    end = time.monotonic() + patience + 1
    while living := [worker for worker in workers if worker.process.is_alive()]:
        left = end - time.monotonic()
        happened = wait([signals, *(worker.process.sentinel for worker in living)], max(0, left))
        if left <= 0 or (signals in happened and signals.recv(1)[0] == signal.SIGINT):
            for worker in living:
                worker.process.kill()
                worker.end()
    for worker in workers:
        worker.end()
        if said := worker.close():
            _log.error("a worker did not end in order\n%s", said)


@contextmanager
def _received_signals() -> Iterator[socket.socket]:
    """Receive signals as bytes from a socket, which can be waited for beside other things."""
    chosen = [signal.SIGINT, signal.SIGTERM]
    if not os.isatty(0):
        chosen.append(signal.SIGHUP)
    reading, writing = socket.socketpair()
    writing.settimeout(0)
    known: dict[signal.Signals, Any] = {}
    with reading, writing:
        descriptor = signal.set_wakeup_fd(writing.fileno())
        try:
            for each in chosen:
                known[each] = signal.signal(each, lambda *_: None)
            yield reading
        finally:
            for each, handler in known.items():
                signal.signal(each, handler)
            signal.set_wakeup_fd(descriptor)
