"""Serving processes that ask each other what they have counted.

A scrape reaches one of several processes on a port, and must tell of them all. The
supervisor makes a place for each: a local socket, handed down like the port itself,
at which that process tells, in one thread, whoever connects.
"""

import logging
import socket
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Colleagues", "make_places"]

_log = logging.getLogger(__name__)

# A process that does not tell within this is left out; it may be starting or stuck.
_PATIENCE_SECONDS = 1.0

_CHUNK = 1 << 16

Address = str | bytes


@dataclass(frozen=True)
class Colleagues:
    """The processes of one service, seen from one of them.

    Attributes:
        place: This one's number, from 0.
        listener: At which it tells.
        addresses: Those of all, by number.
    """

    place: int
    listener: socket.socket
    addresses: tuple[Address, ...]

    def tell(self, what: Callable[[], bytes]) -> None:
        """Tell whoever asks, in a thread of its own, until the process ends.

        Args:
            what: Makes what is told.
        """
        threading.Thread(
            target=_tell, args=(self.listener, what), name="colleagues", daemon=True
        ).start()

    def close(self) -> None:
        """Give the place up, in every process that holds it."""
        with suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self.listener.close()

    def ask(self) -> dict[int, bytes]:
        """What each of the others tells, by number; one that does not answer is left out."""
        others = [place for place in range(len(self.addresses)) if place != self.place]
        answers: dict[int, bytes] = {}

        def ask(place: int) -> None:
            try:
                answers[place] = _ask(self.addresses[place])
            except OSError as error:
                _log.warning("worker %d does not tell its metrics: %s", place, error)

        threads = [threading.Thread(target=ask, args=(place,)) for place in others]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return dict(sorted(answers.items()))


def make_places(count: int) -> list[Colleagues]:
    """Make a place for each of several processes, to be handed down to them."""
    listeners = [_listening() for _ in range(count)]
    addresses = tuple(each.getsockname() for each in listeners)
    return [Colleagues(place, each, addresses) for place, each in enumerate(listeners)]


def _listening() -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    if sys.platform == "linux":
        listener.bind("")  # the kernel finds a name outside the file system
    else:  # pragma: no cover
        listener.bind(str(Path(tempfile.mkdtemp(prefix="vasari-")) / "place"))
    listener.listen()
    return listener


def _tell(listener: socket.socket, what: Callable[[], bytes]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the place is given up
            return
        with connection:
            connection.settimeout(_PATIENCE_SECONDS)
            try:
                connection.sendall(what())
            except Exception:  # noqa: BLE001  the next one that asks is to be told
                _log.warning("could not tell a colleague", exc_info=True)


def _ask(address: Address) -> bytes:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE_SECONDS)
        connection.connect(address)
        return b"".join(iter(lambda: connection.recv(_CHUNK), b""))
