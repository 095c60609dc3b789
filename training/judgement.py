"""From raw answers to honest probabilities, and how right they are."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.model_card import Calibration, Metrics, Thresholds
from training.data.preparation import Prepared
from training.evaluation.calibration import (
    FEW,
    confident_threshold,
    fit_temperature,
    with_temperature,
)
from training.evaluation.metrics import measure
from training.prediction import Answers

__all__ = ["Judgement", "judge"]


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


def judge(raw: Mapping[str, Answers], prepared: Prepared, *, refitted: bool) -> Judgement:
    """Calibrate on the validation pictures, then measure on them and on the test pictures.

    Args:
        raw: Answers by split, without calibration; `validation` and `test`, either
            of which may be missing.
        prepared: The data.
        refitted: Whether `validation` was answered by a first fit, and `test` by a
            second one that learnt from the validation pictures too.
    """
    held = raw.get("validation")
    temperature, method, confident = 1.0, "none: there were no validation pictures", 0.5
    if held is not None:
        temperature = fit_temperature(held.truth, held.probabilities)
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
                if "test" in raw
                else "and no picture was left to judge the stored model"
            )
    scaled = {
        split: replace(each, probabilities=with_temperature(each.probabilities, temperature))
        for split, each in raw.items()
    }
    if held is not None:
        confident = confident_threshold(held.truth, scaled["validation"].probabilities)
    metrics = {
        split: measure(
            split,
            each.truth,
            each.probabilities,
            prepared.class_names,
            [example.source for example in each.examples],
        )
        for split, each in scaled.items()
    }
    return Judgement(
        Calibration(temperature=round(temperature, 4), method=method),
        Thresholds(confident=confident),
        metrics,
        scaled,
    )
