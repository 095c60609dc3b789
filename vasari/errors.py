"""Everything that a client raises.

VasariError
|-- Problem           the service says what is wrong: `code` is stable
|-- Unreachable       no answer came: no connection, or not in time
`-- UnexpectedAnswer  an answer came that is not the service's
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["Problem", "UnexpectedAnswer", "Unreachable", "VasariError"]


class VasariError(Exception):
    """Anything that a client raises on purpose."""


class Problem(VasariError):  # noqa: N818  the RFC's word
    """What the service says is wrong (RFC 9457); docs/http.md lists the codes.

    Args:
        document: The problem document.

    Attributes:
        code: Such as `broken_image` or `overloaded`; stable.
        status: HTTP status.
        title: The kind of problem, for people.
        detail: What was expected and what came.
        members: The whole document, with members such as `models`.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.code = str(document["code"])
        self.status = int(document["status"])
        self.title = str(document["title"])
        self.detail = str(document["detail"])
        self.members = dict(document)
        super().__init__(f"{self.code}: {self.detail}")

    def __reduce__(self) -> tuple[type["Problem"], tuple[Mapping[str, Any]]]:
        return Problem, (self.members,)


class Unreachable(VasariError):  # noqa: N818
    """No answer came from the service."""


class UnexpectedAnswer(VasariError):  # noqa: N818
    """The answer is not of the service's form: another program listens, or another version."""
