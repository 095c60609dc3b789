"""Tiny Keras models, as the bytes of files. Importing this imports TensorFlow."""

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tests.models import BIAS, CLASSES, EDGES, SIDE, WEIGHTS


def network(side: int = SIDE, *, seed: int = 7, full: bool = False) -> Any:
    """A small convolutional network of the form that training exports.

    Args:
        side: Height and width of its input.
        seed: Of its weights.
        full: Whether it has five outputs, `painting` and `years` too, or three.
    """
    keras.utils.set_random_seed(seed)
    pixels = keras.Input((side, side, 3), dtype="uint8", name="pixels")
    values = keras.layers.Rescaling(1 / 127.5, offset=-1)(keras.ops.cast(pixels, "float32"))
    values = keras.layers.Conv2D(12, 3, strides=2, padding="same", activation="relu6")(values)
    values = keras.layers.DepthwiseConv2D(3, padding="same", activation="relu6")(values)
    values = keras.layers.Conv2D(16, 1, activation="relu6")(values)
    embedding = keras.layers.GlobalAveragePooling2D(name="embedding")(values)
    dense = keras.layers.Dense(len(CLASSES), kernel_initializer="random_normal")
    logits = dense(embedding)
    activation_map = keras.ops.matmul(values, dense.kernel)
    outputs = {
        "probabilities": keras.layers.Softmax()(logits * 20),
        "embedding": embedding,
        "activation_map": activation_map,
    }
    if full:
        outputs["painting"] = keras.layers.Dense(1, activation="sigmoid")(embedding)
        years = keras.layers.Dense(len(EDGES) - 1, activation="softmax")
        outputs["years"] = years(embedding)
    return keras.Model(pixels, outputs)


def foreign_network(side: int = SIDE) -> Any:
    """What somebody else might bring: float pixels in, nothing but [N, C] out."""
    pixels = keras.Input((side, side, 3))
    mean = keras.layers.GlobalAveragePooling2D()(pixels)
    dense = keras.layers.Dense(len(CLASSES), activation="softmax")
    model = keras.Model(pixels, dense(mean))
    dense.set_weights([WEIGHTS.T, BIAS])
    return model


def keras_file(model: Any) -> bytes:
    """The bytes of model.keras."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path)
        return path.read_bytes()


def litert_file(model: Any) -> bytes:
    """The bytes of model.tflite."""
    content: bytes = tf.lite.TFLiteConverter.from_keras_model(model).convert()
    return content


def random_pictures(count: int, side: int = SIDE) -> Any:
    """uint8 [count, side, side, 3], the same each time."""
    return np.random.default_rng(3).integers(0, 256, (count, side, side, 3)).astype(np.uint8)
