"""How refusals are met: waits that grow, and what a host asks for by `Retry-After`."""

import random
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime


@dataclass(frozen=True)
class Patience:
    """How long a host that refuses is asked again.

    Args:
        tries: Requests for one thing before giving it up.
        first: Seconds before the second try; each later wait is twice as long.
        ceiling: The longest wait of our own choosing.
        longest: The longest `Retry-After` that is obeyed; beyond it the host counts
            as refusing, because nobody waits a day at a terminal.
        strikes: Things given up in a row before the host is left alone for this run.
    """

    tries: int = 6
    first: float = 2.0
    ceiling: float = 120.0
    longest: float = 900.0
    strikes: int = 2

    def wait(self, attempt: int, asked: float | None) -> float:
        """Seconds until the next try.

        Args:
            attempt: Tries before this one.
            asked: What the host asked for, if it did; never undercut.
        """
        # Jitter keeps several runs from coming back at once; no secret hangs on it.
        jitter = random.uniform(0.75, 1.25)  # noqa: S311
        own = min(self.ceiling, self.first * 2.0**attempt) * jitter
        return max(own, asked or 0.0)


def seconds_asked(retry_after: str, now: float) -> float | None:
    """What a `Retry-After` asks for, be it a number or a date; None where it says nothing.

    Args:
        retry_after: The header.
        now: Seconds since 1970.
    """
    value = retry_after.strip()
    if value.isdigit():
        return float(value)
    try:
        date = parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, date.timestamp() - now)
