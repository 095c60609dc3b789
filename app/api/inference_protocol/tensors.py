"""Tensors as the protocol carries them: JSON values, or raw little-endian bytes."""

import base64
import binascii
import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.errors import InvalidRequest

__all__ = [
    "BYTES",
    "FP32",
    "UINT8",
    "Tensor",
    "bytes_from_binary",
    "bytes_from_json",
    "encode",
    "pixels_from_binary",
    "pixels_from_json",
]

BYTES = "BYTES"
UINT8 = "UINT8"
FP32 = "FP32"

_MOST_LEVELS = 4
_LENGTH = struct.Struct("<I")


@dataclass(frozen=True)
class Tensor:
    """One output.

    Attributes:
        name: Of the output.
        datatype: `FP32` or `BYTES`.
        shape: The number of pictures first.
        values: Row-major: numbers, or text.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    values: Sequence[float] | Sequence[str]


def bytes_from_binary(name: str, data: bytes, count: int) -> list[bytes]:
    """Take the elements of a BYTES tensor: each a length of 32 bits and so many bytes.

    Raises:
        InvalidRequest: There are not `count` of them.
    """
    elements: list[bytes] = []
    at = 0
    while at + _LENGTH.size <= len(data) and len(elements) < count:
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if at + length > len(data):
            break
        elements.append(data[at : at + length])
        at += length
    if at != len(data) or len(elements) != count:
        raise InvalidRequest(
            f"Expected {count} elements in the input {name!r}, each with its length before it; "
            f"received {len(data)} bytes of another form."
        )
    return elements


def bytes_from_json(name: str, data: Any, count: int, *, is_base64: bool) -> list[bytes]:
    """Take the elements of a BYTES tensor from JSON: text, or base64 where it says so.

    Raises:
        InvalidRequest: There are not `count` texts, or they are not base64.
    """
    elements = _flat(data)
    if len(elements) != count or not all(isinstance(each, str) for each in elements):
        raise InvalidRequest(
            f"Expected {count} texts in the input {name!r}; received {len(elements)} values."
        )
    if not is_base64:
        return [each.encode() for each in elements]
    try:
        return [base64.b64decode(each, validate=True) for each in elements]
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest(f"Expected base64 in the input {name!r}; {error}.") from None


def pixels_from_binary(name: str, data: bytes, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Take a UINT8 tensor from its bytes.

    Raises:
        InvalidRequest: They are more or fewer than the shape says.
    """
    if len(data) != math.prod(shape):
        raise InvalidRequest(
            f"Expected {math.prod(shape)} bytes in the input {name!r}; received {len(data)}."
        )
    return np.frombuffer(data, np.uint8).reshape(shape)


def pixels_from_json(name: str, data: Any, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Take a UINT8 tensor from numbers, nested or flat.

    Raises:
        InvalidRequest: They are more or fewer than the shape says, or not from 0 to 255.
    """
    try:
        values = np.asarray(data)
    except ValueError:  # lists of different lengths
        values = np.empty(0, object)
    if values.size != math.prod(shape) or values.dtype.kind not in "iu":
        raise InvalidRequest(
            f"Expected {math.prod(shape)} whole numbers in the input {name!r}; received "
            f"{values.size} values of the kind {values.dtype}."
        )
    if values.min() < 0 or values.max() > np.iinfo(np.uint8).max:
        raise InvalidRequest(f"Expected numbers from 0 to 255 in the input {name!r}.")
    return values.astype(np.uint8).reshape(shape)


def encode(tensor: Tensor) -> bytes:
    """The raw bytes of an output."""
    if tensor.datatype == FP32:
        return np.asarray(tensor.values, "<f4").tobytes()
    texts = [str(each).encode() for each in tensor.values]
    return b"".join(_LENGTH.pack(len(each)) + each for each in texts)


def _flat(data: Any) -> list[Any]:
    """The values of lists in lists, down to as many levels as a tensor here may have."""
    values = data if isinstance(data, list) else [data]
    for _ in range(_MOST_LEVELS):
        if not any(isinstance(each, list) for each in values):
            break
        values = [
            value for each in values for value in (each if isinstance(each, list) else [each])
        ]
    return values
