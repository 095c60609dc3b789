"""POST /predict and POST /predict/batch: bytes in, periods out."""

import asyncio
from base64 import b64encode
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api import remote
from app.api.admission import AdmittedRoute
from app.api.connection import while_connected
from app.api.dependencies import Asked, Question, RunningService
from app.api.problems import document, problem_responses
from app.api.schemas import (
    BatchAnswer,
    BatchEntry,
    DateAnswer,
    HeatMapAnswer,
    ImageAnswer,
    PredictionAnswer,
    PredictionsAnswer,
    ProblemDocument,
    SimilarAnswer,
    TimingsAnswer,
    TopEntry,
    VersionReference,
)
from app.api.uploads import UploadedFile, read_pictures, read_single_picture
from app.errors import (
    BodyTimeout,
    BodyTooLarge,
    BrokenImage,
    DeadlineExceeded,
    EmptyImage,
    ImageTooLarge,
    ImageTooSmall,
    InternalError,
    InvalidRequest,
    NoImage,
    NotReady,
    Overloaded,
    Problem,
    RateLimited,
    TooManyAtOnce,
    Unauthorized,
    UnknownModel,
    UnsupportedBody,
    UnsupportedImage,
    UrlFailed,
    UrlNotAllowed,
)
from app.prediction import DateRange
from app.references import Neighbour
from app.runtime.classification import Classification, Classified
from app.service import Service
from app.settings import ALL_MODELS

__all__ = ["router"]

router = APIRouter(tags=["predict"], route_class=AdmittedRoute)

_COMMON = (
    NoImage,
    UnknownModel,
    Unauthorized,
    BodyTimeout,
    BodyTooLarge,
    UnsupportedBody,
    InvalidRequest,
    RateLimited,
    TooManyAtOnce,
    InternalError,
    NotReady,
    Overloaded,
)
_PICTURE = (
    UnsupportedImage,
    EmptyImage,
    BrokenImage,
    ImageTooSmall,
    ImageTooLarge,
    UrlNotAllowed,
    UrlFailed,
    DeadlineExceeded,
)
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_FILE = {"type": "string", "format": "binary"}


def _multipart(field: str, schema: dict[str, Any]) -> dict[str, Any]:
    form = {"type": "object", "required": [field], "properties": {field: schema}}
    return {"multipart/form-data": {"schema": form}}


@router.post(
    "/predict",
    summary="Tell the period of one picture",
    response_model=PredictionAnswer | PredictionsAnswer,
    responses=problem_responses(*_COMMON, *_PICTURE),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The picture: the multipart field `file`, or the raw bytes.",
            "content": {
                **_multipart("file", _FILE),
                "image/*": _BINARY,
                "application/octet-stream": _BINARY,
            },
        }
    },
)
async def predict(request: Request, service: RunningService, asked: Asked) -> Response:
    """Send a picture as the multipart field `file`, or its bytes as the body."""
    asking = _Asking(service, asked)
    with service.engine.upload() as upload:
        if remote.is_asked(request):
            data = await remote.fetch_picture(request, upload)
        else:
            limit = service.settings.max_body_bytes
            data = await read_single_picture(request, upload, limit=limit)
        answers = await while_connected(request, asking.ask(data))
    answer = PredictionsAnswer(predictions=answers) if asking.everyone else answers[0]
    return Response(answer.model_dump_json(exclude_unset=True), media_type="application/json")


@router.post(
    "/predict/batch",
    summary="Tell the periods of many pictures",
    response_model=BatchAnswer,
    responses=problem_responses(*_COMMON),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "The pictures, each a multipart field `files`.",
            "content": _multipart("files", {"type": "array", "minItems": 1, "items": _FILE}),
        }
    },
)
async def predict_batch(request: Request, service: RunningService, asked: Asked) -> Response:
    """Send pictures as multipart fields `files`; each gets an entry, a bad one too."""
    asking = _Asking(service, asked)
    settings = service.settings
    with service.engine.upload() as upload:
        files = await read_pictures(
            request,
            upload,
            limit=settings.max_batch_bytes,
            file_limit=settings.max_body_bytes,
            most=settings.max_batch_files,
        )
        entries = await while_connected(request, asking.ask_each(files))
    answer = BatchAnswer(results=entries)
    return Response(answer.model_dump_json(exclude_unset=True), media_type="application/json")


class _Asking:
    """What a request wants to know of each of its pictures."""

    def __init__(self, service: Service, question: Question) -> None:
        self.everyone = question.model == ALL_MODELS
        self._service = service
        self._question = question
        residents = service.residents
        self._residents = residents.current if self.everyone else (residents.get(question.model),)

    async def ask(self, data: bytes) -> list[PredictionAnswer]:
        question = self._question
        work = Classification(
            data,
            self._residents,
            self._service.limits,
            with_heat_map=bool(question.heatmap),
            with_overlays=question.heatmap == "png",
            similar=question.similar,
        )
        return [self._answer(each) for each in await self._service.classify(work)]

    async def ask_each(self, files: list[UploadedFile]) -> list[BatchEntry]:
        # No more at once than there are workers: a batch must not fill the queue
        # and have everybody else, or its own pictures, refused.
        turns = asyncio.Semaphore(self._service.engine.threads)

        async def entry(file: UploadedFile) -> BatchEntry:
            async with turns:
                return await self._entry(file)

        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(entry(file)) for file in files]
        return [task.result() for task in tasks]

    async def _entry(self, file: UploadedFile) -> BatchEntry:
        try:
            if file.data is None:
                most = self._service.settings.max_body_bytes
                raise BodyTooLarge(
                    f"Expected a picture of at most {most} bytes; received {file.size}."
                )
            answers = await self.ask(file.data)
        except Problem as problem:
            self._service.metrics.problem(problem.code)
            told = ProblemDocument.model_validate(document(problem))
            return BatchEntry(filename=file.filename, problem=told)
        if self.everyone:
            return BatchEntry(filename=file.filename, predictions=answers)
        return BatchEntry(filename=file.filename, prediction=answers[0])

    def _answer(self, found: Classified) -> PredictionAnswer:
        question = self._question
        asked_for: dict[str, Any] = {}
        if question.top_k is not None:
            asked_for["top"] = [
                TopEntry(period=period, probability=round(probability, 6))
                for period, probability in found.prediction.top(question.top_k)
            ]
        if question.heatmap:
            asked_for["heatmap"] = _heat_map_answer(found)
        if question.similar is not None:
            asked_for["similar"] = found.similar and [
                _similar_answer(rank, each) for rank, each in enumerate(found.similar, 1)
            ]
        return _prediction_answer(found, asked_for)


def _similar_answer(rank: int, found: Neighbour) -> SimilarAnswer:
    thumbnail = None
    if found.thumbnail is not None:
        thumbnail = f"data:image/jpeg;base64,{b64encode(found.thumbnail).decode()}"
    return SimilarAnswer(
        rank=rank,
        similarity=round(found.similarity, 4),
        thumbnail=thumbnail,
        **found.reference.model_dump(),
    )


def _prediction_answer(found: Classified, asked_for: dict[str, Any]) -> PredictionAnswer:
    card = found.resident.card
    prediction = found.prediction
    timings = found.timings
    return PredictionAnswer(
        model=VersionReference(name=card.name, version=card.version),
        period=prediction.period.name,
        label=prediction.period.label or {"en": prediction.period.name},
        years=prediction.period.years,
        confidence=round(prediction.confidence, 6),
        probabilities={
            name: round(probability, 6) for name, probability in prediction.probabilities.items()
        },
        verdict=prediction.verdict,
        reason=prediction.reason,
        reason_code=prediction.reason_code,
        painting=None if prediction.painting is None else round(prediction.painting, 6),
        date=_date_answer(prediction.date),
        image=ImageAnswer.model_validate(found.image, from_attributes=True),
        timings_ms=TimingsAnswer(
            queue=round(timings.queue * 1000, 2),
            decode=round(timings.decode * 1000, 2),
            inference=round(timings.inference * 1000, 2),
            total=round(timings.total * 1000, 2),
        ),
        **asked_for,
    )


def _heat_map_answer(found: Classified) -> HeatMapAnswer | None:
    explained = found.heat_map
    if explained is None:
        return None
    drawn = {} if found.overlays is None else {"overlays": found.overlays}
    return HeatMapAnswer(
        rows=explained.rows, columns=explained.columns, maps=explained.maps, **drawn
    )


def _date_answer(found: DateRange | None) -> DateAnswer | None:
    return None if found is None else DateAnswer.model_validate(found, from_attributes=True)
