"""One trial: the second fit, when there is one, and what a cut leaves of it."""

import hashlib
import io
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from app.model_card import read_card
from tests.training.making import folder, manifest
from training import trial as module
from training.adaptation import adapt
from training.arguments import Options, parse
from training.dataset import read_dataset
from training.networks.linear import logistic
from training.networks.network import Network
from training.progress import TrainingProgress
from training.recipes import load
from training.session import train
from training.state import Epoch
from training.trial import Trial

LINE = "--recipe logistic --size 16 --epochs 2 --batch 8 --cache-gigabytes 0 --threads 1"


def _options(tmp_path: Path, *more: str, cache: str = "cache") -> Options:
    places = ["--models-store", str(tmp_path / cache / "store"), "--cache", str(tmp_path / cache)]
    return parse([*LINE.split(), "--data", str(tmp_path / "data"), *places, *more])


def _data(tmp_path: Path) -> None:
    rows = [
        {"file": f"{split}{name}{n}.jpg", "period": name, "split": split, "artist": f"{n}"}
        for split, count in (("train", 12), ("test", 4))
        for name in ("medieval", "modern")
        for n in range(count)
    ]
    manifest(tmp_path / "data", rows)


def _trial(options: Options) -> Trial:
    console = Console(quiet=True)
    prepared = read_dataset(options, console)
    return Trial(adapt(load(options.recipe), options), prepared, options, console)


def _weights(version: Path) -> str:
    model = keras.saving.load_model(version / "model.keras")
    return hashlib.sha256(b"".join(each.tobytes() for each in model.get_weights())).hexdigest()


def test_a_second_fit_is_for_many_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From 1,000 on, or when it is asked for, and only of pictures that we held out."""
    _data(tmp_path)
    assert not _trial(_options(tmp_path)).refits
    assert _trial(_options(tmp_path, "--refit")).refits
    monkeypatch.setattr(module, "MANY", 24)
    assert _trial(_options(tmp_path)).refits
    assert not _trial(_options(tmp_path, "--no-refit")).refits
    for split, start in (("train", 0), ("validation", 20)):
        folder(tmp_path / "own" / split, count=6, start=start)
    own = _options(tmp_path, "--refit", "--data", str(tmp_path / "own"))
    assert not _trial(own).refits


def test_asking_in_vain_is_told(tmp_path: Path) -> None:
    """The data says what validates."""
    for split, start in (("train", 0), ("validation", 20)):
        folder(tmp_path / "data" / split, count=6, start=start)
    console = Console(file=io.StringIO(), record=True, width=200)
    version = train(_options(tmp_path, "--refit", "--no-int8"), console)
    card = read_card(version)
    assert card.int8 is None
    assert not (version / "model_int8.tflite").exists()
    assert "--refit changes nothing" in console.export_text()
    assert card.recipe is not None
    assert card.recipe.hyperparameters["refit"] is False


def test_the_second_fit_learns_from_all_and_is_judged_by_test(tmp_path: Path) -> None:
    """Calibration is the first fit's: the second has seen what it would be calibrated on."""
    _data(tmp_path)
    once = train(_options(tmp_path, cache="a"), Console(quiet=True))
    twice = train(_options(tmp_path, "--refit", cache="b"), Console(quiet=True))
    first, second = read_card(once), read_card(twice)
    assert second.calibration.temperature == first.calibration.temperature
    assert second.thresholds == first.thresholds
    assert second.metrics["validation"] == first.metrics["validation"]
    assert _weights(once) != _weights(twice)
    assert "the figures on test of the stored model" in second.calibration.method
    assert "second fit" not in first.calibration.method
    assert second.recipe is not None
    assert second.recipe.hyperparameters["refit"] is True
    assert second.recipe.command.endswith("--refit")
    assert first.int8 is not None
    assert second.int8 is not None
    assert set(first.int8.splits) == {"validation", "test"}
    assert set(second.int8.splits) == {"test"}
    assert "the stored model" in (twice / "report.html").read_text()


def test_a_cut_run_goes_on_in_the_fit_that_it_was_cut_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the first of two passes of the first fit, then of the second; to the same weights."""
    _data(tmp_path)
    whole = train(_options(tmp_path, "--refit", cache="a"), Console(quiet=True))
    cut = _options(tmp_path, "--refit", cache="b")
    for passes in (1, 2):
        done: list[int] = []

        def stop(
            _: TrainingProgress, number: int, result: Epoch, done: list[int] = done, n: int = passes
        ) -> None:
            assert result.seconds >= 0
            done.append(number)
            if len(done) == n:
                raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(TrainingProgress, "epoch", stop)
            with pytest.raises(KeyboardInterrupt):
                train(cut, Console(quiet=True))
        assert len(list((tmp_path / "b" / "runs").glob("*/*/state.npz"))) == passes
    console = Console(file=io.StringIO(), record=True, width=200)
    version = train(cut, console)
    text = console.export_text()
    assert "Going on after pass 2 of 2." in text
    assert "Going on after pass 1 of 2." in text
    assert _weights(version) == _weights(whole)
    assert not list((tmp_path / "b" / "runs").iterdir())


def test_features_of_the_first_fit_are_read_by_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stem answers each view of a picture once."""
    _data(tmp_path)
    asked: list[bytes] = []

    class Stem:
        digest = "stem"

        def __init__(self, model: object) -> None:
            assert model is not None

        def __call__(self, view: NDArray[Any]) -> NDArray[np.float16]:
            asked.append(view.tobytes())
            return view.astype(np.float16)

    def network(*_: object, **__: object) -> Network:
        built = logistic(16, 16, 2, seed=0)
        return Network(built.trunk, built.trunk, built.serving)

    monkeypatch.setattr(module, "Stem", Stem)
    options = _options(tmp_path, "--refit", "--cache-gigabytes", "1")
    trial = _trial(options)
    monkeypatch.setattr(type(trial.recipe), "network", network)
    learnt = trial.learn()
    assert learnt.again is not None
    # Two passes of the 24 training pictures; the held-out ones once more as wholes.
    held = len(trial.prepared.validation.examples)
    assert len(asked) == 2 * 24 + held
    assert len(set(asked)) == len(asked)


def test_a_fine_tuned_network_has_the_same_weights_twice(tmp_path: Path) -> None:
    """To the bit: the same seed, pictures and machine."""
    _data(tmp_path)
    digests = []
    for cache in ("a", "b"):
        more = ("--recipe", "efficientnet_lite0", "--size", "32", "--epochs", "1")
        trial = _trial(_options(tmp_path, *more, "--threads", "2", cache=cache))
        weights = trial.learn().model.get_weights()
        digests.append(hashlib.sha256(b"".join(each.tobytes() for each in weights)).hexdigest())
    assert digests[0] == digests[1]
