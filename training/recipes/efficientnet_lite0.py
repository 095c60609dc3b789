"""EfficientNet-Lite0 fine-tuned from its sixth block on: the default.

    python -m training.run --data DIR

ImageNet weights; blocks 1 to 5 and every batch normalisation frozen; classes and
sources sampled evenly; crops of 25 to 100 % of the picture, loss of resolution,
colour and JPEG; label smoothing 0.1; AdamW with a cosine from 3e-4; 12 passes of
at most 1,600 pictures. One view of the whole picture squashed to 224 x 224.

Result: see docs/model.md, which holds the figures and the log.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.model_card import Input
from training.data.augmentation import Crops
from training.data.sampling import Sampling
from training.recipes.recipe import Optimizer, Recipe

if TYPE_CHECKING:
    from training.networks.network import Network

__all__ = ["RECIPE", "EfficientNetLite"]


@dataclass(frozen=True, kw_only=True)
class EfficientNetLite(Recipe):
    """Fine-tuning of one network of the family.

    Attributes:
        variant: Which.
        train_from: The first block that is trained.
    """

    variant: str
    train_from: str

    def weights_file(self, weights: Path | None) -> Path | None:
        """The published file, its digest checked, or the one given."""
        from training.networks import torch_weights  # noqa: PLC0415 - as below

        return torch_weights.locate(self.variant, weights)

    def network(self, classes: int, *, weights: Path | None, seed: int) -> "Network":
        """The published network with a new last layer."""
        # Keras takes seconds to import; `--help` must not.
        from training.networks import efficientnet_lite, torch_weights  # noqa: PLC0415
        from training.networks.network import fine_tuned_efficientnet  # noqa: PLC0415

        size = self.input.height
        base = efficientnet_lite.build(self.variant, size=size)
        state = torch_weights.read_state(torch_weights.locate(self.variant, weights))
        torch_weights.convert(state, base)
        return fine_tuned_efficientnet(
            base, self.variant, size, classes, train_from=self.train_from, seed=seed
        )


RECIPE = EfficientNetLite(
    name="efficientnet_lite0",
    description="EfficientNet-Lite0, ImageNet weights, fine-tuned from its sixth block on.",
    input=Input(height=224, width=224),
    epochs=12,
    batch=32,
    augmentation=Crops(),
    # A source of three pictures is not shown as often as one of three hundred.
    sampling=Sampling(even=True, source_power=0.5, most=1600),
    optimizer=Optimizer("adamw", rate=3e-4, weight_decay=0.01, schedule="cosine", warmup=0.05),
    label_smoothing=0.1,
    # Twice the input: the smallest crop has half of a side.
    longest=448,
    variant="lite0",
    train_from="block6",
)
