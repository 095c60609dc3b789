"""The training loop: it learns, it repeats itself, and it goes on where it was cut."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from app.model_card import Input
from tests.training.making import COLOURS, jpeg, painting, write
from training.data.index import Example
from training.data.periods import PERIODS
from training.data.pictures import Pictures
from training.data.subperiods import Subperiods
from training.features import FeatureCache, Features
from training.fitting import fit
from training.networks import linear
from training.networks.network import Network, Targets
from training.recipes import load
from training.recipes.recipe import Optimizer, Recipe
from training.state import Epoch, RunState

NAMES = ("medieval", "modern")
RECIPE: Recipe = replace(
    load("logistic"),
    input=Input(height=8, width=8),
    epochs=4,
    batch=5,
    optimizer=Optimizer("adamw", 0.02, 0.01, "cosine", 0.1),
    label_smoothing=0.1,
)


class Watch:
    """Remembers what it was told; stops the run after a pass, if asked to."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.told: list[Any] = []
        self.stop_after = stop_after

    def resumed(self, done: int) -> None:
        self.told.append(("resumed", done))

    def step(self, epoch: int, views: int, total: int, loss: float) -> None:
        assert loss > 0
        self.told.append((epoch, views, total))

    def epoch(self, number: int, result: Epoch) -> None:
        self.told.append(result)
        if number == self.stop_after:
            raise KeyboardInterrupt


def _features(root: Path, start: int, count: int, recipe: Recipe) -> Features:
    examples = [
        Example(
            write(root / f"{name}{start + n}.jpg", jpeg(painting(start + n, COLOURS[name]))),
            f"{name}{start + n}.jpg",
            name,
        )
        for name in NAMES
        for n in range(count)
    ]
    digests = [f"{n:02x}" * 32 for n in range(len(examples))]
    return Features(
        examples,
        digests,
        Pictures(64),
        recipe.input.spec,
        recipe.augmentation,
        None,
        FeatureCache(None),
        seed=3,
    )


def _fit(
    root: Path, recipe: Recipe = RECIPE, *, watch: Watch | None = None, held: int = 4
) -> tuple[list[Any], list[Epoch]]:
    keras.utils.set_random_seed(3)
    network = linear.logistic(8, 8, 2, seed=3)
    features = _features(root, 0, 6, recipe), _features(root, 100, held, recipe)
    state = RunState(root / "run")
    history = fit(network, recipe, features, NAMES, state=state, watcher=watch or Watch())
    return network.trunk.get_weights(), history


def test_it_learns_what_can_be_learnt(tmp_path: Path) -> None:
    """Gold against blue, and tells each step and pass."""
    watch = Watch()
    recipe = replace(RECIPE, epochs=12)
    _, history = _fit(tmp_path, recipe, watch=watch)
    assert len(history) == 12
    first, last = history[0].validation_loss, history[-1].validation_loss
    assert first is not None
    assert last is not None
    assert last < first
    assert history[-1].validation_accuracy == 1.0
    assert watch.told[:4] == [(0, 5, 12), (0, 10, 12), (0, 12, 12), history[0]]


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    """To the bit, on one machine."""
    first, _ = _fit(tmp_path / "a")
    second, _ = _fit(tmp_path / "b")
    for expected, received in zip(first, second, strict=True):
        np.testing.assert_array_equal(expected, received)


@pytest.mark.parametrize("kind", ["adam", "adamw"])
def test_a_cut_run_goes_on_to_the_same_weights(tmp_path: Path, kind: str) -> None:
    """Stopped after the second pass, and started again."""
    schedule = "cosine" if kind == "adamw" else "constant"
    optimizer = Optimizer(kind, 0.02, 0.01, schedule)  # type: ignore[arg-type]
    recipe = replace(RECIPE, optimizer=optimizer)
    whole, history = _fit(tmp_path / "whole", recipe)
    with pytest.raises(KeyboardInterrupt):
        _fit(tmp_path / "cut", recipe, watch=Watch(stop_after=1))
    watch = Watch()
    resumed, joined = _fit(tmp_path / "cut", recipe, watch=watch)
    assert watch.told[0] == ("resumed", 2)
    for expected, received in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(expected, received)
    assert [each.loss for each in joined] == [each.loss for each in history]


def _with_dropout(root: Path, watch: Watch) -> list[Any]:
    keras.utils.set_random_seed(3)
    image = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    logits = keras.layers.Dense(2)(keras.layers.Dropout(0.5, seed=1)(x))
    network = Network(None, keras.Model(image, logits), lambda: network.trunk)
    features = _features(root, 0, 6, RECIPE), _features(root, 100, 2, RECIPE)
    fit(network, RECIPE, features, NAMES, state=RunState(root / "run"), watcher=watch)
    weights: list[Any] = network.trunk.get_weights()
    return weights


def test_dropout_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    """Its random numbers are part of the state."""
    whole = _with_dropout(tmp_path / "whole", Watch())
    with pytest.raises(KeyboardInterrupt):
        _with_dropout(tmp_path / "cut", Watch(stop_after=1))
    resumed = _with_dropout(tmp_path / "cut", Watch())
    for expected, received in zip(whole, resumed, strict=True):
        np.testing.assert_array_equal(expected, received)


def test_without_validation_pictures(tmp_path: Path) -> None:
    """Nothing is judged."""
    _, history = _fit(tmp_path, replace(RECIPE, epochs=1), held=0)
    assert history[0].validation_loss is None
    assert history[0].validation_accuracy is None


COLOUR_OF_YEAR = {
    "medieval": {"1300": COLOURS["medieval"]},
    "modern": {"1880": COLOURS["modern"], "1950": (40, 200, 60)},
}
SUBPERIODS = Subperiods.cut([each for each in PERIODS if each.name in NAMES], (1910,))


def _two_tasks(root: Path, watch: Watch) -> tuple[Network, Features, list[Targets]]:
    """Modern pictures are blue before 1910 and green after; half of them name no year."""
    examples = [
        Example(
            write(root / f"{name}{year}{n}.jpg", jpeg(painting(n, colour))),
            f"{name}{year}{n}.jpg",
            name,
            year=year if n % 2 else None,
        )
        for name, years in COLOUR_OF_YEAR.items()
        for year, colour in years.items()
        for n in range(4)
    ]
    keras.utils.set_random_seed(3)
    image = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Rescaling(1 / 255)(image))
    answers = [keras.layers.Dense(2)(x), keras.layers.Dense(3)(x)]
    shown: list[Targets] = []
    network = Network(
        None,
        keras.Model(image, answers),
        lambda: network.trunk,
        lambda batches: shown.extend(targets for _, targets in batches),
        looks=2,
        subperiods=SUBPERIODS,
    )
    recipe = replace(RECIPE, epochs=40, optimizer=Optimizer("adam", 0.1))
    digests = [f"{n:02x}" * 32 for n in range(len(examples))]
    cache = FeatureCache(None)
    features = Features(
        examples, digests, Pictures(64), recipe.input.spec, None, None, cache, seed=3
    )
    fit(network, recipe, (features, features), NAMES, state=RunState(root / "run"), watcher=watch)
    return network, features, shown


def test_a_second_task_learns_parts_from_years_that_some_pictures_name(tmp_path: Path) -> None:
    network, features, shown = _two_tasks(tmp_path, Watch())
    assert sum(len(each.truth) for each in shown) == 2 * len(features.examples)
    pictures = np.stack([features.whole(n) for n in range(12)]).astype(np.float32)
    first, second = (np.asarray(each) for each in network.trunk(pictures, training=False))
    assert first.argmax(axis=1).tolist() == [0] * 4 + [1] * 8
    assert second.argmax(axis=1).tolist() == [0] * 4 + [1] * 4 + [2] * 4


def test_what_is_judged_is_both_answers_together(tmp_path: Path) -> None:
    watch = Watch()
    network, features, _ = _two_tasks(tmp_path, watch)
    pictures = np.stack([features.whole(n) for n in range(12)]).astype(np.float32)
    logits = network.trunk(pictures, training=False)
    first, second = (np.asarray(keras.ops.softmax(each)) for each in logits)
    both = np.sqrt(first * (second @ SUBPERIODS.owners))
    both /= both.sum(axis=1, keepdims=True)
    truth = [0] * 4 + [1] * 8
    expected = -np.log(both[np.arange(12), truth]).mean()
    assert watch.told[-1].validation_loss == pytest.approx(expected, rel=1e-3)


def test_the_second_task_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    """To the same weights, and what it started from is not measured again."""
    whole, _, _ = _two_tasks(tmp_path / "whole", Watch())
    with pytest.raises(KeyboardInterrupt):
        _two_tasks(tmp_path / "cut", Watch(stop_after=1))
    resumed, _, shown = _two_tasks(tmp_path / "cut", Watch())
    assert shown == []
    for expected, received in zip(
        whole.trunk.get_weights(), resumed.trunk.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(expected, received)
