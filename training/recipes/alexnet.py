"""AlexNet from random weights, as in the teaching case.

    python -m training.run --data DIR --recipe alexnet

BatchNorm; five convolutions of 96, 256, 384, 384 and 256 filters, the first of
11 x 11 every fourth pixel, with pooling after the first, second and fifth; two
dense layers of 4096 with dropout 0.5; Adam 0.001; 227 x 227; 50 epochs in batches
of 50; the case's augmentation. The case rescales by 1/255 outside the network;
here the first layer does. A version weighs half a gigabyte: 58 million weights in
each of two files.

Result: the case reports 57.5 % of 80 pictures right; ours: not
measured: a pass of 250 pictures took 104 s on two busy cores.
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

__all__ = ["RECIPE", "AlexNet"]


@dataclass(frozen=True, kw_only=True)
class AlexNet(Recipe):
    """AlexNet.

    Attributes:
        dense: Width of each of the two hidden dense layers.
    """

    dense: int

    def network(self, classes: int, *, weights: Path | None, seed: int) -> "Network":  # noqa: ARG002 - it starts from none
        """BatchNorm, five convolutions, three dense layers."""
        from training.networks.alexnet import alexnet  # noqa: PLC0415 - Keras takes seconds

        return alexnet(self.input.height, self.input.width, classes, seed, self.dense)


RECIPE = AlexNet(
    name="alexnet",
    description="AlexNet from random weights: the teaching case's second model.",
    input=Input(height=227, width=227),
    epochs=50,
    batch=50,
    augmentation=Affine(rotation=30, shift=0.2, shear=0.5, zoom=0.2, flip=0.5),
    sampling=Sampling(),
    optimizer=Optimizer("adam", rate=0.001),
    label_smoothing=0.0,
    # Twice the input, so that reducing large pictures once costs nothing that is seen.
    longest=480,
    most_megabytes=512,
    dense=4096,
)
