"""A stored version is measured, through either file."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.model_card import Input, ModelCard, PeriodClass, golden_pictures
from tests.training.making import folder
from training.evaluate import main
from training.export import draft, write_models
from training.networks import linear

INPUT = Input(height=16, width=16)
CLASSES = tuple(PeriodClass(name=name) for name in ("medieval", "modern"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one version, and data with a test split."""
    root = tmp_path_factory.mktemp("evaluate")
    with draft(root / "store", "tiny") as writing:
        model = linear.logistic(16, 16, 2, seed=1).serving()
        write_models(writing.folder, model, golden_pictures(INPUT.spec))
        # Of this network nothing can be quantized: the same file under the other name.
        shutil.copy(writing.folder / "model.tflite", writing.folder / "model_int8.tflite")
        writing.publish(
            ModelCard(
                format_version=1, name="tiny", version="0", classes=CLASSES, input=INPUT, files={}
            )
        )
    folder(root / "data" / "train", count=4)
    folder(root / "data" / "test", count=6)
    folder(root / "other" / "test", ("medieval", "baroque"), count=2)
    return root


def _run(place: Path, *more: str) -> int:
    line = ["--models-store", str(place / "store"), "--cache", str(place / "cache")]
    data = [] if "--data" in more else ["--data", str(place / "data")]
    return main([*more, *data, *line])


@pytest.mark.parametrize("backend", ["litert", "int8", "keras"])
def test_all_files_are_measured_alike(
    place: Path, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tables on the screen: figures with intervals, and who was taken for whom."""
    assert _run(place, "tiny", "--backend", backend) == 0
    output = capsys.readouterr().out
    assert "tiny@1 on test, 12 pictures" in output
    for part in ("balanced accuracy", "recall of modern", "milliseconds a picture", "confusion"):
        assert part in output


@pytest.mark.parametrize("model", ["tiny@1", "{place}/store/tiny/1"])
def test_a_version_is_named_or_pointed_at(
    place: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its number, or by its folder; `all` takes every picture."""
    assert _run(place, model.format(place=place), "--split", "all") == 0
    assert "on all, 20 pictures" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["absent"], "Expected a version in"),
        (["tiny@7"], "it has ['1']"),
        (["tiny", "--split", "validation"], "pictures of the split 'validation'"),
        (["tiny", "--data", "{place}/other"], "received ['baroque']"),
    ],
)
def test_what_cannot_be_measured_is_told(
    place: Path,
    line: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In a sentence, with status 1."""
    monkeypatch.setenv("COLUMNS", "500")
    assert _run(place, *(each.format(place=place) for each in line)) == 1
    assert message in capsys.readouterr().err


def test_an_altered_or_missing_file_is_refused(
    place: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before a byte of it is interpreted."""
    monkeypatch.setenv("COLUMNS", "500")
    version = tmp_path / "1"
    version.mkdir()
    card = json.loads((place / "store/tiny/1/card.json").read_text())
    (version / "card.json").write_text(json.dumps(card))
    (version / "model.tflite").write_bytes(b"altered")
    assert _run(place, str(version)) == 1
    assert "Expected model.tflite with sha256" in capsys.readouterr().err
    assert _run(place, str(version), "--backend", "keras") == 1
    assert "this version has none" in capsys.readouterr().err
    (version / "card.json").write_text("{")
    assert _run(place, str(version)) == 1
    assert "card.json" in capsys.readouterr().err


def test_measuring_needs_no_tensorflow() -> None:
    """The LiteRT file is measured as it is served."""
    code = (
        "import sys, training.evaluate\n"
        "sys.exit(','.join(m for m in ('tensorflow', 'keras') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stderr.strip() == ""
