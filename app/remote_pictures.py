"""Pictures by their address, from a few hosts, and never from inside this network.

    address -> its origin is on the list -> its name is resolved once, and each address that
    comes of it is public -> connected to that very address -> type, size and time are capped
    -> a redirect begins anew

Nothing is resolved twice: what was checked is what is connected to, so that a name that
changes its mind gains nothing.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from urllib.parse import urldefrag, urljoin

import httpcore

from app.errors import BodyTooLarge, Overloaded, UrlFailed, UrlNotAllowed
from app.origins import origin_of

__all__ = ["RemotePictures", "is_public"]

_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 3
_MOST_AT_ONCE = 16
_OK = 200

_HEADERS = ((b"Accept", b"image/*"), (b"Accept-Encoding", b"identity"), (b"User-Agent", b"Vasari"))

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_IPV4_BITS = 0xFFFFFFFF

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""From host and port to addresses."""


def is_public(address: str) -> bool:
    """Tell whether an address is one of the internet at large.

    Private, local, shared, reserved and multicast ones are not, nor is one of IPv6 that
    stands for one of IPv4 that is not.
    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = [parsed.ipv4_mapped, parsed.sixtofour, *(parsed.teredo or ())]
        if parsed in _NAT64:
            inner.append(ipaddress.IPv4Address(int(parsed) & _IPV4_BITS))
        if any(each is not None and not is_public(str(each)) for each in inner):
            return False
        if parsed.ipv4_mapped is not None:
            return True
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


class RemotePictures:
    """Fetches pictures from the origins of a list.

    Args:
        origins: In the form of `app.origins.parse_origin`.
        seconds: How long a fetch may take, redirects included.
        most_bytes: Of one picture.
        resolve: Finds the addresses of a host. Defaults to the system's way.
        is_allowed: Whether an address may be connected to.
        trusted: Whose certificates are believed. Defaults to what httpcore believes.
    """

    def __init__(  # noqa: PLR0913
        self,
        origins: Iterable[str],
        *,
        seconds: float,
        most_bytes: int,
        resolve: Resolve | None = None,
        is_allowed: Callable[[str], bool] = is_public,
        trusted: ssl.SSLContext | None = None,
    ) -> None:
        self._origins = frozenset(origins)
        self._seconds = seconds
        self._most_bytes = most_bytes
        self._backend = _PinnedBackend(resolve or _resolve, is_allowed)
        self._trusted = trusted or httpcore.default_ssl_context()
        self._at_once = 0

    async def fetch(self, address: str, count: Callable[[int], None]) -> bytes:
        """Fetch one picture.

        Args:
            address: Of it.
            count: Called with the size of each piece before it is kept.

        Raises:
            UrlNotAllowed: The address, or where it leads, is not to be fetched from.
            UrlFailed: There is no picture, or not in time.
            BodyTooLarge: It has more bytes.
            Overloaded: As many are being fetched as may be.
        """
        if self._at_once >= _MOST_AT_ONCE:
            raise Overloaded(
                f"Expected fewer than {_MOST_AT_ONCE} pictures being fetched; as many already are."
            )
        self._at_once += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await self._follow(address, count)
        except TimeoutError:
            raise UrlFailed(
                f"Expected the picture within {self._seconds:g} seconds; it did not come."
            ) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
            raise UrlFailed(
                f"Expected a picture at the address; received none: {type(error).__name__}."
            ) from None
        finally:
            self._at_once -= 1

    async def _follow(self, address: str, count: Callable[[int], None]) -> bytes:
        # A pool for each fetch: no connection, and so no address, outlives it.
        async with httpcore.AsyncConnectionPool(
            ssl_context=self._trusted, network_backend=self._backend
        ) as pool:
            for _ in range(_MOST_REDIRECTS + 1):
                self._check(address)
                found = await self._get(pool, urldefrag(address).url, count)
                if isinstance(found, bytes):
                    return found
                address = urljoin(address, found)
        raise UrlFailed(f"Expected at most {_MOST_REDIRECTS} redirects; received more.")

    def _check(self, address: str) -> None:
        try:
            origin = origin_of(address)
        except ValueError as error:
            raise UrlNotAllowed(f"The address cannot be used: {error}.") from None
        if origin not in self._origins:
            raise UrlNotAllowed(
                f"Expected an address of one of {sorted(self._origins)}; received one of {origin}."
            )

    async def _get(
        self, pool: httpcore.AsyncConnectionPool, address: str, count: Callable[[int], None]
    ) -> bytes | str:
        """The picture, or where it is to be looked for instead."""
        async with pool.stream("GET", address, headers=_HEADERS) as answer:
            told = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
            if answer.status in _REDIRECTS and b"location" in told:
                return told[b"location"]
            if answer.status != _OK:
                raise UrlFailed(f"Expected the answer 200; received {answer.status}.")
            media_type = told.get(b"content-type", "").partition(";")[0].strip().lower()
            if not (media_type.startswith("image/") or media_type == "application/octet-stream"):
                raise UrlFailed(f"Expected image/*; received {media_type[:100]!r}.")
            if told.get(b"content-encoding", "identity").lower() != "identity":
                raise UrlFailed("Expected a picture without Content-Encoding; received one.")
            return await self._read(answer, told.get(b"content-length", ""), count)

    async def _read(
        self, answer: httpcore.Response, announced: str, count: Callable[[int], None]
    ) -> bytes:
        most = self._most_bytes
        if announced.isdecimal() and int(announced) > most:
            raise BodyTooLarge(f"Expected a picture of at most {most} bytes; received {announced}.")
        pieces, total = [], 0
        async for piece in answer.aiter_stream():
            total += len(piece)
            if total > most:
                raise BodyTooLarge(f"Expected a picture of at most {most} bytes; received more.")
            count(len(piece))
            pieces.append(piece)
        return b"".join(pieces)


class _PinnedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that it has checked, under the name that was asked for."""

    def __init__(self, resolve: Resolve, is_allowed: Callable[[str], bool]) -> None:
        self._resolve = resolve
        self._is_allowed = is_allowed
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  the form of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        if not addresses or not all(map(self._is_allowed, addresses)):
            raise UrlNotAllowed("Expected a host at a public address; it is at another.")
        error: Exception | None = None
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as raised:
                error = raised
        raise error or httpcore.ConnectError

    async def connect_unix_socket(self, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        raise UrlNotAllowed("Expected a host; received a local socket.")

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


async def _resolve(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
