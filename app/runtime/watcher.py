"""New versions, noticed and put in service while requests go on.

    look  ->  settled?  ->  load, check, warm  ->  replace in Residents  ->  the old one drains

All of it happens in one thread beside the serving path. A model that is configured
by its name follows the store upwards: a version with a higher number that can be
served takes the place of the one that answers. A pinned version stays, and so does
one whose folder is gone.
"""

import gc
import logging
import math
import os
import threading
import time
import weakref
from collections.abc import Collection
from contextlib import suppress

from app.model_store import Fingerprint
from app.runtime.loader import Loader
from app.runtime.memory import release_memory
from app.runtime.residents import Resident, Residents, split_reference
from app.settings import ALL_MODELS

__all__ = ["Watcher"]

_log = logging.getLogger(__name__)

# Enough to stand behind the workers, and not so much that it starves with the
# interpreter's lock in its hand.
_NICENESS = 5

# Between two of the moments in which nothing can be served; see `load_resident`.
_PAUSE_SECONDS = 0.25

# Between two looks whether what was replaced has answered its last request.
_DEPARTURE_SECONDS = 0.1


class Watcher:
    """Keeps the residents up to date with the store.

    Args:
        loader: Loads versions, and knows which were refused at start-up.
        residents: Those that answer now.
        references: What is configured besides the default model.
        seconds: Between two looks; 0 looks only when it is told to.
    """

    def __init__(
        self, loader: Loader, residents: Residents, references: Collection[str], seconds: float
    ) -> None:
        self._loader = loader
        self._residents = residents
        self._seconds = seconds
        named = [
            split_reference(each) for each in (residents.default, *references) if each != ALL_MODELS
        ]
        self._names = dict.fromkeys(name for name, version in named if version is None)
        self._pinned = {(name, version) for name, version in named if version is not None}
        self._follows_all = ALL_MODELS in references
        self._seen: dict[tuple[str, str], Fingerprint] = {}
        self._leaving: list[tuple[str, str, weakref.ref[Resident]]] = []
        self._wake = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)

    def start(self) -> None:
        """Start to look."""
        self._thread.start()

    def look_now(self) -> None:
        """Have a look taken at once, at versions that were still changing too."""
        self._wake.set()

    def close(self, patience: float) -> None:
        """Look no more.

        Args:
            patience: Seconds to wait for a version that is being loaded.
        """
        self._ending = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(patience)

    def look(self, *, forced: bool = False) -> None:
        """Bring the residents up to date, in the calling thread.

        Args:
            forced: Whether to try versions that have not been seen at rest yet.
        """
        self._note_departures()
        for name in self._followed():
            if self._ending:
                return
            self._follow(name, forced=forced)
        if self._loader.refused != self._residents.refused:
            self._residents.replace(self._residents.current, self._loader.refused)

    def _watch(self) -> None:
        _step_back()
        while True:
            forced = self._wait()
            if self._ending:
                return
            self._wake.clear()
            try:
                self.look(forced=forced)
            except Exception:  # noqa: BLE001  whatever a look fails at, there is a next one
                _log.exception("looking for new versions failed")

    def _wait(self) -> bool:
        """Wait for the next look, and tell whether it was asked for; note departures meanwhile."""
        end = time.monotonic() + self._seconds if self._seconds else math.inf
        while self._leaving and time.monotonic() < end:
            if self._wake.wait(min(_DEPARTURE_SECONDS, end - time.monotonic())):
                return True
            self._note_departures()
        return self._wake.wait(max(0, end - time.monotonic()) if self._seconds else None)

    def _followed(self) -> list[str]:
        names = list(self._names)
        if self._follows_all:
            chosen = {*names, *(name for name, _ in self._pinned)}
            names += [name for name in self._loader.store.names() if name not in chosen]
        return names

    def _follow(self, name: str, *, forced: bool) -> None:
        """Try the versions above the one that answers, the newest first."""
        old = next((each for each in self._residents.current if each.card.name == name), None)
        answering = -1 if old is None else int(old.card.version)
        for version in self._loader.store.versions(name):
            if int(version) <= answering:
                break
            settled = self._is_settled(name, version)
            if self._loader.is_refused(name, version) or not (settled or forced):
                continue
            started = time.perf_counter()
            found = self._loader.load(name, version, pause_seconds=_PAUSE_SECONDS)
            if isinstance(found, Resident):
                self._swap(old, found, time.perf_counter() - started)
                return
        self._loader.forget(name, below=answering)

    def _is_settled(self, name: str, version: str) -> bool:
        """Whether its files are as they were at the last look: nobody is copying them."""
        before = self._seen.get((name, version))
        now = self._loader.store.fingerprint(name, version)
        self._seen[name, version] = now
        return now == before

    def _swap(self, old: Resident | None, new: Resident, seconds: float) -> None:
        self._loader.forget(new.card.name, below=int(new.card.version))
        pinned = old is not None and (old.card.name, old.card.version) in self._pinned
        staying = [each for each in self._residents.current if each is not old or pinned]
        self._residents.replace([*staying, new], self._loader.refused)
        reference = new.version.reference
        if old is None or pinned:
            _log.info("%s answers, loaded and checked in %.2f s", reference, seconds)
            return
        self._leaving.append((old.version.reference, old.backend, weakref.ref(old)))
        _log.info(
            "%s answers in place of %s, loaded and checked in %.2f s",
            reference,
            old.version.reference,
            seconds,
        )

    def _note_departures(self) -> None:
        """Find which of those that were replaced have answered their last request."""
        gone = [each for each in self._leaving if each[2]() is None]
        self._leaving = [each for each in self._leaving if each[2]() is not None]
        for reference, _, _ in gone:
            _log.info("%s has answered its last request and is freed", reference)
        if any(backend == "tensorflow" for _, backend, _ in gone):
            gc.collect()  # a Keras model refers to itself, and would wait for it much longer
        if gone:
            release_memory()


def _step_back() -> None:
    """Have this thread give way to those that serve; Linux has threads of different niceness."""
    if hasattr(os, "setpriority"):  # pragma: no branch
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
