"""Between a call and its answer: what is sent, whether it is tried again, and what came."""

from http import HTTPStatus
from typing import Any, TypeVar

import httpx

from vasari.calls import Call
from vasari.errors import Problem, UnexpectedAnswer

__all__ = ["Exchange"]

T = TypeVar("T")

_LONGEST_PAUSE = 60.0


class Exchange:
    """The rules that both clients keep.

    Args:
        retries: How often a call is repeated that the service had no place for.
    """

    def __init__(self, retries: int) -> None:
        self._retries = retries

    def arguments(self, call: Call[Any]) -> dict[str, Any]:
        """For `httpx.Client.request` and its sibling."""
        headers = {"Content-Type": "application/octet-stream"} if call.content is not None else {}
        return {
            "method": call.method,
            "url": call.path.removeprefix("/"),
            "params": call.query,
            "content": call.content,
            "files": call.files,
            "headers": headers,
        }

    def pause(self, response: httpx.Response, attempt: int) -> float | None:
        """How many seconds to wait before the call is repeated; None where it is not.

        Args:
            response: To this attempt.
            attempt: From 0.
        """
        if response.status_code != HTTPStatus.SERVICE_UNAVAILABLE or attempt >= self._retries:
            return None
        wanted = response.headers.get("Retry-After", "")
        return min(_LONGEST_PAUSE, float(wanted) if wanted.isdecimal() else 2.0**attempt)

    def answer(self, call: Call[T], response: httpx.Response) -> T:
        """Read what came.

        Raises:
            Problem: The service says what is wrong.
            UnexpectedAnswer: It is not the service's.
        """
        try:
            document = response.json()
        except ValueError:
            raise UnexpectedAnswer(_strange(response)) from None
        if response.is_success:
            return call.read(document)
        try:
            problem = Problem(document)
        except (KeyError, TypeError, ValueError):
            raise UnexpectedAnswer(_strange(response)) from None
        raise problem


def _strange(response: httpx.Response) -> str:
    return (
        f"Expected the Vasari service at {response.url}; received {response.status_code} "
        f"with {response.text[:100]!r}."
    )
