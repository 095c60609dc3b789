"""A linear layer on the statistics of a frozen network's channels."""

import keras
import numpy as np
import pytest

from training.networks import efficientnet_lite
from training.networks.network import Network
from training.networks.style import style_classifier

SIZE = 100
BLOCKS = ("block3", "block9", "block12")
CLASSES = 3


@pytest.fixture(scope="module")
def network() -> Network:
    keras.utils.set_random_seed(0)
    base = efficientnet_lite.build("lite0", size=SIZE)
    # Random weights as they are let a picture fade out on its way.
    base.set_weights([each * 2 if each.ndim == 4 else each for each in base.get_weights()])
    made = style_classifier(base, "lite0", SIZE, CLASSES, blocks=BLOCKS)
    rng = np.random.default_rng(1)
    normalise, dense = (made.trunk.get_layer(name) for name in ("embedding", "logits"))
    mean, variance = normalise.get_weights()
    normalise.set_weights([rng.normal(0, 0.1, mean.shape), rng.uniform(0.1, 1, variance.shape)])
    kernel, bias = dense.get_weights()
    dense.set_weights([rng.normal(0, 0.1, kernel.shape), rng.normal(0, 0.1, bias.shape)])
    return made


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    noise = np.random.default_rng(2).integers(0, 256, (2, SIZE, SIZE, 3), dtype=np.uint8)
    noise[1, : SIZE // 2] //= 4
    return noise


def test_the_stem_gives_the_statistics(network: Network, pictures: np.ndarray) -> None:
    """Means and standard deviations over the places, block after block, the last layer last."""
    assert network.stem is not None
    found = np.asarray(network.stem(pictures.astype(np.float32)))
    base = efficientnet_lite.build("lite0", size=SIZE)
    base.set_weights(network.stem.get_weights())
    expected = []
    for name in (*BLOCKS, "features"):
        layer = keras.Model(base.input, base.get_layer(name).output)
        x = np.asarray(layer(pictures.astype(np.float32)))
        expected += [x.mean(axis=(1, 2)), np.sqrt(x.var(axis=(1, 2)) + 1e-5)]
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), rtol=1e-3, atol=1e-4)


def test_only_the_linear_layer_is_trained_and_starts_from_zeros() -> None:
    base = efficientnet_lite.build("lite0", size=SIZE)
    made = style_classifier(base, "lite0", SIZE, CLASSES, blocks=BLOCKS)
    assert made.stem is not None
    assert not made.stem.trainable_variables
    kernel, bias = made.trunk.trainable_variables
    assert kernel.shape == (made.stem.output_shape[-1], CLASSES)
    assert not np.asarray(kernel).any()
    assert not np.asarray(bias).any()


def test_what_is_served_answers_as_what_was_trained(network: Network, pictures: np.ndarray) -> None:
    assert network.stem is not None
    logits = network.trunk(network.stem(pictures.astype(np.float32)), training=False)
    served = network.serving()(pictures)
    expected = np.asarray(keras.ops.softmax(logits))
    np.testing.assert_allclose(np.asarray(served["probabilities"]), expected, atol=1e-4)


def test_each_logit_is_shared_out_over_the_places(network: Network, pictures: np.ndarray) -> None:
    """The mean of the map is the logit, but for one constant for each class."""
    assert network.stem is not None
    logits = np.asarray(network.trunk(network.stem(pictures.astype(np.float32)), training=False))
    maps = np.asarray(network.serving()(pictures)["activation_map"])
    assert maps.shape == (2, 4, 4, CLASSES)
    constant = logits - maps.mean(axis=(1, 2))
    np.testing.assert_allclose(constant[0], constant[1], rtol=1e-3, atol=1e-3)
    assert np.abs(logits[0] - logits[1]).max() > 0.01
