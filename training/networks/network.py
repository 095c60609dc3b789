"""A network as training sees it: a frozen lower part, a trained upper part, and what is served."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import layers
from numpy.typing import NDArray

from training.data.subperiods import Subperiods
from training.networks import efficientnet_lite

__all__ = [
    "LEAST",
    "Network",
    "Targets",
    "fine_tuned_efficientnet",
    "from_pixels",
    "serving_classifier",
]

LEAST = 1e-7
"""Added to a period's probability out of sub-periods before its logarithm is taken."""


@dataclass(frozen=True)
class Targets:
    """What a batch of pictures should be answered with.

    Attributes:
        truth: int64 [N], the numbers of the classes.
        met: float32 [N, S], 1 for the sub-periods that each may be of; where the
            network has none, the classes themselves.
    """

    truth: NDArray[np.int64]
    met: NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """What a recipe builds.

    Attributes:
        stem: float32 RGB [N, height, width, 3], 0 to 255 -> what the trunk is fed. It is
            never trained, so its answers can be kept. None: the trunk is fed
            the picture.
        trunk: That -> logits [N, C]; its trainable weights are trained. With `subperiods`
            -> the pair of logits [N, C] and [N, S].
        serving: Makes the model that is exported, with the weights of now:
            uint8 [N, height, width, 3] -> the outputs of docs/design.md.
        adapt: Called once, before the first pass, with the batches of what the trunk will
            be fed and their targets, for what is not trained step by step. None:
            everything is.
        looks: Passes whose batches `adapt` is shown.
        subperiods: What the second of the trunk's answers is about; None: it has one only.
    """

    stem: keras.Model | None
    trunk: keras.Model
    serving: Callable[[], keras.Model]
    adapt: Callable[[Iterable[tuple[NDArray[Any], Targets]]], None] | None = None
    looks: int = 1
    subperiods: Subperiods | None = None


def fine_tuned_efficientnet(
    base: keras.Model, variant: str, size: int, classes: int, *, train_from: str, seed: int
) -> Network:
    """An EfficientNet-Lite with a new last layer, trained from a named block on.

    Args:
        base: From `efficientnet_lite.build`, with its weights.
        variant: Its variant.
        size: Its height and width.
        classes: How many outputs.
        train_from: The first block that is trained, such as `block6`.
        seed: For the last layer's first weights.
    """
    stem, upper = efficientnet_lite.fine_tuned_halves(base, train_from)
    pooled = layers.GlobalAveragePooling2D(name="embedding")(upper.output)
    initial = keras.initializers.GlorotUniform(seed)
    logits = layers.Dense(classes, kernel_initializer=initial, name="logits")(pooled)
    trunk = keras.Model(upper.input, logits, name="trunk")

    def serving() -> keras.Model:
        bare = efficientnet_lite.for_serving(base, variant, size)
        kernel, bias = trunk.get_layer("logits").get_weights()
        return serving_classifier(bare, kernel, bias)

    return Network(stem, trunk, serving)


def from_pixels(
    height: int, width: int, logits_of: Callable[[keras.KerasTensor], keras.KerasTensor]
) -> Network:
    """A network of the teaching case: trained whole, from pixels rescaled and normalised.

    Args:
        height: Rows of the input.
        width: Columns of the input.
        logits_of: Makes the layers from the normalised picture to the logits; it is
            called once for training and once for each model that is served.
    """

    def build(dtype: str) -> tuple[keras.Model, keras.Model]:
        image = keras.Input((height, width, 3), dtype=dtype, name="image")
        x = layers.Rescaling(1 / 255, name="rescale")(image)
        logits = logits_of(layers.BatchNormalization(name="normalise")(x))
        probabilities = layers.Softmax(name="probabilities")(logits)
        served = keras.Model(image, {"probabilities": probabilities}, name="painting_period")
        return keras.Model(image, logits, name="trunk"), served

    trunk, _ = build("float32")

    def serving() -> keras.Model:
        _, served = build("uint8")
        served.set_weights(trunk.get_weights())
        return served

    return Network(None, trunk, serving)


def serving_classifier(features: keras.Model, kernel: object, bias: object) -> keras.Model:
    """Put a linear classifier on a feature map, and give the map of its logits beside it.

    Args:
        features: uint8 images -> [N, h, w, D].
        kernel: float32 [D, C].
        bias: float32 [C].

    Returns:
        A model of the three outputs of docs/design.md. The mean over the places
        of `activation_map`, plus the bias, is the logit.
    """
    classes = len(bias)  # type: ignore[arg-type]
    embedding = layers.GlobalAveragePooling2D(name="embedding")(features.output)
    dense = layers.Dense(classes, activation="softmax", name="probabilities")
    place = layers.Conv2D(classes, 1, use_bias=False, name="activation_map")
    model = keras.Model(
        features.input,
        {
            "probabilities": dense(embedding),
            "embedding": embedding,
            "activation_map": place(features.output),
        },
        name="painting_period",
    )
    dense.set_weights([kernel, bias])
    place.set_weights([kernel[None, None]])  # type: ignore[index]
    return model
