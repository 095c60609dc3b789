"""What the recipes that freeze a network of `keras.applications` have in common."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from training.networks import keras_weights
from training.recipes.recipe import Pretrained

if TYPE_CHECKING:
    from training.networks.network import Network

__all__ = ["AnyBackbone", "KerasBackbone"]


@dataclass(frozen=True, kw_only=True)
class KerasBackbone(Pretrained):
    """A frozen network, GlobalAveragePooling and a dense layer that is trained.

    Attributes:
        backbone: Name of a function in `keras.applications`.
        input_range: What the network is fed, as `training.networks.keras_backbone`
            lists; None feeds it what its weights expect.
    """

    backbone: str
    input_range: str | None = None

    def published(self, weights: Path | None) -> Path:
        """The file that Keras fetches, or the one given."""
        return keras_weights.locate(keras_weights.find(self.backbone), weights)

    def network(self, classes: int, *, weights: Path | None, seed: int) -> "Network":
        """The published network without its top, and a new last layer."""
        # Keras takes seconds to import; `--help` must not.
        from training.networks import keras_backbone  # noqa: PLC0415
        from training.networks.frozen import frozen_network  # noqa: PLC0415

        published = keras_weights.find(self.backbone)
        size = self.input.height
        model = keras_backbone.build(published, size)
        path = self.weights_file(weights)
        if path is not None:
            keras_backbone.read_weights(published, model, path)
        fed = self.input_range or published.input_range
        return frozen_network(model, fed, size, classes, seed)


@dataclass(frozen=True, kw_only=True)
class AnyBackbone(KerasBackbone):
    """The same with a choice of the network."""

    def with_backbone(self, name: str) -> Self:
        """Another network, at the size that it was published for."""
        published = keras_weights.find(name)
        size = {"height": published.size, "width": published.size}
        return replace(
            self,
            backbone=published.name,
            input=self.input.model_copy(update=size),
            longest=2 * published.size,
            description=f"{published.name}, ImageNet weights, frozen below a new last layer.",
        )
