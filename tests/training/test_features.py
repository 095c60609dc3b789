"""Batches of features: in order, remembered, and equal to what they are made of."""

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from app.imaging import InputSpec
from tests.training.making import jpeg, painting, write
from training.data.augmentation import Affine, Augmentation, Crops
from training.data.index import Example
from training.data.pictures import Pictures, serving_view
from training.data.sampling import Draw
from training.features import FeatureCache, Features, Stem

SPEC = InputSpec(height=16, width=16)
DRAWS = [Draw(2, 0), Draw(0, 0), Draw(1, 3), Draw(2, 1), Draw(0, 5)]


@pytest.fixture(scope="module")
def stem() -> Stem:
    """Means over squares of 8."""
    keras.utils.set_random_seed(1)
    image = keras.Input((16, 16, 3))
    return Stem(keras.Model(image, layers.AveragePooling2D(8)(image)))


def _features(
    root: Path, stem: Stem | None, cache: FeatureCache, augmentation: Augmentation | None
) -> Features:
    examples = [
        Example(write(root / f"{n}.jpg", jpeg(painting(n))), f"{n}.jpg", "old") for n in range(3)
    ]
    digests = [f"{n}" * 64 for n in range(3)]
    return Features(
        examples, digests, Pictures(64), SPEC, augmentation, stem, cache, seed=0, threads=2
    )


def _all(features: Features, size: int = 2) -> list[tuple[Any, list[int]]]:
    return [(batch, places.tolist()) for batch, places in features.batches(DRAWS, size)]


def test_batches_come_in_the_order_of_the_draws(tmp_path: Path, stem: Stem) -> None:
    """The last is smaller; each row is its view's features."""
    features = _features(tmp_path, stem, FeatureCache(None), Crops())
    batches = _all(features)
    assert [places for _, places in batches] == [[2, 0], [1, 2], [0]]
    assert batches[0][0].dtype == np.float16
    np.testing.assert_array_equal(batches[1][0][1], features.drawn(DRAWS[3]))


def test_without_a_stem_the_view_itself_is_fed(tmp_path: Path) -> None:
    """Augmented, or exactly the service's where there is no augmentation."""
    nothing = FeatureCache(None)
    assert _all(_features(tmp_path, None, nothing, Affine()))[0][0].shape == (2, 16, 16, 3)
    plain = _features(tmp_path, None, nothing, None)
    expected = serving_view(plain.examples[2], SPEC)
    np.testing.assert_array_equal(_all(plain)[0][0][0], expected)
    np.testing.assert_array_equal(plain.whole(2), expected)


def test_the_whole_picture_passes_the_stem(tmp_path: Path, stem: Stem) -> None:
    """As it is served."""
    features = _features(tmp_path, stem, FeatureCache(None), Crops())
    view = serving_view(features.examples[1], SPEC).astype(np.float32)
    expected = view.reshape(2, 8, 2, 8, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(features.whole(1), expected, atol=0.1)


def test_a_second_run_computes_nothing(tmp_path: Path, stem: Stem) -> None:
    """The pictures are not even opened, and the features are the same to the bit."""
    folder = tmp_path / "features"
    first = _all(_features(tmp_path, stem, FeatureCache(folder), Crops()))
    assert len(list(folder.glob("*/*.npy"))) == len(DRAWS)
    again = _features(tmp_path, stem, FeatureCache(folder), Crops())
    for each in again.examples:
        each.path.unlink()
    for (expected, _), (received, _) in zip(first, _all(again), strict=True):
        np.testing.assert_array_equal(expected, received)


@pytest.mark.parametrize("other", ["seed", "augmentation", "stem", "none"])
def test_other_features_are_not_mistaken(tmp_path: Path, stem: Stem, other: str) -> None:
    """The key holds everything they depend on."""
    folder = tmp_path / "features"
    _all(_features(tmp_path, stem, FeatureCache(folder), Crops()))
    flip = 1.0 if other == "augmentation" else 0.5
    features = _features(tmp_path, stem, FeatureCache(folder), Crops(flip=flip))
    if other == "seed":
        features = Features(**{**vars(features), "seed": 9})
    if other == "stem":
        image = keras.Input((16, 16, 3))
        features = Features(
            **{**vars(features), "stem": Stem(keras.Model(image, layers.MaxPooling2D(8)(image)))}
        )
    _all(features)
    assert len(list(folder.glob("*/*.npy"))) == (5 if other == "none" else 10)


def test_the_cache_is_bounded_and_forgives(tmp_path: Path) -> None:
    """Past its budget nothing is kept; a damaged file is as none."""
    cache = FeatureCache(tmp_path, budget=40, memory=0)
    small = np.arange(10, dtype=np.float16)
    cache.put("aa11", small)
    cache.put("bb22", small)
    cache.put("cc33", small)
    np.testing.assert_array_equal(cache.get("aa11"), small)
    assert cache.get("cc33") is None
    (tmp_path / "bb" / "22.npy").write_bytes(b"\x93NUMPY")
    assert cache.get("bb22") is None
    assert FeatureCache(tmp_path, budget=10).get("aa11") is not None
    (tmp_path / "aa" / "11.npy").write_bytes(b"")
    assert cache.get("aa11") is None


def test_a_broken_picture_stops_the_batches(tmp_path: Path, stem: Stem) -> None:
    """What waits is not computed any more."""
    features = _features(tmp_path, stem, FeatureCache(None), Crops())
    features.examples[1].path.unlink()
    with pytest.raises(FileNotFoundError):
        _all(features)
