"""What is trained, what is frozen, and what is served."""

from pathlib import Path

import keras
import numpy as np

from training.networks import efficientnet_lite, linear
from training.networks.network import Network, fine_tuned_efficientnet


def _small() -> Network:
    base = efficientnet_lite.build(size=64)
    return fine_tuned_efficientnet(base, "lite0", 64, 3, train_from="block16", seed=1)


def test_only_the_upper_convolutions_are_trained() -> None:
    """From the named block on, without batch normalisation."""
    network = _small()
    assert [each.path.split("/")[0] for each in network.trunk.trainable_variables] == [
        "block16_expand_conv",
        "block16_depthwise_conv",
        "block16_project_conv",
        "head_conv",
        "logits",
        "logits",
    ]
    assert network.stem is not None
    assert network.stem.trainable_variables == []


def test_the_served_model_is_the_trained_one(tmp_path: Path) -> None:
    """Stem and trunk together, with softmax; loads in safe mode; the map's mean is the logit."""
    network = _small()
    kernel = np.random.default_rng(0).normal(0, 0.1, (1280, 3)).astype(np.float32)
    bias = np.array([0.5, -0.5, 0], np.float32)
    network.trunk.get_layer("logits").set_weights([kernel, bias])
    network.serving().save(tmp_path / "model.keras")
    served = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3)).astype(np.uint8)
    answer = {key: np.asarray(value) for key, value in served(pictures).items()}
    assert network.stem is not None
    logits = np.asarray(network.trunk(network.stem(pictures.astype(np.float32))))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
    assert answer["activation_map"].shape == (2, 2, 2, 3)
    means = answer["activation_map"].mean(axis=(1, 2)) + bias
    np.testing.assert_allclose(means, logits, atol=1e-4)
    np.testing.assert_allclose(answer["embedding"] @ kernel + bias, logits, atol=1e-4)


def test_logistic_regression_has_a_weight_for_each_value() -> None:
    """BatchNorm, Flatten, Dense: 299 x 299 x 3 values, four classes."""
    trunk = linear.logistic(299, 299, 4, seed=0).trunk
    assert [type(each).__name__ for each in trunk.layers] == [
        "InputLayer",
        "Rescaling",
        "BatchNormalization",
        "Flatten",
        "Dense",
    ]
    assert trunk.count_params() == 4 * 3 + 299 * 299 * 3 * 4 + 4


def test_the_seed_gives_the_first_weights() -> None:
    """The same for the same seed."""
    weights = [linear.logistic(8, 8, 2, seed).trunk.get_weights()[4] for seed in (1, 1, 2)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert (weights[0] != weights[2]).any()
