"""The checks of heat maps: an honest map passes them, and one that shows nothing does not."""

from typing import Any

import numpy as np
import pytest

from app.model_card import ModelCard
from app.prediction import heat_map
from tests.keras_models import network, random_pictures
from tests.models import BIAS, CLASSES, WEIGHTS, expected_probabilities
from training.evaluation.heatmaps import (
    check_deletion,
    check_randomised,
    evidence,
    random_weights,
)


def _dark_with_a_light() -> list[Any]:
    """Black pictures with one coloured quarter somewhere, which alone decides."""
    rng = np.random.default_rng(4)
    pictures = []
    for _ in range(12):
        pixels = np.zeros((16, 16, 3), np.uint8)
        top, left = rng.integers(0, 9, 2)
        pixels[top : top + 8, left : left + 8, rng.integers(0, 3)] = 255
        pictures.append(pixels)
    return pictures


def _honest_model(pixels: Any) -> dict[str, Any]:
    """The tiny model, whose map is where its colour is; four times as sure."""
    shares = pixels.astype(np.float64) @ (4 * WEIGHTS.T) + BIAS
    logits = shares.mean(axis=(0, 1))
    raised = np.exp(logits - logits.max())
    return {"probabilities": raised / raised.sum(), "activation_map": shares}


def _blind_model(pixels: Any) -> dict[str, Any]:
    """The same answers, with a map that always shows the corner."""
    shown = np.zeros((16, 16, 4))
    shown[:4, :4] = np.eye(4)[_honest_model(pixels)["probabilities"].argmax()]
    return {**_honest_model(pixels), "activation_map": shown}


def test_deleting_where_an_honest_map_is_strongest_costs_more() -> None:
    found = check_deletion(_honest_model, lambda each: each, _dark_with_a_light())
    assert found.pictures == 12
    assert found.difference.low > 0
    assert found.stronger.value > 0.8
    assert found.difference.value == pytest.approx(found.strongest.value - found.random.value)


def test_a_blind_map_is_no_better_than_any_place() -> None:
    found = check_deletion(_blind_model, lambda each: each, _dark_with_a_light())
    assert found.difference.low <= 0
    assert found.stronger.value < 0.8


def test_the_loss_is_that_of_the_calibrated_probability() -> None:
    """What is said never changes: nothing is lost."""
    fixed = np.array([0.1, 0.2, 0.3, 0.4])
    found = check_deletion(_honest_model, lambda _: fixed, _dark_with_a_light()[:3])
    assert (found.strongest.value, found.random.value) == (0, 0)


def test_random_last_weights_give_another_map_and_come_back() -> None:
    model = network(full=True)
    pictures = list(random_pictures(6))
    before = [np.array(each) for each in model.get_weights()]
    found = check_randomised(model, pictures)
    assert -0.6 < found.value < 0.6
    for kept, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(kept, now)
    again = check_randomised(model, pictures)
    assert again == found


def test_only_the_last_layers_change() -> None:
    """Here a map of a matrix product: the layers that feed it are the last with weights."""
    model = network()
    with random_weights(model, "probabilities") as names:
        assert names == ["dense"] or names[0].startswith("dense")
        assert len(names) == 1
    with random_weights(model, "embedding") as names:
        assert len(names) == 1
        assert names[0].startswith("conv2d")


def test_training_and_serving_show_the_same_evidence() -> None:
    """But for the one scale of all classes."""
    card = ModelCard.model_validate(
        {
            "format_version": 1,
            "name": "tiny",
            "version": "1",
            "classes": CLASSES,
            "input": {"height": 16, "width": 16},
            "files": {},
        }
    )
    shares = _honest_model(random_pictures(1)[0])["activation_map"].astype(np.float32)
    served = heat_map(shares[None], card)
    ours = np.stack([evidence(shares, number) for number in range(4)])
    shown = np.array(list(served.maps.values()))
    np.testing.assert_allclose(shown, ours / ours.max(), atol=1e-3)


def test_the_honest_model_is_the_tiny_one() -> None:
    """At a quarter of its sureness."""
    pictures = random_pictures(3)
    for pixels, expected in zip(pictures, expected_probabilities(pictures), strict=True):
        logits = np.log(_honest_model(pixels)["probabilities"])
        assert (logits.argmax(), logits.argmin()) == (expected.argmax(), expected.argmin())
