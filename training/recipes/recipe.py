"""What every recipe says: the input, the network, and how it is trained.

A recipe is a frozen dataclass; every hyper-parameter is a field, goes into the
card, and can be changed for one run by an option of `training.run`.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from app.model_card import Input
from training.data.augmentation import Augmentation
from training.data.sampling import Sampling
from training.errors import OptionError

if TYPE_CHECKING:
    from training.networks.network import Network

__all__ = ["Optimizer", "Recipe"]


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

    @abstractmethod
    def network(self, classes: int, *, weights: Path | None, seed: int) -> "Network":
        """Build the network.

        Args:
            classes: How many.
            weights: What `weights_file` gave.
            seed: For the weights that are not published.

        Raises:
            WeightsError: The weights are of another network.
        """

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
