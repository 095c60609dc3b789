"""What routes ask for, as types."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Depends, Query, Request
from pydantic import BeforeValidator

from app.errors import NotReady
from app.service import Service

__all__ = ["Asked", "Question", "RunningService", "running_service"]


async def running_service(request: Request) -> Service:
    """The service that the application's lifespan opened.

    It waits for nothing; as a plain function it would be called in another thread.

    Raises:
        NotReady: It is not open.
    """
    service: Service | None = getattr(request.app.state, "service", None)
    if service is None:
        raise NotReady("Expected a running service; it is starting or stopping.")
    return service


RunningService = Annotated[Service, Depends(running_service)]
"""The service; routes reach models and engine through it."""

ModelChoice = Annotated[
    str | None,
    Query(
        description="`name`, `name@version`, or `all` for every resident model. "
        "Left out: the default model.",
        max_length=100,
        examples=["vasari", "vasari@1", "all"],
    ),
]

TopK = Annotated[
    int | None,
    Query(description="Add `top`: this many of the most probable periods, best first.", ge=1),
]

HeatMapForm = Literal[False, True, "png"]
"""No heat map, its grid, or the grid with an overlay for each period."""


def _heat_map_form(given: object) -> object:
    words = {"true": True, "1": True, "yes": True, "on": True}
    words |= {"false": False, "0": False, "no": False, "off": False}
    return words.get(given.lower(), given.lower()) if isinstance(given, str) else given


HeatMapWanted = Annotated[
    HeatMapForm,
    BeforeValidator(_heat_map_form),
    Query(
        description="Add `heatmap`: where each period finds its evidence; with `png` also as "
        "overlays of the picture."
    ),
]

SimilarWanted = Annotated[
    int | None,
    Query(description="Add `similar`: this many of the most similar paintings.", ge=0, le=20),
]


@dataclass(frozen=True)
class Question:
    """What a request wants to know of each of its pictures."""

    model: str | None = None
    top_k: int | None = None
    heatmap: HeatMapForm = False
    similar: int | None = None


async def question(
    model: ModelChoice = None,
    top_k: TopK = None,
    heatmap: HeatMapWanted = False,
    similar: SimilarWanted = None,
) -> Question:
    """Gather the query's parameters."""
    return Question(model, top_k, heatmap, similar)


Asked = Annotated[Question, Depends(question)]
"""What the query asks for."""
