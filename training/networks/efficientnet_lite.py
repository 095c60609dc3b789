"""EfficientNet-Lite (lite0 to lite4) in Keras, as published by Google in 2020.

Against EfficientNet-B: no squeeze-and-excitation, ReLU6 in place of swish, and
a stem and a head that are not widened. Input is RGB from 0 to 255; the
normalisation (x - 127) / 128 is the first layer. Block n ends in a layer named
`block<n>`, so that a recipe can freeze everything below a named block.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import keras
from keras import layers

__all__ = ["VARIANTS", "Variant", "build", "fine_tuned_halves", "for_serving", "split"]

EPSILON = 1e-3
STEM_FILTERS = 32
HEAD_FILTERS = 1280
_DIVISOR = 8


@dataclass(frozen=True)
class Variant:
    """How one network of the family is scaled.

    Attributes:
        width: Factor on the number of filters.
        depth: Factor on the number of blocks of a stage.
        size: Height and width that it was published for.
    """

    width: float
    depth: float
    size: int


VARIANTS = {
    "lite0": Variant(1.0, 1.0, 224),
    "lite1": Variant(1.0, 1.1, 240),
    "lite2": Variant(1.1, 1.2, 260),
    "lite3": Variant(1.2, 1.4, 280),
    "lite4": Variant(1.4, 1.8, 300),
}


@dataclass(frozen=True)
class _Stage:
    repeats: int
    kernel: int
    stride: int
    expand: int
    filters: int


_STAGES = (
    _Stage(1, 3, 1, 1, 16),
    _Stage(2, 3, 2, 6, 24),
    _Stage(2, 5, 2, 6, 40),
    _Stage(3, 3, 2, 6, 80),
    _Stage(3, 5, 1, 6, 112),
    _Stage(4, 5, 2, 6, 192),
    _Stage(1, 3, 1, 6, 320),
)


def build(
    variant: str = "lite0",
    *,
    size: int | None = None,
    include_top: bool = False,
    input_dtype: str = "float32",
) -> keras.Model:
    """Build the network with random weights.

    Args:
        variant: A key of `VARIANTS`.
        size: Height and width of the input. Defaults to the published one.
        include_top: Whether to end in the 1000 logits of ImageNet.
        input_dtype: `float32` or `uint8`; the range is 0 to 255 either way.

    Returns:
        A functional model `[N, size, size, 3]` -> features `[N, h, w, 1280]`
        with h and w a 32nd of size, or with `include_top` logits `[N, 1000]`.

    Raises:
        ValueError: The variant is unknown.
    """
    if variant not in VARIANTS:
        raise ValueError(f"Expected a variant of {sorted(VARIANTS)}; received {variant!r}.")
    scale = VARIANTS[variant]
    side = size or scale.size
    inputs = keras.Input((side, side, 3), dtype=input_dtype, name="image")
    x = layers.Rescaling(1 / 128, offset=-127 / 128, name="normalise")(inputs)
    x = layers.Conv2D(STEM_FILTERS, 3, strides=2, padding="same", use_bias=False, name="stem_conv")(
        x
    )
    x = layers.BatchNormalization(epsilon=EPSILON, name="stem_bn")(x)
    x = layers.ReLU(6.0, name="stem")(x)
    number = 0
    filters_in = STEM_FILTERS
    for place, stage in enumerate(_STAGES):
        fixed = place in (0, len(_STAGES) - 1)
        repeats = stage.repeats if fixed else math.ceil(scale.depth * stage.repeats)
        filters = _round_filters(stage.filters, scale.width)
        for repeat in range(repeats):
            number += 1
            x = _block(
                x,
                f"block{number}",
                expanded=filters_in * stage.expand,
                filters=filters,
                kernel=stage.kernel,
                stride=stage.stride if repeat == 0 else 1,
            )
            filters_in = filters
    x = layers.Conv2D(HEAD_FILTERS, 1, use_bias=False, name="head_conv")(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name="head_bn")(x)
    x = layers.ReLU(6.0, name="features")(x)
    if include_top:
        x = layers.GlobalAveragePooling2D(name="embedding")(x)
        x = layers.Dense(1000, name="imagenet")(x)
    return keras.Model(inputs, x, name=f"efficientnet_{variant}")


def split(
    network: keras.Model, block: str, *, taken: Sequence[str] = ()
) -> tuple[keras.Model, keras.Model]:
    """Cut a network below a named block; the two halves share its layers.

    Args:
        network: A model of `build`.
        block: Name of the first block of the upper half, such as `block6`.
        taken: Blocks of the upper half whose answers are given too.

    Returns:
        (lower, upper): images -> what the block is fed, and that -> the
        network's output, or with `taken` the list of that and theirs.

    Raises:
        ValueError: There is no such block, or not in the upper half.
    """
    blocks = [each.name for each in network.layers if _is_block(each.name)]
    if block not in blocks:
        raise ValueError(f"Expected one of {blocks}; received {block!r}.")
    place = blocks.index(block)
    below = "stem" if place == 0 else blocks[place - 1]
    cut = network.get_layer(below).output
    lower = keras.Model(network.input, cut, name=f"{network.name}_below_{block}")
    outside = [each for each in taken if each not in blocks[place:]]
    if outside:
        raise ValueError(f"Expected blocks of {blocks[place:]}; received {outside}.")
    outputs = [network.output, *(network.get_layer(each).output for each in taken)]
    given = outputs if taken else network.output
    upper = keras.Model(cut, given, name=f"{network.name}_from_{block}")
    return lower, upper


def fine_tuned_halves(
    network: keras.Model, block: str, *, taken: Sequence[str] = ()
) -> tuple[keras.Model, keras.Model]:
    """`split`, and freeze the lower half and all batch normalisation.

    With the few pictures at hand, its statistics would be the sources' and not the
    paintings'.
    """
    lower, upper = split(network, block, taken=taken)
    lower.trainable = False
    for layer in upper.layers:
        if isinstance(layer, layers.BatchNormalization):
            layer.trainable = False
    return lower, upper


def for_serving(network: keras.Model, variant: str, size: int) -> keras.Model:
    """A network of `build` with the weights of now, fed bytes in place of floats."""
    served = build(variant, size=size, input_dtype="uint8")
    served.set_weights(network.get_weights())
    return served


def _is_block(name: str) -> bool:
    return name.startswith("block") and name[len("block") :].isdigit()


def _round_filters(filters: int, width: float) -> int:
    scaled = filters * width
    rounded = max(_DIVISOR, int(scaled + _DIVISOR / 2) // _DIVISOR * _DIVISOR)
    if rounded < 0.9 * scaled:  # the published rule: never lose over a tenth
        rounded += _DIVISOR
    return rounded


def _block(
    x: keras.KerasTensor, name: str, *, expanded: int, filters: int, kernel: int, stride: int
) -> keras.KerasTensor:
    """An inverted residual: widen, convolve each channel by itself, narrow."""
    shortcut = x
    filters_in = x.shape[-1]
    if expanded != filters_in:
        x = layers.Conv2D(expanded, 1, use_bias=False, name=f"{name}_expand_conv")(x)
        x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_expand_bn")(x)
        x = layers.ReLU(6.0, name=f"{name}_expand")(x)
    x = layers.DepthwiseConv2D(
        kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv"
    )(x)
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_depthwise_bn")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise")(x)
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project_conv")(x)
    if stride == 1 and filters_in == filters:
        x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_project_bn")(x)
        return layers.Add(name=name)([shortcut, x])
    # A block's last layer bears its name, whichever it is.
    x = layers.BatchNormalization(epsilon=EPSILON, name=f"{name}_project_bn")(x)
    return layers.Identity(name=name)(x)
