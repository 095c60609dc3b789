"""The form of every answer, as types; docs/http.md says the same in words."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

__all__ = [
    "BatchAnswer",
    "BatchEntry",
    "DateAnswer",
    "HealthAnswer",
    "HeatMapAnswer",
    "ImageAnswer",
    "ModelAnswer",
    "ModelsAnswer",
    "PredictionAnswer",
    "PredictionsAnswer",
    "ProblemDocument",
    "ReadyAnswer",
    "RefusedAnswer",
    "SimilarAnswer",
    "TimingsAnswer",
    "TopEntry",
    "VersionAnswer",
    "VersionReference",
]

Probability = Annotated[float, Field(ge=0, le=1)]

_PREDICTION_EXAMPLE: JsonDict = {
    "model": {"name": "vasari", "version": "1"},
    "period": "renaissance",
    "label": {"en": "Renaissance", "zh": "文艺复兴"},
    "years": [1400, 1600],
    "confidence": 0.83,
    "probabilities": {
        "medieval": 0.05,
        "renaissance": 0.83,
        "post-renaissance": 0.1,
        "modern": 0.02,
    },
    "verdict": "confident",
    "reason": "Renaissance has 83 %, at least the 56 % that this model asks for.",
    "reason_code": "clear",
    "painting": 0.99,
    "date": {"median": 1524, "interval": [1468, 1596], "share": 0.8},
    "image": {
        "width": 800,
        "height": 1067,
        "format": "JPEG",
        "bytes": 183044,
        "exif_turned": False,
    },
    "timings_ms": {"queue": 0.1, "decode": 6.2, "inference": 9.4, "total": 15.7},
}
_VERSION_EXAMPLE: JsonDict = {
    "name": "vasari",
    "version": "1",
    "description": "EfficientNet-Lite0, fine-tuned",
    "created": "2026-11-24T12:00:00Z",
    "classes": ["medieval", "renaissance", "post-renaissance", "modern"],
    "default": True,
    "loaded": True,
    "backend": "litert",
    "device": "cpu",
    "precision": "int8",
    "heatmap": True,
}
_PROBLEM_EXAMPLE: JsonDict = {
    "type": "urn:vasari:problem:unknown_model",
    "title": "No such model",
    "status": 404,
    "detail": "Expected one of the resident models ['vasari@1']; received 'alexnet'.",
    "code": "unknown_model",
    "models": ["vasari@1"],
}


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProblemDocument(_Answer):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [_PROBLEM_EXAMPLE]})

    type: Annotated[str, Field(description="`urn:vasari:problem:<code>`")]
    title: Annotated[str, Field(description="The kind of problem, for people")]
    status: Annotated[int, Field(description="The HTTP status")]
    detail: Annotated[str, Field(description="What was expected and what came")]
    code: Annotated[str, Field(description="The kind of problem, for programs; stable")]


class VersionReference(_Answer):
    """The version that answered."""

    name: str
    version: str


class ImageAnswer(_Answer):
    """What is known of the picture's file."""

    width: Annotated[int, Field(description="Pixels across, upright")]
    height: Annotated[int, Field(description="Pixels down, upright")]
    format: Literal["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF", "HEIF"]
    bytes: Annotated[int, Field(description="Size of the file")]
    exif_turned: Annotated[bool, Field(description="Whether EXIF turned or mirrored it")]


class TimingsAnswer(_Answer):
    """Where the time went, in milliseconds."""

    queue: Annotated[float, Field(description="Waiting for a worker")]
    decode: Annotated[float, Field(description="From the bytes to the model's input")]
    inference: Annotated[float, Field(description="The model, and reading its answer")]
    total: float


class TopEntry(_Answer):
    """One of the most probable periods."""

    period: str
    probability: Probability


class DateAnswer(_Answer):
    """When the picture was painted, by a model that was taught years."""

    median: Annotated[int, Field(description="As probable to be earlier as to be later")]
    interval: Annotated[
        tuple[int, int], Field(description="First and last year of the middle `share`")
    ]
    share: Annotated[Probability, Field(description="Of the probability inside `interval`")]


class HeatMapAnswer(_Answer):
    """Where in the picture each period finds its evidence."""

    rows: int
    columns: int
    maps: Annotated[
        dict[str, list[list[Probability]]],
        Field(description="By period: `rows` lists of `columns` values, on one scale for all"),
    ]
    overlays: Annotated[
        dict[str, str],
        Field(
            description="With `heatmap=png`, by period: a data URL of a PNG of the picture's "
            "shape, its longer side 512 pixels, transparent where there is no evidence"
        ),
    ] = {}


class SimilarAnswer(_Answer):
    """A painting that the model learnt from and finds similar; null is what is not known."""

    rank: Annotated[int, Field(description="1 is the most similar")]
    artist: str | None
    title: str | None
    year: Annotated[str | None, Field(description="As the source gives it")]
    period: Annotated[str, Field(description="The class that it was learnt as")]
    source: Annotated[str | None, Field(description="Where it was collected")]
    page: Annotated[str | None, Field(description="Address where a person sees it")]
    licence: Annotated[str | None, Field(description="Of its picture")]
    similarity: Annotated[
        float, Field(ge=-1, le=1, description="Cosine of the embeddings; compare within a model")
    ]
    thumbnail: Annotated[
        str | None, Field(description="A JPEG as a `data:` address; null where there is none")
    ]


class PredictionAnswer(_Answer):
    """What one model says of one picture."""

    model_config = ConfigDict(json_schema_extra={"examples": [_PREDICTION_EXAMPLE]})

    model: VersionReference
    period: Annotated[str, Field(description="The most probable class")]
    label: Annotated[dict[str, str], Field(description="Its name by language")]
    years: Annotated[
        tuple[int | None, int | None],
        Field(description="First year, and the year after the last; null is open"),
    ]
    confidence: Annotated[Probability, Field(description="Calibrated probability of `period`")]
    probabilities: Annotated[dict[str, Probability], Field(description="Of every class")]
    verdict: Annotated[
        Literal["confident", "uncertain", "not_a_painting"],
        Field(
            description="`not_a_painting` where `painting` is below its threshold in the model's "
            "card; else whether `confidence` reaches its own"
        ),
    ]
    reason: Annotated[str, Field(description="Why this verdict, in one sentence")]
    reason_code: Annotated[
        Literal["clear", "close", "unsure", "not_a_painting"],
        Field(description="The same for programs; stable"),
    ]
    painting: Annotated[
        Probability | None,
        Field(description="Probability of being a painting; null for a model that cannot tell"),
    ]
    date: Annotated[
        DateAnswer | None, Field(description="When painted; null for a model without years")
    ]
    image: ImageAnswer
    timings_ms: TimingsAnswer
    top: Annotated[list[TopEntry], Field(description="With `top_k`: best first")] = []
    heatmap: Annotated[
        HeatMapAnswer | None,
        Field(
            description="With `heatmap=true` or `png`; null for a model that cannot explain itself"
        ),
    ] = None
    similar: Annotated[
        list[SimilarAnswer] | None,
        Field(description="With `similar`: best first; null for a model without references"),
    ] = None


class PredictionsAnswer(_Answer):
    """What every resident model says of one picture (`model=all`)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"predictions": [_PREDICTION_EXAMPLE]}]}
    )

    predictions: list[PredictionAnswer]


class BatchEntry(_Answer):
    """One picture of a batch: `prediction` (`predictions` with `model=all`) or `problem`."""

    filename: Annotated[str | None, Field(description="As sent; null where none was")]
    prediction: PredictionAnswer | None = None
    predictions: list[PredictionAnswer] | None = None
    problem: ProblemDocument | None = None


class BatchAnswer(_Answer):
    """One entry for each picture, in the order they were sent."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "results": [
                        {"filename": "virgin.jpg", "prediction": _PREDICTION_EXAMPLE},
                        {
                            "filename": "notes.txt",
                            "problem": {
                                "type": "urn:vasari:problem:unsupported_image",
                                "title": "Not a picture that can be read",
                                "status": 415,
                                "detail": "Expected a picture (JPEG, PNG, WEBP, TIFF, BMP, GIF); "
                                "received 11 bytes that begin with b'hello world'.",
                                "code": "unsupported_image",
                            },
                        },
                    ]
                }
            ]
        }
    )

    results: list[BatchEntry]


class VersionAnswer(_Answer):
    """One version of one model in models_store; the rest is in its card."""

    model_config = ConfigDict(json_schema_extra={"examples": [_VERSION_EXAMPLE]})

    name: str
    version: str
    description: str
    created: str | None
    classes: Annotated[tuple[str, ...], Field(description="Names, in the model's order")]
    default: Annotated[bool, Field(description="Whether it answers where no model is named")]
    loaded: Annotated[bool, Field(description="Whether it is resident and answers")]
    backend: Annotated[
        Literal["litert", "tensorflow"] | None, Field(description="What runs it; null if nothing")
    ]
    device: Annotated[
        Literal["cpu", "gpu"] | None, Field(description="Where it runs; null if nowhere")
    ]
    precision: Annotated[
        str | None,
        Field(description="Of its numbers: float32, int8, float16 or bfloat16; null if not loaded"),
    ]
    heatmap: Annotated[
        bool | None, Field(description="Whether it can explain itself; null if not loaded")
    ]


class ModelAnswer(_Answer):
    """A model: what answers for its name, and its versions."""

    name: str
    version: Annotated[
        str | None, Field(description="The version that answers for the bare name; null if none")
    ]
    versions: Annotated[list[VersionAnswer], Field(description="The newest first")]


class RefusedAnswer(_Answer):
    """A version that is not served, and why."""

    name: str
    version: str
    reason: str


class ModelsAnswer(_Answer):
    """What is in models_store."""

    default: Annotated[str, Field(description="Name of the default model")]
    models: Annotated[
        list[VersionAnswer], Field(description="Every version, by name and the newest first")
    ]
    refused: list[RefusedAnswer]


class HealthAnswer(_Answer):
    """The process answers."""

    status: Literal["live"] = "live"


class ReadyAnswer(_Answer):
    """Every configured model is loaded and warm."""

    status: Literal["ready"] = "ready"
    device: Literal["cpu", "gpu"]
    models: Annotated[list[str], Field(description="`name@version` of each resident model")]
