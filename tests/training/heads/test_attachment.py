"""The heads as layers of the served model."""

from pathlib import Path

import keras
import numpy as np

from app.model_card import Calibration
from app.prediction import calibrate
from tests.training.heads.test_dating import OLD_AND_NEW
from training.heads.attachment import attach
from training.heads.dating import fit_dating_head
from training.heads.painting import PaintingHead
from training.networks.conversion import convert
from training.networks.lite import LiteModel
from training.networks.network import serving_classifier

SIDE, DEPTH = 16, 5


def _served() -> keras.Model:
    keras.utils.set_random_seed(3)
    image = keras.Input((SIDE, SIDE, 3), dtype="uint8", name="image")
    x = keras.layers.Rescaling(1 / 255)(image)
    x = keras.layers.Conv2D(DEPTH, 3, strides=4, activation="relu6")(x)
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(0, 3, (DEPTH, 2)), rng.normal(0, 0.2, 2)
    return serving_classifier(keras.Model(image, x), kernel.astype("f4"), bias.astype("f4"))


def _attached(model: keras.Model, calibration: Calibration) -> tuple[keras.Model, PaintingHead]:
    rng = np.random.default_rng(1)
    embeddings = rng.normal(0, 1, (200, DEPTH)).astype(np.float32)
    truth = np.arange(200) % 2
    datings = [
        (1650 + n % 90, 1650 + n % 90) if n % 2 == 0 else (1400 + n, 1405 + n) for n in range(200)
    ]
    dating = fit_dating_head(embeddings, truth, datings, OLD_AND_NEW)
    painting = PaintingHead(rng.normal(0, 1, (DEPTH, 1)).astype("f4"), np.array([0.1], "f4"))
    attached = attach(
        model,
        painting=painting,
        dating=dating,
        class_names=("new", "old"),
        calibration=calibration,
    )
    attached.edges = dating.edges
    return attached, painting


def test_outputs_are_those_of_the_heads_and_the_others_stay(tmp_path: Path) -> None:
    """In Keras, in LiteRT, and in a model that was written and read in safe mode."""
    model = _served()
    calibration = Calibration(temperature=0.7, bias={"new": 0.4, "old": -0.4})
    attached, painting = _attached(model, calibration)
    edges = attached.edges
    pictures = np.random.default_rng(2).integers(0, 256, (4, SIDE, SIDE, 3)).astype(np.uint8)
    before = {name: np.asarray(value) for name, value in model(pictures).items()}
    after = {name: np.asarray(value) for name, value in attached(pictures).items()}
    for name, value in before.items():
        np.testing.assert_allclose(after[name], value, atol=1e-6)
    assert after["painting"].shape == (4, 1)
    np.testing.assert_allclose(after["painting"][:, 0], painting(before["embedding"]), atol=1e-6)
    assert after["years"].shape == (4, len(edges) - 1)
    np.testing.assert_allclose(after["years"].sum(axis=1), 1, atol=1e-5)
    # A period's bins share what is left of its probability when it is calibrated.
    old = np.array(edges[:-1]) < 1600
    for raw, years in zip(after["probabilities"], after["years"], strict=True):
        honest = calibrate(raw, 0.7, np.array([0.4, -0.4]))
        np.testing.assert_allclose(years[old].sum(), honest[1], atol=1e-5)
    attached.save(tmp_path / "model.keras")
    read = keras.saving.load_model(tmp_path / "model.keras", compile=False, safe_mode=True)
    lite = LiteModel(convert(attached))
    for place, picture in enumerate(pictures):
        answered = lite(picture)
        for name, value in after.items():
            np.testing.assert_allclose(answered[name], value[place], atol=1e-4)
            np.testing.assert_allclose(
                np.asarray(read(picture[None])[name])[0], value[place], atol=1e-5
            )


def test_a_model_without_an_embedding_stays_as_it_is() -> None:
    """So does one without heads."""
    image = keras.Input((8, 8, 3))
    flat = keras.layers.Flatten()(image)
    bare = keras.Model(image, {"probabilities": keras.layers.Dense(2, activation="softmax")(flat)})
    head = PaintingHead(np.zeros((4, 1), "f4"), np.zeros(1, "f4"))
    assert attach(bare, painting=head) is bare
    model = _served()
    assert attach(model) is model
