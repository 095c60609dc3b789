"""Logistic regression on the pixels."""

import keras
from keras import layers

from training.networks.network import Network

__all__ = ["logistic"]


def logistic(height: int, width: int, classes: int, seed: int) -> Network:
    """Rescale to 0..1, BatchNorm, Flatten, Dense.

    Args:
        height: Rows of the input.
        width: Columns of the input.
        classes: How many outputs.
        seed: For the first weights.
    """

    def build(dtype: str) -> tuple[keras.Model, keras.Model]:
        image = keras.Input((height, width, 3), dtype=dtype, name="image")
        x = layers.Rescaling(1 / 255, name="rescale")(image)
        x = layers.BatchNormalization(name="normalise")(x)
        x = layers.Flatten(name="flatten")(x)
        initial = keras.initializers.GlorotUniform(seed)
        logits = layers.Dense(classes, kernel_initializer=initial, name="logits")(x)
        probabilities = layers.Softmax(name="probabilities")(logits)
        served = keras.Model(image, {"probabilities": probabilities}, name="painting_period")
        return keras.Model(image, logits, name="trunk"), served

    trunk, _ = build("float32")

    def serving() -> keras.Model:
        _, served = build("uint8")
        served.set_weights(trunk.get_weights())
        return served

    return Network(None, trunk, serving)
