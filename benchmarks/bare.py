"""The limit: the same decoding and the same interpreter in a loop, with no service about it."""

import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from app.imaging import decode, prepare_pillow, views
from app.model_store import ModelStore
from app.runtime.loader import load_resident
from app.runtime.residents import Resident

__all__ = ["Bare", "BareLoop"]


@dataclass(frozen=True)
class Bare:
    """What the loop came to.

    Attributes:
        seconds: Of each picture.
        elapsed: From the first to the last.
        cpu_seconds: Of all of it.
    """

    seconds: list[float]
    elapsed: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return len(self.seconds) / self.elapsed

    @property
    def cpu_each(self) -> float:
        """CPU seconds a picture."""
        return self.cpu_seconds / len(self.seconds)


class BareLoop:
    """The loop, in a process of its own; to be used with `with`.

    Args:
        store: models_store.
        model: Name of the model; its newest version is run.
        threads: Most threads that will be asked for.
    """

    def __init__(self, store: Path, model: str, threads: int) -> None:
        self._arguments = (store, model, threads)

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(1, context, _load, self._arguments)
        self.precision = self._pool.submit(_precision).result()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    def run(self, data: bytes, threads: int, seconds: float) -> Bare:
        """Work on one picture over and over."""
        return self._pool.submit(_loop, data, threads, seconds).result()


# The other process's own, set once when it begins.
_resident: list[Resident] = []


def _load(store: Path, model: str, threads: int) -> None:
    versions = ModelStore(store)
    version = versions.open(model, versions.versions(model)[0])
    prepare_pillow()
    _resident.append(load_resident(version, device="cpu", threads=threads))


def _precision() -> str:
    return _resident[0].precision


def _loop(data: bytes, threads: int, seconds: float) -> Bare:
    resident = _resident[0]
    spec = resident.card.input.spec
    size = (spec.width, spec.height)
    found: list[float] = []
    end = time.perf_counter() + seconds

    def work(number: int) -> None:
        run = resident.runners[number]
        while (begun := time.perf_counter()) < end:
            run(views(decode(data, reduce_to=size), spec))
            found.append(time.perf_counter() - begun)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    begun, cpu = time.perf_counter(), time.process_time()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return Bare(found, time.perf_counter() - begun, time.process_time() - cpu)
