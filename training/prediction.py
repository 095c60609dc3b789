"""A stored model's answers to labelled pictures, each fed exactly as the service feeds it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imaging import InputSpec, decode, views
from training.data.index import Example

__all__ = ["Answers", "predict"]


@dataclass(frozen=True)
class Answers:
    """What a model answers to labelled pictures.

    Attributes:
        examples: N pictures.
        truth: int64 [N], the numbers of their classes.
        probabilities: float64 [N, C].
    """

    examples: tuple[Example, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]


def predict(
    model: Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]],
    examples: Sequence[Example],
    spec: InputSpec,
    class_names: Sequence[str],
    threads: int = 2,
) -> Answers:
    """Ask a model about every picture; probabilities are the mean over the spec's views.

    Args:
        model: uint8 [height, width, 3] -> outputs, callable from several threads.
        examples: Of classes in `class_names`.
        spec: What the model is fed.
        class_names: C names, in the order of the outputs.
        threads: How many pictures at a time.

    Raises:
        ImageProblem: A picture cannot be read.
    """

    def ask(example: Example) -> NDArray[np.float64]:
        picture = decode(example.path.read_bytes(), reduce_to=(spec.width, spec.height))
        answers = [model(view)["probabilities"] for view in views(picture, spec)]
        mean = np.mean(answers, axis=0, dtype=np.float64)
        normalised: NDArray[np.float64] = mean / mean.sum()
        return normalised

    with ThreadPoolExecutor(threads) as pool:
        rows = list(pool.map(ask, examples))
    number = {name: place for place, name in enumerate(class_names)}
    truth = np.array([number[each.class_name] for each in examples], dtype=np.int64)
    return Answers(tuple(examples), truth, np.array(rows).reshape(-1, len(class_names)))
