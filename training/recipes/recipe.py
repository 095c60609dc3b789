"""What every recipe says: the input, the network, and how it is trained.

A recipe is a frozen dataclass; every hyper-parameter is a field, goes into the
card, and can be changed for one run by an option of `training.run`.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from app.model_card import Input, PeriodClass
from training.data.augmentation import Augmentation
from training.data.sampling import Sampling
from training.errors import OptionError

if TYPE_CHECKING:
    from training.networks.network import Network

__all__ = ["RANDOM", "Optimizer", "Pretrained", "Recipe"]

RANDOM = Path("random")
"""In place of a weights file: start from random weights."""


@dataclass(frozen=True)
class Optimizer:
    """Adam or AdamW, and the course of its rate.

    Attributes:
        kind: `adam` or `adamw`.
        rate: The learning rate, at its highest.
        weight_decay: Only of `adamw`.
        schedule: `constant`, or `cosine` down to 0 over the whole run.
        warmup: With `cosine`, the share of the steps in which the rate rises from 0.
    """

    kind: Literal["adam", "adamw"] = "adam"
    rate: float = 1e-3
    weight_decay: float = 0.0
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Recipe(ABC):
    """The base of all recipes.

    Attributes:
        name: As on the command line.
        description: One sentence for the card.
        input: What the model is fed.
        epochs: Passes over the data.
        batch: Pictures a step.
        augmentation: How views are made; None shows the whole picture.
        sampling: Which pictures a pass shows.
        optimizer: How the weights are changed.
        label_smoothing: Share of the target that is spread over all classes.
        longest: Pixels of the longer side that decoded pictures are reduced to;
            None keeps every size.
        most_megabytes: Most that a stored version may weigh.
    """

    name: str
    description: str
    input: Input
    epochs: int
    batch: int
    augmentation: Augmentation | None
    sampling: Sampling
    optimizer: Optimizer
    label_smoothing: float
    longest: int | None
    most_megabytes: int = 36

    @abstractmethod
    def network(self, classes: int, *, weights: Path | None, seed: int) -> "Network":
        """Build the network.

        Args:
            classes: How many.
            weights: What `weights_file` gave.
            seed: For the weights that are not published.

        Raises:
            OptionError: The input has a size that the network does not take.
            WeightsError: The weights are of another network.
        """

    def for_pictures(self, count: int) -> Self:  # noqa: ARG002 - most recipes are the same
        """The recipe for so many training pictures."""
        return self

    def for_classes(self, classes: Sequence[PeriodClass]) -> Self:  # noqa: ARG002 - as above
        """The recipe for these classes, in the order of the model's outputs."""
        return self

    def as_in_the_case(self) -> Self:
        """The recipe with the teaching case's slips, where it mends any."""
        return self

    def with_backbone(self, name: str) -> Self:
        """The recipe with another network below.

        Raises:
            OptionError: It has no choice, or there is no such network.
        """
        raise OptionError(
            f"The recipe {self.name} has no choice of backbone; received {name!r}. "
            "--recipe keras_applications has."
        )

    def from_random(self) -> Self:
        """The recipe without published weights, to time it or to test it."""
        return self

    def weights_file(self, weights: Path | None) -> Path | None:
        """The file of weights that `network` is to start from; None if it starts from none.

        Args:
            weights: The file that the person named, or None.

        Raises:
            OptionError: A file was named, and this recipe reads none.
            WeightsError: The published weights are not there.
        """
        if weights is not None:
            raise OptionError(f"The recipe {self.name} starts from no weights; received {weights}.")
        return None


@dataclass(frozen=True, kw_only=True)
class Pretrained(Recipe):
    """The base of the recipes that start from published weights.

    Attributes:
        pretrained: Whether they do; without, the frozen part stays random.
    """

    pretrained: bool = True

    def from_random(self) -> Self:
        """Random weights in place of the published ones; the description tells."""
        told = (
            f"{self.description} Started from random weights, not from ImageNet's: "
            "for timing only, its answers mean little."
        )
        return replace(self, pretrained=False, description=told)

    def weights_file(self, weights: Path | None) -> Path | None:
        """The published file, or the one given; None for random weights."""
        return self.published(weights) if self.pretrained else None

    @abstractmethod
    def published(self, weights: Path | None) -> Path:
        """The published file, its digest checked, or the one given.

        Raises:
            WeightsError: It is not there.
        """
