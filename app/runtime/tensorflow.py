"""TensorFlow, for the GPU and for versions without a model.tflite.

Importing this module imports TensorFlow; nothing but `app.runtime.loader` and
`app.runtime.devices` does, and only where it is needed.
"""

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf  # noqa: TID251

from app.errors import IntegrityError
from app.model_card import KERAS_FILE
from app.model_store import StoredVersion
from app.runtime.backend import Outputs, Pixels, Runner, outputs_from
from app.runtime.devices import Device

__all__ = ["TensorFlowModel", "batch_sizes", "claim_device", "gpu_count"]

BATCH_SIZES = (1, 2, 4)
"""Where nothing is put together: a picture of one or two views, and the golden pictures."""


def batch_sizes(most: int) -> tuple[int, ...]:
    """Choose the sizes that batches are padded to: powers of two, and the largest itself."""
    return (*(2**power for power in range((most - 1).bit_length())), most)


def gpu_count() -> int:
    """Count the GPUs that TensorFlow sees."""
    return len(tf.config.list_physical_devices("GPU"))


def claim_device(device: Device) -> None:
    """Settle what TensorFlow may use, before it runs anything.

    Args:
        device: `gpu` lets it take memory as it needs it, instead of all at once;
            `cpu` hides the GPUs.
    """
    if device == "cpu":
        if tf.config.get_visible_devices("GPU"):
            tf.config.set_visible_devices([], "GPU")
        return
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, enable=True)


class TensorFlowModel:
    """A version's model.keras, compiled for every batch size.

    Args:
        version: What to load; the file is verified first.
        device: Where it runs; see `claim_device`.
        sizes: Ascending batch sizes. Batches are padded to one of these, and each is
            compiled here. Defaults to `BATCH_SIZES`.

    Raises:
        IntegrityError: The file is missing, altered, unsafe, or not of the card's form.
    """

    backend = "tensorflow"
    precision = "float32"

    def __init__(
        self, version: StoredVersion, device: Device, sizes: tuple[int, ...] = BATCH_SIZES
    ) -> None:
        self.device: Device = device
        self.batch_sizes = sizes
        self.golden = version.card.golden
        content = version.read(KERAS_FILE)
        model = _load(content)
        size = version.card.input
        shape = (size.height, size.width, 3)
        if len(model.inputs) != 1 or not _fits(model.inputs[0].shape, shape):
            raise IntegrityError(
                f"Expected {KERAS_FILE} to take one input of {shape}; it takes "
                f"{[tuple(each.shape) for each in model.inputs]}."
            )
        input_type = model.inputs[0].dtype

        def forward(pixels: Any) -> dict[str, Any]:
            answer = model(tf.cast(pixels, input_type), training=False)
            if isinstance(answer, dict):
                return {name: tf.cast(each, tf.float32) for name, each in answer.items()}
            return {"probabilities": tf.cast(answer, tf.float32)}

        function = tf.function(forward, autograph=False)
        self._concrete = {
            size: function.get_concrete_function(tf.TensorSpec([size, *shape], tf.uint8))
            for size in sizes
        }
        self._keras_model = model  # the functions hold its variables only weakly

    def runner(self) -> Runner:
        """The functions are thread-safe: every worker runs the same ones."""
        return self._run

    def _run(self, pixels: Pixels) -> Outputs:
        largest = max(self.batch_sizes)
        parts = [
            self._run_padded(pixels[start : start + largest])
            for start in range(0, len(pixels), largest)
        ]
        return outputs_from(
            {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        )

    def _run_padded(self, pixels: Pixels) -> dict[str, Any]:
        count = len(pixels)
        padded_count = min(size for size in self.batch_sizes if size >= count)
        padded = np.zeros((padded_count, *pixels.shape[1:]), np.uint8)
        padded[:count] = pixels
        answer = self._concrete[padded_count](tf.constant(padded))
        return {name: each.numpy()[:count] for name, each in answer.items()}


def _load(content: bytes) -> Any:
    # Keras reads paths only. The copy holds exactly the bytes that were verified,
    # whatever happens to the store meanwhile.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / KERAS_FILE
        path.write_bytes(content)
        try:
            return keras.models.load_model(path, compile=False, safe_mode=True)
        except Exception as error:  # noqa: BLE001  Keras raises all kinds on what it may not load
            raise IntegrityError(f"{KERAS_FILE}: {error}") from None


def _fits(shape: tuple[int | None, ...], expected: tuple[int, ...]) -> bool:
    return len(shape) == len(expected) + 1 and all(
        size in (None, wanted) for size, wanted in zip(shape[1:], expected, strict=True)
    )
