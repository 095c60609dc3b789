"""Puts the heads on a served model, as layers of its one forward pass."""

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from app.model_card import Calibration
from training.heads.dating import DatingHead
from training.heads.painting import PaintingHead

__all__ = ["attach"]

_LEAST = 1e-30
"""As in `training.evaluation.calibration`: the least that a logarithm is taken of."""


def attach(
    model: keras.Model,
    *,
    painting: PaintingHead | None = None,
    dating: DatingHead | None = None,
    class_names: tuple[str, ...] = (),
    calibration: Calibration | None = None,
) -> keras.Model:
    """Give a model the outputs `painting` and `years`.

    `years` is, for each bin, the calibrated probability of its period times the bin's
    within the period: a date never speaks against the period that is named.

    Args:
        model: A served model; without the output `embedding` it stays as it is.
        painting: For `painting`, float32 [N, 1].
        dating: For `years`, float32 [N, B].
        class_names: In the order of the outputs; with `dating`.
        calibration: Of the probabilities; with `dating`. Defaults to none.

    Returns:
        The same model where there is no head.
    """
    outputs = dict(model.output)
    embedding = outputs.get("embedding")
    if embedding is None or (painting is None and dating is None):
        return model
    if painting is not None:
        outputs["painting"] = _dense(
            embedding, painting.kernel, painting.bias, "sigmoid", "painting"
        )
    if dating is not None:
        calibration = calibration or Calibration()
        added = np.array([calibration.bias.get(name, 0.0) for name in class_names])
        period = _dense(
            ops.log(ops.maximum(outputs["probabilities"], _LEAST)),
            np.eye(len(class_names)) / calibration.temperature,
            added / calibration.temperature,
            "softmax",
            "calibrated",
        )
        within = [
            _dense(embedding, each.kernel, each.bias, "softmax", f"years_{number}")
            for number, each in zip(dating.order, dating.periods, strict=True)
        ]
        spread = _spread(dating, len(class_names))
        shares = _dense(period, spread, np.zeros(spread.shape[1]), "linear", "period_of_years")
        joined = layers.Concatenate(name="years_within")(within) if len(within) > 1 else within[0]
        outputs["years"] = layers.Multiply(name="years")([shares, joined])
    return keras.Model(model.input, outputs, name=model.name)


def _spread(dating: DatingHead, classes: int) -> NDArray[np.float64]:
    """[C, B]: 1 where the bin is of the class."""
    owner = np.concatenate(
        [
            np.full(len(each.edges) - 1, number)
            for number, each in zip(dating.order, dating.periods, strict=True)
        ]
    )
    spread: NDArray[np.float64] = (np.arange(classes)[:, None] == owner).astype(np.float64)
    return spread


def _dense(
    x: keras.KerasTensor,
    kernel: NDArray[np.floating],
    bias: NDArray[np.floating],
    activation: str,
    name: str,
) -> keras.KerasTensor:
    layer = layers.Dense(kernel.shape[1], activation=activation, name=name)
    answer = layer(x)
    layer.set_weights([kernel, bias])
    return answer
