"""One serving process, from the supervisor's side and from its own."""

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from app.colleagues import Colleagues
from app.errors import ModelError, VasariError

__all__ = ["SIGNALS", "Serve", "Worker"]

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Those that the supervisor receives; the last one only where no terminal would send it."""

# Forked from the supervisor, which has imported everything and has no thread but that of its
# log, a worker is ready in a tenth of a second and shares the memory. Elsewhere system
# libraries do not bear it.
_METHOD = "fork" if sys.platform == "linux" else "spawn"

_LOOK_SECONDS = 1.0
_LAST_WORDS_BYTES = 1 << 16

Serve = Callable[[Callable[[str], None], Colleagues | None, int | None], None]
"""Serves until a signal ends it.

It is given what to call once it is ready, its place among others, and the descriptor that
the traceback of a crash goes to.
"""


class Worker:
    """A serving process that has been started.

    Args:
        serve: What it does; can be pickled, where processes are not forked.
        place: Among the others, where there are any.

    Attributes:
        process: The process.
        news: Can be read when it has told something of its start, or has ended.
        is_ready: Whether it has told that it serves.
        began: When it was started, by the monotonic clock.
    """

    def __init__(self, serve: Serve, place: Colleagues | None) -> None:
        context: Any = multiprocessing.get_context(_METHOD)
        self.news, there = context.Pipe(duplex=False)
        self._last_words = os.memfd_create("last words") if _METHOD == "fork" else None
        self.process = context.Process(target=_work, args=(serve, place, there, self._last_words))
        self.is_ready = False
        self.began = time.monotonic()
        gc.freeze()  # a collection in the worker would copy the pages that it shares
        # Until it has put its own in their place, it has this process's handlers.
        held = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self.process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, held)
            there.close()

    def read_news(self) -> str:
        """Take what it says of its start.

        Raises:
            VasariError: It cannot serve.
        """
        try:
            told = self.news.recv()
        except EOFError:
            code = self.end()
            raise ModelError(f"Expected a worker to serve; it ended with code {code}.") from None
        if isinstance(told, VasariError):
            raise told
        self.is_ready = True
        return str(told)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it lives and knows what to do with it."""
        # One that is still starting knows no hangup yet, and would die of it.
        if self.process.is_alive() and (number != signal.SIGHUP or self.is_ready):
            os.kill(self.process.pid, number)

    def end(self) -> int:
        """Wait until it has ended; tell its exit code, which is negative for a signal."""
        self.process.join()
        return int(self.process.exitcode)

    def close(self) -> str:
        """Give up what is held for one that has ended; tell the traceback of its crash, if any."""
        self.news.close()
        if self._last_words is None:
            return ""
        said = os.pread(self._last_words, _LAST_WORDS_BYTES, 0)
        os.close(self._last_words)
        self._last_words = None
        return said.decode(errors="replace").rstrip()


def _work(serve: Serve, place: Colleagues | None, news: Connection, last_words: int | None) -> None:
    """What the process does."""
    signal.set_wakeup_fd(-1)
    # A terminal sends its interrupt to all: the supervisor's word to end is enough.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    parent = multiprocessing.parent_process()
    threading.Thread(target=_follow, args=(parent and parent.pid,), daemon=True).start()
    try:
        serve(news.send, place, last_words)
    except VasariError as error:
        news.send(error)
    finally:
        logging.shutdown()  # which multiprocessing would leave out


def _follow(parent: int | None) -> None:
    """End in order when the supervisor is gone without a word."""
    # What else would tell it, the end of a pipe, does not come while a sibling holds a copy.
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
