"""What the protocol says of the server and its models."""

from typing import Any

from app import __version__
from app.api.inference_protocol.tensors import BYTES, FP32, UINT8
from app.runtime.residents import Resident

__all__ = [
    "EXTENSIONS",
    "IMAGE",
    "LABEL",
    "PIXELS",
    "PROBABILITIES",
    "VERDICT",
    "configuration",
    "metadata",
    "server",
]

IMAGE = "image"
PIXELS = "pixels"
PROBABILITIES = "probabilities"
LABEL = "label"
VERDICT = "verdict"

_STRING = "STRING"  # what a configuration calls BYTES

EXTENSIONS = (
    "binary_tensor_data",
    "classification",
    "model_repository",
    "statistics",
    "model_configuration",
)


def server() -> dict[str, Any]:
    """The server's metadata."""
    return {"name": "vasari", "version": __version__, "extensions": list(EXTENSIONS)}


def metadata(resident: Resident, versions: list[str]) -> dict[str, Any]:
    """A model's metadata.

    Args:
        resident: The version that answers.
        versions: All of the name that do.
    """
    return {
        "name": resident.card.name,
        "versions": versions,
        "platform": resident.backend,
        "inputs": _inputs(resident),
        "outputs": _outputs(resident),
    }


def configuration(resident: Resident, most: int) -> dict[str, Any]:
    """A model's configuration, in the words of Triton.

    Args:
        resident: The version that answers.
        most: Pictures in a request.
    """
    return {
        "name": resident.card.name,
        "platform": resident.backend,
        "backend": resident.backend,
        "max_batch_size": most,
        "input": [_configured(each) | {"optional": True} for each in _inputs(resident)],
        "output": [_configured(each) for each in _outputs(resident)],
    }


def _configured(tensor: dict[str, Any]) -> dict[str, Any]:
    datatype = _STRING if tensor["datatype"] == BYTES else tensor["datatype"]
    return {
        "name": tensor["name"],
        "data_type": f"TYPE_{datatype}",
        "dims": tensor["shape"][1:] or [1],
    }


def _inputs(resident: Resident) -> list[dict[str, Any]]:
    spec = resident.card.input
    return [
        {"name": IMAGE, "datatype": BYTES, "shape": [-1]},
        {"name": PIXELS, "datatype": UINT8, "shape": [-1, spec.height, spec.width, 3]},
    ]


def _outputs(resident: Resident) -> list[dict[str, Any]]:
    classes = len(resident.card.classes)
    return [
        {"name": PROBABILITIES, "datatype": FP32, "shape": [-1, classes]},
        {"name": LABEL, "datatype": BYTES, "shape": [-1]},
        {"name": VERDICT, "datatype": BYTES, "shape": [-1]},
    ]
