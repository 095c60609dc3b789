"""8 bits are kept where they lose little, and the card says what they cost."""

from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from app.model_card import Input, SplitAgreement, golden_pictures
from tests.training.networks.test_quantization import SIDE, pictures, small_network
from training import quantization as module
from training.errors import ExportError
from training.networks.conversion import convert
from training.networks.lite import LiteModel
from training.networks.quantization import Quantizer
from training.prediction import Answers
from training.quantization import write_int8

INPUT = Input(height=SIDE, width=SIDE)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return small_network()


@pytest.fixture(scope="module")
def quantizer(model: keras.Model) -> Quantizer:
    return Quantizer(model, pictures(20))


@pytest.fixture(autouse=True)
def _calibrated_once(quantizer: Quantizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "Quantizer", lambda *_: quantizer)


def _answers(lite: LiteModel, shown: NDArray[np.uint8], truth: NDArray[np.int64]) -> Answers:
    rows = np.stack([lite(each)["probabilities"] for each in shown]).astype(np.float64)
    return Answers((), truth, rows)


class _Judges:
    """Forty pictures whose true class is what the float file says of all but a few."""

    def __init__(self, model: keras.Model) -> None:
        self.shown = pictures(40, seed=5)
        lite = LiteModel(convert(model))
        self.truth = np.zeros(40, np.int64)
        found = _answers(lite, self.shown, self.truth).probabilities.argmax(axis=1)
        self.truth = np.where(np.arange(40) % 10 == 0, (found + 1) % 4, found)
        self.float32 = {"test": _answers(lite, self.shown, self.truth)}

    def ask(self, lite: LiteModel, answers: Answers) -> Answers:
        return _answers(lite, self.shown, answers.truth)


def test_what_loses_little_is_written_and_served_by_default(
    tmp_path: Path, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LOSS", 0.2)
    judges = _Judges(model)
    found = write_int8(tmp_path, model, pictures(20), INPUT, judged=judges.float32, ask=judges.ask)
    assert found is not None
    assert found.is_default
    assert found.pictures == 20
    path = tmp_path / "model_int8.tflite"
    assert found.size == path.stat().st_size < len(convert(model))
    measured = found.splits["test"]
    assert measured.pictures == 40
    assert 0.5 < measured.float32 < 1
    assert measured.same_class > 0.8
    assert found.loss == measured.float32 - measured.int8
    assert found.golden is not None
    lite = LiteModel(path)
    for picture, expected in zip(
        golden_pictures(INPUT.spec), found.golden.probabilities, strict=True
    ):
        np.testing.assert_allclose(lite(picture)["probabilities"], expected, atol=1e-5)


def test_what_loses_more_than_a_point_is_tried_with_spared_layers_and_then_not_kept(
    tmp_path: Path, model: keras.Model
) -> None:
    judges = _Judges(model)
    asked = []

    def ask(lite: LiteModel, answers: Answers) -> Answers:
        asked.append(lite)
        found = judges.ask(lite, answers)
        return Answers((), found.truth, np.roll(found.probabilities, len(asked), axis=1))

    found = write_int8(tmp_path, model, pictures(20), INPUT, judged=judges.float32, ask=ask)
    assert found is not None
    assert len(asked) == 2
    assert not found.is_default
    assert found.loss is not None
    assert found.loss > 0.01
    assert list(tmp_path.iterdir()) == []


def test_the_spared_layers_are_kept_where_they_make_the_difference(
    tmp_path: Path, model: keras.Model
) -> None:
    judges = _Judges(model)
    asked = []

    def ask(lite: LiteModel, answers: Answers) -> Answers:
        asked.append(lite)
        if len(asked) == 2:
            return judges.float32["test"]
        found = judges.ask(lite, answers)
        return Answers((), found.truth, np.roll(found.probabilities, 1, axis=1))

    found = write_int8(tmp_path, model, pictures(20), INPUT, judged=judges.float32, ask=ask)
    assert found is not None
    assert found.is_default
    assert "a quarter of the picture's size" in found.method
    assert found.splits["test"] == SplitAgreement(
        pictures=40,
        float32=found.splits["test"].float32,
        int8=found.splits["test"].float32,
        same_class=1,
    )


def test_without_a_picture_to_judge_by_it_is_written_and_not_served_by_default(
    tmp_path: Path, model: keras.Model
) -> None:
    judges = _Judges(model)
    found = write_int8(tmp_path, model, pictures(20), INPUT, judged={}, ask=judges.ask)
    assert found is not None
    assert not found.is_default
    assert found.loss is None
    assert (tmp_path / "model_int8.tflite").is_file()


def test_a_network_with_nothing_to_quantize_has_none(
    tmp_path: Path, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ExportError("Expected operations to quantize; there are none.")

    monkeypatch.setattr(module, "Quantizer", refuse)
    judges = _Judges(model)
    found = write_int8(tmp_path, model, pictures(2), INPUT, judged={}, ask=judges.ask)
    assert found is None
    assert list(tmp_path.iterdir()) == []
