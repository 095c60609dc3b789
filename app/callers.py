"""How much one caller may ask for: so often, and so much at once.

A caller is a key's name, or an address; of IPv6 the network of 64 bits, which is what one
household or one rented machine has. What is known of callers is kept in this process and
forgotten when they have been quiet.
"""

import ipaddress
import math
import re
from collections import OrderedDict
from dataclasses import dataclass

from aiolimiter import AsyncLimiter

from app.errors import RateLimited, TooManyAtOnce

__all__ = ["CallerLimits", "Rate", "caller_of_address", "parse_rate"]

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE = re.compile(r"([1-9][0-9]{0,8})/(second|minute|hour|day)")

# A flood of addresses must not become a flood of memory: beyond, the quietest is forgotten.
_MOST_CALLERS = 10_000

_NETWORK_BITS = 64


@dataclass(frozen=True)
class Rate:
    """So many requests in so many seconds."""

    requests: int
    seconds: int


def parse_rate(text: str) -> Rate:
    """Read a rate such as `60/minute`.

    Raises:
        ValueError: It is none.
    """
    found = _RATE.fullmatch(text)
    if found is None:
        raise ValueError("expected a rate such as 60/minute (second, minute, hour, day)")
    return Rate(int(found[1]), _SECONDS[found[2]])


def caller_of_address(address: str) -> str:
    """Name the caller behind an address."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:  # a local socket, or a test
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, _NETWORK_BITS), strict=False))
    return str(parsed)


class CallerLimits:
    """Counts what each caller asks for; used on the event loop only.

    The rate is that of a leaky bucket: `rate.requests` may come at once, and then one
    each `rate.seconds / rate.requests`. Its clock is the event loop's, which does not jump.

    Args:
        rate: Of requests; None for no limit.
        at_once: Requests in work; 0 for no limit.
    """

    def __init__(self, rate: Rate | None, at_once: int) -> None:
        self._rate = rate
        self._at_once = at_once
        self._buckets: OrderedDict[str, AsyncLimiter] = OrderedDict()
        self._in_work: dict[str, int] = {}

    async def enter(self, caller: str) -> None:
        """Count a request; whoever enters leaves.

        Raises:
            TooManyAtOnce: The caller has as many in work as it may.
            RateLimited: The caller has asked as often as it may.
        """
        in_work = self._in_work.get(caller, 0)
        if self._at_once and in_work >= self._at_once:
            raise TooManyAtOnce(
                f"Expected at most {self._at_once} requests of one caller at once; "
                "as many are in work."
            )
        if self._rate is not None:
            await self._pour(caller, self._rate)
        self._in_work[caller] = in_work + 1

    def leave(self, caller: str) -> None:
        """A request is answered."""
        left = self._in_work[caller] - 1
        if left:
            self._in_work[caller] = left
        else:
            del self._in_work[caller]

    async def _pour(self, caller: str, rate: Rate) -> None:
        bucket = self._buckets.get(caller)
        if bucket is None:
            bucket = self._buckets[caller] = AsyncLimiter(rate.requests, rate.seconds)
            if len(self._buckets) > _MOST_CALLERS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(caller)
        if not bucket.has_capacity():
            raise RateLimited(
                f"Expected at most {rate.requests} requests of one caller in {rate.seconds} "
                "seconds; received more.",
                retry_after=math.ceil(rate.seconds / rate.requests),
            )
        await bucket.acquire()  # which waits only where there is no capacity
