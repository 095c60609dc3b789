"""`app.overlay`: a map laid over the part of the picture that the model looked at."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.imaging import InputSpec
from app.overlay import LONGEST, overlays
from app.prediction import HeatMap


def opacity(url: str) -> Any:
    """The alpha of a data URL, [height, width]."""
    stored = base64.b64decode(url.removeprefix("data:image/png;base64,"))
    return np.asarray(Image.open(io.BytesIO(stored)).convert("RGBA"))[..., 3].astype(int)


def drawn(rows: list[list[float]], width: int, height: int, spec: InputSpec | None = None) -> Any:
    found = HeatMap(len(rows), len(rows[0]), {"a": rows})
    return opacity(overlays(found, width, height, spec or InputSpec(16, 16))["a"])


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        ((800, 400), (256, 512)),
        ((300, 900), (512, 171)),
        ((16, 9), (288, 512)),
        ((9999, 1), (1, 512)),
    ],
)
def test_an_overlay_has_the_pictures_shape(size: tuple[int, int], shape: tuple[int, int]) -> None:
    assert drawn([[1.0, 0.0], [0.0, 0.0]], *size).shape == shape


def test_opacity_is_the_evidence() -> None:
    """Nothing where there is none, seven tenths where there is most, and smooth between."""
    found = drawn([[1.0, 0.0], [0.0, 0.0]], 100, 100)
    assert found[0, 0] == round(0.7 * 255)
    assert found[-100:, -100:].max() == 0
    assert abs(np.diff(found, axis=0)).max() <= 12
    assert drawn([[0.0]], 10, 10).max() == 0


def test_of_a_crop_the_margins_are_empty() -> None:
    """The model saw the middle square of a wide picture only."""
    found = drawn([[1.0]], 200, 100, InputSpec(16, 16, "crop"))
    assert found[:, :127].max() == found[:, -127:].max() == 0
    assert found[:, 129:-129].min() > 100


def test_of_a_pad_what_was_added_is_cut_away() -> None:
    """Three rows of cells on a square: the picture is the middle one."""
    found = drawn([[1.0], [0.5], [1.0]], 300, 100, InputSpec(16, 16, "pad"))
    assert found.shape == (171, 512)
    assert found[len(found) // 2].max() == pytest.approx(0.5 * 0.7 * 255, abs=8)


def test_each_class_has_its_own_and_they_stay_small() -> None:
    """Even of the busiest map."""
    rng = np.random.default_rng(1)
    maps = {name: rng.random((16, 16)).tolist() for name in ("a", "b")}
    found = overlays(HeatMap(16, 16, maps), 1, 1, InputSpec(16, 16))
    assert list(found) == ["a", "b"]
    assert found["a"] != found["b"]
    assert max(map(len, found.values())) < 100_000
    assert max(opacity(found["a"]).shape) == LONGEST
