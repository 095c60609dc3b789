"""What routes ask for, as types."""

from typing import Annotated

from fastapi import Depends, Query, Request

from app.errors import NotReady
from app.service import Service

__all__ = ["HeatMapWanted", "ModelChoice", "RunningService", "TopK", "running_service"]


def running_service(request: Request) -> Service:
    """The service that the application's lifespan opened.

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
        examples=["efficientnet_lite0", "efficientnet_lite0@1", "all"],
    ),
]

TopK = Annotated[
    int | None,
    Query(description="Add `top`: this many of the most probable periods, best first.", ge=1),
]

HeatMapWanted = Annotated[
    bool, Query(description="Add `heatmap`: where each period finds its evidence.")
]
