"""Logistic regression on the pixels, as in the teaching case.

    python -m training.run --data DIR --recipe logistic

BatchNorm, Flatten, Dense with softmax; Adam 0.01; 299 x 299; 50 epochs in
batches of 50; the case's augmentation. The case rescales by 1/255 outside the
network; here the first layer does, so that what is served takes 0 to 255.

Result: the case reports 35 % of 80 pictures right; with `--split-column case_split`, seeds
0 to 4: 39.8 % of 80 (95 % interval of 80 pictures 30 to 51), standard deviation 5.0.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.model_card import Input
from training.data.augmentation import Affine
from training.data.sampling import Sampling
from training.recipes.recipe import Optimizer, Recipe

if TYPE_CHECKING:
    from training.networks.network import Network

__all__ = ["RECIPE", "Logistic"]


@dataclass(frozen=True, kw_only=True)
class Logistic(Recipe):
    """Logistic regression; it has no hyper-parameters of its own."""

    def network(self, classes: int, *, weights: Path | None, seed: int) -> "Network":  # noqa: ARG002 - it starts from none
        """BatchNorm, Flatten, Dense."""
        from training.networks import linear  # noqa: PLC0415 - Keras takes seconds to import

        return linear.logistic(self.input.height, self.input.width, classes, seed)


RECIPE = Logistic(
    name="logistic",
    description="Logistic regression on the pixels: the teaching case's first model.",
    input=Input(height=299, width=299),
    epochs=50,
    batch=50,
    augmentation=Affine(rotation=30, shift=0.2, shear=0.5, zoom=0.2, flip=0.5),
    sampling=Sampling(),
    optimizer=Optimizer("adam", rate=0.01),
    label_smoothing=0.0,
    # Twice the input, so that reducing large pictures once costs nothing that is seen.
    longest=640,
)
