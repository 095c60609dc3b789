"""create_app(settings): the whole wiring of the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from app import __version__
from app.api import health, models, page, predict, problems, reference
from app.api.middleware import RequestEnvelope
from app.service import open_service
from app.settings import Settings

__all__ = ["create_app"]

_DESCRIPTION = (
    "Tells the period in which a picture was painted, with a calibrated probability for "
    "each period. Every error is `application/problem+json` with a stable `code`."
)


def create_app(settings: Settings) -> FastAPI:
    """Make the application; its lifespan loads the models and ends the workers.

    Args:
        settings: From `app.settings.load_settings`.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = await run_in_threadpool(open_service, settings)
        app.state.service = service
        try:
            yield
        finally:
            await run_in_threadpool(service.close)
            app.state.service = None

    assets = reference.find_assets()
    app = FastAPI(
        title="Vasari",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None if assets else "/docs",
        redoc_url=None,
        responses=problems.ANY_PROBLEM,
    )
    problems.install(app)
    app.include_router(predict.router)
    app.include_router(models.router)
    app.include_router(health.router)
    if assets:
        reference.install(app, assets)
    page.install(app)
    app.add_middleware(RequestEnvelope)
    return app
