"""How often, and how many at once, each host is asked."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from training.collect.clock import Clock


@dataclass(frozen=True)
class Manners:
    """What a host is asked at most.

    Args:
        interval: Seconds between the beginnings of two requests.
        parallel: Requests that may be under way at once.
    """

    interval: float = 1.0
    parallel: int = 1


@dataclass
class _Lane:
    interval: float
    slots: threading.Semaphore
    lock: threading.Lock = field(default_factory=threading.Lock)
    free_at: float = 0.0


class Pace:
    """Hands out turns, host by host.

    Args:
        manners: What is known of a host; any other gets `Manners()`, the careful default.
        clock: Tells the time and waits.
    """

    def __init__(self, manners: Mapping[str, Manners], clock: Clock) -> None:
        self._manners = manners
        self._clock = clock
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, host: str) -> Iterator[None]:
        """Wait until this host may be asked, and hold the place while it is."""
        lane = self._lane(host)
        with lane.slots:
            while True:
                with lane.lock:
                    wait = lane.free_at - self._clock.now()
                    if wait <= 0:
                        lane.free_at = self._clock.now() + lane.interval
                        break
                self._clock.sleep(wait)
            # Zero seconds still notice that the run was told to stop.
            self._clock.sleep(0)
            yield

    def hold(self, host: str, seconds: float) -> None:
        """Leave a host alone for a while, in every thread."""
        lane = self._lane(host)
        with lane.lock:
            lane.free_at = max(lane.free_at, self._clock.now() + seconds)

    def _lane(self, host: str) -> _Lane:
        with self._lock:
            if host not in self._lanes:
                manners = self._manners.get(host, Manners())
                self._lanes[host] = _Lane(manners.interval, threading.Semaphore(manners.parallel))
            return self._lanes[host]
