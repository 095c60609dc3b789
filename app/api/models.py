"""GET /models: what is in the store, what answers, and what was refused."""

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from app.api.dependencies import RunningService
from app.api.problems import problem_responses
from app.api.schemas import ModelAnswer, ModelsAnswer, RefusedAnswer, VersionAnswer
from app.errors import InternalError, ModelError, NotFound, NotReady, UnknownModel
from app.model_card import REPORT_FILE, ModelCard
from app.model_store import Refusal, StoredVersion
from app.runtime.residents import split_reference
from app.service import Service

__all__ = ["router"]

router = APIRouter(prefix="/models", tags=["models"])

_PROBLEMS = problem_responses(NotReady, InternalError)
_NAMED_PROBLEMS = problem_responses(UnknownModel, NotReady, InternalError)

# A report is one self-contained page that came with a model: it gets no script,
# no network and no share in this site's origin.
_REPORT_POLICY = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:; sandbox"
)


@router.get("", summary="List the models", responses=_PROBLEMS)
def list_models(service: RunningService) -> ModelsAnswer:
    """Every model in models_store, resident or not, and the versions that were refused."""
    found, unreadable = service.store.scan()
    refused: dict[tuple[str, str], Refusal] = {
        (each.name, each.version): each for each in (*unreadable, *service.residents.refused)
    }
    return ModelsAnswer(
        default=split_reference(service.residents.default)[0],
        models=[_version_answer(service, each) for each in found],
        refused=[
            RefusedAnswer(name=each.name, version=each.version, reason=each.reason)
            for _, each in sorted(refused.items())
        ],
    )


@router.get("/{name}", summary="Show a model", responses=_NAMED_PROBLEMS)
def show_model(service: RunningService, name: str) -> ModelAnswer:
    """One model and its versions."""
    found, _ = service.store.scan()
    versions = [each for each in found if each.card.name == name]
    if not versions:
        known = sorted({each.card.name for each in found})
        raise UnknownModel(f"Expected one of the models {known}; received {name!r}.", models=known)
    answering = next((each for each in service.residents.current if each.card.name == name), None)
    return ModelAnswer(
        name=name,
        version=answering.card.version if answering else None,
        versions=[_version_answer(service, each) for each in versions],
    )


@router.get("/{name}/{version}", summary="Show a version's card", responses=_NAMED_PROBLEMS)
def show_version(service: RunningService, name: str, version: str) -> ModelCard:
    """The card: how it was trained, on what, how good it is, and where it fails."""
    return _find(service, name, version).card


@router.get(
    "/{name}/{version}/report",
    summary="Read a version's report",
    response_class=HTMLResponse,
    responses=problem_responses(UnknownModel, NotFound, NotReady, InternalError),
)
def read_report(service: RunningService, name: str, version: str) -> HTMLResponse:
    """The report, a page for people."""
    stored = _find(service, name, version)
    try:
        page = stored.read(REPORT_FILE)
    except ModelError as error:
        raise NotFound(f"Expected a report of {stored.reference}. {error}") from None
    return HTMLResponse(page, headers={"Content-Security-Policy": _REPORT_POLICY})


def _find(service: Service, name: str, version: str) -> StoredVersion:
    if version in service.store.versions(name):
        try:
            return service.store.open(name, version)
        except ModelError as error:
            raise UnknownModel(f"{name}@{version} cannot be read. {error}") from None
    found, _ = service.store.scan()
    known = [each.reference for each in found]
    raise UnknownModel(
        f"Expected one of the versions {known}; received {f'{name}@{version}'!r}.", models=known
    )


def _version_answer(service: Service, stored: StoredVersion) -> VersionAnswer:
    card = stored.card
    resident = next(
        (each for each in service.residents.current if each.version.reference == stored.reference),
        None,
    )
    return VersionAnswer.model_validate(
        {
            "name": card.name,
            "version": card.version,
            "description": card.description,
            "created": card.created,
            "classes": card.class_names,
            "default": resident is not None and resident is service.residents.get(),
            "loaded": resident is not None,
            "backend": resident and resident.backend,
            "device": resident and resident.device,
            "precision": resident and resident.precision,
            "heatmap": resident and resident.has_heat_map,
        }
    )
