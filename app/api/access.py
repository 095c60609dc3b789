"""Who may ask, how often, and how slowly: decided before a route is reached."""

import asyncio
import base64
import binascii
from collections.abc import Iterable
from typing import Any

from fastapi import FastAPI, Security
from fastapi.security import HTTPBearer
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import respond
from app.api_keys import ApiKeys
from app.callers import CallerLimits, caller_of_address, parse_rate
from app.errors import BodyTimeout, Problem, Unauthorized
from app.metrics import Metrics
from app.settings import Settings

__all__ = ["Access", "install", "key_document"]

# What watches a process has no key, and is told nothing that needs one.
_OPEN_PATHS = ("/healthz", "/readyz", "/v2/health/live", "/v2/health/ready")

# Methods without a body of interest, and without work that is worth a limit.
_LIGHT_METHODS = ("GET", "HEAD", "OPTIONS")


def install(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Guard the application as the settings say.

    Raises:
        SettingsError: The file of keys cannot be read.
    """
    keys = None if settings.api_keys_file is None else ApiKeys(settings.api_keys_file)
    rate = parse_rate(settings.rate_limit) if settings.rate_limit else None
    limits = CallerLimits(rate, settings.requests_at_once)
    app.add_middleware(
        Access,
        metrics=metrics,
        keys=keys,
        limits=limits if rate or settings.requests_at_once else None,
        body_seconds=settings.body_seconds,
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("Authorization", "Content-Type", "X-API-Key", "X-Request-ID"),
            expose_headers=("Retry-After", "X-Request-ID"),
        )


def key_document(settings: Settings) -> list[Any]:
    """What the OpenAPI document says of keys, as a route's dependencies; nothing without keys."""
    if settings.api_keys_file is None:
        return []
    return [Security(HTTPBearer(scheme_name="ApiKey", auto_error=False))]


class Access:
    """Let in who has a key, as often as one may, as fast as one must.

    Args:
        app: The application inside.
        metrics: Where refusals are counted.
        keys: Those that are known; None lets everybody in.
        limits: Of each caller, for everything but reading; None for no limits.
        body_seconds: How long a body may take to arrive.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        *,
        keys: ApiKeys | None,
        limits: CallerLimits | None,
        body_seconds: float,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._keys = keys
        self._limits = limits
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        light = scope["method"] in _LIGHT_METHODS
        limits = None if light else self._limits
        caller = ""
        try:
            if self._keys is not None:
                caller = _authorize(self._keys, scope)
            if limits is not None:
                caller = caller or caller_of_address((scope.get("client") or ("",))[0])
                await limits.enter(caller)
        except Problem as problem:
            self._metrics.problem(problem.code)
            await respond(problem, scope)(scope, receive, send)
            return
        try:
            bounded = receive if light else _within(receive, self._body_seconds)
            await self._app(scope, bounded, send)
        finally:
            if limits is not None:
                limits.leave(caller)


def _authorize(keys: ApiKeys, scope: Scope) -> str:
    """Tell whose key a request has; empty where none is needed.

    Raises:
        Unauthorized: It has none that is known.
    """
    name = next(filter(None, map(keys.name_of, _given_keys(scope["headers"]))), None)
    if name is not None:
        scope.setdefault("state", {})["key_name"] = name
        return f"key:{name}"
    if scope["path"].removeprefix(scope.get("root_path", "")) in _OPEN_PATHS:
        return ""
    raise Unauthorized(
        "Expected a known key as `Authorization: Bearer KEY` or `X-API-Key: KEY`; received none."
    )


def _given_keys(headers: Iterable[tuple[bytes, bytes]]) -> Iterable[str]:
    for name, value in headers:
        if name == b"x-api-key":
            yield value.decode("latin-1")
        elif name == b"authorization":
            scheme, _, given = value.decode("latin-1").strip().partition(" ")
            if scheme.lower() == "bearer":
                yield given.strip()
            elif scheme.lower() == "basic":  # a browser's own question; the key is the password
                try:
                    pair = base64.b64decode(given.strip(), validate=True).decode("latin-1")
                except (binascii.Error, ValueError):
                    continue
                yield pair.partition(":")[2]


def _within(receive: Receive, seconds: float) -> Receive:
    """Bound the time from the first look at a body until all of it is there."""
    end: float | None = None
    is_whole = False

    async def receive_in_time() -> Message:
        nonlocal end, is_whole
        if is_whole:  # all that still comes is the news that the caller left
            return await receive()
        if end is None:
            end = asyncio.get_running_loop().time() + seconds
        try:
            async with asyncio.timeout_at(end):
                message = await receive()
        except TimeoutError:
            raise BodyTimeout(
                f"Expected the whole body within {seconds:g} seconds; received a part of it."
            ) from None
        is_whole = not message.get("more_body", False)
        return message

    return receive_in_time
