"""Every error below /v2 in the protocol's own form: `{"error": "..."}`."""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute

from app.errors import Problem

__all__ = ["ProtocolRoute", "respond"]

# The protocol knows no finer ones, and its clients expect a bad request to be called so.
_STATUS = {
    HTTPStatus.UNPROCESSABLE_ENTITY: HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: HTTPStatus.BAD_REQUEST,
}


class ProtocolRoute(APIRoute):
    """A route whose problems are told in the protocol's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler of the framework."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except Problem as problem:
                request.app.state.metrics.problem(problem.code)
                return respond(problem)

        return handle


def respond(problem: Problem) -> Response:
    """The answer that tells a caller of a problem."""
    status = _STATUS.get(HTTPStatus(problem.status), problem.status)
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    return JSONResponse({"error": f"{problem.code}: {problem.detail}"}, status, headers=headers)
