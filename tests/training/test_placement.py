"""Several devices and half precision: other ways to nearly the same weights."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.model_card import read_card
from tests.training.making import manifest
from tests.training.test_fitting import NAMES, RECIPE, Watch, _features
from training.data.periods import PERIODS
from training.data.subperiods import Subperiods
from training.errors import OptionError
from training.fitting import fit
from training.networks import efficientnet_lite
from training.networks.alexnet import alexnet
from training.networks.linear import logistic
from training.networks.multitask import multitask_efficientnet
from training.placement import Placement
from training.state import RunState


def _rows() -> list[dict[str, str]]:
    counts = (("train", "medieval", 7), ("train", "modern", 6))
    held = (("validation", "medieval", 3), ("validation", "modern", 3))
    return [
        {"file": f"{split}-{name}-{n}.jpg", "period": name, "split": split}
        for split, name, count in (*counts, *held)
        for n in range(count)
    ]


def _weights(version: Path) -> list[Any]:
    model = keras.saving.load_model(version / "model.keras")
    assert {each.compute_dtype for each in model.layers} <= {"float32", "uint8"}
    weights: list[Any] = model.get_weights()
    return weights


def _difference(first: Path, second: Path) -> float:
    pairs = zip(_weights(first), _weights(second), strict=True)
    return max(float(np.abs(a - b).max()) for a, b in pairs)


@pytest.mark.slow
def test_two_devices_and_half_precision_come_to_the_same_model(tmp_path: Path) -> None:
    """On two parts of the CPU, batches that do not divide; what is stored is float32."""
    manifest(tmp_path / "data", _rows())
    words = [sys.executable, "-m", "tests.training.placing", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for recipe in ("logistic", "efficientnet_lite0"):
        one, two = (tmp_path / store / recipe / "1" for store in ("one", "two"))
        assert 0 < _difference(one, two) < 1e-5
    one, both = (tmp_path / store / "logistic" / "1" for store in ("one", "both"))
    assert 1e-5 < _difference(one, both) < 0.02
    card = read_card(both)
    assert card.recipe is not None
    assert card.recipe.command.endswith("--devices 2 --precision mixed_float16")
    assert card.recipe.hyperparameters["precision"] == "mixed_float16"
    # A step that is infinite on one device is left out on both; the next is the sum.
    assert json.loads(done.stdout.splitlines()[-1]) == [[1.0], [1 - 0.5 * (0.25 + 0.5)]]


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_layers_compute_in_half_and_keep_weights_in_float32(precision: str) -> None:
    """But for the last, whose answer the loss is made of; the trunk itself is left alone."""
    trunk = alexnet(67, 67, 2, seed=0, dense=8).trunk
    twin = Placement(None, precision).twin(trunk)
    half = precision.removeprefix("mixed_")
    assert {each.compute_dtype for each in twin.layers[1:-1]} == {half}
    assert twin.layers[-1].compute_dtype == "float32"
    assert {each.dtype for each in twin.weights} == {"float32"}
    assert {each.compute_dtype for each in trunk.layers} == {"float32"}
    for ours, theirs in zip(trunk.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert [each.trainable for each in twin.layers] == [each.trainable for each in trunk.layers]


def test_both_answers_of_two_tasks_are_in_float32() -> None:
    """What lies between, bare operations too, computes in half; the answers are close."""
    subperiods = Subperiods.cut(PERIODS, (1500,))
    base = efficientnet_lite.build("lite0", size=32)
    network = multitask_efficientnet(
        base, "lite0", 32, 4, subperiods, train_from="block16", blocks=("block16",), seed=0
    )
    assert network.stem is not None
    twin = Placement(None, "mixed_bfloat16").twin(network.trunk)
    features = network.stem(np.full((1, 32, 32, 3), 99, np.float32))
    for ours, theirs in zip(network.trunk(features), twin(features), strict=True):
        assert ours.dtype == theirs.dtype == "float32"
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), atol=0.05)
    assert twin.get_layer("features").compute_dtype == "bfloat16"


def test_what_is_frozen_stays_frozen_in_the_twin() -> None:
    """A layer's own choice goes with it."""
    trunk = logistic(8, 8, 2, seed=0).trunk
    trunk.get_layer("normalise").trainable = False
    twin = Placement(None, "mixed_bfloat16").twin(trunk)
    assert not twin.get_layer("normalise").trainable
    assert len(twin.trainable_variables) == len(trunk.trainable_variables) == 2


def test_the_default_trains_the_trunk_itself() -> None:
    """No copy, no other optimizer: the weights are to the bit what they were without options."""
    trunk = logistic(8, 8, 2, seed=0).trunk
    placement = Placement.of(1, "float32")
    assert placement.twin(trunk) is trunk
    assert isinstance(placement.optimizer(keras.optimizers.Adam, trunk), keras.optimizers.Adam)


def test_more_devices_than_there_are() -> None:
    """In a process that was not told of them at its start."""
    with pytest.raises(OptionError, match="at most 1, the CPUs that TensorFlow has"):
        Placement.of(3, "float32")


def _fit(root: Path, watch: Watch) -> list[Any]:
    keras.utils.set_random_seed(3)
    recipe = replace(RECIPE, epochs=3)
    network = logistic(8, 8, 2, seed=3)
    features = _features(root, 0, 6, recipe), _features(root, 100, 2, recipe)
    state = RunState(root / "run")
    placement = Placement(None, "mixed_float16")
    fit(network, recipe, features, NAMES, state=state, watcher=watch, placement=placement)
    weights: list[Any] = network.trunk.get_weights()
    return weights


def test_a_cut_run_in_half_precision_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    """The scale of the loss is part of the state."""
    whole = _fit(tmp_path / "whole", Watch())
    with pytest.raises(KeyboardInterrupt):
        _fit(tmp_path / "cut", Watch(stop_after=1))
    watch = Watch()
    resumed = _fit(tmp_path / "cut", watch)
    assert watch.told[0] == ("resumed", 2)
    for expected, received in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(expected, received)
