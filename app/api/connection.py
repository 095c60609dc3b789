"""Waiting for an answer as long as somebody waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

__all__ = ["while_connected"]

T = TypeVar("T")


async def while_connected(request: Request, answering: Coroutine[Any, Any, T]) -> T:
    """Wait for an answer; give it up, and its work, when the caller goes away.

    Args:
        request: Its body has been read.
        answering: Is cancelled where nobody waits any more.

    Raises:
        ClientDisconnect: The caller has left.
    """
    answer = asyncio.ensure_future(answering)
    departure = asyncio.ensure_future(_departure(request))
    try:
        await asyncio.wait((answer, departure), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ClientDisconnect
        return await answer
    finally:
        answer.cancel()
        departure.cancel()


async def _departure(request: Request) -> None:
    # The body has been read: all that can still come is the news that the caller left.
    await request.receive()
