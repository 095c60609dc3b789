"""The one form of every error, asserted wherever a test meets one.

    {"type": "urn:vasari:problem:<code>", "title": ..., "status": ..., "detail": ..., "code": ...}

and members of the problem's own.
"""

from typing import Any

from app import errors

STATUS = {
    kind.code: kind.status
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.Problem)
}


def assert_problem(response: Any, code: str) -> dict[str, Any]:
    """Check that an answer is this problem, and return its members."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    members: dict[str, Any] = response.json()
    assert list(members)[:5] == ["type", "title", "status", "detail", "code"]
    assert members["code"] == code, members
    assert members["type"] == f"urn:vasari:problem:{code}"
    assert members["status"] == response.status_code == STATUS[code]
    assert members["title"]
    assert members["detail"].endswith((".", "?"))
    assert response.headers["x-request-id"]
    assert ("retry-after" in response.headers) == (response.status_code in (429, 503))
    return members
