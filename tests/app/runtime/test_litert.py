"""`app.runtime.litert`: outputs by name, one interpreter per worker."""

import threading
from pathlib import Path

import numpy as np
import pytest

from app.errors import IntegrityError
from app.model_store import ModelStore
from app.runtime.litert import LiteRtModel
from tests.models import (
    FULL_CARD,
    NAME,
    SIDE,
    expected_painting,
    expected_probabilities,
    litert_model,
    write_version,
)


def model(store: Path) -> LiteRtModel:
    return LiteRtModel(ModelStore(store).open(NAME, "1"))


def pictures(count: int, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    drawn = np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3))
    return drawn.astype(np.uint8)


def test_outputs_by_name(store: Path) -> None:
    pixels = pictures(3)
    outputs = model(store).runner()(pixels)
    assert outputs.probabilities.dtype == np.float32
    np.testing.assert_allclose(outputs.probabilities, expected_probabilities(pixels), atol=1e-5)
    assert outputs.embedding is not None
    np.testing.assert_allclose(outputs.embedding, pixels.mean(axis=(1, 2)), atol=1e-3)
    assert outputs.activation_map is not None
    assert outputs.activation_map.shape == (3, SIDE, SIDE, 4)


def test_a_model_may_have_five_outputs(tmp_path: Path) -> None:
    write_version(tmp_path, files={"model.tflite": litert_model(full=True)}, card=FULL_CARD)
    pixels = pictures(2)
    outputs = model(tmp_path).runner()(pixels)
    assert outputs.painting is not None
    np.testing.assert_allclose(outputs.painting, expected_painting(pixels), atol=1e-5)
    assert outputs.years is not None
    np.testing.assert_allclose(outputs.years, expected_probabilities(pixels), atol=1e-5)
    assert set(outputs.named()) == {
        "probabilities",
        "embedding",
        "activation_map",
        "painting",
        "years",
    }


def test_without_a_signature_the_only_output_is_the_probabilities(tmp_path: Path) -> None:
    write_version(tmp_path, files={"model.tflite": litert_model(signature=False)})
    outputs = model(tmp_path).runner()(pictures(1))
    assert outputs.probabilities.shape == (1, 4)
    assert outputs.embedding is None
    assert outputs.activation_map is None


def test_runners_do_not_share_an_interpreter(store: Path) -> None:
    """Each thread finds its own answers, while others run the same model."""
    loaded = model(store)
    wrong: list[int] = []

    def work(seed: int) -> None:
        runner = loaded.runner()
        pixels = pictures(1, seed)
        expected = expected_probabilities(pixels)
        answers = [runner(pixels).probabilities for _ in range(200)]
        if np.abs(np.concatenate(answers) - expected).max() > 1e-4:
            wrong.append(seed)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("content", [b"", b"not a model", litert_model()[:600]])
def test_what_is_not_a_model_is_refused(tmp_path: Path, content: bytes) -> None:
    write_version(tmp_path, files={"model.tflite": content})
    with pytest.raises(IntegrityError, match=r"model\.tflite: "):
        model(tmp_path).runner()


def test_another_input_than_the_cards_is_refused(tmp_path: Path) -> None:
    write_version(tmp_path, files={"model.tflite": litert_model(side=32)})
    with pytest.raises(IntegrityError, match=r"to take \[1, 16, 16, 3\]; it takes \[1, 32"):
        model(tmp_path).runner()
