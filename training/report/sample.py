"""Draws some pictures of the data, and beneath each what training makes of it."""

import io
import warnings
from collections import defaultdict
from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console

from training.adaptation import adapt
from training.arguments import ALL, Options
from training.data.augmentation import generator
from training.data.index import Example
from training.data.part import Part
from training.data.pictures import Pictures, serving_view
from training.data.preparation import Prepared
from training.dataset import summarise
from training.files import write_atomically
from training.recipes import DEFAULT, load
from training.recipes.recipe import Recipe

__all__ = ["chosen", "draw", "show_data"]

_ROWS, _COLUMNS = 2, 5


def show_data(prepared: Prepared, options: Options, path: Path, console: Console) -> None:
    """Write the sample as a PNG file, and summarise the data.

    Args:
        prepared: The pictures.
        options: Recipe and seed.
        path: The file; what was there is replaced.
        console: Where the summary is shown.
    """
    name = DEFAULT if options.recipe == ALL else options.recipe
    recipe = adapt(load(name), options)
    summarise(prepared, f"The data of {recipe.name}", console)
    write_atomically(path, draw(prepared.train, recipe, options.seed))
    console.print(f"[bold green]Written:[/] {path}; nothing was trained.")


def draw(part: Part, recipe: Recipe, seed: int) -> bytes:
    """Two rows of five pictures, as they are served, with an augmented view beneath each.

    Args:
        part: At least one picture.
        recipe: Its input and augmentation.
        seed: Decides which pictures and views.

    Returns:
        A PNG file.
    """
    places = chosen(part.examples, _ROWS * _COLUMNS, seed)
    pictures, spec = Pictures(recipe.longest), recipe.input.spec
    figure = Figure(figsize=(2.2 * _COLUMNS, 2.35 * 2 * _ROWS), layout="constrained")
    axes = figure.subplots(2 * _ROWS, _COLUMNS)
    for each in axes.flat:
        each.axis("off")
    for number, place in enumerate(places):
        row, column = divmod(number, _COLUMNS)
        example = part.examples[place]
        whole, beneath = axes[2 * row][column], axes[2 * row + 1][column]
        whole.imshow(serving_view(example, spec))
        whole.set_title(example.class_name, size=11)
        if recipe.augmentation is not None:
            rng = generator(seed, part.digests[place], 0)
            view = recipe.augmentation.view(pictures.load(example), spec, rng)
            beneath.imshow(np.asarray(view).round().clip(0, 255).astype(np.uint8))
            beneath.set_title("augmented", size=8, color="#707070")
    stored = io.BytesIO()
    with warnings.catch_warnings():
        # The font at hand may not know every script that classes are named in.
        warnings.filterwarnings("ignore", message="Glyph .* missing")
        figure.savefig(stored, format="png", dpi=100, metadata={"Software": None})
    return stored.getvalue()


def chosen(examples: Sequence[Example], count: int, seed: int) -> list[int]:
    """Places of some pictures, the classes in turn, at random within each."""
    by_class: defaultdict[str, list[int]] = defaultdict(list)
    for place in np.random.default_rng(seed).permutation(len(examples)).tolist():
        by_class[examples[place].class_name].append(place)
    turns = zip_longest(*(by_class[name] for name in sorted(by_class)))
    return [place for place in chain.from_iterable(turns) if place is not None][:count]
