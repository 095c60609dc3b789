"""LiteRT on the CPU: one single-threaded interpreter per worker thread."""

from typing import Any, Literal

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from app.errors import IntegrityError
from app.model_card import LITERT_FILE, LITERT_INT8_FILE, ModelCard
from app.model_store import StoredVersion
from app.runtime.backend import Outputs, Pixels, Runner, outputs_from
from app.runtime.devices import Device

__all__ = ["LiteRtModel"]

_SIGNATURE = "serving_default"


class LiteRtModel:
    """A version's model.tflite or model_int8.tflite; its bytes are shared by all interpreters.

    Args:
        version: What to load; the file is verified first.
        precision: `float32` or `int8`.

    Raises:
        IntegrityError: The file is missing, altered, or not of the card's form.
    """

    backend = "litert"
    device: Device = "cpu"
    batch_sizes = (1,)

    def __init__(
        self, version: StoredVersion, precision: Literal["float32", "int8"] = "float32"
    ) -> None:
        self.precision = precision
        card = version.card
        self.golden = card.golden
        self._file = LITERT_FILE
        if precision == "int8":
            self.golden = None if card.int8 is None else card.int8.golden
            self._file = LITERT_INT8_FILE
        self._card = card
        self._content = version.read(self._file)

    def runner(self) -> Runner:
        """Make an interpreter; it is not thread-safe and belongs to one worker."""
        try:
            interpreter = Interpreter(model_content=self._content, num_threads=1)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise IntegrityError(f"{self._file}: {error}") from None
        return _InterpreterRunner(interpreter, self._card, self._file)


class _InterpreterRunner:
    def __init__(self, interpreter: Interpreter, card: ModelCard, file_name: str) -> None:
        self._interpreter = interpreter
        (given,) = interpreter.get_input_details()
        expected = [1, card.input.height, card.input.width, 3]
        if given["shape"].tolist() != expected:
            raise IntegrityError(
                f"Expected {file_name} to take {expected}; it takes {given['shape'].tolist()}."
            )
        self._input_index = given["index"]
        self._input_type = given["dtype"]
        if _SIGNATURE in interpreter.get_signature_list():
            signature = interpreter.get_signature_runner(_SIGNATURE).get_output_details()
            self._output_indexes = {name: each["index"] for name, each in signature.items()}
        else:
            self._output_indexes = {
                each["name"]: each["index"] for each in interpreter.get_output_details()
            }

    def __call__(self, pixels: Pixels) -> Outputs:
        # One at a time: a batch gains nothing on one core, and no shape ever changes.
        rows = [self._run_one(pixels[row : row + 1]) for row in range(len(pixels))]
        return outputs_from(
            {name: np.concatenate([row[name] for row in rows]) for name in self._output_indexes}
        )

    def _run_one(self, pixels: Pixels) -> dict[str, Any]:
        self._interpreter.set_tensor(self._input_index, pixels.astype(self._input_type, copy=False))
        self._interpreter.invoke()
        return {
            name: self._interpreter.get_tensor(index)
            for name, index in self._output_indexes.items()
        }
