"""From a model's raw outputs to what is said about a picture: calibrate, decide, explain."""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.model_card import ModelCard, PeriodClass

__all__ = ["HeatMap", "Prediction", "Verdict", "calibrate", "heat_map", "predict"]

Floats = NDArray[np.float32]
Verdict = Literal["confident", "uncertain"]

# Keeps the logarithm of a probability of 0 finite.
_LEAST_PROBABILITY = 1e-30

# Less evidence than this is rounding, and must not be blown up to look like some.
_LEAST_EVIDENCE = 1e-6


@dataclass(frozen=True)
class Prediction:
    """What the model says of one picture.

    Attributes:
        period: The most probable class.
        confidence: Its calibrated probability.
        verdict: Whether `confidence` reaches the card's threshold.
        probabilities: Calibrated, by class name, in the card's order.
    """

    period: PeriodClass
    confidence: float
    verdict: Verdict
    probabilities: dict[str, float]

    def top(self, count: int) -> list[tuple[str, float]]:
        """The most probable classes, best first."""
        ranked = sorted(self.probabilities.items(), key=lambda each: each[1], reverse=True)
        return ranked[:count]


@dataclass(frozen=True)
class HeatMap:
    """Where in the picture each class finds its evidence.

    Attributes:
        rows: Cells down.
        columns: Cells across.
        maps: By class name, `rows` lists of `columns` values from 0 to 1.
    """

    rows: int
    columns: int
    maps: dict[str, list[list[float]]]


def calibrate(probabilities: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float64]:
    """Raise to 1 / temperature and normalise (Guo et al. 2017, arXiv:1706.04599).

    Args:
        probabilities: [C], summing to 1.
        temperature: From the card; 1 changes nothing.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), _LEAST_PROBABILITY)) / temperature
    raised = np.exp(logits - logits.max())
    normalised: NDArray[np.float64] = raised / raised.sum()
    return normalised


def predict(probabilities: Floats, card: ModelCard) -> Prediction:
    """Say what the model thinks of one picture.

    Args:
        probabilities: float32 [V, C], raw, one row per view of the picture.
        card: The model's card.
    """
    calibrated = calibrate(probabilities.mean(axis=0), card.calibration.temperature)
    best = int(calibrated.argmax())
    confidence = float(calibrated[best])
    sure = confidence >= card.thresholds.confident
    return Prediction(
        period=card.classes[best],
        confidence=confidence,
        verdict="confident" if sure else "uncertain",
        probabilities=dict(zip(card.class_names, calibrated.tolist(), strict=True)),
    )


def heat_map(activation_map: Floats, card: ModelCard) -> HeatMap:
    """Bring the activation maps of one picture to a form that can be shown.

    What all classes share cancels in the softmax and says nothing, so each
    place's mean over the classes is taken away; what speaks against a class is
    cut to 0; and one scale for all classes lets them be compared.

    Args:
        activation_map: float32 [V, h, w, C], one row per view.
        card: The model's card.
    """
    upright = [
        view[:, ::-1] if name == "mirror" else view
        for name, view in zip(card.input.views, activation_map, strict=True)
    ]
    shares = np.mean(upright, axis=0, dtype=np.float64)
    evidence = np.maximum(shares - shares.mean(axis=-1, keepdims=True), 0)
    scaled = evidence / max(float(evidence.max()), _LEAST_EVIDENCE)
    rows, columns, _ = scaled.shape
    maps = np.moveaxis(scaled.round(3), -1, 0).tolist()
    return HeatMap(rows, columns, dict(zip(card.class_names, maps, strict=True)))
