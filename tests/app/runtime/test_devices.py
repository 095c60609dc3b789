"""`app.runtime.devices`: the device that was asked for, or one clear sentence."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.errors import DeviceError
from app.runtime import devices
from app.runtime.devices import choose_device


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A machine with or without TensorFlow, a GPU, and its driver; TensorFlow is not imported."""

    def make(*, tensorflow: bool = True, gpus: int = 0, driver: bool = False) -> list[str]:
        claimed: list[str] = []
        monkeypatch.setattr(devices, "find_spec", lambda _: object() if tensorflow else None)
        trace = tmp_path / "nvidia0"
        if driver:
            trace.touch()
        monkeypatch.setattr(devices, "_GPU_TRACES", (trace,))
        backend = SimpleNamespace(gpu_count=lambda: gpus, claim_device=claimed.append)
        monkeypatch.setitem(sys.modules, "app.runtime.tensorflow", backend)
        return claimed

    return make


def test_cpu_is_the_cpu(machine: Any) -> None:
    claimed = machine(gpus=1, driver=True)
    assert choose_device("cpu") == "cpu"
    assert claimed == []


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"tensorflow": False, "driver": True}, "cpu"),
        ({"driver": False, "gpus": 1}, "cpu"),
        ({"driver": True, "gpus": 0}, "cpu"),
        ({"driver": True, "gpus": 1}, "gpu"),
    ],
)
def test_auto_is_the_gpu_where_there_is_one(
    machine: Any, given: dict[str, Any], expected: str
) -> None:
    claimed = machine(**given)
    assert choose_device("auto") == expected
    assert claimed == (["gpu"] if expected == "gpu" else [])


def test_gpu_is_the_gpu(machine: Any) -> None:
    claimed = machine(gpus=1)
    assert choose_device("gpu") == "gpu"
    assert claimed == ["gpu"]


def test_a_gpu_that_is_not_there_is_told_in_one_sentence(machine: Any) -> None:
    machine(gpus=0)
    with pytest.raises(DeviceError, match="VASARI_DEVICE=gpu, but TensorFlow sees no GPU"):
        choose_device("gpu")
    machine(tensorflow=False)
    with pytest.raises(DeviceError, match="VASARI_DEVICE=gpu needs TensorFlow"):
        choose_device("gpu")
