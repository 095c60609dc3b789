"""A converted network answers as the Keras one, by name, from several threads."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest

from training.networks import linear
from training.networks.conversion import convert
from training.networks.lite import LiteModel


@pytest.fixture(scope="module")
def network() -> keras.Model:
    """A dictionary of one output, bytes in."""
    return linear.logistic(12, 10, 3, seed=5).serving()


def test_answers_are_the_same_from_every_thread(network: keras.Model, tmp_path: Path) -> None:
    """From bytes and from a file."""
    content = convert(network)
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    pictures = np.random.default_rng(0).integers(0, 256, (16, 12, 10, 3)).astype(np.uint8)
    expected = np.asarray(network(pictures)["probabilities"])
    for model in (LiteModel(content), LiteModel(path)):
        with ThreadPoolExecutor(3) as pool:
            received = list(pool.map(lambda each, ask=model: ask(each)["probabilities"], pictures))
        np.testing.assert_allclose(np.stack(received), expected, atol=1e-5)


def test_a_single_output_is_named_output() -> None:
    """As of a frozen stem."""
    trunk = linear.logistic(12, 10, 3, seed=5).trunk
    picture = np.full((12, 10, 3), 7, np.float32)
    answer = LiteModel(convert(trunk))(picture)
    np.testing.assert_allclose(answer["output"], np.asarray(trunk(picture[None]))[0], atol=1e-5)
