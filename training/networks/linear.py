"""Logistic regression on the pixels."""

import keras
from keras import layers

from training.networks.network import Network, from_pixels

__all__ = ["logistic"]


def logistic(height: int, width: int, classes: int, seed: int) -> Network:
    """Rescale to 0..1, BatchNorm, Flatten, Dense.

    Args:
        height: Rows of the input.
        width: Columns of the input.
        classes: How many outputs.
        seed: For the first weights.
    """

    def logits_of(x: keras.KerasTensor) -> keras.KerasTensor:
        initial = keras.initializers.GlorotUniform(seed)
        x = layers.Flatten(name="flatten")(x)
        return layers.Dense(classes, kernel_initializer=initial, name="logits")(x)

    return from_pixels(height, width, logits_of)
