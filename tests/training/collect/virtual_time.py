"""A clock that waits by turning its hands."""

import threading
from pathlib import Path

import httpx

from training.collect.client import Client
from training.collect.errors import StoppedError
from training.collect.pace import Manners, Pace
from training.collect.patience import Patience
from training.collect.store import AnswerStore


class VirtualClock:
    """Counts what would have been slept."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.stopped = False
        self._lock = threading.Lock()

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return 1_800_000_000.0 + self.time

    def sleep(self, seconds: float) -> None:
        if self.stopped:
            raise StoppedError("The run was told to stop.")
        with self._lock:
            self.time += max(0.0, seconds)

    def stop(self) -> None:
        self.stopped = True


def client_of(
    handler: httpx.MockTransport,
    folder: Path,
    clock: VirtualClock | None = None,
    manners: dict[str, Manners] | None = None,
    patience: Patience | None = None,
) -> Client:
    clock = clock or VirtualClock()
    return Client(
        AnswerStore(folder),
        "vasari@example.org",
        pace=Pace(manners or {}, clock),
        clock=clock,
        transport=handler,
        patience=patience,
    )
