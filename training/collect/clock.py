"""Time, passed in, so that tests of waiting do not wait."""

import threading
import time
from typing import Protocol

from training.collect.errors import StoppedError


class Clock(Protocol):
    """What waiting needs."""

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def wall(self) -> float:
        """Seconds since 1970, for dates that a server names."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait; raises `StoppedError` when the run is told to stop."""
        ...

    def stop(self) -> None:
        """Wake every sleeper and let it, and every later one, raise `StoppedError`."""
        ...


class SystemClock:
    """The real clock."""

    def __init__(self) -> None:
        self._stopped = threading.Event()

    def now(self) -> float:
        """Seconds on a clock that never goes back."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait; raises `StoppedError` when the run is told to stop."""
        if self._stopped.wait(max(0.0, seconds)):
            raise StoppedError("The run was told to stop.")

    def stop(self) -> None:
        """Wake every sleeper and let it, and every later one, raise `StoppedError`."""
        self._stopped.set()
