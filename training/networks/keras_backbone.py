"""Any network of `keras.applications` without its top, fed RGB from 0 to 255.

What `preprocess_input` does to a picture outside the network, standard layers do
here inside it, so that what is served takes bytes and loads in safe mode. The
ranges of `keras_weights.csv`:

| range | what the network is fed |
|---|---|
| `signed` | -1 to 1 |
| `caffe` | BGR, 0 to 255, less the mean of ImageNet |
| `torch` | 0 to 1, less the mean of ImageNet, over its standard deviation |
| `inside` | 0 to 255: its first layers do the rest |
| `stretched` | likewise, but they divide by the root of the deviation and not by it |
| `unit` | 0 to 1, as the teaching case feeds InceptionV3 |
"""

import math
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from training.errors import OptionError, WeightsError
from training.networks.keras_weights import Published

__all__ = ["build", "prepare", "read_weights"]

_MEAN = (0.485, 0.456, 0.406)
_DEVIATION = (0.229, 0.224, 0.225)
_CAFFE_MEAN = (103.939, 116.779, 123.68)


def build(network: Published, size: int) -> keras.Model:
    """Build the network with random weights.

    Args:
        network: Which.
        size: Height and width of the input.

    Returns:
        What `prepare` gives [N, size, size, 3] -> features [N, h, w, D].

    Raises:
        OptionError: The network takes no such size.
    """
    function = getattr(keras.applications, network.name)
    try:
        model: keras.Model = function(
            include_top=False, weights=None, input_shape=(size, size, 3), pooling=None
        )
    except ValueError as error:
        reason = str(error).splitlines()[0]
        raise OptionError(
            f"Expected a size that {network.name} takes; received {size}. {reason}"
        ) from None
    return model


def prepare(image: keras.KerasTensor, input_range: str) -> keras.KerasTensor:
    """Bring a picture into a network's input range.

    Args:
        image: uint8 or float32 RGB [N, height, width, 3], 0 to 255.
        input_range: One of the table above.

    Returns:
        float32 [N, height, width, 3].
    """
    scale, offset = _linear(input_range)
    x = layers.Rescaling(scale, offset=offset, name="normalise")(image)
    if input_range == "caffe":
        swap = layers.Conv2D(3, 1, name="bgr")
        x = swap(x)
        kernel = np.eye(3, dtype=np.float32)[None, None, :, ::-1]
        swap.set_weights([kernel, -np.array(_CAFFE_MEAN, np.float32)])
    return x


def read_weights(network: Published, model: keras.Model, path: Path) -> None:
    """Fill a model of `build` from a file.

    Args:
        network: What it is.
        model: Changed in place.
        path: From `training.networks.keras_weights.locate`.

    Raises:
        WeightsError: The file is damaged, or of another network.
    """
    try:
        model.load_weights(path)
    except Exception as error:  # noqa: BLE001 - bytes can be wrong in every way
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise WeightsError(
            f"Expected weights of {network.name} without its top in {path.name}; {reason}"
        ) from None


def _linear(input_range: str) -> tuple[float | Sequence[float], float | Sequence[float]]:
    """Factor and offset, for all channels or for each."""
    if input_range == "signed":
        return 1 / 127.5, -1.0
    if input_range == "unit":
        return 1 / 255, 0.0
    if input_range == "torch":
        return (
            [1 / (255 * deviation) for deviation in _DEVIATION],
            [-mean / deviation for mean, deviation in zip(_MEAN, _DEVIATION, strict=True)],
        )
    if input_range == "stretched":
        # The weights hold the deviation in the place of the variance, so that the network
        # divides by its root; Keras divides by the other root only where it fetches the
        # weights itself. (x / 255 - mean) is stretched by that root here.
        roots = [math.sqrt(deviation) for deviation in _DEVIATION]
        return (
            [1 / root for root in roots],
            [255 * mean * (1 - 1 / root) for mean, root in zip(_MEAN, roots, strict=True)],
        )
    return 1.0, 0.0
