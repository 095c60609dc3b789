"""Pictures made in code: of their kind, the same each time, and varied."""

import io

import numpy as np
import pytest
from PIL import Image

from training.data.made_pictures import KINDS, made_picture


def _pixels(kind: str, seed: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.float64]]":
    return np.asarray(Image.open(io.BytesIO(made_picture(kind, seed))), np.float64)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_makes_the_same_picture_and_another_seed_another(kind: str) -> None:
    """Whole RGB files of either form, of a size that the service takes."""
    files = [made_picture(kind, f"a {number}") for number in range(8)]
    assert files == [made_picture(kind, f"a {number}") for number in range(8)]
    assert len(set(files)) == 8
    opened = [Image.open(io.BytesIO(each)) for each in files]
    assert {each.mode for each in opened} == {"RGB"}
    assert {each.format for each in opened} <= {"JPEG", "PNG"}
    assert len({each.size for each in opened}) == 8
    assert all(224 <= side <= 640 for each in opened for side in each.size)


def test_both_forms_of_file_are_made() -> None:
    """So that traces of JPEG give nothing away."""
    starts = {made_picture("plain", str(number))[:2] for number in range(20)}
    assert starts == {b"\xff\xd8", b"\x89P"}


def test_a_plain_picture_is_plain_and_a_gradient_has_no_edge() -> None:
    """At most two colours, but for JPEG's traces; steps of a few grey levels at most."""
    for number in range(6):
        plain = _pixels("plain", str(number)).reshape(-1, 3)
        first, second = plain[0], plain[len(plain) // 2 - int(plain.shape[0] ** 0.5) // 2]
        near = np.minimum(abs(plain - first).max(axis=1), abs(plain - second).max(axis=1)) < 12
        assert near.mean() > 0.9
        gradient = _pixels("gradient", str(number))
        assert abs(np.diff(gradient, axis=0)).mean() < 2
        assert gradient.std() > 5


def test_a_page_is_mostly_paper() -> None:
    """And its letters stand out."""
    for number in range(6):
        grey = _pixels("text", str(number)).mean(axis=2)
        paper = np.median(grey)
        assert (abs(grey - paper) < 40).mean() > 0.6
        assert (abs(grey - paper) > 120).mean() > 0.005
