"""The addresses below /v2."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.routing import Match

from app.api.connection import while_connected
from app.api.dependencies import RunningService
from app.api.inference_protocol import description
from app.api.inference_protocol.bodies import read_body
from app.api.inference_protocol.document import INDEX_BODY, INFER, INFER_ANSWER, path_parameters
from app.api.inference_protocol.failures import ANY_ERROR, PREFIX, error_responses
from app.api.inference_protocol.inference import Infer
from app.api.inference_protocol.messages import HEADER_LENGTH, IndexRequest, answer, parse
from app.api.inference_protocol.schemas import (
    ConfigurationAnswer,
    ErrorAnswer,
    IndexEntry,
    LivenessAnswer,
    LoadAnswer,
    MetadataAnswer,
    ModelNamesAnswer,
    ModelReadinessAnswer,
    ReadinessAnswer,
    ServerAnswer,
    StatisticsAnswer,
)
from app.errors import (
    BodyTooLarge,
    BrokenImage,
    DeadlineExceeded,
    EmptyImage,
    ImageTooLarge,
    ImageTooSmall,
    InvalidRequest,
    MethodNotAllowed,
    NotFound,
    NotReady,
    Overloaded,
    UnknownModel,
    UnsupportedBody,
    UnsupportedImage,
)
from app.runtime.residents import Resident
from app.service import Service
from app.statistics import Duration

__all__ = ["health_router", "router"]

_TAG = "Open Inference Protocol"

router = APIRouter(prefix=PREFIX, tags=[_TAG], responses=ANY_ERROR)
health_router = APIRouter(prefix=f"{PREFIX}/health", tags=[_TAG], responses=ANY_ERROR)
"""What needs no key; comes first, for `router` refuses what it does not know."""

_MOST_CONTROL_BYTES = 2**20
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

_READY = error_responses(NotReady)
_NAMED = error_responses(UnknownModel, NotReady)
_CONTROL = (InvalidRequest, UnsupportedBody, BodyTooLarge, NotReady, Overloaded)
_INFER = (
    *(UnknownModel, DeadlineExceeded, *_CONTROL),
    *(UnsupportedImage, EmptyImage, BrokenImage, ImageTooSmall, ImageTooLarge),
)


def _find(request: Request, service: RunningService) -> Resident:
    """The model, or version, that the address names."""
    name, version = request.path_params["name"], request.path_params.get("version")
    return service.residents.get(name if version is None else f"{name}@{version}")


Named = Annotated[Resident, Depends(_find)]
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


def _of_a_model(
    end: str, method: str = "GET", extra: dict[str, Any] | None = None, **given: Any
) -> Callable[[Endpoint], Endpoint]:
    """Register an endpoint for both spellings: the newest version that answers, and a named one."""
    extra = extra or {}

    def register(endpoint: Endpoint) -> Endpoint:
        for between, names in (("", ("name",)), ("/versions/{version}", ("name", "version"))):
            parameters = [*path_parameters(*names), *extra.get("parameters", [])]
            router.add_api_route(
                f"/models/{{name}}{between}{end}",
                endpoint,
                methods=[method],
                openapi_extra=extra | {"parameters": parameters},
                **given,
            )
        return endpoint

    return register


@router.get("", summary="Name the server", response_model=ServerAnswer, responses=error_responses())
@router.get(
    "/", summary="Name the server", response_model=ServerAnswer, responses=error_responses()
)
async def show_server() -> dict[str, Any]:
    """Name, version and extensions."""
    return description.server()


@health_router.get(
    "/live",
    summary="Is the process alive?",
    response_model=LivenessAnswer,
    responses=error_responses(),
)
async def show_liveness() -> dict[str, bool]:
    """Answers as long as the event loop turns."""
    return {"live": True}


@health_router.get(
    "/ready", summary="Can it answer?", response_model=ReadinessAnswer, responses=_READY
)
async def show_readiness(service: RunningService) -> dict[str, bool]:
    """Ready when every configured model is loaded and warm."""
    if not service.is_ready:
        raise NotReady("Expected a running service; it is stopping.")
    return {"ready": True, "live": True}


@router.get("/models", summary="List the models", response_model=ModelNamesAnswer, responses=_READY)
async def list_models(service: RunningService) -> dict[str, list[str]]:
    """The models that answer (an addition of KServe's)."""
    names = dict.fromkeys(each.card.name for each in service.residents.current)
    return {"models": list(names)}


# Before the routes of one model, which would take it for a name.
@router.get(
    "/models/stats",
    summary="Count what all have answered",
    response_model=StatisticsAnswer,
    responses=_READY,
)
async def show_all_statistics(service: RunningService) -> dict[str, Any]:
    """What was answered since the process began, by POST /predict too."""
    return {"model_stats": [_statistics(service, each) for each in service.residents.current]}


@_of_a_model(
    "/stats",
    summary="Count what was answered",
    response_model=StatisticsAnswer,
    responses=_NAMED,
)
async def show_statistics(
    request: Request, service: RunningService, resident: Named
) -> dict[str, Any]:
    """What was answered since the process began, by POST /predict too."""
    chosen = [resident]
    if "version" not in request.path_params:
        name = resident.card.name
        chosen = [each for each in service.residents.current if each.card.name == name]
    return {"model_stats": [_statistics(service, each) for each in chosen]}


@_of_a_model(
    "", summary="Describe inputs and outputs", response_model=MetadataAnswer, responses=_NAMED
)
async def show_model(service: RunningService, resident: Named) -> dict[str, Any]:
    """Inputs and outputs."""
    name = resident.card.name
    versions = [each.card.version for each in service.residents.current if each.card.name == name]
    return description.metadata(resident, versions)


@_of_a_model(
    "/ready", summary="Is the model loaded?", response_model=ModelReadinessAnswer, responses=_NAMED
)
async def show_model_readiness(service: RunningService, resident: Named) -> dict[str, Any]:
    """A resident model is loaded and warm."""
    return {"name": resident.card.name, "ready": service.is_ready}


@_of_a_model(
    "/config",
    summary="Describe the configuration",
    response_model=ConfigurationAnswer,
    responses=_NAMED,
)
async def show_configuration(service: RunningService, resident: Named) -> dict[str, Any]:
    """The same in Triton's words."""
    return description.configuration(resident, service.settings.max_batch_files)


@_of_a_model(
    "/infer",
    "POST",
    INFER,
    summary="Tell the periods of pictures",
    response_class=Response,
    responses={**error_responses(*_INFER, takes_body=True), **INFER_ANSWER},
)
async def infer(request: Request, service: RunningService, resident: Named) -> Response:
    """The input `image` or `pixels`; or the whole body is one picture."""
    settings = service.settings
    service.engine.check_admission()
    with service.engine.upload() as upload:
        body = await read_body(request, upload, settings.max_batch_bytes)
        length = request.headers.get(HEADER_LENGTH)
        # In a worker: much JSON would keep everybody else waiting.
        asked = await service.engine.run(lambda _: parse(body, length, settings.max_body_bytes))
        outputs = await while_connected(request, Infer(service, resident, asked)())
    told = answer(asked, resident.card.name, resident.card.version, outputs)
    return Response(told.body, media_type=told.media_type, headers=told.headers)


@router.post(
    "/repository/index",
    summary="List the store",
    response_model=list[IndexEntry],
    responses=error_responses(*_CONTROL, takes_body=True),
    openapi_extra=INDEX_BODY,
)
async def list_repository(request: Request, service: RunningService) -> list[dict[str, str]]:
    """Every version in models_store, and why one does not answer."""
    body = await _control_body(request, service)
    try:
        only_ready = IndexRequest.model_validate_json(body or b"{}").ready
    except ValidationError:
        raise InvalidRequest('Expected no body, or {"ready": true}.') from None
    answering = {each.version.reference: each for each in service.residents.current}
    entries = [_entry(each.card.name, each.card.version) for each in answering.values()]
    if only_ready:
        return entries
    found, refused = await asyncio.to_thread(service.store.scan)
    entries += [
        _entry(each.card.name, each.card.version, "not loaded")
        for each in found
        if each.reference not in answering
    ]
    told = {(each["name"], each["version"]): each for each in entries}
    for each in (*refused, *service.residents.refused):
        told[each.name, each.version] = _entry(each.name, each.version, each.reason)
    return [told[key] for key in sorted(told)]


@router.post(
    "/repository/models/{name}/load",
    summary="Is the model loaded?",
    response_model=LoadAnswer,
    responses=error_responses(*_CONTROL, takes_body=True),
)
async def load_model(request: Request, service: RunningService, name: str) -> dict[str, str]:
    """Good where the model is loaded; which are is the operator's choice, made at start-up."""
    await _control_body(request, service)
    if all(each.card.name != name for each in service.residents.current):
        raise InvalidRequest(
            f"Expected a model that is loaded already; {name!r} is not. Models are chosen by "
            "VASARI_MODELS when the service starts, and new versions are taken up from the store."
        )
    return {}


@router.post(
    "/repository/models/{name}/unload",
    summary="Not offered",
    status_code=400,
    response_model=ErrorAnswer,
    responses=error_responses(*_CONTROL, takes_body=True),
)
async def unload_model(request: Request, service: RunningService, name: str) -> None:
    """Not offered."""
    await _control_body(request, service)
    raise InvalidRequest(
        f"Models are chosen by VASARI_MODELS when the service starts; {name!r} stays as it is."
    )


@router.api_route("", methods=_METHODS, include_in_schema=False)
@router.api_route("/{path:path}", methods=_METHODS, include_in_schema=False)
async def refuse(request: Request, path: str = "") -> None:
    """What is not there is told in the protocol's form, too."""
    address = f"{PREFIX}/{path}"[:100]
    allowed = ", ".join(sorted(_methods_of(request)))
    if allowed:
        reason = f"Expected {allowed} for {address!r}; received {request.method}."
        raise MethodNotAllowed(reason, allow=allowed)
    raise NotFound(f"Expected an address of the protocol; received {address!r}.")


def _methods_of(request: Request) -> set[str]:
    """The methods of the routes that have this address and another method."""
    partly = [
        each
        for each in (*health_router.routes, *router.routes)
        if isinstance(each, APIRoute) and each.matches(request.scope)[0] is Match.PARTIAL
    ]
    return {method for each in partly for method in each.methods or ()}


async def _control_body(request: Request, service: Service) -> bytes:
    with service.engine.upload() as upload:
        return await read_body(request, upload, _MOST_CONTROL_BYTES)


def _entry(name: str, version: str, reason: str = "") -> dict[str, str]:
    state = "UNAVAILABLE" if reason else "READY"
    return {"name": name, "version": version, "state": state, "reason": reason}


def _statistics(service: Service, resident: Resident) -> dict[str, Any]:
    of = service.statistics.of(resident)
    nothing = Duration()
    return {
        "name": resident.card.name,
        "version": resident.card.version,
        "inference_count": of.success.count,
        "execution_count": of.success.count,
        "inference_stats": {
            "success": vars(of.success),
            "fail": vars(of.fail),
            "queue": vars(of.queue),
            "compute_input": vars(of.decode),
            "compute_infer": vars(of.inference),
            "compute_output": vars(nothing),
            "cache_hit": vars(nothing),
            "cache_miss": vars(nothing),
        },
        "batch_stats": [],
    }
