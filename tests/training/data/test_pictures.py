"""Training and serving see the same pixels."""

from pathlib import Path

import numpy as np
import pytest

from app.imaging import InputSpec, decode, views
from tests.images import jpeg as photograph
from tests.training.making import write
from training.data.index import Example
from training.data.pictures import Pictures, serving_view


@pytest.fixture
def example(tmp_path: Path) -> Example:
    """A JPEG of 800 x 1000 pixels."""
    return Example(write(tmp_path / "a.jpg", photograph()), "a.jpg", "old")


@pytest.mark.parametrize("rule", ["squash", "crop", "pad"])
def test_the_whole_picture_is_what_the_service_feeds(example: Example, rule: str) -> None:
    """Pixel for pixel, by each resize rule."""
    spec = InputSpec(height=96, width=64, resize=rule)  # type: ignore[arg-type]
    served = views(decode(example.path.read_bytes(), reduce_to=(64, 96)), spec)
    np.testing.assert_array_equal(serving_view(example, spec), served[0])


def test_pictures_are_reduced_once_and_kept(example: Example) -> None:
    """The second time the file is not opened."""
    pictures = Pictures(longest=200)
    first = pictures.load(example)
    assert first.size == (160, 200)
    example.path.unlink()
    np.testing.assert_array_equal(np.asarray(pictures.load(example)), np.asarray(first))


def test_what_does_not_fit_is_not_kept(example: Example) -> None:
    """The bound holds; the picture is decoded anew."""
    pictures = Pictures(longest=None, budget=1000)
    assert pictures.load(example).size == (800, 1000)
    example.path.unlink()
    with pytest.raises(FileNotFoundError):
        pictures.load(example)
