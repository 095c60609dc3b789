"""Each recipe by its name, with the figures it promises."""

import dataclasses
from pathlib import Path

import pytest

from training.adaptation import adapt
from training.arguments import Options
from training.data.augmentation import Affine, Crops
from training.errors import OptionError, WeightsError
from training.recipes import DEFAULT, RECIPES, load
from training.recipes.efficientnet_lite import EfficientNetLite
from training.recipes.inception_v3 import InceptionV3
from training.recipes.keras_backbone import KerasBackbone
from training.recipes.recipe import RANDOM


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_is_frozen_named_and_documented(name: str) -> None:
    """Its file's docstring has the command and the result."""
    recipe = load(name)
    assert recipe.name == name
    assert recipe.description
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 3  # type: ignore[misc]
    document = __import__(RECIPES[name], fromlist=["x"]).__doc__ or ""
    assert "python -m training.run --data DIR" in document
    assert "Result:" in document


def test_an_unknown_recipe_is_refused() -> None:
    """The known ones are listed."""
    with pytest.raises(OptionError, match=r"efficientnet_lite0.*received 'magic'"):
        load("magic")


def test_logistic_is_the_cases() -> None:
    """Size, augmentation, batches, rate and epochs as in the teaching case."""
    recipe = load("logistic")
    assert (recipe.input.height, recipe.input.width) == (299, 299)
    assert (recipe.epochs, recipe.batch) == (50, 50)
    assert (recipe.optimizer.kind, recipe.optimizer.rate) == ("adam", 0.01)
    assert recipe.augmentation == Affine(30, 0.2, 0.5, 0.2, 0.5)
    assert recipe.weights_file(None) is None
    with pytest.raises(OptionError, match="starts from no weights"):
        recipe.weights_file(Path("w.pth"))


@pytest.mark.parametrize(("name", "size"), [("alexnet", 227), ("inception_v3", 299)])
def test_the_cases_other_models(name: str, size: int) -> None:
    """Size, augmentation, batches, rate and epochs as in the teaching case."""
    recipe = load(name)
    assert (recipe.input.height, recipe.input.width) == (size, size)
    assert (recipe.epochs, recipe.batch) == (50, 50)
    assert (recipe.optimizer.kind, recipe.optimizer.rate) == ("adam", 0.001)
    assert recipe.optimizer.schedule == "constant"
    assert recipe.augmentation == Affine(30, 0.2, 0.5, 0.2, 0.5)
    assert not recipe.sampling.even
    assert recipe.label_smoothing == 0


def test_faithful_keeps_the_cases_slip() -> None:
    """InceptionV3 is fed 0 to 1, each view new; a recipe without slips stays as it is."""
    recipe = adapt(load("inception_v3"), Options(faithful=True))
    assert isinstance(recipe, InceptionV3)
    assert (recipe.input_range, recipe.sampling.views) == ("unit", None)
    assert adapt(load("logistic"), Options(faithful=True)) == load("logistic")


def test_a_backbone_is_chosen_with_its_size() -> None:
    """The description and the size follow; --size goes before it."""
    recipe = adapt(load("keras_applications"), Options(backbone="inception_v3", views=3))
    assert isinstance(recipe, KerasBackbone)
    assert (recipe.backbone, recipe.input.height, recipe.sampling.views) == ("InceptionV3", 299, 3)
    assert "InceptionV3" in recipe.description
    recipe = adapt(load("keras_applications"), Options(backbone="vgg16", size=96))
    assert (recipe.input.height, recipe.longest) == (96, 448)
    with pytest.raises(OptionError, match="no choice of backbone; received 'vgg16'"):
        adapt(load("logistic"), Options(backbone="vgg16"))


def test_random_weights_are_told(tmp_path: Path) -> None:
    """In the description and the hyper-parameters; no file is looked for."""
    recipe = adapt(load("inception_v3"), Options(weights=RANDOM))
    assert "random weights" in recipe.description
    assert recipe.weights_file(RANDOM) is None
    assert adapt(load("logistic"), Options(weights=RANDOM)) == load("logistic")
    own = tmp_path / "w.h5"
    own.write_bytes(b"x")
    assert load("inception_v3").weights_file(own) == own


@pytest.mark.parametrize("name", ["efficientnet_lite0", "efficientnet_lite2"])
def test_fewer_blocks_are_trained_on_few_pictures(name: str) -> None:
    """And the description tells; a recipe that says nothing of it stays as it is."""
    recipe, few = load(name), adapt(load(name), Options(), 999)
    assert adapt(recipe, Options(), 1000) == recipe
    assert isinstance(few, EfficientNetLite)
    assert few.train_from == few.train_few_from
    assert f"from {few.train_from.replace('block', 'block ')} on" in few.description
    assert adapt(load("logistic"), Options(), 10) == load("logistic")


def test_the_default_reads_published_weights(tmp_path: Path) -> None:
    """Or those that it is given."""
    recipe = load(DEFAULT)
    assert isinstance(recipe.augmentation, Crops)
    assert recipe.augmentation.least_area == 0.25
    assert str(recipe.weights_file(None)).endswith("efficientnet-lite0-57934424.pth")
    with pytest.raises(WeightsError, match="there is none"):
        recipe.weights_file(tmp_path / "none.pth")
