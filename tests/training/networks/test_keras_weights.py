"""The published weights of `keras.applications`: known, found, or missed in one sentence."""

import socket
from pathlib import Path
from typing import Any

import keras
import pytest
from keras.src.utils import file_utils

from training.errors import OptionError, WeightsError
from training.networks import keras_weights
from training.networks.keras_weights import find, locate


@pytest.mark.parametrize("name", ["convnext_tiny", "ConvNeXtTiny", "convnext-tiny"])
def test_a_network_is_found_however_it_is_written(name: str) -> None:
    found = find(name)
    assert (found.name, found.size, found.input_range) == ("ConvNeXtTiny", 224, "inside")
    assert found.file == "convnext_tiny_notop.h5"


def test_an_unknown_network_is_refused() -> None:
    """The known ones are listed."""
    with pytest.raises(OptionError, match=r"ConvNeXtTiny.*Xception; received 'magic'"):
        find("magic")


def test_every_network_of_keras_is_listed() -> None:
    """By the name of its function."""
    known = {each.name for each in keras_weights._known().values()}
    functions = {
        name
        for name, each in vars(keras.applications).items()
        if callable(each) and not name.startswith("_")
    }
    assert known == functions


@pytest.mark.parametrize("name", ["VGG16", "MobileNet", "MobileNetV3Small", "InceptionV3"])
def test_the_address_is_what_keras_would_fetch(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the digest; all were compared when the list was made."""
    asked: list[tuple[str, str | None]] = []

    def fetch(_: str, origin: str, *, file_hash: str | None = None, **__: object) -> str:
        asked.append((origin, file_hash))
        raise InterruptedError

    monkeypatch.setattr(file_utils, "get_file", fetch)
    with pytest.raises(InterruptedError):
        getattr(keras.applications, name)(include_top=False, input_shape=(224, 224, 3))
    assert asked == [(find(name).address, find(name).digest)]


def test_a_given_file_is_taken(tmp_path: Path) -> None:
    """If it is there and of a form that Keras reads."""
    path = tmp_path / "own.h5"
    with pytest.raises(WeightsError, match=r"own\.h5; there is none"):
        locate(find("vgg16"), path)
    path.write_bytes(b"anything")
    assert locate(find("vgg16"), path) == path
    other = tmp_path / "own.pth"
    other.write_bytes(b"anything")
    with pytest.raises(WeightsError, match=r"own\.pth; its name ends otherwise"):
        locate(find("vgg16"), other)


def test_weights_that_cannot_be_fetched_are_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The file, its address, --weights, and the recipe that fetches nothing; soon."""

    def fail(_: str, origin: str, **__: Any) -> str:
        assert socket.getdefaulttimeout() == keras_weights.PATIENCE_SECONDS
        raise OSError(f"URL fetch failure on {origin}: None -- no route")

    monkeypatch.setattr(keras.utils, "get_file", fail)
    before = socket.getdefaulttimeout()
    with pytest.raises(WeightsError) as raised:
        locate(find("inception_v3"))
    told = str(raised.value)
    for part in (
        "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5",
        "https://storage.googleapis.com/tensorflow/keras-applications/inception_v3/",
        "--weights FILE",
        "--recipe efficientnet_lite0",
        "no route",
    ):
        assert part in told
    assert "\n" not in told
    assert socket.getdefaulttimeout() == before


def test_what_keras_has_fetched_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras checks its digest."""

    def fetched(file: str, *_: Any, **known: Any) -> str:
        assert known["file_hash"] == find("vgg16").digest
        return str(tmp_path / file)

    monkeypatch.setattr(keras.utils, "get_file", fetched)
    assert locate(find("vgg16")) == tmp_path / find("vgg16").file
