"""A network that is fine-tuned for the period and for its part."""

import keras
import numpy as np
import pytest

from training.data.periods import PERIODS
from training.data.subperiods import Subperiods
from training.networks import efficientnet_lite
from training.networks.conversion import convert
from training.networks.lite import LiteModel
from training.networks.multitask import multitask_efficientnet
from training.networks.network import Network, Targets

SIZE = 100
BLOCKS = ("block13", "block16")
SUBPERIODS = Subperiods.cut(PERIODS, (1500, 1700, 1900))
COUNT = 12


@pytest.fixture(scope="module")
def pictures() -> np.ndarray:
    noise = np.random.default_rng(2).integers(0, 256, (COUNT, SIZE, SIZE, 3), dtype=np.uint8)
    for n in range(COUNT):
        noise[n, : SIZE // 2] //= n + 1
    return noise


@pytest.fixture(scope="module")
def targets() -> Targets:
    truth = np.arange(COUNT) * 4 // COUNT
    return Targets(truth, (SUBPERIODS.owners @ np.eye(4, dtype=np.float32)[truth].T).T)


@pytest.fixture(scope="module")
def network(pictures: np.ndarray, targets: Targets) -> Network:
    """With random weights, the second task's layer as it starts."""
    keras.utils.set_random_seed(0)
    base = efficientnet_lite.build("lite0", size=SIZE)
    # Random weights as they are let a picture fade out on its way.
    base.set_weights([each * 3 if each.ndim == 4 else each for each in base.get_weights()])
    made = multitask_efficientnet(
        base, "lite0", SIZE, 4, SUBPERIODS, train_from="block12", blocks=BLOCKS, seed=0
    )
    assert made.stem is not None
    assert made.adapt is not None
    features = np.asarray(made.stem(pictures.astype(np.float32)))
    halves = [slice(0, COUNT // 2), slice(COUNT // 2, COUNT)]
    made.adapt((features[h], Targets(targets.truth[h], targets.met[h])) for h in halves)
    return made


def _logits(network: Network, pictures: np.ndarray) -> list[np.ndarray]:
    assert network.stem is not None
    answers = network.trunk(network.stem(pictures.astype(np.float32)), training=False)
    return [np.asarray(each) for each in answers]


def _softmax(logits: np.ndarray) -> np.ndarray:
    return np.asarray(keras.ops.softmax(logits))


def test_both_tasks_change_the_blocks_from_the_named_one_on(network: Network) -> None:
    names = {each.path.split("/")[0] for each in network.trunk.trainable_variables}
    assert {"logits", "subperiods"} < names
    assert {each.split("_")[0] for each in names if each.startswith("block")} == {
        f"block{n}" for n in range(12, 17)
    }
    assert not any("bn" in each for each in names)


def test_the_second_task_starts_from_what_the_published_network_tells(
    network: Network, pictures: np.ndarray, targets: Targets
) -> None:
    """Its statistics have mean 0 and deviation 1, and its layer is better than none."""
    assert network.stem is not None
    features = network.stem(pictures.astype(np.float32))
    style = keras.Model(network.trunk.input, network.trunk.get_layer("style").output)
    brought = np.asarray(style(features, training=False))
    np.testing.assert_allclose(brought.mean(axis=0), 0, atol=1e-2)
    told = _softmax(_logits(network, pictures)[1]) @ SUBPERIODS.owners
    assert np.log(told[np.arange(COUNT), targets.truth]).mean() > np.log(0.251)


def test_what_is_served_is_the_geometric_mean_of_both(
    network: Network, pictures: np.ndarray
) -> None:
    first, second = (_softmax(each) for each in _logits(network, pictures))
    expected = np.sqrt(first * (second @ SUBPERIODS.owners))
    expected /= expected.sum(axis=1, keepdims=True)
    model = network.serving()
    served = np.asarray(model(pictures)["probabilities"])
    np.testing.assert_allclose(served, expected, atol=1e-4)
    lite = LiteModel(convert(model))
    received = np.stack([lite(each)["probabilities"] for each in pictures[:3]])
    np.testing.assert_allclose(received, expected[:3], atol=1e-4)


def test_the_map_shares_out_both_answers(network: Network, pictures: np.ndarray) -> None:
    """Its mean is half of both, but for what is the same for all pictures of the class."""
    first, second = _logits(network, pictures)
    parts = _softmax(second)
    owners = SUBPERIODS.owners
    within = parts / (parts @ owners @ owners.T)
    expected = (first + (second * within) @ owners) / 2
    # Biases are of no place: a sub-period's counts as much as the sub-period.
    bias = network.trunk.get_layer("subperiods").get_weights()[1]
    mean, variance = network.trunk.get_layer("style").get_weights()
    kernel = network.trunk.get_layer("subperiods").get_weights()[0]
    apart = bias - (mean / np.sqrt(variance + 1e-3)) @ kernel
    expected -= (within * apart) @ owners / 2
    maps = np.asarray(network.serving()(pictures)["activation_map"])
    assert maps.shape == (COUNT, 4, 4, 4)
    found = maps.mean(axis=(1, 2))
    constant = expected - found
    np.testing.assert_allclose(constant, np.broadcast_to(constant[0], constant.shape), atol=5e-3)
    assert np.ptp(expected, axis=0).max() > 0.1


def test_style_is_read_where_it_is_trained() -> None:
    base = efficientnet_lite.build("lite0", size=32)
    with pytest.raises(ValueError, match=r"received \['block2'\]"):
        multitask_efficientnet(
            base, "lite0", 32, 4, SUBPERIODS, train_from="block12", blocks=("block2",), seed=0
        )
