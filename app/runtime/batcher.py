"""Pictures of many callers in one forward pass, for a device that gains by it.

    worker threads            decode, then run(pixels)
      nobody runs             -> go at once, with whoever else waits
      others are running      -> wait: until a place is free, or the delay is over
      a place is free         -> the first in the queue leads the next batch

There is no thread of its own that could die or outlive the model: each batch is run by
the worker thread of its first picture, the others sleep until they have their answer,
and the batcher goes when its model goes.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from app.errors import DeadlineExceeded, IntegrityError
from app.runtime.backend import Outputs, Pixels, Runner

__all__ = ["Batcher", "Batching"]

_log = logging.getLogger(__name__)

# One batch is brought to the device while another is computed there.
_PLACES = 2


@dataclass(frozen=True)
class Batching:
    """How pictures are put together.

    Args:
        most: Most rows of a batch.
        delay_seconds: Longest wait for company while another batch runs.
        count: Called with the rows of each batch that is run.
    """

    most: int = 32
    delay_seconds: float = 0.002
    count: Callable[[int], None] = lambda _: None


class _Item:
    """One caller's rows, and in the end their answer."""

    def __init__(self, pixels: Pixels, is_wanted: Callable[[], bool]) -> None:
        self.pixels = pixels
        self.is_wanted = is_wanted
        self.is_taken = False
        self.led: list[_Item] = []
        self.outputs: Outputs | None = None
        self.error: BaseException | None = None
        self.called = threading.Event()

    def answer(self) -> Outputs:
        if self.outputs is not None:
            return self.outputs
        try:
            raise self.error or RuntimeError("Expected an answer to every picture of a batch.")
        finally:
            self.error = None  # its traceback holds this frame, and the frame holds this item


class Batcher:
    """Runs one model for many worker threads.

    Args:
        runner: Safe to be called by several threads.
        batching: How pictures are put together.
    """

    def __init__(self, runner: Runner, batching: Batching) -> None:
        self._runner = runner
        self._most = batching.most
        self._delay = batching.delay_seconds
        self._count = batching.count
        self._lock = threading.Lock()
        self._queue: deque[_Item] = deque()
        self._running = 0

    def run(self, pixels: Pixels, is_wanted: Callable[[], bool]) -> Outputs:
        """Run one picture's views, with others where there are any.

        Args:
            pixels: uint8 [V, height, width, 3].
            is_wanted: Whether anybody still waits for the answer; asked before the
                batch begins.

        Raises:
            DeadlineExceeded: Nobody does.
            Exception: Whatever the model raises for this picture alone.
        """
        item = _Item(pixels, is_wanted)
        with self._lock:
            self._queue.append(item)
            if self._running == 0 or self._rows_waiting() >= self._most:
                self._call_next()
        if not item.called.wait(self._delay):
            with self._lock:
                if not item.is_taken:
                    self._call_next()
            item.called.wait()
        if item.led:
            self._lead(item.led)
        return item.answer()

    def _rows_waiting(self) -> int:
        return sum(len(each.pixels) for each in self._queue)

    def _call_next(self) -> None:
        """Where there is a place, have the first in the queue lead a batch; under the lock."""
        if self._running >= _PLACES or not self._queue:
            return
        leader = self._queue[0]
        rows = 0
        while self._queue and (not rows or rows + len(self._queue[0].pixels) <= self._most):
            item = self._queue.popleft()
            item.is_taken = True
            rows += len(item.pixels)
            leader.led.append(item)
        self._running += 1
        leader.called.set()

    def _lead(self, batch: list[_Item]) -> None:
        try:
            self._settle(batch)
        except BaseException as error:  # noqa: BLE001  nobody may be left waiting
            for item in batch:
                item.error = item.error or error
        finally:
            with self._lock:
                self._running -= 1
                self._call_next()
            for item in batch:
                item.called.set()
            batch.clear()  # it holds its leader, which holds it

    def _settle(self, batch: Sequence[_Item]) -> None:
        wanted = []
        for item in batch:
            if item.is_wanted():
                wanted.append(item)
            else:
                item.error = DeadlineExceeded("Expected an answer in time; it is too late.")
        if not wanted:
            return
        try:
            self._answer(wanted)
        except Exception as error:  # noqa: BLE001  what one picture raises is not the others' business
            if len(wanted) == 1:
                wanted[0].error = error
                return
            _log.warning("a batch of %d failed, each is run alone: %s", len(wanted), error)
            for item in wanted:
                self._settle([item])

    def _answer(self, items: Sequence[_Item]) -> None:
        """Run some items together and give each its own rows."""
        pixels = np.concatenate([item.pixels for item in items])
        self._count(len(pixels))
        found = self._runner(pixels).named()
        for each in found.values():
            if len(each) != len(pixels):
                raise IntegrityError(f"Expected {len(pixels)} answers; received {len(each)}.")
        start = 0
        for item in items:
            rows = slice(start, start + len(item.pixels))
            item.outputs = Outputs(
                **{name: values[rows] for name, values in found.items()}, rows=len(pixels)
            )
            start = rows.stop
