"""What the recipes on an EfficientNet-Lite have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from app.model_card import PeriodClass
from training.data.subperiods import Subperiods
from training.recipes.recipe import Pretrained

if TYPE_CHECKING:
    import keras

    from training.networks.network import Network

__all__ = ["EfficientNetLite", "MultitaskEfficientNetLite", "OnEfficientNetLite"]


@dataclass(frozen=True, kw_only=True)
class OnEfficientNetLite(Pretrained):
    """A recipe that starts from one network of the family.

    Attributes:
        variant: Which.
    """

    variant: str

    def published(self, weights: Path | None) -> Path:
        """The file in the published package, its digest checked, or the one given."""
        from training.networks import torch_weights  # noqa: PLC0415 - as below

        return torch_weights.locate(self.variant, weights)

    def base(self, weights: Path | None) -> "keras.Model":
        """The published network without its last layer."""
        # Keras takes seconds to import; `--help` must not.
        from training.networks import efficientnet_lite, torch_weights  # noqa: PLC0415

        base = efficientnet_lite.build(self.variant, size=self.input.height)
        path = self.weights_file(weights)
        if path is not None:
            torch_weights.convert(torch_weights.read_state(path), base)
        return base


@dataclass(frozen=True, kw_only=True)
class EfficientNetLite(OnEfficientNetLite):
    """Fine-tuning of one network of the family.

    Attributes:
        train_from: The first block that is trained.
        few: Below so many training pictures, training starts higher up.
        train_few_from: The first block that is trained then.
    """

    train_from: str
    few: int
    train_few_from: str

    def for_pictures(self, count: int) -> Self:
        """Fewer blocks are trained on few pictures: as right, and much sooner done."""
        if count >= self.few:
            return self
        before, after = (
            each.replace("block", "block ") for each in (self.train_from, self.train_few_from)
        )
        told = self.description.replace(before, after)
        return replace(self, train_from=self.train_few_from, description=told)

    def network(self, classes: int, *, weights: Path | None, seed: int) -> "Network":
        """The published network with a new last layer."""
        from training.networks.network import fine_tuned_efficientnet  # noqa: PLC0415 - as above

        return fine_tuned_efficientnet(
            self.base(weights),
            self.variant,
            self.input.height,
            classes,
            train_from=self.train_from,
            seed=seed,
        )


@dataclass(frozen=True, kw_only=True)
class MultitaskEfficientNetLite(OnEfficientNetLite):
    """Fine-tuning of one network of the family for two tasks: the period, and its part.

    Attributes:
        train_from: The first block that is trained.
        blocks: Whose style the second task reads.
        cuts: Years at which the periods are cut into sub-periods.
        subperiods: What comes of that; filled in by `for_classes`.
    """

    train_from: str
    blocks: tuple[str, ...]
    cuts: tuple[int, ...]
    subperiods: Subperiods = field(default_factory=lambda: Subperiods(()))

    def for_classes(self, classes: Sequence[PeriodClass]) -> Self:
        """Cut the classes."""
        return replace(self, subperiods=Subperiods.cut(classes, self.cuts))

    def network(self, classes: int, *, weights: Path | None, seed: int) -> "Network":
        """The published network with a new last layer for each task."""
        from training.networks.multitask import multitask_efficientnet  # noqa: PLC0415 - as above

        return multitask_efficientnet(
            self.base(weights),
            self.variant,
            self.input.height,
            classes,
            self.subperiods,
            train_from=self.train_from,
            blocks=self.blocks,
            seed=seed,
        )
