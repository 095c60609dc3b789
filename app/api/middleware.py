"""What surrounds every request: its id, its line in the log, and the last catch."""

import asyncio
import logging
import re
import secrets
import time
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import respond
from app.errors import InternalError
from app.logs import request_id as request_id_in_log
from app.metrics import Metrics
from app.traces import Traces

__all__ = ["REQUEST_ID_HEADER", "RequestEnvelope"]

REQUEST_ID_HEADER = "X-Request-ID"

# What answers is a mounted folder, or nothing.
_NO_ROUTE = "other"

_SANE_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log = logging.getLogger("app.requests")


class RequestEnvelope:
    """Give each request an id, log one line about it, and answer for what it breaks.

    The line has method, path, status, time and id: nothing of what was uploaded.

    Args:
        app: The application inside.
        metrics: Where it is counted.
        traces: What sends its trace; None sends none.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, traces: Traces | None = None) -> None:
        self._app = app
        self._metrics = metrics
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(REQUEST_ID_HEADER, "")
        request_id = given if _SANE_ID.fullmatch(given) else secrets.token_hex(8)
        naming = request_id_in_log.set(request_id)
        if self._traces is not None:
            self._traces.annotate(request_id)
        started = time.perf_counter()
        status = 0

        async def send_enveloped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = request_id
                headers["X-Content-Type-Options"] = "nosniff"
                headers.setdefault("Referrer-Policy", "no-referrer")
            try:
                await send(message)
            except RuntimeError as error:
                if "handler is closed" not in str(error):
                    raise
                # So uvloop says that the caller left in the middle; uvicorn hears of it next turn.
                await asyncio.sleep(0)
                raise ClientDisconnect from error

        try:
            await self._app(scope, receive, send_enveloped)
        except ClientDisconnect:
            _log.debug("%s the caller left", request_id)
        except Exception:
            _log.exception("%s failed", request_id)
            if status:  # half an answer is out: the connection must break, not lie
                raise
            self._metrics.problem(InternalError.code)
            problem = InternalError("The service failed; the fault is not yours.")
            await respond(problem, scope)(scope, receive, send_enveloped)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.request(_route(scope), status, seconds)
            path = quote(scope["path"])  # a line break in it must not become one in the log
            _log.info(
                "%s %s %d %.1f ms %s",
                scope["method"],
                path,
                status,
                seconds * 1000,
                request_id,
                extra={
                    "members": {
                        "method": scope["method"],
                        "path": path,
                        "status": status,
                        "milliseconds": round(seconds * 1000, 1),
                        "key": scope.get("state", {}).get("key_name"),
                    }
                },
            )
            request_id_in_log.reset(naming)


def _route(scope: Scope) -> str:
    """The template of the route that answered; addresses are the callers', and without end."""
    route = scope.get("route")
    return str(getattr(route, "path", _NO_ROUTE))
