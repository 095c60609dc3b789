"""The addresses below /v2."""

import asyncio
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ValidationError

from app.api.connection import while_connected
from app.api.dependencies import RunningService
from app.api.inference_protocol import description
from app.api.inference_protocol.bodies import read_body
from app.api.inference_protocol.failures import ProtocolRoute
from app.api.inference_protocol.inference import Infer
from app.api.inference_protocol.messages import HEADER_LENGTH, answer, parse
from app.errors import InvalidRequest, NotFound, NotReady
from app.runtime.residents import Resident
from app.service import Service
from app.statistics import Duration

__all__ = ["router"]

# Its own specification describes these routes; the OpenAPI document points to docs/http.md.
router = APIRouter(prefix="/v2", route_class=ProtocolRoute, include_in_schema=False)

_MOST_CONTROL_BYTES = 2**20
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


class _IndexRequest(BaseModel):
    ready: bool = False


@router.get("")
@router.get("/")
async def show_server() -> dict[str, Any]:
    """Name, version and extensions."""
    return description.server()


@router.get("/health/live")
async def show_liveness() -> dict[str, bool]:
    """Answers as long as the event loop turns."""
    return {"live": True}


@router.get("/health/ready")
async def show_readiness(service: RunningService) -> dict[str, bool]:
    """Ready when every configured model is loaded and warm."""
    if not service.is_ready:
        raise NotReady("Expected a running service; it is stopping.")
    return {"ready": True, "live": True}


@router.get("/models")
async def list_models(service: RunningService) -> dict[str, list[str]]:
    """The models that answer (an addition of KServe's)."""
    names = dict.fromkeys(each.card.name for each in service.residents.current)
    return {"models": list(names)}


# Before the routes of one model, which would take it for a name.
@router.get("/models/stats")
@router.get("/models/{name}/stats")
@router.get("/models/{name}/versions/{version}/stats")
async def show_statistics(
    service: RunningService, name: str | None = None, version: str | None = None
) -> dict[str, Any]:
    """What was answered since the process began, by POST /predict too."""
    chosen = service.residents.current
    if name is not None:
        found = _find(service, name, version)
        chosen = tuple(
            each for each in chosen if each is found or (version is None and each.card.name == name)
        )
    return {"model_stats": [_statistics(service, each) for each in chosen]}


@router.get("/models/{name}")
@router.get("/models/{name}/versions/{version}")
async def show_model(
    service: RunningService, name: str, version: str | None = None
) -> dict[str, Any]:
    """Inputs and outputs."""
    resident = _find(service, name, version)
    versions = [each.card.version for each in service.residents.current if each.card.name == name]
    return description.metadata(resident, versions)


@router.get("/models/{name}/ready")
@router.get("/models/{name}/versions/{version}/ready")
async def show_model_readiness(
    service: RunningService, name: str, version: str | None = None
) -> dict[str, Any]:
    """A resident model is loaded and warm."""
    return {"name": _find(service, name, version).card.name, "ready": service.is_ready}


@router.get("/models/{name}/config")
@router.get("/models/{name}/versions/{version}/config")
async def show_configuration(
    service: RunningService, name: str, version: str | None = None
) -> dict[str, Any]:
    """The same in Triton's words."""
    resident = _find(service, name, version)
    return description.configuration(resident, service.settings.max_batch_files)


@router.post("/models/{name}/infer")
@router.post("/models/{name}/versions/{version}/infer")
async def infer(
    request: Request, service: RunningService, name: str, version: str | None = None
) -> Response:
    """Tell the periods of pictures: the input `image` or `pixels`."""
    resident = _find(service, name, version)
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


@router.post("/repository/index")
async def list_repository(request: Request, service: RunningService) -> list[dict[str, str]]:
    """Every version in models_store, and why one does not answer."""
    body = await _control_body(request, service)
    try:
        only_ready = _IndexRequest.model_validate_json(body or b"{}").ready
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


@router.post("/repository/models/{name}/load")
async def load_model(request: Request, service: RunningService, name: str) -> dict[str, str]:
    """Good where the model is loaded; which are is the operator's choice, made at start-up."""
    await _control_body(request, service)
    if all(each.card.name != name for each in service.residents.current):
        raise InvalidRequest(
            f"Expected a model that is loaded already; {name!r} is not. Models are chosen by "
            "VASARI_MODELS when the service starts, and new versions are taken up from the store."
        )
    return {}


@router.post("/repository/models/{name}/unload")
async def unload_model(request: Request, service: RunningService, name: str) -> None:
    """Not offered."""
    await _control_body(request, service)
    raise InvalidRequest(
        f"Models are chosen by VASARI_MODELS when the service starts; {name!r} stays as it is."
    )


@router.api_route("", methods=_METHODS)
@router.api_route("/{path:path}", methods=_METHODS)
async def refuse(path: str = "") -> None:
    """What is not there is told in the protocol's form, too."""
    raise NotFound(f"Expected an address of the protocol; received {f'/v2/{path}'[:100]!r}.")


def _find(service: Service, name: str, version: str | None) -> Resident:
    return service.residents.get(name if version is None else f"{name}@{version}")


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
