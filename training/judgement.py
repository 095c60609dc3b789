"""From raw answers to honest probabilities, and how right they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.model_card import Calibration, Metrics, Thresholds
from training.data.preparation import Prepared
from training.evaluation.calibration import (
    FEW,
    confident_threshold,
    fit_temperature,
    with_temperature,
)
from training.evaluation.metrics import follow_in_time, measure
from training.evaluation.scaling import CalibrationFit, fit_calibration
from training.prediction import Answers

__all__ = ["Judgement", "calibrate", "judge"]


@dataclass(frozen=True)
class Judgement:
    """What a card says of a model's answers.

    Attributes:
        calibration: How they become honest.
        thresholds: When they are called sure.
        metrics: Of the calibrated answers, by split.
        answers: The same answers, calibrated, by split.
    """

    calibration: Calibration
    thresholds: Thresholds
    metrics: dict[str, Metrics]
    answers: dict[str, Answers]

    def calibrate(self, raw: Answers, class_names: Sequence[str]) -> Answers:
        """Bring further raw answers to what the service makes of them."""
        added = np.array([self.calibration.bias.get(name, 0.0) for name in class_names])
        found = with_temperature(raw.probabilities, self.calibration.temperature, added)
        return replace(raw, probabilities=found)


def calibrate(
    held: Answers | None,
    prepared: Prepared,
    *,
    refitted: bool,
    tested: bool,
    out_of_fold: Answers | None = None,
) -> tuple[Calibration, float]:
    """Fit a calibration on pictures that were not trained on.

    Args:
        held: Answers to the validation pictures, without calibration; None where there
            are none.
        prepared: The data.
        refitted: Whether they are of a first fit, and a second one is stored that learnt
            from the validation pictures too.
        tested: Whether there are pictures that judge the stored model.
        out_of_fold: Answers to training pictures, each by a fit that had seen nothing
            of its source. They are calibrated on in place of the validation pictures.

    Returns:
        The calibration, and the threshold of a confident answer.
    """
    if out_of_fold is not None:
        sources = [each.source for each in out_of_fold.examples]
        across = fit_calibration(out_of_fold.truth, out_of_fold.probabilities, sources)
        calibration = Calibration(
            temperature=round(across.temperature, 4),
            bias=across.named_bias(prepared.class_names),
            method=_across_sources(across),
        )
        return calibration, confident_threshold(out_of_fold.truth, across.left_out)
    if held is None:
        return Calibration(method="none: there were no validation pictures"), 0.5
    temperature = round(fit_temperature(held.truth, held.probabilities), 4)
    method = (
        f"temperature fitted on {len(held.truth)} validation pictures, every class weighing "
        f"the same; {prepared.held_out}"
    )
    if len(held.truth) < FEW:
        method += (
            f"; of fewer than {FEW} pictures its logarithm counts only as their share of "
            f"{FEW}, so that it stays near 1"
        )
    if refitted:
        method += (
            ". The stored model is a second fit, of the same recipe and seed, that learnt "
            "from the validation pictures too: temperature, threshold and the figures on "
            "validation are of the first fit, "
        )
        method += (
            "the figures on test of the stored model"
            if tested
            else "and no picture was left to judge the stored model"
        )
    scaled = with_temperature(held.probabilities, temperature)
    return (
        Calibration(temperature=temperature, method=method),
        confident_threshold(held.truth, scaled),
    )


def judge(
    raw: Mapping[str, Answers],
    prepared: Prepared,
    *,
    refitted: bool,
    out_of_fold: Answers | None = None,
) -> Judgement:
    """Calibrate on pictures that were not trained on, then measure on each split.

    Args:
        raw: Answers by split, without calibration; `validation` and `test`, either
            of which may be missing.
        prepared: The data.
        refitted: See `calibrate`.
        out_of_fold: Likewise.
    """
    calibration, confident = calibrate(
        raw.get("validation"),
        prepared,
        refitted=refitted,
        tested="test" in raw,
        out_of_fold=out_of_fold,
    )
    added = np.array([calibration.bias.get(name, 0.0) for name in prepared.class_names])
    scaled = {
        split: replace(
            each,
            probabilities=with_temperature(each.probabilities, calibration.temperature, added),
        )
        for split, each in raw.items()
    }
    metrics = {
        split: measure(
            split,
            each.truth,
            each.probabilities,
            prepared.class_names,
            [example.source for example in each.examples],
            in_time=follow_in_time(prepared.classes),
            confident=confident,
        )
        for split, each in scaled.items()
    }
    return Judgement(calibration, Thresholds(confident=confident), metrics, scaled)


def _across_sources(fit: CalibrationFit) -> str:
    """How it was fitted and what that promises, for the card."""
    what = "temperature and a bias for each class" if fit.has_bias else "temperature"
    method = (
        f"{what} fitted on {len(fit.left_out)} training pictures, each answered by a fit that had "
        "seen nothing of its source, every class weighing the same and a source by the square "
        "root of its pictures"
    )
    if not fit.groups:
        return f"{method}; there were too few sources to leave any out of that"
    choice = "kept because" if fit.has_bias else "a bias for each class was left away because"
    loss, other = fit.losses["temperature and bias"], fit.losses["temperature"]
    return (
        f"{method}. With each of {fit.groups} sources left out of that in turn, the expected "
        f"calibration error was {fit.error:.3f} ({fit.error_before:.3f} before); {choice} the "
        f"log loss there was {loss:.4f} with it and {other:.4f} without"
    )
