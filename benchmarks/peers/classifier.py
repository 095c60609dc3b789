"""What the peers below share, so that only the serving differs: the model, as well as can be.

Bytes in, probabilities out; Keras by a compiled `tf.function`, or the LiteRT file.
"""

import io
import os
from typing import Any

import numpy as np
from PIL import Image


class Classifier:
    """Loads what the environment names: MODEL_KERAS, or MODEL_LITERT where that is set."""

    def __init__(self) -> None:
        if "MODEL_LITERT" in os.environ:
            self._load_litert(os.environ["MODEL_LITERT"])
        else:
            self._load_keras(os.environ["MODEL_KERAS"])

    def __call__(self, data: bytes) -> list[float]:
        """Classify a picture's file."""
        image = Image.open(io.BytesIO(data))
        return self.classify(image)

    def classify(self, image: Image.Image) -> list[float]:
        """Classify a picture."""
        pixels = np.asarray(image.convert("RGB").resize(self.size), np.uint8)[None]
        answer: list[float] = np.asarray(self._run(pixels))[0].tolist()
        return answer

    def _load_keras(self, path: str) -> None:
        import keras
        import tensorflow as tf

        model = keras.saving.load_model(path, compile=False)
        height, width = model.input_shape[1:3]
        self.size = (width, height)
        signature = [tf.TensorSpec([None, height, width, 3], tf.uint8)]
        self._run: Any = tf.function(
            lambda pixels: model(pixels, training=False)["probabilities"], signature
        )

    def _load_litert(self, path: str) -> None:
        from ai_edge_litert.interpreter import Interpreter

        interpreter = Interpreter(model_path=path, num_threads=1)
        runner = interpreter.get_signature_runner("serving_default")
        ((name, given),) = runner.get_input_details().items()
        _, height, width, _ = given["shape"].tolist()
        self.size = (width, height)
        self._interpreter = interpreter  # the runner does not hold it
        self._run = lambda pixels: runner(**{name: pixels})["probabilities"]
