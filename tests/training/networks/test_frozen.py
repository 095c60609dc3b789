"""A frozen network: only the last layer is trained, and the whole is served."""

from pathlib import Path

import keras
import numpy as np
import pytest

from training.features import Stem
from training.networks.frozen import frozen_network
from training.networks.keras_backbone import build
from training.networks.keras_weights import find
from training.networks.network import Network


def _network(name: str) -> Network:
    keras.utils.set_random_seed(4)
    published = find(name)
    return frozen_network(build(published, 32), published.input_range, 32, 3, seed=1)


@pytest.mark.parametrize("name", ["MobileNetV3Small", "ConvNeXtTiny", "VGG16"])
def test_the_served_model_is_stem_and_trunk(tmp_path: Path, name: str) -> None:
    """It takes bytes, loads in safe mode, and the mean of its map is the logit."""
    network = _network(name)
    assert [each.name for each in network.trunk.trainable_variables] == ["kernel", "bias"]
    assert network.stem is not None
    assert network.stem.trainable_variables == []
    network.serving().save(tmp_path / "model.keras")
    served = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    pictures = np.random.default_rng(0).integers(0, 256, (2, 32, 32, 3)).astype(np.uint8)
    answer = {key: np.asarray(value) for key, value in served(pictures).items()}
    logits = np.asarray(network.trunk(network.stem(pictures.astype(np.float32))))
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(answer["probabilities"], expected, atol=1e-5)
    _, bias = network.trunk.get_layer("logits").get_weights()
    means = answer["activation_map"].mean(axis=(1, 2)) + bias
    np.testing.assert_allclose(means, logits, rtol=1e-3, atol=1e-3)


def test_the_same_stem_built_twice_has_one_digest() -> None:
    """Though Keras names its layers otherwise the second time; other weights have another."""
    first, second = _network("MobileNetV3Small").stem, _network("MobileNetV3Small").stem
    assert first is not None
    assert second is not None
    assert first.to_json() != second.to_json()
    assert Stem(first).digest == Stem(second).digest
    weights = second.get_weights()
    weights[0] = weights[0] + 1
    second.set_weights(weights)
    assert Stem(first).digest != Stem(second).digest
