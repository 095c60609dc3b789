"""What is answered below /v2, for the OpenAPI document and to hold the answers to it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

__all__ = [
    "ConfigurationAnswer",
    "ErrorAnswer",
    "IndexEntry",
    "InferenceAnswer",
    "LivenessAnswer",
    "LoadAnswer",
    "MetadataAnswer",
    "ModelNamesAnswer",
    "ModelReadinessAnswer",
    "ReadinessAnswer",
    "ServerAnswer",
    "StatisticsAnswer",
]


class ErrorAnswer(BaseModel):
    """Every error: the stable code of docs/http.md, a colon, and what was expected and came."""

    error: str


class ServerAnswer(BaseModel):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class LivenessAnswer(BaseModel):
    """The process is alive."""

    live: Literal[True]


class ReadinessAnswer(LivenessAnswer):
    """Every configured model is loaded and warm."""

    ready: Literal[True]


class ModelNamesAnswer(BaseModel):
    """The models that answer."""

    models: list[str]


class TensorDescription(BaseModel):
    """A tensor as a model takes or gives it; -1 is any number of pictures."""

    name: str
    datatype: Literal["BYTES", "FP32", "UINT8"]
    shape: list[int]


class MetadataAnswer(BaseModel):
    """A model's inputs and outputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorDescription]
    outputs: list[TensorDescription]


class ModelReadinessAnswer(BaseModel):
    """A model is loaded and warm."""

    name: str
    ready: bool


class ConfiguredOutput(BaseModel):
    """An output, in Triton's words."""

    name: str
    data_type: str
    dims: list[int]


class ConfiguredInput(ConfiguredOutput):
    """An input, in Triton's words."""

    optional: bool


class ConfigurationAnswer(BaseModel):
    """A model's configuration, in Triton's words."""

    name: str
    platform: str
    backend: str
    max_batch_size: int
    input: list[ConfiguredInput]
    output: list[ConfiguredOutput]


class DurationAnswer(BaseModel):
    """How often, and how many nanoseconds together."""

    count: Annotated[int, Field(ge=0)]
    ns: Annotated[int, Field(ge=0)]


class InferenceStatistics(BaseModel):
    """Where the time went."""

    success: DurationAnswer
    fail: DurationAnswer
    queue: DurationAnswer
    compute_input: DurationAnswer
    compute_infer: DurationAnswer
    compute_output: DurationAnswer
    cache_hit: DurationAnswer
    cache_miss: DurationAnswer


class VersionStatisticsAnswer(BaseModel):
    """What one version has answered since the process began."""

    name: str
    version: str
    inference_count: Annotated[int, Field(ge=0)]
    execution_count: Annotated[int, Field(ge=0)]
    inference_stats: InferenceStatistics
    batch_stats: list[Any]


class StatisticsAnswer(BaseModel):
    """What was answered, by version."""

    model_stats: list[VersionStatisticsAnswer]


class OutputTensor(BaseModel):
    """An output: `data`, or `binary_data_size` bytes of what follows the JSON."""

    name: str
    datatype: Literal["BYTES", "FP32"]
    shape: list[int]
    data: list[float | str] | None = None
    parameters: dict[str, Any] | None = None


class InferenceAnswer(BaseModel):
    """What is said of the pictures."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


class IndexEntry(BaseModel):
    """A version in the store."""

    name: str
    version: str
    state: Literal["READY", "UNAVAILABLE"]
    reason: str


class LoadAnswer(BaseModel):
    """The model is loaded."""
