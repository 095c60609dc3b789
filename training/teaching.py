"""From what was learnt to the model that is stored: the heads beside the classes."""

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from app.model_card import Calibration, Dating
from training.data.years import years_in
from training.heads.attachment import attach
from training.heads.dating import DatingHead, can_date, fit_dating_head
from training.heads.painting import PaintingHead, painting_threshold
from training.judgement import calibrate
from training.networks.conversion import convert
from training.networks.lite import LiteModel
from training.trial import Learnt, Trial

__all__ = ["Taught", "teach"]


@dataclass(frozen=True)
class Taught:
    """The model that is stored.

    Attributes:
        model: With the outputs of its heads.
        threshold: Least `painting` of what is not refused; None if nothing is.
        dating: What its output `years` is; None if it has none.
    """

    model: keras.Model
    threshold: float | None = None
    dating: Dating | None = None


def teach(trial: Trial, learnt: Learnt) -> Taught:
    """Teach a network to refuse what is no painting, and to date.

    The first is taught where such pictures were named, the second where enough of the
    training pictures are dated; both on the embedding, which stays as it is.

    Args:
        trial: With the pictures.
        learnt: What the trial learnt.
    """
    part = trial.prepared.train
    if learnt.again is not None:
        part = part.joined(trial.prepared.validation)
    datings = [years_in(each.year) if each.year else None for each in part.examples]
    truth = np.array([trial.prepared.class_names.index(e.class_name) for e in part.examples])
    dates = can_date(truth, datings, trial.prepared.classes)
    if "embedding" not in learnt.model.output or not (dates or trial.others):
        return Taught(learnt.model)
    lite = LiteModel(convert(learnt.model))
    embeddings = trial.embed(lite, part)
    painting, threshold = _painting(trial, learnt, lite, embeddings)
    dating, calibration = None, None
    if dates:
        dating = fit_dating_head(embeddings, truth, datings, trial.prepared.classes)
        calibration = _calibration(trial, learnt, lite)
    model = attach(
        learnt.model,
        painting=painting,
        dating=dating,
        class_names=trial.prepared.class_names,
        calibration=calibration,
    )
    return Taught(model, threshold, None if dating is None else _facts(dating))


def _calibration(trial: Trial, learnt: Learnt, lite: LiteModel) -> Calibration:
    """What the card's calibration will be; the years are given by calibrated periods."""
    held = trial.prepared.validation
    raw = learnt.validation
    if raw is None and held.examples:
        raw = trial.answer(lite, held)
    calibration, _ = calibrate(
        raw,
        trial.prepared,
        refitted=learnt.again is not None,
        tested=bool(trial.prepared.test.examples),
        out_of_fold=learnt.out_of_fold,
    )
    return calibration


def _painting(
    trial: Trial, learnt: Learnt, lite: LiteModel, embeddings: NDArray[np.float32]
) -> tuple[PaintingHead | None, float | None]:
    """The head, and its threshold by paintings of sources that it did not learn from."""
    if trial.others is None:
        return None, None
    head = trial.others.teach(lite, embeddings)
    strangers = learnt.strangers
    held = trial.prepared.validation
    if strangers is None and held.examples and learnt.again is None:
        strangers = head(trial.embed(lite, held))
    return head, None if strangers is None else painting_threshold(strangers)


def _facts(head: DatingHead) -> Dating:
    return Dating(
        edges=head.edges,
        method=(
            f"bins of years within each period, taught by {head.pictures} dated training pictures; "
            "each period has its calibrated probability"
        ),
    )
