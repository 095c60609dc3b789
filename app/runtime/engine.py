"""Admission, the queue and the workers: bounded work for a bounded machine.

    async with engine.upload() as upload:     bytes are counted as they stream in
        upload.grow(len(chunk))
        await engine.run(work)                queue, deadline, worker thread

Admission is decided on the event loop, work is done in the worker threads, and
the two meet in one lock. The engine knows nothing of pictures or models.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from app.errors import DeadlineExceeded, InternalError, NotReady, Overloaded, Problem

__all__ = ["Engine", "Turn", "Upload"]

_log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True)
class Turn:
    """What a piece of work learns when a worker takes it.

    Attributes:
        worker: Index of the worker thread, from 0.
        waited: Seconds spent in the queue.
        is_wanted: Whether the caller still waits, within the deadline. Work may ask
            before it does something costly.
    """

    worker: int
    waited: float
    is_wanted: Callable[[], bool] = lambda: True


class _Job(Generic[T]):
    def __init__(
        self, work: Callable[[Turn], T], deadline: float, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.work = work
        self.deadline = deadline
        self.admitted = time.monotonic()
        self.future: asyncio.Future[T] = loop.create_future()
        self._loop = loop

    def is_wanted(self) -> bool:
        return not self.future.done() and time.monotonic() < self.deadline

    def run(self, worker: int) -> None:
        result: T | None = None
        problem: Problem | None = None
        try:
            result = self.work(Turn(worker, time.monotonic() - self.admitted, self.is_wanted))
        except Problem as raised:
            problem = raised
        except BaseException:  # noqa: BLE001  a worker outlives whatever the work does
            _log.exception("a worker's job failed")
            problem = InternalError("The picture could not be worked on; the fault is ours.")
        try:
            self._loop.call_soon_threadsafe(self._settle, result, problem)
        except RuntimeError:  # the event loop is gone, and with it whoever waited
            _log.debug("an answer came after the event loop had closed")

    def _settle(self, result: Any, problem: Problem | None) -> None:
        if self.future.done():  # cancelled or too late: nobody listens
            return
        if problem is not None:
            self.future.set_exception(problem)
        else:
            self.future.set_result(result)


class Upload:
    """The bytes that one request holds; given back when it is closed."""

    def __init__(self, engine: "Engine") -> None:
        self._engine = engine
        self._bytes = 0

    def grow(self, count: int) -> None:
        """Account for more bytes that came in.

        Raises:
            Overloaded: The engine holds all the bytes it may.
        """
        self._engine._hold(count)  # noqa: SLF001
        self._bytes += count

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine._hold(-self._bytes)  # noqa: SLF001
        self._bytes = 0


class Engine:
    """Worker threads behind a bounded queue.

    Args:
        threads: How many workers.
        queue_items: Jobs that may wait; one more is refused.
        queue_bytes: Bytes of uploads that may be held at once, waiting or not.
        deadline_seconds: How long a job may take from admission to result.
    """

    def __init__(
        self, *, threads: int, queue_items: int, queue_bytes: int, deadline_seconds: float
    ) -> None:
        self.threads = threads
        self.queue_items = queue_items
        self.queue_bytes = queue_bytes
        self.deadline_seconds = deadline_seconds
        self._waiting: deque[_Job[object]] = deque()
        self._changed = threading.Condition()
        self._open = False
        self._held_bytes = 0
        self._workers: list[threading.Thread] = []
        self._begun: list[float | None] = [None] * threads

    @property
    def longest_run(self) -> float:
        """Seconds for which the job that began first has been in work; 0 where none is."""
        begun = [each for each in self._begun if each is not None]
        return time.monotonic() - min(begun) if begun else 0.0

    @property
    def is_open(self) -> bool:
        """Whether work is accepted."""
        return self._open

    @property
    def waiting(self) -> int:
        """Jobs in the queue."""
        return len(self._waiting)

    @property
    def held_bytes(self) -> int:
        """Bytes of uploads held now."""
        return self._held_bytes

    def start(self) -> None:
        """Start the workers."""
        self._open = True
        self._workers = [
            threading.Thread(target=self._serve, args=(index,), name=f"worker-{index}", daemon=True)
            for index in range(self.threads)
        ]
        for worker in self._workers:
            worker.start()

    def close(self) -> None:
        """Refuse new work, finish what was admitted, and end the workers."""
        with self._changed:
            self._open = False
            self._changed.notify_all()
        for worker in self._workers:
            worker.join(self.deadline_seconds)
        self._workers = []

    def check_admission(self) -> None:
        """Tell whether a job would be admitted now, before its bytes are read.

        Raises:
            NotReady: The engine is not started, or closing.
            Overloaded: The queue is full.
        """
        if not self._open:
            raise NotReady("Expected a running service; it is starting or stopping.")
        if len(self._waiting) >= self.queue_items:
            raise Overloaded(
                f"Expected fewer than {self.queue_items} pictures waiting; as many already are."
            )

    def upload(self) -> Upload:
        """Begin to account for a request's bytes."""
        return Upload(self)

    async def run(self, work: Callable[[Turn], T]) -> T:
        """Have a worker do something, and wait for it.

        A caller that is cancelled, or waits past the deadline, takes its work out
        of the queue; work that had begun is finished and its result dropped.

        Args:
            work: Called in a worker thread.

        Raises:
            NotReady, Overloaded: It is not admitted.
            DeadlineExceeded: No result within `deadline_seconds`.
            Problem: Whatever problem the work raises.
            InternalError: The work raised anything else.
        """
        self.check_admission()
        loop = asyncio.get_running_loop()
        job = _Job(work, time.monotonic() + self.deadline_seconds, loop)
        with self._changed:
            self._waiting.append(job)  # type: ignore[arg-type]
            self._changed.notify()
        try:
            async with asyncio.timeout(self.deadline_seconds):
                return await job.future
        except TimeoutError:
            raise DeadlineExceeded(
                f"Expected an answer within {self.deadline_seconds:g} seconds; there is none yet."
            ) from None
        finally:
            self._withdraw(job)

    def _withdraw(self, job: _Job[T]) -> None:
        if job.future.done() and not job.future.cancelled():
            return
        with self._changed:
            try:
                self._waiting.remove(job)  # type: ignore[arg-type]
            except ValueError:  # a worker has taken it
                return

    def _hold(self, count: int) -> None:
        if count > 0 and self._held_bytes + count > self.queue_bytes:
            raise Overloaded(
                f"Expected at most {self.queue_bytes} bytes of uploads at once; "
                f"{self._held_bytes} are held already."
            )
        self._held_bytes += count

    def _serve(self, index: int) -> None:
        while True:
            with self._changed:
                while not self._waiting and self._open:
                    self._changed.wait()
                if not self._waiting:
                    return
                job = self._waiting.popleft()
            if job.is_wanted():
                self._begun[index] = time.monotonic()
                job.run(index)
                self._begun[index] = None
            # The picture's bytes go before the wait for the next one.
            del job
