"""A recipe as the options change it for one run."""

from dataclasses import replace

from training.arguments import Options
from training.recipes.recipe import RANDOM, Recipe

__all__ = ["adapt"]


def adapt(recipe: Recipe, options: Options, pictures: int | None = None) -> Recipe:
    """Change a recipe's hyper-parameters as the options say.

    Args:
        recipe: As it stands in its file.
        options: What was asked for.
        pictures: How many there are to train on, by which a recipe may change itself.

    Raises:
        OptionError: The recipe has no choice of backbone, or not this one.
    """
    if pictures is not None:
        recipe = recipe.for_pictures(pictures)
    if options.backbone is not None:
        recipe = recipe.with_backbone(options.backbone)
    if options.faithful:
        recipe = recipe.as_in_the_case()
    if options.weights == RANDOM:
        recipe = recipe.from_random()
    changes: dict[str, object] = {}
    if options.epochs is not None:
        changes["epochs"] = options.epochs
    if options.batch is not None:
        changes["batch"] = options.batch
    sampling = recipe.sampling
    if options.pictures_per_pass is not None:
        sampling = replace(sampling, most=options.pictures_per_pass)
    if options.views is not None:
        sampling = replace(sampling, views=options.views)
    changes["sampling"] = sampling
    if options.size is not None:
        size = {"height": options.size, "width": options.size}
        changes["input"] = recipe.input.model_copy(update=size)
    return replace(recipe, **changes)  # type: ignore[arg-type]
