"""create_app(settings): the whole wiring of the service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from app import __version__
from app.api import access, health, metrics, models, page, predict, problems, reference, remote
from app.api.inference_protocol.routes import health_router as inference_protocol_health
from app.api.inference_protocol.routes import router as inference_protocol
from app.api.middleware import RequestEnvelope
from app.colleagues import Colleagues
from app.metrics import Metrics
from app.service import open_service
from app.settings import Settings
from app.traces import NO_TRACES, open_traces

__all__ = ["create_app"]

_DESCRIPTION = (
    "Tells the period in which a picture was painted, with a calibrated probability for "
    "each period. Every error is `application/problem+json` with a stable `code`. "
    "Below `/v2` the service speaks the Open Inference Protocol, with errors in its form."
)


def create_app(settings: Settings, colleagues: Colleagues | None = None) -> FastAPI:
    """Make the application; its lifespan loads the models and ends the workers.

    Args:
        settings: From `app.settings.load_settings`.
        colleagues: The other processes of this service, where there are several.

    Raises:
        SettingsError: A file that a setting names cannot be used, or a package is missing.
    """
    counted = Metrics()
    traces = open_traces(settings.traces_endpoint)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = await run_in_threadpool(open_service, settings, counted, traces)
        app.state.service = service
        state = metrics.ServiceState(service)
        counted.registry.register(state)
        if colleagues is not None:
            colleagues.tell(partial(metrics.tell, service))
        if traces is not None:
            traces.open()
        try:
            yield
        finally:
            counted.registry.unregister(state)
            await run_in_threadpool(service.close)
            if traces is not None:
                await run_in_threadpool(traces.close)
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
        telemetry=NO_TRACES if traces is None else traces.config,
    )
    app.state.metrics = counted
    app.state.colleagues = colleagues
    problems.install(app)
    with_key = access.key_document(settings)
    app.include_router(predict.router, dependencies=with_key)
    app.include_router(models.router, dependencies=with_key)
    app.include_router(health.router)
    app.include_router(metrics.router, dependencies=with_key)
    app.include_router(inference_protocol_health)
    app.include_router(inference_protocol, dependencies=with_key)
    if assets:
        reference.install(app, assets)
    page.install(app)
    remote.install(app, settings)
    access.install(app, settings, counted)
    app.add_middleware(RequestEnvelope, metrics=counted, traces=traces)
    return app
