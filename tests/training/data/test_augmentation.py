"""Random views: repeatable, of the right size, and with the meaning they claim."""

import warnings

import keras
import numpy as np
import pytest

from app.imaging import InputSpec, resize
from tests.training.making import painting
from training.data.augmentation import (
    Affine,
    Augmentation,
    Crops,
    affine_matrix,
    generator,
    warp,
)

SPEC = InputSpec(height=48, width=40)
DIGEST = "ab" * 32


@pytest.mark.parametrize("augmentation", [Crops(), Affine()])
def test_views_are_repeatable_and_differ(augmentation: Augmentation) -> None:
    """By seed, picture and number, in any order."""
    image = painting(3)

    def view(seed: int, digest: str, number: int) -> list[float]:
        found = augmentation.view(image, SPEC, generator(seed, digest, number))
        assert found.shape == (48, 40, 3)
        assert -0.01 < found.min() <= found.max() < 255.01
        return found.ravel().tolist()

    first = view(1, DIGEST, 5)
    assert view(2, DIGEST, 5) != first
    assert view(1, "cd" * 32, 5) != first
    assert view(1, DIGEST, 6) != first
    assert view(1, DIGEST, 5) == first


def test_crops_can_be_switched_off() -> None:
    """With every part off, the view is the whole picture."""
    off = Crops(1, 1.0, 0, 0, 1, 0, 0, 0, 0, 0)
    image = painting(1)
    expected = np.asarray(resize(image, SPEC))
    np.testing.assert_array_equal(off.view(image, SPEC, np.random.default_rng(0)), expected)


def test_crops_of_every_kind() -> None:
    """Grey has no colour, a flip mirrors, JPEG and loss of resolution change pixels."""
    image = painting(1)
    rng = np.random.default_rng
    plain = {
        "least_area": 1,
        "aspect": 1.0,
        "flip": 0,
        "blurred": 0,
        "coloured": 0,
        "grey": 0,
        "compressed": 0,
    }
    whole = Crops(**plain).view(image, SPEC, rng(0))  # type: ignore[arg-type]

    def view(**change: float) -> "np.ndarray[tuple[int, ...], np.dtype[np.uint8]]":
        return Crops(**{**plain, **change}).view(image, SPEC, rng(0))  # type: ignore[arg-type]

    grey = view(grey=1)
    assert (grey[..., 0] == grey[..., 1]).all()
    np.testing.assert_array_equal(view(flip=1), whole[:, ::-1])
    for change in ({"compressed": 1}, {"blurred": 1, "least_side": 8}, {"coloured": 1}):
        assert (view(**change) != whole).any(), change
    # A picture no larger than the view has no resolution to lose.
    small = painting(1).resize((20, 24))
    kept = Crops(**{**plain, "blurred": 1, "least_side": 40})  # type: ignore[arg-type]
    np.testing.assert_array_equal(kept.view(small, SPEC, rng(0)), resize(small, SPEC))


def test_the_affine_view_is_what_keras_makes() -> None:
    """Rotation, shifts, shear and zoom together, against Keras's own `apply_affine_transform`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from keras.src.legacy.preprocessing.image import (  # noqa: PLC0415 - it warns
            apply_affine_transform,
        )
    # Square, as the case's input: for others Keras turns about another point.
    pixels = np.asarray(painting(2).resize((64, 64)), dtype=np.float32)
    expected = apply_affine_transform(
        pixels,
        theta=25,
        tx=8,
        ty=-5,
        shear=0.4,
        zx=0.9,
        zy=1.15,
        row_axis=0,
        col_axis=1,
        channel_axis=2,
        fill_mode="nearest",
        order=1,
    )
    degrees = np.deg2rad
    received = warp(pixels, affine_matrix(degrees(25), (8, -5), degrees(0.4), (0.9, 1.15)))
    assert np.abs(expected - received).max() < 0.5
    assert keras.__version__


def test_no_change_is_no_change() -> None:
    """The identity gives the picture back."""
    pixels = np.asarray(painting(2), dtype=np.float32)
    identity = affine_matrix(0, (0, 0), 0, (1, 1))
    np.testing.assert_allclose(warp(pixels, identity), pixels, atol=1e-3)
    np.testing.assert_allclose(warp(pixels[:1, :1], identity), pixels[:1, :1])
