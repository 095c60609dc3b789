"""Waiting for what another thread does, without guessing how long it takes."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so; at most 10 seconds."""
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110  a thread has no event to await
            await asyncio.sleep(0.001)
