"""What every backend offers: load a version once, then run it from many threads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.errors import IntegrityError
from app.model_card import GoldenPrediction
from app.runtime.devices import Device

__all__ = ["Floats", "LoadedModel", "Outputs", "Pixels", "Runner", "outputs_from"]

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Outputs:
    """What a model answers for N pictures.

    Attributes:
        probabilities: float32 [N, C], softmax, before calibration.
        embedding: float32 [N, D], or None.
        activation_map: float32 [N, h, w, C], or None.
        painting: float32 [N, 1], probability that it is a painting at all, or None.
        years: float32 [N, B], probabilities of the bins of the card's `dating`, or None.
        rows: How many were in the forward pass, those of other callers too.
    """

    probabilities: Floats
    embedding: Floats | None = None
    activation_map: Floats | None = None
    painting: Floats | None = None
    years: Floats | None = None
    rows: int = 0

    def named(self) -> dict[str, Floats]:
        """What there is, by output name."""
        found = {name: getattr(self, name) for name in _NAMES}
        return {name: values for name, values in found.items() if values is not None}


_NAMES = tuple(each.name for each in fields(Outputs) if each.name != "rows")

Runner = Callable[[Pixels], Outputs]
"""Runs uint8 [N, height, width, 3]; belongs to one thread, but for TensorFlow's."""


class LoadedModel(Protocol):
    """A version in memory."""

    @property
    def backend(self) -> str:
        """`litert` or `tensorflow`."""
        ...

    @property
    def device(self) -> Device:
        """Where it runs."""
        ...

    @property
    def precision(self) -> str:
        """`float32`, `int8`, `float16` or `bfloat16`: what most of it is computed in."""
        ...

    @property
    def golden(self) -> GoldenPrediction | None:
        """What it must answer to `golden_pictures`; None where the card does not say."""
        ...

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """The numbers of pictures that are run at once; each is to be warmed."""
        ...

    def runner(self) -> Runner:
        """Make what one worker thread runs the model with."""
        ...


def outputs_from(named: Mapping[str, Floats]) -> Outputs:
    """Take the outputs that Vasari knows from all that a model has.

    Args:
        named: By output name. A foreign model's only output may have any name.

    Raises:
        IntegrityError: None of several outputs is called `probabilities`.
    """
    if len(named) == 1:
        return Outputs(next(iter(named.values())))
    if "probabilities" not in named:
        raise IntegrityError(f"Expected an output called probabilities; received {sorted(named)}.")
    return Outputs(**{name: each for name, each in named.items() if name in _NAMES}, rows=0)
