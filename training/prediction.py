"""A stored model's answers to pictures, each fed exactly as the service feeds it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imaging import InputSpec, decode, views
from training.data.index import Example

__all__ = ["Answers", "Model", "answer_file", "joined", "predict"]

Model = Callable[[NDArray[np.uint8]], Mapping[str, NDArray[Any]]]
"""uint8 [height, width, 3] -> outputs by name, each without the axis of pictures."""

_ASKED = ("probabilities", "painting", "years")


@dataclass(frozen=True)
class Answers:
    """What a model answers to labelled pictures.

    Attributes:
        examples: N pictures.
        truth: int64 [N], the numbers of their classes.
        probabilities: float64 [N, C].
        painting: float64 [N], probability of being a painting; None without that output.
        years: float64 [N, B], probabilities of bins of years; None likewise.
    """

    examples: tuple[Example, ...]
    truth: NDArray[np.int64]
    probabilities: NDArray[np.float64]
    painting: NDArray[np.float64] | None = None
    years: NDArray[np.float64] | None = None


def predict(
    model: Model,
    examples: Sequence[Example],
    spec: InputSpec,
    class_names: Sequence[str],
    threads: int = 2,
) -> Answers:
    """Ask a model about every picture; each answer is the mean over the spec's views.

    Args:
        model: Callable from several threads.
        examples: Of classes in `class_names`.
        spec: What the model is fed.
        class_names: C names, in the order of the outputs.
        threads: How many pictures at a time.

    Raises:
        ImageProblem: A picture cannot be read.
    """

    def ask(example: Example) -> dict[str, NDArray[np.float64]]:
        return answer_file(model, example.path.read_bytes(), spec)

    with ThreadPoolExecutor(threads) as pool:
        rows = list(pool.map(ask, examples))
    number = {name: place for place, name in enumerate(class_names)}
    truth = np.array([number[each.class_name] for each in examples], dtype=np.int64)
    named = {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else ())}
    probabilities = named.get("probabilities", np.zeros(0)).reshape(-1, len(class_names))
    painting = named.get("painting")
    return Answers(
        examples=tuple(examples),
        truth=truth,
        probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
        painting=None if painting is None else painting.reshape(len(rows)),
        years=named.get("years"),
    )


def answer_file(model: Model, content: bytes, spec: InputSpec) -> dict[str, NDArray[np.float64]]:
    """Ask about one picture's file: the means over its views, by the outputs of `Answers`.

    Raises:
        ImageProblem: It cannot be read.
    """
    picture = decode(content, reduce_to=(spec.width, spec.height))
    answers = [model(view) for view in views(picture, spec)]
    return {
        name: np.mean([answer[name] for answer in answers], axis=0, dtype=np.float64)
        for name in _ASKED
        if name in answers[0]
    }


def joined(parts: Sequence[Answers]) -> Answers:
    """The probabilities of several, one after the other, without the other outputs."""
    return Answers(
        tuple(example for each in parts for example in each.examples),
        np.concatenate([each.truth for each in parts]),
        np.concatenate([each.probabilities for each in parts]),
    )
