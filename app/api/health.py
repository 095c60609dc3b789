"""GET /healthz and /readyz, for whatever watches the process."""

from fastapi import APIRouter

from app.api.dependencies import RunningService
from app.api.problems import problem_responses
from app.api.schemas import HealthAnswer, ReadyAnswer
from app.errors import InternalError, NotReady

__all__ = ["router"]

router = APIRouter(tags=["health"])


@router.get("/healthz", summary="Is the process alive?")
async def health() -> HealthAnswer:
    """Answers as long as the event loop turns."""
    return HealthAnswer()


@router.get(
    "/readyz",
    summary="Can it answer?",
    responses=problem_responses(NotReady, InternalError),
)
async def readiness(service: RunningService) -> ReadyAnswer:
    """Ready when every configured model is loaded and warm."""
    if not service.is_ready:
        raise NotReady("Expected a running service; it is stopping.")
    models = [resident.version.reference for resident in service.residents.current]
    return ReadyAnswer(device=service.device, models=models)
