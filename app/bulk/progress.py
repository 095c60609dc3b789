"""What a person, or a log, sees of a run: how far, how fast, how long yet."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TextIO

from app.bulk.run import Tally
from app.bulk.sources import Source

__all__ = ["Progress", "Total", "duration"]

_SECONDS_ON_A_TERMINAL = 0.2
_SECONDS_IN_A_LOG = 10.0
_RATE_OVER_SECONDS = 30.0
_SECONDS_BETWEEN_SAMPLES = 1.0


class Total:
    """Counts the sources beside the run; the number is there when it is there.

    Args:
        sources: Can be gone through once more. None leaves the number open.
    """

    def __init__(self, sources: Iterable[Source] | None) -> None:
        self.count: int | None = None
        self._sources = sources
        self._ended = False
        if sources is not None:
            threading.Thread(target=self._go_through, name="total", daemon=True).start()

    def close(self) -> None:
        """Count no further."""
        self._ended = True

    def _go_through(self) -> None:
        count = 0
        for _ in self._sources or ():
            if self._ended:
                return
            count += 1
        self.count = count


class Progress:
    """Writes one line that is drawn anew on a terminal, and a line now and then elsewhere.

    Args:
        stream: Where to.
        total: How many sources there are.
        clock: In seconds.
    """

    def __init__(
        self, stream: TextIO, total: Total, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream
        self._total = total
        self._clock = clock
        self._on_terminal = stream.isatty()
        self._pause = _SECONDS_ON_A_TERMINAL if self._on_terminal else _SECONDS_IN_A_LOG
        self._last = clock()
        self._samples: deque[tuple[float, int]] = deque([(self._last, 0)])

    def advance(self, tally: Tally) -> None:
        """Draw, if it is time to."""
        now = self._clock()
        if now - self._samples[-1][0] >= _SECONDS_BETWEEN_SAMPLES:
            self._samples.append((now, tally.written))
            while now - self._samples[1][0] > _RATE_OVER_SECONDS:
                self._samples.popleft()
        if now - self._last >= self._pause:
            self._last = now
            self._draw(self._line(tally, now))

    def close(self) -> None:
        """Leave the terminal's line empty."""
        if self._on_terminal:
            self._draw("")

    def _draw(self, line: str) -> None:
        self._stream.write(f"\r\x1b[K{line}" if self._on_terminal else f"{line}\n")
        self._stream.flush()

    def _line(self, tally: Tally, now: float) -> str:
        since, before = self._samples[0]
        rate = (tally.written - before) / (now - since) if now > since else 0.0
        total = self._total.count
        parts = [f"{tally.done:,}" if total is None else f"{tally.done:,} of {total:,}"]
        parts.append(f"{rate:.1f}/s")
        if total is not None and rate > 0:
            parts.append(f"{duration(max(0, total - tally.done) / rate)} left")
        if tally.failed:
            parts.append(f"{tally.failed:,} errors")
        return ", ".join(parts)


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, such as `1:02:03`."""
    return str(timedelta(seconds=round(seconds)))
