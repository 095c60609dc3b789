"""Every error as application/problem+json (RFC 9457), whoever raised it.

But below /v2, where it has the form of the Open Inference Protocol.
"""

from collections.abc import MutableMapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.api.inference_protocol import failures
from app.api.schemas import ProblemDocument
from app.errors import (
    InternalError,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    Problem,
)

__all__ = ["ANY_PROBLEM", "MEDIA_TYPE", "document", "install", "problem_responses", "respond"]

MEDIA_TYPE = "application/problem+json"

# Named and not given as a model, which FastAPI would document as application/json too.
_SCHEMA = {"$ref": f"#/components/schemas/{ProblemDocument.__name__}"}

ANY_PROBLEM: dict[int | str, dict[str, Any]] = {
    "default": {"description": "Any other problem", "content": {MEDIA_TYPE: {"schema": _SCHEMA}}}
}
"""For the application as a whole: what no route documents has this form as well."""


def document(problem: Problem) -> dict[str, Any]:
    """The members of the problem document."""
    return {
        "type": f"urn:vasari:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        **problem.extensions,
    }


def respond(problem: Problem, scope: MutableMapping[str, Any]) -> Response:
    """The answer that tells a caller of a problem.

    Args:
        problem: What is told.
        scope: Of the request, whose address says in which form.
    """
    if failures.is_below(scope):
        return failures.respond(problem)
    headers = dict(problem.headers)
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    return JSONResponse(document(problem), problem.status, headers=headers, media_type=MEDIA_TYPE)


def problem_responses(*classes: type[Problem]) -> dict[int | str, dict[str, Any]]:
    """Document the problems of a route for OpenAPI, with an example of each."""
    responses: dict[int | str, dict[str, Any]] = {}
    for kind in sorted(classes, key=lambda each: (each.status, each.code)):
        summary = (kind.__doc__ or kind.title).splitlines()[0]
        response = responses.setdefault(
            kind.status,
            {
                "description": HTTPStatus(kind.status).phrase,
                "content": {MEDIA_TYPE: {"schema": _SCHEMA, "examples": {}}},
            },
        )
        response["content"][MEDIA_TYPE]["examples"][kind.code] = {
            "summary": summary,
            "value": document(kind(summary)),
        }
    return responses


def install(app: FastAPI) -> None:
    """Give every error that reaches the application the one form."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(RequestValidationError, _on_validation_error)


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)  # noqa: S101  registered for nothing else
    return _told(request, error)


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    response = _told(request, _problem_for(request, error))
    response.headers.update(error.headers or {})
    return response


async def _on_validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    return _told(request, _invalid(error.errors()))


def _told(request: Request, problem: Problem) -> Response:
    request.app.state.metrics.problem(problem.code)
    return respond(problem, request.scope)


def _problem_for(request: Request, error: HTTPException) -> Problem:
    path = request.url.path
    if error.status_code == NotFound.status:
        return NotFound(f"Expected an address that is served; received {path!r}.")
    if error.status_code == MethodNotAllowed.status:
        allowed = (error.headers or {}).get("Allow", "GET")
        reason = f"Expected {allowed} for {path!r}; received {request.method}."
        return MethodNotAllowed(reason, allow=allowed)
    if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        return InvalidRequest(f"The request cannot be understood: {error.detail}.")
    return InternalError("The service failed; the fault is not yours.")


def _invalid(errors: Sequence[Any]) -> InvalidRequest:
    found = [
        {
            "parameter": str(each["loc"][-1]),
            "message": each["msg"],
            "received": str(each.get("input"))[:100],
        }
        for each in errors
    ]
    first = found[0]
    return InvalidRequest(
        f"Parameter {first['parameter']}: {first['message']}; received {first['received']!r}.",
        errors=found,
    )
