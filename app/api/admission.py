"""Whether work is taken on at all, before anything else is looked at."""

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.types import Receive, Scope, Send

from app.api.dependencies import Question, running_service

__all__ = ["AdmittedRoute"]


class AdmittedRoute(APIRoute):
    """A route whose work goes through the engine; it takes request, service and question.

    A full queue is told before the query is validated and the body read: what is
    spent on refusals is not there for the pictures that were admitted.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, behind the question."""
        request = Request(scope, receive, send)
        if request.method not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        service = await running_service(request)
        service.engine.check_admission()
        if scope["query_string"]:
            await super().handle(scope, receive, send)
            return
        # There is nothing to validate. FastAPI would find so too, and spend on it more than
        # half of what a request costs here.
        response: Response = await self.endpoint(request, service, Question())
        await response(scope, receive, send)
