"""Each recipe by its name, with the figures it promises."""

import dataclasses
from pathlib import Path

import pytest

from training.data.augmentation import Affine, Crops
from training.errors import OptionError, WeightsError
from training.recipes import DEFAULT, RECIPES, load


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


def test_the_default_reads_published_weights(tmp_path: Path) -> None:
    """Or those that it is given."""
    recipe = load(DEFAULT)
    assert isinstance(recipe.augmentation, Crops)
    assert recipe.augmentation.least_area == 0.25
    assert str(recipe.weights_file(None)).endswith("efficientnet-lite0-57934424.pth")
    with pytest.raises(WeightsError, match="there is none"):
        recipe.weights_file(tmp_path / "none.pth")
