"""From a model's raw outputs to what is said about a picture: calibrate, decide, explain."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.model_card import Calibration, Dating, ModelCard, PeriodClass

__all__ = [
    "INTERVAL_SHARE",
    "DateRange",
    "HeatMap",
    "Prediction",
    "ReasonCode",
    "Verdict",
    "calibrate",
    "date",
    "heat_map",
    "predict",
]

Floats = NDArray[np.float32]
Verdict = Literal["confident", "uncertain", "not_a_painting"]
ReasonCode = Literal["clear", "close", "unsure", "not_a_painting"]

INTERVAL_SHARE = 0.8
"""How much of the probability of all years a `DateRange` holds."""

# Keeps the logarithm of a probability of 0 finite.
_LEAST_PROBABILITY = 1e-30

# Less evidence than this is rounding, and must not be blown up to look like some.
_LEAST_EVIDENCE = 1e-6

# Years by which float32 may miss a whole one.
_ROUNDING = 1e-4

# Two periods are close where the second is at least half as probable as the first,
# and the rest have no more than a quarter between them.
_CLOSE_RATIO, _CLOSE_TOGETHER = 0.5, 0.75


@dataclass(frozen=True)
class DateRange:
    """When the picture was painted, by the model's output `years`.

    Attributes:
        median: The year before and after which lies half of the probability.
        interval: First and last year of the middle `share` of the probability.
        share: 0.8.
    """

    median: int
    interval: tuple[int, int]
    share: float = INTERVAL_SHARE


@dataclass(frozen=True)
class Prediction:
    """What the model says of one picture.

    Attributes:
        period: The most probable class.
        confidence: Its calibrated probability.
        verdict: `not_a_painting` where `painting` is below the card's threshold; else
            whether `confidence` reaches the card's threshold.
        reason: Why, in one English sentence.
        reason_code: `clear` (confident), `close` (two periods are about as probable),
            `unsure` (the best is below the threshold) or `not_a_painting`.
        probabilities: Calibrated, by class name, in the card's order.
        painting: Probability that it is a painting at all; None if the model cannot tell.
        date: When it was painted; None for a model without years.
    """

    period: PeriodClass
    confidence: float
    verdict: Verdict
    reason: str
    reason_code: ReasonCode
    probabilities: dict[str, float]
    painting: float | None = None
    date: DateRange | None = None

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


def calibrate(
    probabilities: NDArray[np.floating[Any]],
    temperature: float,
    bias: NDArray[np.float64] | float = 0.0,
) -> NDArray[np.float64]:
    """Add a bias to the logarithms, divide by the temperature, and take the softmax.

    Vector scaling with one temperature (Guo et al. 2017, arXiv:1706.04599).

    Args:
        probabilities: [C], summing to 1.
        temperature: From the card; 1 changes nothing.
        bias: [C], from the card; 0 changes nothing.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), _LEAST_PROBABILITY)) + bias
    raised = np.exp((logits - logits.max()) / temperature)
    normalised: NDArray[np.float64] = raised / raised.sum()
    return normalised


def predict(
    probabilities: Floats,
    card: ModelCard,
    *,
    painting: Floats | None = None,
    years: Floats | None = None,
) -> Prediction:
    """Say what the model thinks of one picture.

    Args:
        probabilities: float32 [V, C], raw, one row per view of the picture.
        card: The model's card.
        painting: float32 [V, 1], the model's output of that name, if it has one.
        years: float32 [V, B], likewise.
    """
    calibration = card.calibration
    calibrated = calibrate(
        probabilities.mean(axis=0), calibration.temperature, _bias(calibration, card)
    )
    best = int(calibrated.argmax())
    is_painting = None if painting is None else min(1.0, max(0.0, float(painting.mean())))
    verdict, code, reason = _decide(calibrated, is_painting, card)
    return Prediction(
        period=card.classes[best],
        confidence=float(calibrated[best]),
        verdict=verdict,
        reason=reason,
        reason_code=code,
        probabilities=dict(zip(card.class_names, calibrated.tolist(), strict=True)),
        painting=is_painting,
        date=None if years is None or card.dating is None else date(years, card.dating),
    )


def date(years: Floats, dating: Dating) -> DateRange:
    """Read the median and the middle 80 % off the bins, evenly spread within each.

    Args:
        years: float32 [V, B], one row per view.
        dating: The bins.
    """
    shares = np.maximum(years.mean(axis=0, dtype=np.float64), 0)
    cumulated = shares.cumsum() / max(float(shares.sum()), _LEAST_PROBABILITY)
    upto: list[float] = [0.0, *cumulated.tolist()]
    edges = dating.edges

    def year(share: float) -> int:
        place = min(max(bisect_left(upto, share) - 1, 0), len(shares) - 1)
        inside = max(upto[place + 1] - upto[place], _LEAST_PROBABILITY)
        part = min(1.0, (share - upto[place]) / inside)
        at = edges[place] + part * (edges[place + 1] - edges[place])
        # The end of the last bin is the beginning of a year that is in none.
        return min(math.floor(at + _ROUNDING), edges[-1] - 1)

    tail = (1 - INTERVAL_SHARE) / 2
    return DateRange(year(0.5), (year(tail), year(1 - tail)))


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


def _bias(calibration: Calibration, card: ModelCard) -> NDArray[np.float64]:
    return np.array([calibration.bias.get(name, 0.0) for name in card.class_names])


def _decide(
    calibrated: NDArray[np.float64], painting: float | None, card: ModelCard
) -> tuple[Verdict, ReasonCode, str]:
    """Whether the answer stands, and why. Whether it is a painting at all comes first."""
    thresholds = card.thresholds
    if painting is not None and thresholds.painting is not None and painting < thresholds.painting:
        least = _percent(thresholds.painting)
        reason = (
            f"It does not look like a painting: {_percent(painting)} where {least} is asked for."
        )
        return "not_a_painting", "not_a_painting", reason
    first, second = (int(place) for place in (-calibrated).argsort(kind="stable")[:2])
    one, other = float(calibrated[first]), float(calibrated[second])
    named = f"{_title(card.classes[first])} has {_percent(one)}"
    asked = f"the {_percent(thresholds.confident)} that this model asks for"
    if one >= thresholds.confident:
        return "confident", "clear", f"{named}, at least {asked}."
    if other >= _CLOSE_RATIO * one and one + other >= _CLOSE_TOGETHER:
        rival = f"{_title(card.classes[second])} {_percent(other)}"
        return "uncertain", "close", f"Two periods are close: {named}, {rival}."
    return "uncertain", "unsure", f"{named}, less than {asked}."


def _title(period: PeriodClass) -> str:
    return period.label.get("en", period.name)


def _percent(share: float) -> str:
    # Cut, not rounded: what is below a threshold must not read as if it reached it. The
    # thousandth is float32's, which gives 41.99999 % where 42 % is meant.
    return f"{math.floor(share * 1000 + 1e-3) / 10:g} %"
