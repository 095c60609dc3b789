"""What the OpenAPI document says of bodies below /v2, which routes read by themselves."""

import base64
import struct
import zlib
from typing import Any

from pydantic import BaseModel

from app.api.inference_protocol.description import IMAGE
from app.api.inference_protocol.messages import HEADER_LENGTH, IndexRequest, InferenceRequest
from app.api.inference_protocol.schemas import InferenceAnswer
from app.api.inference_protocol.tensors import BYTES

__all__ = ["INDEX_BODY", "INFER", "INFER_ANSWER", "path_parameters"]

_JSON = "application/json"
_RAW = "application/octet-stream"
_BINARY = {"schema": {"type": "string", "format": "binary"}}


def path_parameters(*names: str) -> list[dict[str, Any]]:
    """The parts of an address, which one route for both spellings reads by itself."""
    words = {"name": "A model that answers.", "version": "A version of it that answers."}
    return [
        {
            "name": each,
            "in": "path",
            "required": True,
            "description": words[each],
            "schema": {"type": "string"},
        }
        for each in names
    ]


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """A model's JSON schema, whole: what it refers to stands in the place of the reference."""
    document = model.model_json_schema()
    parts = document.pop("$defs", {})

    def whole(value: Any) -> Any:
        if isinstance(value, dict):
            if "$ref" in value:
                return whole(parts[value["$ref"].rpartition("/")[2]])
            return {key: whole(each) for key, each in value.items()}
        return [whole(each) for each in value] if isinstance(value, list) else value

    found: dict[str, Any] = whole(document)
    return found


def _example_picture() -> bytes:
    """A PNG of 16 x 16 pixels of one colour, the smallest that is taken."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checked = kind + content
        return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 16, 16, 8, 2, 0, 0, 0)
    rows = (b"\0" + bytes((150, 110, 60)) * 16) * 16
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


_EXAMPLE = {
    "inputs": [
        {
            "name": IMAGE,
            "datatype": BYTES,
            "shape": [1],
            "parameters": {"content_type": "base64"},
            "data": [base64.b64encode(_example_picture()).decode()],
        }
    ]
}

INFER: dict[str, Any] = {
    "parameters": [
        {
            "name": HEADER_LENGTH,
            "in": "header",
            "required": False,
            "description": "How many bytes of the body are JSON; what follows are the inputs with "
            "`binary_data_size`, in their order. 0: the whole body is one picture. Left out: all "
            "of it is JSON.",
            "schema": {"type": "integer", "minimum": 0},
        }
    ],
    "requestBody": {
        "required": True,
        "description": "One input, `image` or `pixels`, as docs/http.md describes them; or, with "
        f"`{HEADER_LENGTH}: 0`, a picture.",
        "content": {
            _JSON: {"schema": _schema(InferenceRequest), "example": _EXAMPLE},
            _RAW: _BINARY,
        },
    },
}
"""Header and body of a request to infer."""

INFER_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The outputs as JSON; where some are asked for raw, they stand behind it, "
        f"and the header {HEADER_LENGTH} says how long it is.",
        "model": InferenceAnswer,
        "content": {_RAW: _BINARY},
    }
}
"""The good answer of a request to infer."""

INDEX_BODY: dict[str, Any] = {
    "requestBody": {
        "required": False,
        "description": "Left out: every version in the store.",
        "content": {_JSON: {"schema": _schema(IndexRequest), "example": {"ready": True}}},
    }
}
"""Body of a request for the repository's index."""
