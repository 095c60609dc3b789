"""Each recipe, small: trained, exported, and read again by LiteRT and by Keras in safe mode."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.model_card import golden_pictures
from tests.training.making import COLOURS, jpeg, painting, write
from tests.training.test_fitting import Watch
from training.adaptation import adapt
from training.arguments import Options
from training.data.index import Example
from training.data.periods import PERIODS
from training.data.pictures import Pictures
from training.export import write_models
from training.features import FeatureCache, Features, Stem
from training.fitting import fit
from training.networks.lite import LiteModel
from training.recipes import load
from training.recipes.recipe import RANDOM
from training.state import RunState

NAMES = ("medieval", "modern")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "size", "more"),
    [
        ("logistic", 16, {}),
        ("alexnet", 67, {"dense": 16}),
        ("efficientnet_lite0", 32, {"train_from": "block16"}),
        ("efficientnet_lite2", 32, {"train_from": "block21"}),
        ("style_statistics", 32, {"blocks": ("block5", "block21")}),
        ("multitask", 32, {"train_from": "block21", "blocks": ("block21",)}),
        ("inception_v3", 75, {}),
        ("keras_applications", 32, {"backbone": "MobileNetV3Small"}),
    ],
)
def test_a_recipe_trains_and_is_served(
    tmp_path: Path, name: str, size: int, more: dict[str, Any]
) -> None:
    options = Options(size=size, epochs=2, batch=4, weights=RANDOM)
    classes = [each for each in PERIODS if each.name in NAMES]
    recipe = replace(adapt(load(name), options).for_classes(classes), **more)
    keras.utils.set_random_seed(0)
    network = recipe.network(2, weights=None, seed=0)
    examples = [
        Example(write(tmp_path / f"{kind}{n}.jpg", jpeg(painting(n, COLOURS[kind]))), "", kind)
        for kind in NAMES
        for n in range(3)
    ]
    features = Features(
        examples,
        [f"{n:02x}" * 32 for n in range(len(examples))],
        Pictures(recipe.longest),
        recipe.input.spec,
        recipe.augmentation,
        None if network.stem is None else Stem(network.stem),
        FeatureCache(tmp_path / "features"),
        seed=0,
    )
    before = network.trunk.get_weights()
    state = RunState(tmp_path / "run")
    history = fit(network, recipe, (features, features), NAMES, state=state, watcher=Watch())
    assert len(history) == 2
    assert any((a != b).any() for a, b in zip(before, network.trunk.get_weights(), strict=True))

    pictures = golden_pictures(recipe.input.spec)
    assert write_models(tmp_path, network.serving(), pictures).max_absolute_difference < 5e-4
    served = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    expected = np.asarray(served(pictures)["probabilities"])
    lite = LiteModel(tmp_path / "model.tflite")
    received = np.stack([lite(each)["probabilities"] for each in pictures])
    np.testing.assert_allclose(received, expected, atol=5e-4)
    np.testing.assert_allclose(received.sum(axis=1), 1, atol=1e-5)
