"""Several serving processes on one socket, where one interpreter's lock is not enough.

    supervise  ->  worker: loads the models, says that it is ready, accepts from the socket
               ->  worker: likewise

The system gives each connection to one of the workers. One that dies is replaced; a
signal that ends this process ends all of them in order.
"""

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection, wait
from typing import Any

from app.colleagues import Colleagues, make_places
from app.errors import ModelError, VasariError
from app.settings import Settings

__all__ = ["supervise"]

_log = logging.getLogger(__name__)

# Between the death of a worker that was never ready and the next try.
_PAUSE_SECONDS = 1.0

Serve = Callable[[Settings, socket.socket, Callable[[str], None], Colleagues], None]
"""Serves on a socket until a signal ends it, and tells once that it is ready."""


class _Worker:
    def __init__(
        self, serve: Serve, settings: Settings, listener: socket.socket, place: Colleagues
    ) -> None:
        # Spawned, not forked: a fork would share threads and locks that it does not have.
        context = multiprocessing.get_context("spawn")
        self.news, there = context.Pipe(duplex=False)
        self.process = context.Process(target=_work, args=(serve, settings, listener, place, there))
        self.process.start()
        there.close()
        self.is_ready = False

    def read_news(self) -> str:
        """Take what it says of its start.

        Raises:
            VasariError: It cannot serve.
        """
        try:
            told = self.news.recv()
        except EOFError:
            self.process.join()
            code = self.process.exitcode
            raise ModelError(f"Expected a worker to serve; it ended with code {code}.") from None
        if isinstance(told, VasariError):
            raise told
        self.is_ready = True
        return str(told)


def supervise(
    serve: Serve, settings: Settings, listener: socket.socket, announce: Callable[[str], None]
) -> None:
    """Serve with `settings.workers` processes until a signal ends them.

    Args:
        serve: What each of them does; a function at the top of a module.
        settings: For each of them.
        listener: Bound, and not listening yet.
        announce: Called with what the last worker says, when all are ready.

    Raises:
        VasariError: A worker cannot start.
    """
    places = make_places(settings.workers)

    def start(number: int) -> _Worker:
        return _Worker(serve, settings, listener, places[number])

    with _received_signals() as signals:
        workers: list[_Worker] = []
        try:
            while len(workers) < settings.workers:
                workers.append(start(len(workers)))
            if _await_ready(workers, signals, announce):
                _keep(workers, signals, start)
        finally:
            _end(workers, settings.deadline_seconds)
            for place in places:
                place.close()


def _await_ready(
    workers: list[_Worker], signals: socket.socket, announce: Callable[[str], None]
) -> bool:
    """Wait until every worker is ready; tell whether they are to go on."""
    line = ""
    while not all(worker.is_ready for worker in workers):
        starting = [worker for worker in workers if not worker.is_ready]
        happened = wait([signals, *(worker.news for worker in starting)])
        if signals in happened and _passed_on(workers, signals):
            return False
        for worker in starting:
            if worker.news in happened:
                line = worker.read_news()
    announce(line)
    return True


def _keep(workers: list[_Worker], signals: socket.socket, start: Callable[[int], _Worker]) -> None:
    """Replace workers that die, until a signal ends them all."""
    while True:
        starting = [worker.news for worker in workers if not worker.is_ready]
        happened = wait([signals, *starting, *(worker.process.sentinel for worker in workers)])
        if signals in happened and _passed_on(workers, signals):
            return
        for index, worker in enumerate(workers):
            if worker.news in happened:
                try:
                    worker.read_news()
                except VasariError as error:
                    _log.error("a worker cannot take its place: %s", error)
            if worker.process.sentinel in happened:
                worker.process.join()
                code = worker.process.exitcode
                _log.error("a worker ended with code %s; another takes its place", code)
                if not worker.is_ready:
                    time.sleep(_PAUSE_SECONDS)
                workers[index] = start(index)


def _passed_on(workers: list[_Worker], signals: socket.socket) -> bool:
    """Pass a hangup on to the workers; tell whether it was another signal, which ends them."""
    (number,) = signals.recv(1)
    if number != signal.SIGHUP:
        return True
    for worker in workers:
        _send(worker, signal.SIGHUP)
    return False


def _end(workers: list[_Worker], patience: float) -> None:
    for worker in workers:
        _send(worker, signal.SIGTERM)
    end = time.monotonic() + patience + 1
    for worker in workers:
        worker.process.join(max(0, end - time.monotonic()))
        if worker.process.is_alive():
            worker.process.kill()
            worker.process.join()


def _send(worker: _Worker, number: signal.Signals) -> None:
    # A worker that is still starting knows no hangup yet, and would die of it.
    if worker.process.pid is not None and worker.process.is_alive():
        if number == signal.SIGHUP and not worker.is_ready:
            return
        os.kill(worker.process.pid, number)


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


def _work(
    serve: Serve,
    settings: Settings,
    listener: socket.socket,
    place: Colleagues,
    news: Connection,
) -> None:
    """What a worker process does."""
    threading.Thread(target=_follow_parent, daemon=True).start()
    try:
        serve(settings, listener, news.send, place)
    except VasariError as error:
        news.send(error)


def _follow_parent() -> None:
    """End in order when the supervisor is gone without a word."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
