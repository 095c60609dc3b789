"""A network in 8 bits: the same signature, the heads in floating point, and few errors."""

import keras
import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from keras import layers
from numpy.typing import NDArray

from training.errors import ExportError
from training.networks.conversion import convert
from training.networks.lite import LiteModel
from training.networks.network import serving_classifier
from training.networks.quantization import Quantizer
from training.networks.style import statistics

SIDE = 32


def small_network(seed: int = 3) -> keras.Model:
    """Three convolutions and the two heads beside the probabilities."""
    keras.utils.set_random_seed(seed)
    image = keras.Input((SIDE, SIDE, 3), dtype="uint8", name="image")
    x = layers.Rescaling(1 / 127.5, offset=-1)(image)
    for filters in (8, 16, 24):
        x = layers.Conv2D(filters, 3, 2, "same", use_bias=False)(x)
        x = layers.ReLU(6)(layers.BatchNormalization()(x))
    rng = np.random.default_rng(seed)
    kernel = rng.normal(0, 2, (24, 4)).astype(np.float32)
    return serving_classifier(keras.Model(image, x), kernel, np.zeros(4, np.float32))


def pictures(count: int, seed: int = 0) -> NDArray[np.uint8]:
    """Soft patches of many colours."""
    patches = np.random.default_rng(seed).integers(0, 256, (count, 4, 4, 3), np.uint8)
    return patches.repeat(SIDE // 4, 1).repeat(SIDE // 4, 2)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    return small_network()


@pytest.fixture(scope="module")
def quantizer(model: keras.Model) -> Quantizer:
    return Quantizer(model, pictures(20))


def test_it_is_asked_and_answers_as_the_float_file_does(
    model: keras.Model, quantizer: Quantizer
) -> None:
    float32, int8 = (
        Interpreter(model_content=content) for content in (convert(model), quantizer.convert())
    )
    for given in (float32, int8):
        given.allocate_tensors()
    one, other = (each.get_signature_runner("serving_default") for each in (float32, int8))
    for found in ("get_input_details", "get_output_details"):
        wanted = {
            name: (list(each["shape"]), each["dtype"])
            for name, each in getattr(one, found)().items()
        }
        received = {
            name: (list(each["shape"]), each["dtype"])
            for name, each in getattr(other, found)().items()
        }
        assert received == wanted
    assert set(other.get_output_details()) == {"probabilities", "embedding", "activation_map"}
    assert other.get_input_details()["image"]["dtype"] is np.uint8


def test_most_of_it_is_in_8_bits_and_the_weights_have_a_scale_for_each_channel(
    quantizer: Quantizer,
) -> None:
    interpreter = Interpreter(model_content=quantizer.convert())
    interpreter.allocate_tensors()
    weights = [
        each["quantization_parameters"]["scales"]
        for each in interpreter.get_tensor_details()
        if each["dtype"] is np.int8 and len(each["quantization_parameters"]["scales"]) > 1
    ]
    assert sorted(len(scales) for scales in weights) == [8, 16, 24]


def test_probabilities_are_not_in_256_steps(model: keras.Model, quantizer: Quantizer) -> None:
    """The layers that make the outputs stay in floating point."""
    lite = LiteModel(quantizer.convert())
    answers = np.stack([lite(each)["probabilities"] for each in pictures(30, seed=1)])
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-6)
    steps = answers * 256
    assert np.abs(steps - steps.round()).max() > 0.1
    expected = np.asarray(model(pictures(30, seed=1), training=False)["probabilities"])
    assert np.abs(answers - expected).mean() < 0.02


def test_sparing_the_large_layers_makes_the_errors_smaller(
    model: keras.Model, quantizer: Quantizer
) -> None:
    shown = pictures(30, seed=2)
    expected = np.asarray(model(shown, training=False)["embedding"])
    errors = []
    for spare_large in (False, True):
        lite = LiteModel(quantizer.convert(spare_large=spare_large))
        errors.append(
            np.abs(np.stack([lite(each)["embedding"] for each in shown]) - expected).mean()
        )
    assert errors[1] < 0.8 * errors[0]


def test_the_deviations_of_weak_channels_survive() -> None:
    """Their squares would be 0 beside a strong channel's."""
    keras.utils.set_random_seed(0)
    image = keras.Input((SIDE, SIDE, 3), dtype="uint8", name="image")
    strengths = np.array([1, 1 / 4, 1 / 12], np.float32)
    coloured = layers.Conv2D(3, 1, use_bias=False)
    _, deviation, _ = statistics(coloured(layers.Rescaling(1 / 255)(image)))
    probabilities = layers.Dense(2, activation="softmax")(deviation)
    model = keras.Model(image, {"probabilities": probabilities, "embedding": deviation})
    coloured.set_weights([np.diag(strengths)[None, None]])
    shown = pictures(30, seed=4)
    expected = np.asarray(model(shown, training=False)["embedding"])
    lite = LiteModel(Quantizer(model, pictures(20)).convert())
    received = np.stack([lite(each)["embedding"] for each in shown])
    np.testing.assert_allclose(received, expected, rtol=0.1)


def test_a_network_of_nothing_but_its_head_is_refused() -> None:
    image = keras.Input((4,), name="image")
    probabilities = layers.Dense(2, activation="softmax")(image)
    bare = keras.Model(image, {"probabilities": probabilities})
    values = np.random.default_rng(0).random((4, 4), np.float32)
    with pytest.raises(ExportError, match="there are none"):
        Quantizer(bare, values).convert()  # type: ignore[arg-type]
