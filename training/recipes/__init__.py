"""The recipes by name. A new one is a file with a `RECIPE` in it, and a line here."""

import importlib

from training.errors import OptionError
from training.recipes.recipe import Recipe

__all__ = ["DEFAULT", "RECIPES", "load"]

RECIPES = {
    "alexnet": "training.recipes.alexnet",
    "efficientnet_lite0": "training.recipes.efficientnet_lite0",
    "efficientnet_lite2": "training.recipes.efficientnet_lite2",
    "inception_v3": "training.recipes.inception_v3",
    "keras_applications": "training.recipes.keras_applications",
    "logistic": "training.recipes.logistic",
    "multitask": "training.recipes.multitask",
    "style_statistics": "training.recipes.style_statistics",
}

DEFAULT = "efficientnet_lite0"


def load(name: str) -> Recipe:
    """The recipe of a name.

    Raises:
        OptionError: There is none.
    """
    if name not in RECIPES:
        raise OptionError(f"Expected a recipe of {sorted(RECIPES)}; received {name!r}.")
    recipe: Recipe = importlib.import_module(RECIPES[name]).RECIPE
    return recipe
