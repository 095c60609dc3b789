"""The network's form; that it computes what was published is in test_torch_weights."""

import keras
import numpy as np
import pytest

from training.networks.efficientnet_lite import VARIANTS, build, split


@pytest.mark.parametrize(
    ("variant", "millions", "blocks"),
    [("lite0", 4.65, 16), ("lite1", 5.42, 21), ("lite2", 6.09, 21), ("lite4", 13.01, 30)],
)
def test_sizes_are_the_published_ones(variant: str, millions: float, blocks: int) -> None:
    """Millions of parameters as in Google's table, which counts 1000 classes."""
    network = build(variant, size=32, include_top=True)
    assert network.count_params() / 1e6 == pytest.approx(millions, rel=0.015)
    assert network.get_layer(f"block{blocks}") is not None
    assert VARIANTS[variant].size >= 224


def test_an_unknown_variant_is_refused() -> None:
    """The known ones are listed."""
    with pytest.raises(ValueError, match=r"lite0.*received 'lite9'"):
        build("lite9")


@pytest.mark.parametrize(("block", "shape"), [("block1", (16, 16, 32)), ("block6", (4, 4, 40))])
def test_a_split_network_is_the_same_function(block: str, shape: tuple[int, ...]) -> None:
    """Cut below a named block, the halves together answer as the whole, with its layers."""
    network = build(size=32)
    lower, upper = split(network, block)
    assert lower.output_shape[1:] == shape
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    expected = np.asarray(network(images))
    np.testing.assert_allclose(np.asarray(upper(lower(images))), expected, atol=1e-5)
    assert upper.get_layer("features") is network.get_layer("features")


def test_blocks_of_the_upper_half_answer_beside_its_output() -> None:
    network = build(size=32)
    lower, upper = split(network, "block6", taken=("block7", "block16"))
    images = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.float32)
    names = ("features", "block7", "block16")
    whole = keras.Model(network.input, [network.get_layer(name).output for name in names])
    for received, expected in zip(upper(lower(images)), whole(images), strict=True):
        np.testing.assert_allclose(np.asarray(received), np.asarray(expected), atol=1e-5)
    with pytest.raises(ValueError, match=r"\['block6', .*received \['block5'\]"):
        split(network, "block6", taken=("block5",))


def test_an_unknown_block_is_refused() -> None:
    """The blocks are listed."""
    with pytest.raises(ValueError, match=r"block16.*received 'block17'"):
        split(build(size=32), "block17")


def test_bytes_and_floats_are_answered_alike() -> None:
    """The normalisation is in the graph, whatever the input's type."""
    floats, integers = build(size=32), build(size=32, input_dtype="uint8")
    integers.set_weights(floats.get_weights())
    image = np.arange(32 * 32 * 3).reshape(1, 32, 32, 3) % 256
    np.testing.assert_allclose(
        np.asarray(floats(image.astype(np.float32))),
        np.asarray(integers(image.astype(np.uint8))),
        atol=1e-5,
    )
    assert isinstance(floats, keras.Model)
