"""Calibration across sources: what makes one source's answers honest must do so for others.

Pictures of one source are alike, and strangers' pictures are of no source that was
trained on. So the temperature, and a bias for each class, are fitted on answers that a
model gave to sources it had not seen, and are judged on sources left out of that too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.evaluation.calibration import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    expected_calibration_error,
    fit_temperature,
    log_loss,
    with_temperature,
)

__all__ = ["CalibrationFit", "fit_calibration", "fit_scaling", "picture_weights"]

Floats = NDArray[np.float64]

_SPREAD = 0.5
"""Standard deviation that is expected, before any picture is seen, of 1 / temperature about 1
and of bias / temperature about 0."""

_STEPS = 50
_SMALLEST_STEP = 1e-6
_SMALL_CHANGE = 1e-8


@dataclass(frozen=True)
class CalibrationFit:
    """A calibration, and how honest it was on what it was not fitted on.

    Attributes:
        temperature: From 0.2 to 10.
        bias: float64 [C], summing to 0; all 0 where the temperature alone did better.
        left_out: float64 [N, C], each picture calibrated by a fit on the other groups.
        error: Expected calibration error of `left_out`.
        error_before: The same of the raw probabilities.
        losses: Mean log loss of the left-out pictures by what was fitted: `nothing`,
            `temperature`, `temperature and bias`; every class weighs the same.
        groups: How many groups were left out in turn; 0 where there were too few,
            and the fit judges itself.
    """

    temperature: float
    bias: Floats
    left_out: Floats
    error: float
    error_before: float
    losses: dict[str, float]
    groups: int

    @property
    def has_bias(self) -> bool:
        """Whether a bias helped."""
        return bool(self.bias.any())

    def named_bias(self, class_names: Sequence[str]) -> dict[str, float]:
        """As a card holds it: by class name, empty without one."""
        if not self.has_bias:
            return {}
        return {name: round(float(b), 4) for name, b in zip(class_names, self.bias, strict=True)}


def fit_calibration(
    truth: NDArray[np.int64], probabilities: Floats, groups: Sequence[str | None]
) -> CalibrationFit:
    """Fit temperature and biases, and keep the biases only if they help strangers.

    Each group is left out in turn, both ways are fitted on the others, and the way
    with the smaller log loss on what was left out is fitted on everything.

    Args:
        truth: [N], of pictures whose source the answering model had not seen.
        probabilities: [N, C], before calibration.
        groups: N sources; pictures without one are a group.
    """
    named = np.array([each or "" for each in groups])
    weights = picture_weights(truth, groups)
    names = sorted(set(named.tolist()))
    ways = {"temperature": _temperature_only, "temperature and bias": fit_scaling}
    calibrated = {way: np.empty_like(probabilities) for way in ways}
    enough = len(names) > 1
    for name in names if enough else ():
        out = named == name
        for way, fit in ways.items():
            temperature, bias = fit(truth[~out], probabilities[~out], weights[~out])
            calibrated[way][out] = with_temperature(probabilities[out], temperature, bias)
    losses = {way: log_loss(truth, calibrated[way], weights) for way in ways} if enough else {}
    best = min(losses, key=lambda way: losses[way], default="temperature")
    temperature, bias = ways[best](truth, probabilities, weights)
    if not enough:
        calibrated[best] = with_temperature(probabilities, temperature, bias)
    return CalibrationFit(
        temperature=temperature,
        bias=bias,
        left_out=calibrated[best],
        error=expected_calibration_error(truth, calibrated[best]),
        error_before=expected_calibration_error(truth, probabilities),
        losses={"nothing": log_loss(truth, probabilities, weights), **losses},
        groups=len(names) if enough else 0,
    )


def fit_scaling(
    truth: NDArray[np.int64], probabilities: Floats, weights: Floats
) -> tuple[float, Floats]:
    """Find the temperature and the biases at which the true classes are most likely.

    Softmax of (log p + bias) / temperature, which is convex in 1 / temperature and
    bias / temperature: damped Newton steps find its one optimum. A temperature of 1 and
    biases of 0 are expected, so that few pictures move them little.

    Args:
        truth: [N].
        probabilities: [N, C], before calibration.
        weights: [N], of the pictures.

    Returns:
        The temperature, from 0.2 to 10, and float64 [C] that sum to 0.
    """
    count, classes = probabilities.shape
    if count == 0:
        return 1.0, np.zeros(classes)
    logits = np.log(np.maximum(probabilities, 1e-30))
    design = np.empty((count, classes, classes + 1))
    design[:, :, 0] = logits
    design[:, :, 1:] = np.eye(classes)
    free = np.ones(classes + 1, bool)
    expected = np.zeros(classes + 1)
    expected[0] = 1.0
    found = _likeliest(design, truth, weights / weights.sum(), expected, free)
    bounded = float(np.clip(found[0], 1 / HIGHEST_TEMPERATURE, 1 / LOWEST_TEMPERATURE))
    if bounded != found[0]:
        free[0] = False
        expected[0] = bounded
        found = _likeliest(design, truth, weights / weights.sum(), expected, free)
    bias: Floats = found[1:] / bounded
    return 1 / bounded, bias - bias.mean()


def _likeliest(
    design: Floats,
    truth: NDArray[np.int64],
    weights: Floats,
    expected: Floats,
    free: NDArray[np.bool_],
) -> Floats:
    """Newton's way to the parameters [K] whose softmax of `design` [N, C, K] fits best.

    Those that are not free stay as expected; the others are expected to lie about it.
    """
    # As many pictures of one weight would tell as much.
    effective = 1 / float((weights**2).sum())
    stiffness = 1 / (effective * _SPREAD**2)
    wanted = np.eye(design.shape[1])[truth]

    def cost(at: Floats) -> float:
        loss = log_loss(truth, _softmax(design @ at), weights)
        return loss + stiffness * float(((at - expected) ** 2).sum()) / 2

    found = expected
    for _ in range(_STEPS):
        shares = _softmax(design @ found)
        slope = np.einsum("n,nc,nck->k", weights, shares - wanted, design)
        slope += stiffness * (found - expected)
        mean = np.einsum("nc,nck->nk", shares, design)
        curve = np.einsum("n,nc,nck,ncl->kl", weights, shares, design, design)
        curve -= np.einsum("n,nk,nl->kl", weights, mean, mean)
        curve += stiffness * np.eye(len(found))
        step = np.zeros(len(found))
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        size = 1.0
        while size > _SMALLEST_STEP and cost(found - size * step) > cost(found):
            size /= 2
        found = found - size * step
        if float(abs(size * step).max()) < _SMALL_CHANGE:
            break
    return found


def picture_weights(truth: NDArray[np.int64], groups: Sequence[str | None]) -> Floats:
    """Weigh every class the same, and a source inside it by the square root of its pictures.

    A source of a thousand pictures then counts as ten times one of ten, not a hundred
    times: it tells of more pictures, but of no other kind of photograph.

    Args:
        truth: [N].
        groups: N sources.

    Returns:
        float64 [N], summing to 1; [0] for no pictures.
    """
    weights = np.zeros(len(truth))
    named = np.array([each or "" for each in groups])
    for number in np.unique(truth):
        of_class = truth == number
        for name in np.unique(named[of_class]):
            here = of_class & (named == name)
            weights[here] = 1 / np.sqrt(here.sum())
        weights[of_class] /= weights[of_class].sum()
    return weights / max(float(weights.sum()), 1.0)


def _temperature_only(
    truth: NDArray[np.int64], probabilities: Floats, weights: Floats
) -> tuple[float, Floats]:
    temperature = fit_temperature(truth, probabilities, weights)
    return temperature, np.zeros(probabilities.shape[1])


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares
