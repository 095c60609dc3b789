"""The run: every core busy, and one row for each source, in the sources' order.

    this thread      sources -> window of futures -> rows, appended in order
    worker threads   read -> digest -> (seen before?) -> decode, model -> row

Decoding and inference hold no lock of Python's; each worker has an interpreter of its own.
A row is appended when all before it are, so that what stands in the table is the
beginning of the sources.
"""

import hashlib
import logging
import queue
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Protocol

from app.bulk.problems import UnreadableFile
from app.bulk.row_file import RowFile
from app.bulk.rows import Column, Row, answer_row, problem_row
from app.bulk.sources import Source
from app.errors import InternalError, Problem
from app.imaging import ImageLimits
from app.runtime.classification import Classification
from app.runtime.engine import Turn
from app.runtime.residents import Resident

__all__ = ["Limits", "Run", "Tally", "Watcher"]

_log = logging.getLogger(__name__)

# Sources in work or waiting, for each worker: so long may one picture keep the rows of
# the others back before a worker is idle. No bytes are held for those that wait.
_WINDOW = 64

# The appending thread wakes for several rows at once: each time it does, a worker that
# wants the interpreter's lock may have to wait for it.
_SECONDS_ASLEEP = 0.1


@dataclass(frozen=True)
class Limits:
    """What a picture may cost.

    Args:
        max_bytes: Most bytes of its file.
        image: What is refused before it is decoded.
    """

    max_bytes: int
    image: ImageLimits


@dataclass
class Tally:
    """What came of the sources so far.

    Attributes:
        present: Rows that were there before.
        answered: Rows with an answer, the duplicates' too.
        duplicates: Rows whose answer is that of a file with the same bytes.
        failed: Rows with a problem.
    """

    present: int = 0
    answered: int = 0
    duplicates: int = 0
    failed: int = 0

    @property
    def written(self) -> int:
        """Rows of this run."""
        return self.answered + self.failed

    @property
    def done(self) -> int:
        """Rows in all."""
        return self.present + self.written


class Watcher(Protocol):
    """Is told how far the run is."""

    def advance(self, tally: Tally) -> None:
        """Called often, in the thread of the run."""
        ...


@dataclass(frozen=True)
class _Made:
    row: Row
    is_duplicate: bool = False


class Run:
    """Classifies sources into a file of rows.

    Args:
        resident: The model, with a runner for each worker.
        columns: Of the rows.
        rows: Where they go; what stands there is not done again.
        limits: What is refused.
    """

    def __init__(
        self, resident: Resident, columns: tuple[Column, ...], rows: RowFile, limits: Limits
    ) -> None:
        self._resident = resident
        self._columns = columns
        self._rows = rows
        self._limits = limits
        self._stopping = threading.Event()
        # Between the workers, who look for rows with the same bytes, and the appending thread.
        self._lock = threading.Lock()
        self._in_work: dict[str, Future[Row]] = {}
        self._free: queue.SimpleQueue[int] = queue.SimpleQueue()
        for index in range(len(resident.runners)):
            self._free.put(index)

    def stop(self) -> None:
        """Begin no further source; what has begun is finished. Safe in a signal handler."""
        self._stopping.set()

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    def work(self, sources: Iterable[Source], watcher: Watcher) -> Tally:
        """Go through the sources.

        Raises:
            TableError: A row cannot be written; what stands is whole.
        """
        tally = Tally()
        workers = len(self._resident.runners)
        waiting: deque[tuple[str, Future[_Made]]] = deque()
        names: set[str] = set()
        executor = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        try:
            for source in self._until_stopped(sources):
                if source.name in names or self._rows.has_path(source.name):
                    tally.present += source.name not in names
                    watcher.advance(tally)
                    continue
                names.add(source.name)
                waiting.append((source.name, executor.submit(self._make, source)))
                while len(waiting) >= _WINDOW * workers:
                    wait([waiting[len(waiting) // 2][1]], _SECONDS_ASLEEP)
                    self._settle(waiting, names, tally, watcher)
                self._settle(waiting, names, tally, watcher)
            while waiting:
                if self.is_stopped and waiting[-1][1].cancel():  # the last ones begin last
                    waiting.pop()
                    continue
                wait([waiting[-1][1]], _SECONDS_ASLEEP)
                self._settle(waiting, names, tally, watcher)
        finally:
            executor.shutdown(cancel_futures=True)
        self._rows.sync()
        return tally

    def _until_stopped(self, sources: Iterable[Source]) -> Iterator[Source]:
        for source in sources:
            if self.is_stopped:
                return
            yield source

    def _settle(
        self,
        waiting: deque[tuple[str, Future[_Made]]],
        names: set[str],
        tally: Tally,
        watcher: Watcher,
    ) -> None:
        """Append the rows that are made, up to the first that is not."""
        while waiting and waiting[0][1].done():
            name, future = waiting.popleft()
            made = future.result()
            with self._lock:
                self._rows.append(made.row)
                self._in_work.pop(str(made.row["sha256"]), None)
            names.discard(name)
            if made.row["error"] is not None:
                tally.failed += 1
            else:
                tally.answered += 1
                tally.duplicates += made.is_duplicate
        watcher.advance(tally)

    def _make(self, source: Source) -> _Made:
        """Make a source's row; in a worker thread."""
        try:
            data = source.read(self._limits.max_bytes)
        except (Problem, UnreadableFile) as problem:
            return _Made(self._problem_row(source, None, problem))
        digest = hashlib.sha256(data).hexdigest()
        mine: Future[Row] = Future()
        with self._lock:
            row = self._rows.with_digest(digest)
            first = mine if row else self._in_work.setdefault(digest, mine)
        if row is None and first is mine:
            row = self._ask(source, digest, data)
            mine.set_result(row)
            return _Made(row)
        # Who came first is at work in another thread: nobody waits for one who waits himself.
        return _Made({**(row or first.result()), "path": source.name}, is_duplicate=True)

    def _ask(self, source: Source, digest: str, data: bytes) -> Row:
        worker = self._free.get()
        try:
            work = Classification(data, (self._resident,), self._limits.image)
            (found,) = work(Turn(worker, waited=0))
        except Problem as problem:
            return self._problem_row(source, digest, problem)
        except Exception:  # noqa: BLE001  one picture must not end the run of all, whatever it does
            _log.exception("%s failed", source.name)
            ours = InternalError("The picture could not be worked on; the fault is ours.")
            return self._problem_row(source, digest, ours)
        finally:
            self._free.put(worker)
        return answer_row(
            self._columns,
            path=source.name,
            model=self._resident.version.reference,
            sha256=digest,
            found=found,
        )

    def _problem_row(
        self, source: Source, digest: str | None, problem: Problem | UnreadableFile
    ) -> Row:
        return problem_row(
            self._columns,
            path=source.name,
            model=self._resident.version.reference,
            sha256=digest,
            problem=problem,
        )
