"""A frozen network with a new last layer: only that layer is trained."""

import keras
from keras import layers

from training.networks.keras_backbone import prepare
from training.networks.network import Network, serving_classifier

__all__ = ["frozen_network"]


def frozen_network(
    backbone: keras.Model, input_range: str, size: int, classes: int, seed: int
) -> Network:
    """Preparation, backbone, GlobalAveragePooling, Dense.

    The stem ends in the pooled features, a few kilobytes a view.

    Args:
        backbone: From `keras_backbone.build`, with its weights; frozen here.
        input_range: See `keras_backbone`.
        size: Height and width of the input.
        classes: How many outputs.
        seed: For the last layer's first weights.
    """
    # Its batch normalisation keeps to the published statistics, too.
    backbone.trainable = False

    def features(dtype: str) -> keras.Model:
        image = keras.Input((size, size, 3), dtype=dtype, name="image")
        return keras.Model(image, backbone(prepare(image, input_range)))

    lower = features("float32")
    pooled = layers.GlobalAveragePooling2D(name="embedding")(lower.output)
    stem = keras.Model(lower.input, pooled, name="stem")
    stem.trainable = False
    fed = keras.Input(pooled.shape[1:], name="features")
    initial = keras.initializers.GlorotUniform(seed)
    logits = layers.Dense(classes, kernel_initializer=initial, name="logits")(fed)
    trunk = keras.Model(fed, logits, name="trunk")

    def serving() -> keras.Model:
        kernel, bias = trunk.get_layer("logits").get_weights()
        return serving_classifier(features("uint8"), kernel, bias)

    return Network(stem, trunk, serving)
