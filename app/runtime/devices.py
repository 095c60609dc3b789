"""Which device models run on: decided once, at start-up."""

from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from app.errors import DeviceError

__all__ = ["Device", "choose_device"]

Device = Literal["cpu", "gpu"]

# Importing TensorFlow takes seconds and hundreds of megabytes: not to be spent on
# the question whether a machine without any of these has a GPU.
_GPU_TRACES = (Path("/dev/nvidia0"), Path("/proc/driver/nvidia/gpus"), Path("/dev/dxg"))


def choose_device(wanted: Literal["auto", "cpu", "gpu"]) -> Device:
    """Settle on a device.

    Args:
        wanted: `auto` is the GPU if TensorFlow is installed and sees one.

    Raises:
        DeviceError: `gpu` is wanted, and there is none or no TensorFlow to reach it.
    """
    if wanted == "cpu":
        return "cpu"
    if find_spec("tensorflow") is None:
        if wanted == "auto":
            return "cpu"
        raise DeviceError(
            "VASARI_DEVICE=gpu needs TensorFlow, which is not installed: install the extra "
            "`gpu`, or set VASARI_DEVICE=auto."
        )
    if wanted == "auto" and not any(trace.exists() for trace in _GPU_TRACES):
        return "cpu"
    from app.runtime.tensorflow import claim_device, gpu_count  # noqa: PLC0415

    if gpu_count() > 0:
        claim_device("gpu")
        return "gpu"
    if wanted == "gpu":
        raise DeviceError(
            "VASARI_DEVICE=gpu, but TensorFlow sees no GPU: check the driver, or set "
            "VASARI_DEVICE=auto."
        )
    return "cpu"
