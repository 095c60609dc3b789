"""A frozen network that is asked for its style: the statistics of its channels at many depths.

Style is the mean and the standard deviation of each channel over the places of the picture
(Huang and Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance
Normalization, 2017). Brushwork shows in the first blocks, composition in the last; a linear
layer reads them all.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from training.networks import efficientnet_lite
from training.networks.network import Network, Targets

__all__ = ["LAST", "evidence", "normalised", "statistics", "style_classifier", "style_of"]

LAST = "features"
"""The layer after the last block, whose statistics are taken too."""

_EPSILON = 1e-5


def style_classifier(
    base: keras.Model,
    variant: str,
    size: int,
    classes: int,
    *,
    blocks: Sequence[str],
) -> Network:
    """The statistics of some blocks, each brought to mean 0 and deviation 1, and Dense.

    The stem ends in the statistics, some ten kilobytes a view. The linear layer starts from
    zeros, so that the outcome does not depend on its first weights.

    Args:
        base: From `efficientnet_lite.build`, with its weights; frozen here.
        variant: Its variant.
        size: Its height and width.
        classes: How many outputs.
        blocks: Whose channels' statistics are taken, beside those of `LAST`.
    """
    base.trainable = False
    names = (*blocks, LAST)
    joined = style_of([base.get_layer(name).output for name in names])
    stem = keras.Model(base.input, joined, name="stem")
    stem.trainable = False
    fed = keras.Input(joined.shape[1:], name="features")
    logits = layers.Dense(classes, kernel_initializer="zeros", name="logits")(
        normalised(fed, "embedding")
    )
    trunk = keras.Model(fed, logits, name="trunk")

    def serving() -> keras.Model:
        bare = efficientnet_lite.for_serving(base, variant, size)
        return _served(bare, names, trunk, classes)

    def adapt(batches: Iterable[tuple[NDArray[Any], Targets]]) -> None:
        views = np.concatenate([np.asarray(each, np.float64) for each, _ in batches])
        trunk.get_layer("embedding").set_weights([views.mean(axis=0), views.var(axis=0)])

    return Network(stem, trunk, serving, adapt)


def statistics(
    x: keras.KerasTensor,
) -> tuple[keras.KerasTensor, keras.KerasTensor, keras.KerasTensor]:
    """Mean and standard deviation of each channel over the places, and what the latter is made of.

    Args:
        x: [N, h, w, C].

    Returns:
        Mean [N, C], deviation [N, C], and the squared distances from the mean [N, h, w, C].
    """
    mean = layers.GlobalAveragePooling2D(keepdims=True)(x)
    apart = layers.Subtract()([x, mean])
    squared = layers.Multiply()([apart, apart])
    variance = layers.GlobalAveragePooling2D()(squared)
    return layers.Flatten()(mean), ops.sqrt(variance + _EPSILON), squared


def style_of(answers: Sequence[keras.KerasTensor]) -> keras.KerasTensor:
    """Means and deviations of several layers' answers [N, h, w, C], one after the other: [N, D]."""
    pairs = [statistics(each)[:2] for each in answers]
    return layers.Concatenate(name="statistics")([each for pair in pairs for each in pair])


def normalised(style: keras.KerasTensor, name: str) -> keras.KerasTensor:
    """Each statistic with mean 0 and deviation 1 over training views, once they are filled in.

    Never by those of a batch: the linear layer would learn their chance.

    Args:
        style: [N, D].
        name: Of the layer whose weights are the means and the variances.
    """
    bring = layers.BatchNormalization(center=False, scale=False, name=name)
    bring.trainable = False
    return bring(style)


def _served(
    bare: keras.Model, names: Sequence[str], trunk: keras.Model, classes: int
) -> keras.Model:
    """The model that is exported: each logit is shared out over the places that it comes from.

    The mean of `activation_map` over its places, plus a constant, is the logit: see
    `evidence`. The map has the places of the last layer.
    """
    kernel, bias = (np.asarray(each) for each in trunk.get_layer("logits").get_weights())
    bring = trunk.get_layer("embedding")
    maps, filled = evidence(bare, names, bring, kernel, bare.get_layer(LAST).output.shape[1:3])
    embedding = normalised(style_of([bare.get_layer(name).output for name in names]), "embedding")
    dense = layers.Dense(classes, activation="softmax", name="probabilities")
    model = keras.Model(
        bare.input,
        {
            "probabilities": dense(embedding),
            "embedding": embedding,
            "activation_map": layers.Add(name="activation_map")(maps),
        },
        name="painting_period",
    )
    model.get_layer("embedding").set_weights(bring.get_weights())
    dense.set_weights([kernel, bias])
    for layer, weights in filled:
        layer.set_weights([weights])
    return model


def evidence(
    network: keras.Model,
    names: Sequence[str],
    bring: layers.BatchNormalization,
    kernel: NDArray[np.float32],
    places: tuple[int, int],
) -> tuple[list[keras.KerasTensor], list[tuple[layers.Layer, NDArray[np.float32]]]]:
    """Share out what a linear layer on layers' statistics answers over the places it comes from.

    A mean is the mean of its channel; a standard deviation is the mean of the squared
    distances from that, divided by itself. So the mean over the places of the maps' sum,
    plus a constant, is the answer.

    Args:
        network: Its layers have one output each.
        names: The layers, in the order of the statistics.
        bring: The layer of `normalised` that brings the statistics, its weights filled in.
        kernel: [D, C], of the linear layer that is fed what it gives.
        places: Height and width of the maps.

    Returns:
        Maps [N, *places, C], one of each layer; and layers with the weights that they are
        to be given once a model is made of them.
    """
    _, variance = (np.asarray(each) for each in bring.get_weights())
    # What each statistic answers for one of its own units.
    apiece = kernel / np.sqrt(variance + bring.epsilon)[:, None]
    maps, start = [], 0
    filled: list[tuple[layers.Layer, NDArray[np.float32]]] = []
    for name in names:
        x = network.get_layer(name).output
        _, deviation, squared = statistics(x)
        width = x.shape[-1]
        of_mean, of_deviation = apiece[start : start + width], apiece[start + width :][:width]
        start += 2 * width
        inverse = layers.Reshape((1, 1, width))(ops.reciprocal(deviation))
        shared = layers.Multiply()([squared + _EPSILON, inverse])
        linear, quadratic = (layers.Conv2D(apiece.shape[1], 1, use_bias=False) for _ in range(2))
        found = layers.Add()([linear(x), quadratic(shared)])
        filled += [(linear, of_mean[None, None]), (quadratic, of_deviation[None, None])]
        maps.append(_resampled(found, places, filled))
    return maps, filled


def _resampled(
    x: keras.KerasTensor,
    places: tuple[int, int],
    filled: list[tuple[layers.Layer, NDArray[np.float32]]],
) -> keras.KerasTensor:
    """[N, h, w, C] on another grid by the areas that overlap, which keeps the mean."""
    if x.shape[1:3] == places:
        return x
    for axis in (1, 2):
        to_last = layers.Permute((2, 3, 1) if axis == 1 else (1, 3, 2))
        back = layers.Permute((3, 1, 2) if axis == 1 else (1, 3, 2))
        along = layers.Dense(places[axis - 1], use_bias=False)
        before = x.shape[axis]
        x = back(along(to_last(x)))
        filled.append((along, _overlaps(before, places[axis - 1])))
    return x


def _overlaps(before: int, after: int) -> NDArray[np.float32]:
    """What share of each of the new cells each of the old ones fills: [before, after]."""
    old = np.linspace(0, after, before + 1)
    new = np.arange(after + 1)
    low = np.maximum(old[:-1, None], new[None, :-1])
    high = np.minimum(old[1:, None], new[None, 1:])
    shares: NDArray[np.float32] = np.maximum(high - low, 0).astype(np.float32)
    return shares
