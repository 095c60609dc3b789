"""Whether work is taken on at all, before anything else is looked at."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.api.dependencies import running_service

__all__ = ["AdmittedRoute"]


class AdmittedRoute(APIRoute):
    """A route whose work goes through the engine.

    A full queue is told before the query is validated and the body read: what is
    spent on refusals is not there for the pictures that were admitted.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, behind the question."""
        handle = super().get_route_handler()

        async def admit(request: Request) -> Response:
            running_service(request).engine.check_admission()
            return await handle(request)

        return admit
