"""The one client that every museum is asked through: named, slow, patient, forgetting nothing."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import httpx

from app import __version__
from training.collect.clock import Clock
from training.collect.errors import (
    ChangedAnswerError,
    HostRefusesError,
    MissingAnswerError,
    NoAnswerError,
)
from training.collect.pace import Pace
from training.collect.patience import Patience, seconds_asked
from training.collect.store import AnswerStore

T = TypeVar("T")

# 403 is what the guards before museums say to whoever came too fast.
_TRY_AGAIN = frozenset({403, 408, 425, 429, 500, 502, 503, 504})
_GONE = frozenset({404, 410})
_OK = 200
_MIB = 1 << 20


class Client:
    """Asks museums.

    Args:
        store: Where answers are kept and looked up first.
        contact: Mail or web address of whoever runs this; museums ask for it.
        pace: Per-host rate and concurrency.
        clock: Tells the time and waits.
        transport: Replaces the network in tests. Defaults to the network.
        patience: How refusals are met.
    """

    def __init__(
        self,
        store: AnswerStore,
        contact: str,
        *,
        pace: Pace,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.contact = contact
        self.requests: Counter[str] = Counter()
        self._store = store
        self._pace = pace
        self._clock = clock
        self._patience = patience or Patience()
        self._strikes: Counter[str] = Counter()
        self._last: dict[str, str] = {}
        self._lock = threading.Lock()
        self._http = httpx.Client(
            transport=transport,
            follow_redirects=True,
            timeout=httpx.Timeout(60.0, connect=20.0),
            headers={
                "User-Agent": f"vasari-collect/{__version__} ({contact}) "
                f"python-httpx/{httpx.__version__}"
            },
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def json(
        self,
        url: str,
        params: Mapping[str, str] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        accept: str = "application/json",
    ) -> Any:
        """Ask for JSON, once ever.

        Raises:
            ChangedAnswerError: Something other than JSON came.
            MissingAnswerError: There is no such thing.
            NoAnswerError: The host refused every try.
        """
        return self._ask(
            url, accept=accept, check=_read_json, limit=256 * _MIB, params=params, headers=headers
        )

    def file(self, url: str, *, accept: str = "*/*") -> Path:
        """Ask for a file, once ever; the kept copy is returned and must not be changed.

        Raises:
            MissingAnswerError: There is no such file.
            NoAnswerError: The host refused every try.
        """
        self._ask(url, accept=accept, check=_accept_all, limit=2048 * _MIB)
        kept = self._store.find(str(httpx.URL(url)), accept)
        if kept is None:  # pragma: no cover - the disk lost what was written a moment ago
            raise NoAnswerError(f"The answer of {url} was written and is not there.")
        return kept.body

    def picture(self, url: str) -> bytes:
        """Ask for a picture's bytes. They are not kept here: the caller writes them.

        Raises:
            MissingAnswerError: There is no such picture.
            NoAnswerError: The host refused every try.
        """
        request = self._request(url, None, {"Accept": "image/*"})
        return self._send(request, lambda answer: b"".join(_chunks(answer, 64 * _MIB)))

    def _ask(
        self,
        url: str,
        *,
        accept: str,
        check: Callable[[Path], T],
        limit: int,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        request = self._request(url, params, {**(headers or {}), "Accept": accept})
        asked = str(request.url)
        kept = self._store.find(asked, accept)
        if kept is not None:
            if kept.status in _GONE:
                raise MissingAnswerError(f"{asked} is known not to be there ({kept.status}).")
            return check(kept.body)

        def keep(answer: httpx.Response) -> T:
            chunks = _chunks(answer, limit)
            return self._store.keep(asked, accept, chunks, check=check)

        def remember_missing(status: int) -> None:
            self._store.keep(asked, accept, (), status=status, check=_accept_all)

        return self._send(request, keep, remember_missing)

    def _request(
        self, url: str, params: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> httpx.Request:
        try:
            request = self._http.build_request("GET", url, params=params, headers=headers)
        except httpx.InvalidURL as error:
            raise MissingAnswerError(
                f"Expected a web address; received {url!r}: {error}."
            ) from None
        # Addresses come from the museums' records: anything but the web is a mistake there.
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise MissingAnswerError(f"Expected a web address; received {url!r}.")
        return request

    def _send(
        self,
        request: httpx.Request,
        read: Callable[[httpx.Response], T],
        gone: Callable[[int], None] | None = None,
    ) -> T:
        host = request.url.netloc.decode()
        outcome = ""
        for attempt in range(self._patience.tries):
            self._refuse_struck(host)
            asked_to_wait: float | None = None
            try:
                with self._pace.turn(host):
                    with self._lock:
                        self.requests[host] += 1
                    answer = self._http.send(request, stream=True)
                    try:
                        status = answer.status_code
                        if status == _OK:
                            found = read(answer)
                            self._strikes[host] = 0
                            return found
                    finally:
                        answer.close()
                asked_to_wait = seconds_asked(
                    answer.headers.get("Retry-After", ""), self._clock.wall()
                )
                outcome = f"status {status}"
                if status not in _TRY_AGAIN:
                    if status in _GONE and gone is not None:
                        gone(status)
                    raise MissingAnswerError(f"Expected status 200 from {request.url}; {outcome}.")
            except httpx.RequestError as error:
                outcome = f"{type(error).__name__}: {error}"
            if asked_to_wait is not None and asked_to_wait > self._patience.longest:
                outcome += f" and Retry-After {asked_to_wait:.0f} s"
                break
            self._pace.hold(host, self._patience.wait(attempt, asked_to_wait))
        with self._lock:
            self._strikes[host] += 1
            self._last[host] = outcome
        self._refuse_struck(host)
        raise NoAnswerError(f"{host} refused {request.url}: {outcome}.")

    def _refuse_struck(self, host: str) -> None:
        if self._strikes[host] >= self._patience.strikes:
            raise HostRefusesError(
                f"{host} refused {self._patience.strikes} things in a row through every try, "
                f"the last with {self._last[host]}; it is left alone for the rest of this run."
            )


def _chunks(answer: httpx.Response, limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in answer.iter_bytes(1 << 16):
        size += len(chunk)
        if size > limit:
            raise ChangedAnswerError(
                f"Expected at most {limit} bytes from {answer.url}; more came."
            )
        yield chunk


def _read_json(body: Path) -> Any:
    data = body.read_bytes()
    try:
        return json.loads(data)
    except ValueError:
        raise ChangedAnswerError(
            f"Expected JSON; received {len(data)} bytes that begin with {data[:40]!r}."
        ) from None


def _accept_all(body: Path) -> Path:
    return body
