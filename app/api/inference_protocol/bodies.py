"""Bodies of requests: counted while they stream, and inflated within bounds."""

import asyncio
import zlib

from fastapi import Request

from app.api.uploads import stream_body
from app.errors import BodyTooLarge, InvalidRequest, UnsupportedBody
from app.runtime.engine import Upload

__all__ = ["read_body"]

# Bits of the window: with 32 zlib tells gzip from zlib by itself.
_WINDOW_BITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}
_STEP = 2**20


async def read_body(request: Request, upload: Upload, limit: int) -> bytes:
    """Read a body, and inflate it where it is `gzip` or `deflate`.

    Args:
        request: Its body is unread.
        upload: Accounts for the bytes, the inflated ones too.
        limit: Most bytes, as sent and as inflated.

    Raises:
        UnsupportedBody: It is encoded in another way.
        BodyTooLarge: It has more bytes.
        InvalidRequest: It is damaged.
        Overloaded: The engine holds all the bytes it may.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return b"".join([chunk async for chunk in stream_body(request, upload, limit)])
    if encoding not in _WINDOW_BITS:
        raise UnsupportedBody(
            f"Expected the Content-Encoding gzip or deflate, or none; received {encoding[:50]!r}."
        )
    inflater = zlib.decompressobj(_WINDOW_BITS[encoding])
    parts: list[bytes] = []
    total = 0
    async for chunk in stream_body(request, upload, limit):
        waiting = chunk
        while waiting and not inflater.eof:
            try:
                part = inflater.decompress(waiting, _STEP)
            except zlib.error as error:
                raise InvalidRequest(f"Expected a body of {encoding}; {error}.") from None
            waiting = inflater.unconsumed_tail
            total += len(part)
            if total > limit:
                raise BodyTooLarge(f"Expected at most {limit} bytes when inflated; received more.")
            upload.grow(len(part))
            parts.append(part)
            await asyncio.sleep(0)  # others have their turn between two steps
    if not inflater.eof:
        raise InvalidRequest(f"Expected a whole body of {encoding}; received one cut short.")
    return b"".join(parts)
