"""Connections that are slow on purpose: bounded in number, and in what silence they may keep.

    no request, or a part of a head   ->  closed after `idle_seconds`
    an answer that is not read        ->  closed when none of it was taken for `idle_seconds`
    a head of more than 64 KiB        ->  closed
    more connections than there may be ->  the one that has been silent longest is closed,
                                           or one whose body drips

A connection whose request is in work counts as none of these; how long a body may take where
there is room is `app.api.access`'s business.
"""

import asyncio
import resource
from itertools import islice
from typing import TYPE_CHECKING, Any, ClassVar

from uvicorn.protocols.http.auto import AutoHTTPProtocol

# The one that uvicorn chooses; both have the same form.
if TYPE_CHECKING:
    from uvicorn.protocols.http.h11_impl import H11Protocol as _Protocol
else:
    _Protocol = AutoHTTPProtocol

__all__ = ["BACKLOG", "guarded_protocol", "raise_descriptor_limit"]

BACKLOG = 128
"""Connections that are taken at once, before one that is too many can be closed."""

# For files, models, the listening socket and what Python holds, beside connections.
_OTHER_DESCRIPTORS = BACKLOG + 128

_LONGEST_HEAD = 1 << 16

# Silent for less, a connection may be one whose request is on its way.
_SETTLED_SECONDS = 1.0
# A body that has come slower than this since then drips.
_DRIPPING_BYTES_PER_SECOND = 1 << 14
# Of the bodies that have been on their way longest, so many are looked at for such a one.
_LOOKED_AT = 64

# Of one body, beyond which no more is taken from the system until the application has read.
_MOST_UNREAD = 1 << 19


def raise_descriptor_limit(connections: int) -> int:
    """Let this process have as many descriptors as its connections need, where it may.

    Args:
        connections: How many are wanted.

    Returns:
        How many there may be: fewer, where the system allows fewer descriptors.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY:
        return connections
    return max(1, min(connections, soft - min(_OTHER_DESCRIPTORS, soft // 2)))


def guarded_protocol(*, idle_seconds: float, most: int) -> type[asyncio.Protocol]:
    """Make the protocol of a server's connections.

    Args:
        idle_seconds: How long one may be without progress.
        most: How many there may be.
    """
    members = {"idle_seconds": idle_seconds, "most": most, "silent": {}, "sending": {}}
    return type("GuardedProtocol", (_Guarded,), members)


class _Unread(list[bytes]):
    """What of a body is not read yet, in pieces; `bytes` of it is what the application gets."""

    size = 0

    def __bytes__(self) -> bytes:
        return b"".join(self)


class _Guarded(_Protocol):
    """Uvicorn's own protocol, with an end to every silence, and with longer pieces of bodies."""

    idle_seconds: ClassVar[float]
    most: ClassVar[int]
    silent: ClassVar[dict["_Guarded", float]]  # since when, the longest silent first
    sending: ClassVar[dict["_Guarded", float]]  # a body; likewise

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._silence: asyncio.TimerHandle | None = None
        self._stall: asyncio.TimerHandle | None = None
        self._head = 0
        self._body = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.most:
            least = self._least_wanted()
            least.silent.pop(least, None)
            least.sending.pop(least, None)
            least._cut()  # noqa: SLF001  it is one of us
            if least is self:
                return
        self._begin_silence()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_silence()
        self._end_stall()
        self.sending.pop(self, None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._end_silence_of_work()
        self._note_body(len(data))
        if self._silence is not None and (self.cycle is None or not self.cycle.more_body):
            self._head += len(data)
            if self._head > _LONGEST_HEAD:
                self._cut()

    def _note_body(self, size: int) -> None:
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.more_body:
            self.sending.pop(self, None)
        elif self in self.sending:
            self._body += size
        elif not self.transport.is_closing():
            self._body = size
            self.sending[self] = self.loop.time()

    def _least_wanted(self) -> "_Guarded":
        """Whom to close where there is one too many; itself, where nobody else is idle."""
        settled = self.loop.time() - _SETTLED_SECONDS
        oldest = next(iter(self.silent), None)
        if oldest is not None and self.silent[oldest] <= settled:
            return oldest
        for each, since in islice(self.sending.items(), _LOOKED_AT):
            most = _DRIPPING_BYTES_PER_SECOND * (settled + _SETTLED_SECONDS - since)
            if since <= settled and each._body < most:  # noqa: SLF001  it is one of us
                return each
        return oldest or self

    def on_body(self, body: bytes) -> None:
        # Uvicorn's own copies each byte twice more, and stops reading at every 64 KiB.
        cycle: Any = self.cycle
        if cycle.response_complete:
            return
        if not isinstance(cycle.body, _Unread):
            cycle.body = _Unread()
        cycle.body.append(body)
        cycle.body.size += len(body)
        if cycle.body.size >= _MOST_UNREAD:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_response_complete(self) -> None:
        self._begin_silence()
        super().on_response_complete()
        self._end_silence_of_work()  # which the next of several requests in a row may be

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_writing(None)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._end_stall()

    def _begin_silence(self) -> None:
        self._end_silence()
        self.silent[self] = self.loop.time()
        self._silence = self.loop.call_later(self.idle_seconds, self._cut)

    def _end_silence_of_work(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            self._end_silence()

    def _end_silence(self) -> None:
        self.silent.pop(self, None)
        self._head = 0
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def _watch_writing(self, left: int | None) -> None:
        waiting = self.transport.get_write_buffer_size()
        if left is not None and waiting >= left:
            self._cut()
            return
        self._end_stall()
        self._stall = self.loop.call_later(self.idle_seconds, self._watch_writing, waiting)

    def _cut(self) -> None:
        # The request in work, if any, must not write until the loop has told that it is over.
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.abort()

    def _end_stall(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
