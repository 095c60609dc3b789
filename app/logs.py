"""The log: lines for people, or one JSON object on each line for programs.

    record  ->  Lines: formatted, put in a row  ->  a thread that writes

Whoever logs never waits for whoever reads: where the row is full, lines are dropped and
counted. Nothing of an upload is ever given to the log: no name, no byte, no metadata.
"""

import json
import logging
import os
import select
import stat
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, Literal

__all__ = ["JsonLines", "Lines", "prepare_logging", "request_id"]

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the request that is being answered; empty between requests."""

# What a burst may need, and in memory a few hundred kilobytes.
_MOST_LINES = 2000
_LAST_SECONDS = 1.0

_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class JsonLines(logging.Formatter):
    """Each record as an object: time, level, logger, message, and what the record adds.

    A record adds members by `extra={"members": {...}}`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write one record."""
        whole = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        members: dict[str, Any] = {
            "time": f"{whole}.{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identity := request_id.get():
            members["request_id"] = identity
        members |= getattr(record, "members", {})
        if record.exc_info:
            members["traceback"] = self.formatException(record.exc_info)
        return json.dumps(members, ensure_ascii=False, default=str)


class Lines(logging.Handler):
    """Writes records to a descriptor in a thread of its own, each in one piece and in order.

    A process that is forked has a row and a thread of its own from its first record on.

    Args:
        descriptor: Where to.
        most: Lines that may wait; beyond, they are dropped and counted.
    """

    def __init__(self, descriptor: int, most: int = _MOST_LINES) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._most = most
        self._process = 0
        self._changed = threading.Condition()
        self._waiting: deque[str] = deque()
        self._dropped = 0
        self._writer: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Put a record in the row."""
        if self._process != os.getpid():
            self._begin()
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001  as every handler of the standard library does
            self.handleError(record)
            return
        with self._changed:
            # Once there is a gap it goes on until it is worth a line of its own.
            if self._dropped or len(self._waiting) >= self._most:
                self._dropped += 1
                return
            self._waiting.append(line)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write, name="log", daemon=True)
                self._writer.start()
            self._changed.notify_all()

    def flush(self) -> None:
        """Wait until all is written, for a second at most."""
        if self._process == os.getpid():
            with self._changed:
                self._changed.wait_for(lambda: not self._waiting, _LAST_SECONDS)

    def _begin(self) -> None:
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._waiting = deque()
        self._dropped = 0
        self._writer = None

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                line = self._waiting[0]
            # One write for a line: others may write to the same pipe.
            _write_all(self._descriptor, line)
            with self._changed:
                self._waiting.popleft()
                if self._dropped and len(self._waiting) <= self._most // 2:
                    self._waiting.append(self._told_of_dropped())
                self._changed.notify_all()

    def _told_of_dropped(self) -> str:
        words = f"{self._dropped} lines were dropped here: nobody read the log"
        self._dropped = 0
        return self.format(
            logging.LogRecord(__name__, logging.WARNING, __file__, 0, words, None, None)
        )


def _write_all(descriptor: int, line: str) -> None:
    data = f"{line}\n".encode(errors="backslashreplace")
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except BlockingIOError:
            poll = select.poll()
            poll.register(descriptor, select.POLLOUT)
            poll.poll()
        except OSError:  # it will never be read, and there is no place left to say so
            return


def _let_nobody_wait(descriptor: int) -> None:
    """Have libraries of C, which write there too, lose their words where nobody reads them."""
    kind = os.fstat(descriptor).st_mode
    if stat.S_ISFIFO(kind) or stat.S_ISCHR(kind):
        # Opened anew: whoever has the other descriptors is to find them as they were.
        with suppress(OSError):  # not on this system, or not for this user
            flags = os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_NOCTTY
            own = os.open(f"/proc/self/fd/{descriptor}", flags)
            os.dup2(own, descriptor)
            os.close(own)


def prepare_logging(level: str, form: Literal["text", "json"]) -> None:
    """Make this process, and those forked from it, write their log to the standard error.

    Args:
        level: Least level of what is written.
        form: `text` or `json`.
    """
    descriptor = sys.stderr.fileno()
    _let_nobody_wait(descriptor)
    handler = Lines(descriptor)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_FORMAT))
    logging.basicConfig(level=level.upper(), handlers=[handler])
    logging.getLogger("PIL").setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
