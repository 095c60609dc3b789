"""Requests to infer and their answers, as JSON with raw tensors behind it where one likes."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from app.api.inference_protocol.description import IMAGE
from app.api.inference_protocol.tensors import BYTES, Tensor, encode
from app.errors import BodyTooLarge, InvalidRequest

__all__ = [
    "HEADER_LENGTH",
    "IndexRequest",
    "InferenceRequest",
    "InputTensor",
    "OutputChoice",
    "answer",
    "parse",
]

HEADER_LENGTH = "Inference-Header-Content-Length"

_MOST_DIMENSIONS = 4
_SHARED_MEMORY = "shared_memory_region"


class _Part(BaseModel):
    # Strict: text that looks like a number is none, as the document says.
    model_config = ConfigDict(extra="ignore", strict=True)


class InputTensor(_Part):
    """One input, as it is announced."""

    name: str
    datatype: str
    shape: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(max_length=_MOST_DIMENSIONS)]
    parameters: dict[str, Any] = {}
    data: Any = None
    _raw: bytes | None = PrivateAttr(default=None)

    @property
    def raw(self) -> bytes | None:
        """What of the body belongs to it; None where its values are JSON."""
        return self._raw

    def attach(self, raw: bytes) -> None:
        """Give it its part of the body."""
        self._raw = raw

    @property
    def count(self) -> int:
        """Elements."""
        return math.prod(self.shape)


class OutputChoice(_Part):
    """One output that is wanted, and how."""

    name: str
    parameters: dict[str, Any] = {}


class InferenceRequest(_Part):
    """A request to infer."""

    id: str | None = None
    parameters: dict[str, Any] = {}
    inputs: Annotated[list[InputTensor], Field(min_length=1, max_length=16)]
    outputs: Annotated[list[OutputChoice], Field(max_length=16)] = []

    def is_binary(self, choice: OutputChoice | None) -> bool:
        """Whether an output is answered by raw bytes."""
        default = self.parameters.get("binary_data_output", False)
        given = default if choice is None else choice.parameters.get("binary_data", default)
        return given is True


class IndexRequest(_Part):
    """Which versions are listed: all, or those that answer."""

    ready: bool = False


def parse(body: bytes, header: str | None, most_json: int) -> InferenceRequest:
    """Read a request's body.

    Args:
        body: Inflated.
        header: `Inference-Header-Content-Length`: how many bytes are JSON; what follows
            are the inputs with `binary_data_size`, in their order. 0: the whole body is one
            picture. None: all of it is JSON.
        most_json: Most bytes of JSON.

    Raises:
        InvalidRequest: It is not well-formed.
        BodyTooLarge: There is more JSON.
    """
    if header is None:
        length = len(body)
    elif header.isdecimal() and int(header) <= len(body):
        length = int(header)
    else:
        raise InvalidRequest(
            f"Expected {HEADER_LENGTH} from 0 to {len(body)}; received {header[:50]!r}."
        )
    if header is not None and length == 0:
        whole = InputTensor(name=IMAGE, datatype=BYTES, shape=(1,))
        whole.attach(body)
        return InferenceRequest(parameters={"binary_data_output": True}, inputs=[whole])
    if length > most_json:
        raise BodyTooLarge(f"Expected at most {most_json} bytes of JSON; received {length}.")
    try:
        # Read by pydantic itself: json would let half a surrogate pass, which no answer can hold.
        request = InferenceRequest.model_validate_json(body[:length])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise InvalidRequest(f"Expected JSON; {first['msg'][:100]}.") from None
        where = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"Expected an inference request; {where}: {first['msg']}.") from None
    _distribute(request, body[length:])
    return request


@dataclass(frozen=True)
class Answer:
    """The body of an answer, and the headers that say what it is."""

    body: bytes
    media_type: str
    headers: dict[str, str] = field(default_factory=dict)


def answer(
    request: InferenceRequest, name: str, version: str, outputs: Sequence[tuple[Tensor, bool]]
) -> Answer:
    """Write an answer.

    Args:
        request: What was asked.
        name: Of the model that answered.
        version: Of the model that answered.
        outputs: Each with whether it is raw.
    """
    described: list[dict[str, Any]] = []
    blobs: list[bytes] = []
    for tensor, is_binary in outputs:
        entry: dict[str, Any] = {
            "name": tensor.name,
            "datatype": tensor.datatype,
            "shape": list(tensor.shape),
        }
        if is_binary:
            blobs.append(encode(tensor))
            entry["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            entry["data"] = list(tensor.values)
        described.append(entry)
    document = {"model_name": name, "model_version": version, "outputs": described}
    if request.id is not None:
        document["id"] = request.id
    text = json.dumps(document, ensure_ascii=False).encode()
    if not blobs:
        return Answer(text, "application/json")
    headers = {HEADER_LENGTH: str(len(text))}
    return Answer(b"".join([text, *blobs]), "application/octet-stream", headers)


def _distribute(request: InferenceRequest, rest: bytes) -> None:
    """Give each input its part of what stands behind the JSON."""
    at = 0
    for each in request.inputs:
        if _SHARED_MEMORY in each.parameters:
            raise InvalidRequest("Expected data in the request; shared memory is not offered.")
        size = each.parameters.get("binary_data_size")
        if size is None:
            if each.data is None:
                raise InvalidRequest(f"Expected data in the input {each.name!r}; received none.")
            continue
        if isinstance(size, bool) or not isinstance(size, int) or not 0 <= size <= len(rest) - at:
            raise InvalidRequest(
                f"Expected binary_data_size of the input {each.name!r} from 0 to "
                f"{len(rest) - at}; received {str(size)[:50]!r}."
            )
        each.attach(rest[at : at + size])
        at += size
    if at != len(rest):
        raise InvalidRequest(
            f"Expected {at} bytes behind the JSON, as the inputs announce; received {len(rest)}."
        )
