"""AlexNet, layer by layer as the teaching case lists it."""

import numpy as np
import pytest
from keras import layers

from training.errors import OptionError
from training.networks.alexnet import LEAST, alexnet


def test_the_layers_are_the_cases() -> None:
    """At 227 x 227, with four classes."""
    trunk = alexnet(227, 227, 4, seed=0).trunk
    convolutions = [each for each in trunk.layers if isinstance(each, layers.Conv2D)]
    assert [(each.filters, each.kernel_size[0], each.strides[0]) for each in convolutions] == [
        (96, 11, 4),
        (256, 5, 1),
        (384, 3, 1),
        (384, 3, 1),
        (256, 3, 1),
    ]
    assert [each.padding for each in convolutions] == ["valid", *["same"] * 4]
    assert isinstance(trunk.layers[2], layers.BatchNormalization)
    assert trunk.get_layer("flatten").output.shape == (None, 6 * 6 * 256)
    assert [each.units for each in trunk.layers if isinstance(each, layers.Dense)] == [
        4096,
        4096,
        4,
    ]
    assert trunk.count_params() == 58_297_744


def test_the_seed_gives_the_first_weights_and_they_are_served() -> None:
    first, again, other = (alexnet(LEAST, LEAST, 3, seed, dense=8) for seed in (1, 1, 2))
    for one, two in zip(first.trunk.get_weights(), again.trunk.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first.trunk.get_weights()[4] != other.trunk.get_weights()[4]).any()
    pictures = np.random.default_rng(0).integers(0, 256, (2, LEAST, LEAST, 3)).astype(np.uint8)
    logits = np.asarray(first.trunk(pictures.astype(np.float32)))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    received = first.serving()(pictures)["probabilities"]
    np.testing.assert_allclose(np.asarray(received), expected, atol=1e-5)


def test_too_small_an_input_is_refused() -> None:
    with pytest.raises(OptionError, match="at least 67 pixels a side; received 66 x 80"):
        alexnet(66, 80, 2, seed=0)
