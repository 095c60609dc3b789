"""The command, from pictures to a version that can be served."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import keras
import numpy as np
import pytest
from rich.console import Console

from app.imaging import decode, views
from app.model_card import ModelCard, read_card
from app.model_store import StoredVersion
from app.references import References
from tests.training.making import folder, manifest, write
from training.evaluate import main as evaluate
from training.networks.lite import LiteModel
from training.run import main
from training.session import train

NAMES = ("medieval", "renaissance", "modern")
SMALL = ["--epochs", "2", "--batch", "8", "--cache-gigabytes", "0.1"]


def _manifest(root: Path) -> Path:
    rows = [
        {
            "file": f"{split}/{name}{n}.jpg",
            "period": name,
            "split": split,
            "source": f"s{n % 5}",
            "artist": f"{name} {n % 2}",
            "licence": "cc0" if n % 3 else "cc-by",
        }
        for split, count in (("train", 15), ("test", 5))
        for name in NAMES
        for n in range(count)
    ]
    return manifest(root, rows)


def _places(tmp_path: Path) -> list[str]:
    return ["--models-store", str(tmp_path / "store"), "--cache", str(tmp_path / "cache")]


def _check_8_bits(card: ModelCard) -> None:
    assert card.int8 is not None
    assert set(card.int8.splits) == {"validation", "test"}
    assert card.int8.is_default == (card.int8.loss is not None and card.int8.loss <= 0.01)
    assert ("model_int8.tflite" in card.files) == card.int8.is_default


@pytest.mark.slow
def test_the_default_recipe_end_to_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A manifest in, a version out: whole, honest, small, answering in both formats."""
    data = _manifest(tmp_path / "data")
    write(data / "broken.jpg", b"no picture")
    line = ["--data", str(data), *SMALL, "--size", "64", "--seed", "5", *_places(tmp_path)]
    assert main([*line, "--report-pictures", "--references", "--thumbnails"]) == 0
    output = capsys.readouterr().out
    assert "efficientnet_lite0 on 3" in output
    assert "test: accuracy" in output

    version = tmp_path / "store" / "efficientnet_lite0" / "1"
    card = read_card(version)
    assert card.recipe is not None
    assert card.recipe.command == (
        "python -m training.run --data DIR --seed 5 --epochs 2 --batch 8 --size 64 "
        "--references --thumbnails"
    )
    assert str(tmp_path) not in (version / "card.json").read_text()
    assert str(tmp_path) not in (version / "report.html").read_text()
    assert card.class_names == NAMES
    assert card.classes[0].label["zh"] == "中世纪"
    assert set(card.metrics) == {"validation", "test"}
    assert card.metrics["test"].pictures == 15
    assert card.metrics["test"].by_source.keys() == {"s0", "s1", "s2", "s3", "s4"}
    assert card.data is not None
    assert card.data.counts["test"] == dict.fromkeys(sorted(NAMES), 5)
    assert "whole sources" in card.calibration.method
    assert sum(each.size or 0 for each in card.files.values()) < 36 << 20
    _check_8_bits(card)
    assert card.golden is not None
    assert len(card.golden.probabilities) == 3

    model = keras.saving.load_model(version / "model.keras", safe_mode=True)
    lite = LiteModel(version / "model.tflite")
    picture = decode((data / "test/modern0.jpg").read_bytes(), reduce_to=(64, 64))
    (view,) = views(picture, card.input.spec)
    expected, received = model(view[None]), lite(view)
    for name in ("probabilities", "embedding", "activation_map"):
        np.testing.assert_allclose(np.asarray(expected[name])[0], received[name], atol=1e-3)

    assert card.references is not None
    assert card.references.works == 45
    assert card.references.thumbnails == 30
    assert {each.nearest for each in card.references.same_artist} == {1, 5, 10}
    references = References(StoredVersion(version, card).read("references.npz"))
    assert len(references) == 45
    train_picture = decode((data / "train/modern1.jpg").read_bytes(), reduce_to=(64, 64))
    embedding = lite(views(train_picture, card.input.spec)[0])["embedding"]
    nearest = references.nearest(embedding[None], 1)[0]
    assert nearest.reference.artist == "modern 1"
    assert nearest.similarity > 0.95

    assert list((tmp_path / "cache" / "features").glob("*/*.npy"))
    assert not list((tmp_path / "cache" / "runs").iterdir())

    # A picture is replaced: the same command makes the next version; this one is left alone.
    assert evaluate(["efficientnet_lite0", "--data", str(data), *_places(tmp_path)]) == 0
    told = capsys.readouterr().out
    assert "efficientnet_lite0@1 on test, 15 pictures" in told
    assert "one of the same artist among the nearest" in told


@pytest.mark.slow
def test_logistic_end_to_end(tmp_path: Path) -> None:
    """Folders of classes, under another name; the second run is the second version."""
    data = folder(tmp_path / "data", NAMES, count=10)
    line = ["--data", str(data), "--recipe", "logistic", "--name", "pixels", "--size", "32", *SMALL]
    for version in ("1", "2"):
        assert main([*line, *_places(tmp_path)]) == 0
        card = read_card(tmp_path / "store" / "pixels" / version)
        assert card.metrics.keys() == {"validation"}
        assert card.calibration.temperature > 0
    weights = [
        keras.saving.load_model(tmp_path / "store/pixels" / each / "model.keras").get_weights()
        for each in ("1", "2")
    ]
    for first, second in zip(*weights, strict=True):
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--data nowhere", "it does not exist"),
        ("--data data --recipe logistic --weights w.pth", "starts from no weights"),
        ("--data data --weights w.pth", "there is none"),
        ("--data data --recipe logistic --references", "with an artist or a page"),
    ],
)
def test_what_cannot_be_trained_is_told_in_a_sentence(
    tmp_path: Path,
    line: str,
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Status 1, no traceback, no version."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "500")
    folder(tmp_path / "data")
    assert main([*line.split(), *_places(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert "Error:" in error
    assert message in " ".join(error.split())
    assert not (tmp_path / "store").exists()


def test_references_of_a_model_without_embeddings_are_refused_before_it_learns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The logistic regression looks at pixels; there is nothing to compare."""
    rows = [
        {"file": f"{name}{n}.jpg", "period": name, "artist": f"{n}"}
        for name in NAMES
        for n in range(6)
    ]
    data = manifest(tmp_path / "data", rows)
    line = ["--data", str(data), "--recipe", "logistic", "--references", "--size", "16"]
    assert main([*line, *_places(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "logistic gives ['probabilities']" in " ".join(told.err.split())
    assert "pass" not in told.out


def test_a_lack_of_data_is_told_before_tensorflow_starts() -> None:
    """Its start takes seconds."""
    code = (
        "import sys\n"
        "from training.run import main\n"
        "assert main(['--data', 'nowhere']) == 1\n"
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "it does not exist" in " ".join(done.stderr.split())
    assert done.stdout == "[]\n"


def test_the_command_compares(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One recipe, two seeds; the report's path is told, and nothing is stored."""
    data = folder(tmp_path / "data", count=8)
    line = ["--data", str(data), "--recipe", "logistic", "--repeats", "2", "--size", "16"]
    assert main([*line, "--epochs", "1", *_places(tmp_path)]) == 0
    output = capsys.readouterr().out
    assert "run 2 of 2: logistic, seed 1" in output
    (report,) = (tmp_path / "cache" / "comparisons").glob("*.html")
    assert report.name in "".join(output.split())
    assert not (tmp_path / "store").exists()


def test_without_validation_pictures_nothing_is_calibrated(tmp_path: Path) -> None:
    """All of them leave, as copies of test pictures; what was skipped is listed."""
    from training.arguments import parse  # noqa: PLC0415

    data = tmp_path / "data"
    for split, count in (("train", 5), ("validation", 1), ("test", 1)):
        folder(data / split, count=count)
    write(data / "train" / "modern" / "broken.jpg", b"no picture")
    console = Console(record=True, width=200, quiet=True)
    line = ["--data", str(data), "--recipe", "logistic", "--size", "16", "--epochs", "1"]
    options = parse([*line, "--cache-gigabytes", "0", "--threads", "1", *_places(tmp_path)])
    card = read_card(train(options, console))
    assert card.calibration.temperature == 1
    assert card.metrics.keys() == {"test"}
    assert card.data is not None
    assert card.data.dropped == {
        "unreadable": 1,
        "copies_in_train": 2,
        "copies_in_validation": 2,
    }


def _start(tmp_path: Path, data: Path) -> "subprocess.Popen[bytes]":
    line = ["--data", str(data), "--recipe", "logistic", "--size", "64", "--epochs", "30"]
    with (tmp_path / "output").open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "training.run", *line, *_places(tmp_path)],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "200"},
        )


@pytest.mark.slow
@pytest.mark.parametrize("kind", [signal.SIGKILL, signal.SIGINT])
def test_a_run_that_is_cut_goes_on(tmp_path: Path, kind: signal.Signals) -> None:
    """Killed, or stopped by Ctrl-C: no version is seen, and the same command completes it."""
    data = folder(tmp_path / "data", NAMES, count=20)
    process = _start(tmp_path, data)
    deadline = time.monotonic() + 120
    while not list((tmp_path / "cache").glob("runs/*/first/state.npz")):
        assert process.poll() is None, (tmp_path / "output").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(kind)
    status = process.wait(30)
    assert status == (130 if kind == signal.SIGINT else -9)
    assert not list((tmp_path / "store").glob("*/[0-9]*"))
    if kind == signal.SIGINT:
        assert "The same command goes on" in (tmp_path / "output").read_text()
        return
    process = _start(tmp_path, data)
    assert process.wait(120) == 0
    assert "Going on after pass" in (tmp_path / "output").read_text()
    card = json.loads((tmp_path / "store/logistic/1/card.json").read_text())
    assert card["version"] == "1"
    assert card["recipe"]["hyperparameters"]["epochs"] == 30
