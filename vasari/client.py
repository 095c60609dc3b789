"""Client and AsyncClient: the same calls, by waiting and by awaiting."""

import asyncio
import time
from collections.abc import Iterable
from itertools import count
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack

from vasari import calls
from vasari.answers import Models, Prediction
from vasari.calls import Call, Picture, Wanted
from vasari.errors import Problem, Unreachable

try:
    import httpx
except ImportError:  # pragma: no cover
    raise ImportError("vasari needs httpx: pip install httpx") from None

from vasari.exchange import Exchange

__all__ = ["AsyncClient", "Client"]

T = TypeVar("T")

DEFAULT_ADDRESS = "http://127.0.0.1:8000"
_SECONDS = 60.0
_RETRIES = 3
_BATCH = 16


class Client:
    """Asks a Vasari service, and waits for its answers. May be shared by threads.

    Args:
        address: Of the service, with its sub-path.
        timeout: Seconds to connect, to send, and to wait for an answer.
        retries: How often a call is repeated that the service had no place for (503), each
            after the seconds that it asks for.
        **options: For `httpx.Client`, such as `headers` or `transport`.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timeout: float = _SECONDS,
        retries: int = _RETRIES,
        **options: Any,
    ) -> None:
        self._http = httpx.Client(base_url=address, timeout=timeout, **options)
        self._exchange = Exchange(retries)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def predict(
        self,
        picture: Picture,
        **wanted: Unpack[Wanted],
    ) -> Prediction:
        """Tell the period of one picture.

        Args:
            picture: A path, the bytes of a file, or a picture of Pillow's.
            **wanted: `model`, `top_k`, `heatmap`, `similar`: see `vasari.calls.Wanted`.

        Raises:
            Problem: The service says what is wrong.
            Unreachable: No answer came.
        """
        return self._ask(calls.predict(picture, calls.query(wanted)))

    def predict_batch(
        self,
        pictures: Iterable[Picture],
        *,
        size: int = _BATCH,
        **wanted: Unpack[Wanted],
    ) -> list[Prediction | Problem]:
        """Tell the periods of many pictures.

        Args:
            pictures: Each as for `predict`; read when its request is sent.
            size: Pictures in a request.
            **wanted: As for `predict`.

        Returns:
            For each picture, in order, what is said of it or what is wrong with it.

        Raises:
            Problem: The service says what is wrong with a request as a whole.
            Unreachable: No answer came.
        """
        query = calls.query(wanted)
        answers = (self._ask(call) for call in calls.batches(pictures, query, size))
        return [answer for some in answers for answer in some]

    def models(self) -> Models:
        """List what is in the service's store."""
        return self._ask(calls.models())

    def _ask(self, call: Call[T]) -> T:
        arguments = self._exchange.arguments(call)
        for attempt in count():
            try:
                response = self._http.request(**arguments)
            except httpx.TransportError as error:
                raise _unreachable(self._http.base_url, error) from error
            pause = self._exchange.pause(response, attempt)
            if pause is None:
                break
            time.sleep(pause)
        return self._exchange.answer(call, response)


class AsyncClient:
    """Asks a Vasari service, and awaits its answers; otherwise as `Client`."""

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        timeout: float = _SECONDS,
        retries: int = _RETRIES,
        **options: Any,
    ) -> None:
        self._http = httpx.AsyncClient(base_url=address, timeout=timeout, **options)
        self._exchange = Exchange(retries)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def predict(
        self,
        picture: Picture,
        **wanted: Unpack[Wanted],
    ) -> Prediction:
        """See `Client.predict`."""
        return await self._ask(calls.predict(picture, calls.query(wanted)))

    async def predict_batch(
        self,
        pictures: Iterable[Picture],
        *,
        size: int = _BATCH,
        **wanted: Unpack[Wanted],
    ) -> list[Prediction | Problem]:
        """See `Client.predict_batch`."""
        query = calls.query(wanted)
        answers: list[Prediction | Problem] = []
        for call in calls.batches(pictures, query, size):
            some = await self._ask(call)
            answers += some
        return answers

    async def models(self) -> Models:
        """See `Client.models`."""
        return await self._ask(calls.models())

    async def _ask(self, call: Call[T]) -> T:
        arguments = self._exchange.arguments(call)
        for attempt in count():
            try:
                response = await self._http.request(**arguments)
            except httpx.TransportError as error:
                raise _unreachable(self._http.base_url, error) from error
            pause = self._exchange.pause(response, attempt)
            if pause is None:
                break
            await asyncio.sleep(pause)
        return self._exchange.answer(call, response)


def _unreachable(address: httpx.URL, error: httpx.TransportError) -> Unreachable:
    reason = str(error) or type(error).__name__
    return Unreachable(f"Expected an answer from {address}; none came: {reason}.")
