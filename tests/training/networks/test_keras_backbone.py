"""Each family is fed what Keras's own preprocessing gives it, by standard layers."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from training.errors import OptionError, WeightsError
from training.networks.keras_backbone import build, prepare, read_weights
from training.networks.keras_weights import find

SMALL = find("mobilenet_v3_small")


def _prepared(pixels: Any, input_range: str) -> Any:
    image = keras.Input((6, 5, 3), dtype="uint8")
    return np.asarray(keras.Model(image, prepare(image, input_range))(pixels))


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("InceptionV3", "inception_v3"),
        ("MobileNetV2", "mobilenet_v2"),
        ("ResNet50V2", "resnet_v2"),
        ("NASNetMobile", "nasnet"),
        ("VGG16", "vgg16"),
        ("ResNet50", "resnet"),
        ("DenseNet121", "densenet"),
        ("MobileNetV3Small", "mobilenet_v3"),
        ("ConvNeXtTiny", "convnext"),
        ("EfficientNetV2B0", "efficientnet_v2"),
    ],
)
def test_the_input_range_is_the_familys(name: str, module: str) -> None:
    """Against `preprocess_input` of `keras.applications`."""
    pixels = np.random.default_rng(0).integers(0, 256, (2, 6, 5, 3)).astype(np.uint8)
    family = getattr(keras.applications, module)
    expected = family.preprocess_input(pixels.astype(np.float32))
    np.testing.assert_allclose(_prepared(pixels, find(name).input_range), expected, atol=1e-4)


def test_the_cases_range_is_zero_to_one() -> None:
    pixels = np.full((1, 6, 5, 3), 51, np.uint8)
    np.testing.assert_allclose(_prepared(pixels, "unit"), 0.2, atol=1e-6)


def test_efficientnet_divides_by_the_deviation() -> None:
    """Keras stretches the input only where it fetches the weights itself; here it is always."""
    mean = np.array([0.485, 0.456, 0.406], np.float32)
    deviation = np.array([0.229, 0.224, 0.225], np.float32)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 6, 5, 3)).astype(np.uint8)
    layer = keras.layers.Normalization(mean=mean, variance=deviation)
    received = np.asarray(layer(_prepared(pixels, "stretched") / 255))
    np.testing.assert_allclose(received, (pixels / 255 - mean) / deviation, atol=1e-4)


def test_a_size_that_is_too_small_is_refused() -> None:
    with pytest.raises(OptionError, match=r"that InceptionV3 takes; received 32\. .*75"):
        build(find("inception_v3"), 32)


@pytest.mark.parametrize("name", ["w.weights.h5", "w.keras", "w.h5"])
def test_keras_weights_are_read(tmp_path: Path, name: str) -> None:
    """Weights alone, or a whole model, in each of Keras's forms."""
    keras.utils.set_random_seed(1)
    expected = build(SMALL, 32)
    path = tmp_path / name
    if name == "w.weights.h5":
        expected.save_weights(path)
    else:
        expected.save(path)
    received = build(SMALL, 32)
    read_weights(SMALL, received, path)
    for one, other in zip(expected.get_weights(), received.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    """And bytes that are no weights."""
    path = tmp_path / "w.weights.h5"
    keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save_weights(path)
    for _ in range(2):
        with pytest.raises(WeightsError, match=r"Expected weights of MobileNetV3Small .* in w\."):
            read_weights(SMALL, build(SMALL, 32), path)
        path.write_bytes(b"no weights")
