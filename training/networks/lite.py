"""Runs LiteRT models, from any thread and without TensorFlow."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from training.terminal import quiet

__all__ = ["LiteModel"]


class LiteModel:
    """Runs a LiteRT model one picture at a time, with an interpreter for each thread.

    Args:
        content: The file's bytes, or its path.
    """

    def __init__(self, content: bytes | Path) -> None:
        self._content = content if isinstance(content, bytes) else content.read_bytes()
        self._local = threading.local()

    def __call__(self, picture: NDArray[Any]) -> dict[str, NDArray[Any]]:
        """Answer one picture `[height, width, 3]`; every output without its first axis."""
        if not hasattr(self._local, "runner"):
            with quiet():
                interpreter = Interpreter(model_content=self._content, num_threads=1)
                interpreter.allocate_tensors()
            runner = interpreter.get_signature_runner("serving_default")
            ((name, details),) = runner.get_input_details().items()
            # The interpreter must live as long as its runner.
            self._local.interpreter = interpreter
            self._local.runner, self._local.input = runner, (name, details["dtype"])
        name, dtype = self._local.input
        answers = self._local.runner(**{name: np.ascontiguousarray(picture[None], dtype=dtype)})
        return {key: np.array(value[0]) for key, value in answers.items()}
