"""An EfficientNet-Lite that is fine-tuned for two tasks: the period, and its part.

The first task reads the mean of the last layer; the second the style of several blocks (mean
and deviation of each channel, see `training.networks.style`) and answers with sub-periods.
Both change the same blocks. What is served is the geometric mean of the two answers.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from training.data.subperiods import Subperiods
from training.heads.dating import most_probable
from training.networks import efficientnet_lite
from training.networks.network import LEAST, Network, Targets
from training.networks.style import evidence, normalised, style_of

__all__ = ["multitask_efficientnet"]

_LOOKS = 3
"""Passes whose views the second task's layer is fitted to before the training begins."""

_DECAY = 0.003
"""What the squares of the kernel cost in that fit, beside the mean loss, for 100 statistics."""


def multitask_efficientnet(
    base: keras.Model,
    variant: str,
    size: int,
    classes: int,
    subperiods: Subperiods,
    *,
    train_from: str,
    blocks: Sequence[str],
    seed: int,
) -> Network:
    """An EfficientNet-Lite with a layer for each task, trained from a named block on.

    The second task's layer starts where it is best for the network as it was published.

    Args:
        base: From `efficientnet_lite.build`, with its weights.
        variant: Its variant.
        size: Its height and width.
        classes: How many periods.
        subperiods: What the second task answers.
        train_from: The first block that is trained, such as `block16`.
        blocks: Whose style the second task reads, none below the first that is trained.
        seed: For the first task's first weights.
    """
    stem, upper = efficientnet_lite.fine_tuned_halves(base, train_from, taken=blocks)
    last, *taken = upper.outputs
    pooled = layers.GlobalAveragePooling2D(name="embedding")(last)
    initial = keras.initializers.GlorotUniform(seed)
    logits = layers.Dense(classes, kernel_initializer=initial, name="logits")(pooled)
    style = style_of(taken)
    second = layers.Dense(len(subperiods.parts), kernel_initializer="zeros", name="subperiods")
    trunk = keras.Model(upper.input, [logits, second(normalised(style, "style"))], name="trunk")

    def serving() -> keras.Model:
        bare = efficientnet_lite.for_serving(base, variant, size)
        return _served(bare, trunk, blocks, subperiods)

    read = keras.Model(upper.input, style)

    def adapt(batches: Iterable[tuple[NDArray[Any], Targets]]) -> None:
        rows, met = [], []
        for features, targets in batches:
            rows.append(np.asarray(read(np.asarray(features, np.float32), training=False)))
            met.append(targets.met)
        views = np.concatenate(rows).astype(np.float64)
        mean, variance = views.mean(axis=0), views.var(axis=0)
        bring = trunk.get_layer("style")
        bring.set_weights([mean, variance])
        brought = (views - mean) / np.sqrt(variance + bring.epsilon)
        # The more statistics, the more of them tell apart by chance what was shown.
        decay = _DECAY * len(views) * brought.shape[1] / 100
        kernel, bias = most_probable(brought, np.concatenate(met), decay)
        trunk.get_layer("subperiods").set_weights([kernel, bias])

    return Network(stem, trunk, serving, adapt, looks=_LOOKS, subperiods=subperiods)


def _served(
    bare: keras.Model, trunk: keras.Model, blocks: Sequence[str], subperiods: Subperiods
) -> keras.Model:
    """The model that is exported.

    `activation_map` shares out the mean of a class's two answers over the places: of the first
    its logit, of the second the logits of its sub-periods, as `training.networks.style` does
    it, each counting as much as the sub-period is probable within the class.
    """
    owners = subperiods.owners
    kernel, bias = trunk.get_layer("logits").get_weights()
    kernel_of_parts, bias_of_parts = trunk.get_layer("subperiods").get_weights()
    embedding = layers.GlobalAveragePooling2D(name="embedding")(bare.output)
    of_classes = layers.Dense(len(bias), name="logits")
    of_parts = layers.Dense(len(bias_of_parts), name="subperiods")
    summed = layers.Dense(len(bias), use_bias=False, name="of_subperiods")
    spread = layers.Dense(len(bias_of_parts), use_bias=False, name="by_period")
    first = layers.Softmax()(of_classes(embedding))
    style = style_of([bare.get_layer(name).output for name in blocks])
    parts = layers.Softmax()(of_parts(normalised(style, "style")))
    second = summed(parts)
    both = (ops.log(first + LEAST) + ops.log(second + LEAST)) / 2

    bring = trunk.get_layer("style")
    maps, filled = evidence(bare, blocks, bring, kernel_of_parts, bare.output.shape[1:3])
    within = layers.Reshape((1, 1, len(bias_of_parts)))(parts / (spread(second) + LEAST))
    place = layers.Conv2D(len(bias), 1, use_bias=False)
    gather = layers.Conv2D(len(bias), 1, use_bias=False)
    shared = layers.Add()(maps) if len(maps) > 1 else maps[0]
    told = layers.Add(name="activation_map")(
        [place(bare.output), gather(layers.Multiply()([shared, within]))]
    )
    model = keras.Model(
        bare.input,
        {
            "probabilities": layers.Softmax(name="probabilities")(both),
            "embedding": embedding,
            "activation_map": told,
        },
        name="painting_period",
    )
    model.get_layer("style").set_weights(bring.get_weights())
    of_classes.set_weights([kernel, bias])
    of_parts.set_weights([kernel_of_parts, bias_of_parts])
    summed.set_weights([owners])
    spread.set_weights([owners.T])
    place.set_weights([kernel[None, None] / 2])
    gather.set_weights([owners[None, None] / 2])
    for layer, weights in filled:
        layer.set_weights([weights])
    return model
