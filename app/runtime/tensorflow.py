"""TensorFlow, for the GPU and for versions without a model.tflite.

Importing this module imports TensorFlow; nothing but `app.runtime.loader` and
`app.runtime.devices` does, and only where it is needed.
"""

import logging
import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf  # noqa: TID251

from app.errors import IntegrityError
from app.model_card import KERAS_FILE, golden_pictures
from app.model_store import StoredVersion
from app.runtime.backend import Outputs, Pixels, Runner, outputs_from
from app.runtime.devices import Device

__all__ = ["TensorFlowModel", "batch_sizes", "claim_device", "gpu_count"]

MOST_DIFFERENCE = 1e-3
"""Most by which XLA may change a probability of the golden pictures."""

MOST_DIFFERENCE_IN_HALF = 2e-2
"""Likewise half precision."""

_log = logging.getLogger(__name__)

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
        half: `float16` or `bfloat16` for what is between the input and the layers that
            make the outputs; weights stay in float32. Left out, all is float32.
        xla: Whether it is compiled with XLA.

    Where it cannot be built so, or answers the golden pictures otherwise than in float32
    without XLA, that is logged and it is served in float32 without XLA.

    Raises:
        IntegrityError: The file is missing, altered, unsafe, or not of the card's form.
    """

    backend = "tensorflow"

    def __init__(
        self,
        version: StoredVersion,
        device: Device,
        sizes: tuple[int, ...] = BATCH_SIZES,
        *,
        half: str | None = None,
        xla: bool = False,
    ) -> None:
        self.device: Device = device
        self.batch_sizes = sizes
        self.golden = version.card.golden
        self.precision = "float32"
        content = version.read(KERAS_FILE)
        model = _load(content)
        size = version.card.input
        self._shape = (size.height, size.width, 3)
        if len(model.inputs) != 1 or not _fits(model.inputs[0].shape, self._shape):
            raise IntegrityError(
                f"Expected {KERAS_FILE} to take one input of {self._shape}; it takes "
                f"{[tuple(each.shape) for each in model.inputs]}."
            )
        if not ((half or xla) and self._build_faster(model, version, half, xla=xla)):
            self._build(model, xla=False)

    def _build(self, model: Any, *, xla: bool) -> None:
        input_type = model.inputs[0].dtype

        def forward(pixels: Any) -> dict[str, Any]:
            answer = model(tf.cast(pixels, input_type), training=False)
            if isinstance(answer, dict):
                return {name: tf.cast(each, tf.float32) for name, each in answer.items()}
            return {"probabilities": tf.cast(answer, tf.float32)}

        function = tf.function(forward, autograph=False, jit_compile=True if xla else None)
        self._concrete = {
            size: function.get_concrete_function(tf.TensorSpec([size, *self._shape], tf.uint8))
            for size in self.batch_sizes
        }
        self._keras_model = model  # the functions hold its variables only weakly

    def _build_faster(
        self, model: Any, version: StoredVersion, half: str | None, *, xla: bool
    ) -> bool:
        """Build it as asked, and tell whether its answers are those of the plain one."""
        pictures = golden_pictures(version.card.input.spec)
        plain = model(tf.cast(pictures, model.inputs[0].dtype), training=False)
        expected = np.asarray(plain["probabilities"] if isinstance(plain, dict) else plain)
        most = MOST_DIFFERENCE if half is None else MOST_DIFFERENCE_IN_HALF
        asked = " with XLA".join([half or "float32", ""]) if xla else half
        try:
            self._build(model if half is None else _in_half(model, half), xla=xla)
            difference = float(np.abs(self._run(pictures).probabilities - expected).max())
        except Exception as error:  # noqa: BLE001  Keras and XLA raise all kinds on what they cannot do
            _log.warning("%s is served in float32, not %s: %s", version.reference, asked, error)
            return False
        if not difference <= most:
            _log.warning(
                "%s is served in float32, not %s, in which its answers differ by %.4f",
                version.reference,
                asked,
                difference,
            )
            return False
        if half is not None:
            self.precision = half
            if self.golden is not None:
                wider = self.golden.tolerance + most
                self.golden = self.golden.model_copy(update={"tolerance": wider})
        return True

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


def _in_half(model: Any, half: str) -> Any:
    """The same model, computing in half precision; what makes the outputs stays in float32."""
    heads = {id(each._keras_history.operation) for each in keras.tree.flatten(model.output)}  # noqa: SLF001

    def clone(layer: Any) -> Any:
        config = layer.get_config()
        # An operation has a type of its own to cast to, and no policy.
        if id(layer) not in heads and type(layer).__module__.startswith("keras.src.layers"):
            config["dtype"] = f"mixed_{half}"
        return type(layer).from_config(config)

    found = keras.models.clone_model(model, clone_function=clone)
    found.set_weights(model.get_weights())
    return found


def _fits(shape: tuple[int | None, ...], expected: tuple[int, ...]) -> bool:
    return len(shape) == len(expected) + 1 and all(
        size in (None, wanted) for size, wanted in zip(shape[1:], expected, strict=True)
    )
