"""A client of the Vasari service.

    from vasari import Client

    with Client("http://127.0.0.1:8000") as client:
        answer = client.predict("painting.jpg")
        print(answer.period, answer.confidence, answer.verdict)

It needs httpx (the extra `client`) and nothing of the service: what is installed with it
in the packages `app` and `training` is not imported.
"""

from vasari.answers import (
    DateRange,
    HeatMap,
    ImageFacts,
    Models,
    ModelVersion,
    Prediction,
    Refused,
    SimilarPainting,
    Timings,
    TopEntry,
    Version,
)
from vasari.client import AsyncClient, Client
from vasari.errors import Problem, UnexpectedAnswer, Unreachable, VasariError

__all__ = [
    "AsyncClient",
    "Client",
    "DateRange",
    "HeatMap",
    "ImageFacts",
    "ModelVersion",
    "Models",
    "Prediction",
    "Problem",
    "Refused",
    "SimilarPainting",
    "Timings",
    "TopEntry",
    "UnexpectedAnswer",
    "Unreachable",
    "VasariError",
    "Version",
]
