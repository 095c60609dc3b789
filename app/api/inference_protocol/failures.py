"""Every error below /v2 in the protocol's own form: `{"error": "..."}`."""

from collections.abc import MutableMapping
from http import HTTPStatus
from typing import Any

from fastapi import Response
from fastapi.responses import JSONResponse

from app.api.inference_protocol.schemas import ErrorAnswer
from app.errors import (
    BodyTimeout,
    InternalError,
    MethodNotAllowed,
    Problem,
    RateLimited,
    TooManyAtOnce,
    Unauthorized,
)

__all__ = ["ANY_ERROR", "PREFIX", "error_responses", "is_below", "respond"]

PREFIX = "/v2"

# The protocol knows no finer ones, and its clients expect a bad request to be called so.
_STATUS = {
    HTTPStatus.UNPROCESSABLE_ENTITY: HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.BAD_REQUEST,
}

_CONTENT = {
    "application/json": {"schema": {"$ref": f"#/components/schemas/{ErrorAnswer.__name__}"}}
}

ANY_ERROR: dict[int | str, dict[str, Any]] = {
    "default": {"description": "Any other error", "content": _CONTENT}
}
"""For all routes together: what none documents has this form as well."""

# Told of any address, whatever is asked there.
_ANYWHERE = (Unauthorized, MethodNotAllowed, InternalError)
_OF_BODIES = (BodyTimeout, RateLimited, TooManyAtOnce)


def is_below(scope: MutableMapping[str, Any]) -> bool:
    """Tell whether a request is for an address of the protocol."""
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path == PREFIX or path.startswith(f"{PREFIX}/")


def respond(problem: Problem) -> Response:
    """The answer that tells a caller of a problem."""
    headers = dict(problem.headers)
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    document = {"error": f"{problem.code}: {problem.detail}"}
    return JSONResponse(document, _status(problem), headers=headers)


def error_responses(
    *classes: type[Problem], takes_body: bool = False
) -> dict[int | str, dict[str, Any]]:
    """Document the errors of a route for OpenAPI, with an example of each.

    Args:
        *classes: Of the route itself, beside those that any has.
        takes_body: Whether it reads a body, which may be slow, or one too many.
    """
    found: dict[int | str, dict[str, Any]] = {}
    every = {*classes, *_ANYWHERE, *(_OF_BODIES if takes_body else ())}
    for kind in sorted(every, key=lambda each: (_status(each), each.code)):
        summary = (kind.__doc__ or kind.title).splitlines()[0]
        status = _status(kind)
        answer = found.setdefault(
            status,
            {
                "description": HTTPStatus(status).phrase,
                "model": ErrorAnswer,
                "content": {"application/json": {"examples": {}}},
            },
        )
        answer["content"]["application/json"]["examples"][kind.code] = {
            "summary": summary,
            "value": {"error": f"{kind.code}: {summary}"},
        }
    return found


def _status(problem: Problem | type[Problem]) -> int:
    return int(_STATUS.get(HTTPStatus(problem.status), problem.status))
