"""AlexNet as the teaching case writes it."""

import keras
from keras import layers

from training.errors import OptionError
from training.networks.network import Network, from_pixels

__all__ = ["LEAST", "alexnet"]

LEAST = 67
"""Smallest height and width that are more than nothing after the last pooling."""


def alexnet(height: int, width: int, classes: int, seed: int, dense: int = 4096) -> Network:
    """Five convolutions, three of them pooled, and three dense layers; no weights of others.

    Args:
        height: Rows of the input.
        width: Columns of the input.
        classes: How many outputs.
        seed: For the first weights and for dropout.
        dense: Width of the two hidden dense layers.

    Raises:
        OptionError: The input is too small.
    """
    if min(height, width) < LEAST:
        raise OptionError(f"Expected at least {LEAST} pixels a side; received {height} x {width}.")

    def logits_of(x: keras.KerasTensor) -> keras.KerasTensor:
        # Each layer draws its weights from a seed of its own, in their order.
        seeds = iter(range(seed * 100, seed * 100 + 100))

        def convolve(x: keras.KerasTensor, number: int, filters: int, kernel: int) -> object:
            stride, padding = (4, "valid") if number == 1 else (1, "same")
            return layers.Conv2D(
                filters,
                kernel,
                strides=stride,
                padding=padding,
                activation="relu",
                kernel_initializer=keras.initializers.GlorotUniform(next(seeds)),
                name=f"conv{number}",
            )(x)

        def connect(x: object, name: str, units: int, activation: str | None) -> object:
            initial = keras.initializers.GlorotUniform(next(seeds))
            return layers.Dense(
                units, activation=activation, kernel_initializer=initial, name=name
            )(x)

        x = layers.MaxPooling2D(3, 2, name="pool1")(convolve(x, 1, 96, 11))
        x = layers.MaxPooling2D(3, 2, name="pool2")(convolve(x, 2, 256, 5))
        x = convolve(x, 3, 384, 3)
        x = convolve(x, 4, 384, 3)
        x = layers.MaxPooling2D(3, 2, name="pool3")(convolve(x, 5, 256, 3))
        x = layers.Flatten(name="flatten")(x)
        for number in (1, 2):
            x = connect(x, f"dense{number}", dense, "relu")
            x = layers.Dropout(0.5, seed=next(seeds), name=f"dropout{number}")(x)
        return connect(x, "logits", classes, None)

    return from_pixels(height, width, logits_of)
