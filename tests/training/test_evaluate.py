"""A stored version is measured, through either file."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.model_card import Input, ModelCard, PeriodClass, golden_pictures, read_card
from tests.keras_models import keras_file, litert_file, network
from tests.models import FULL_CARD, write_version
from tests.signing import Signer
from tests.training.making import folder, manifest
from training.evaluate import main
from training.export import draft, write_models
from training.files import digest_file
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


@pytest.fixture(scope="module")
def full(place: Path) -> Path:
    """A model with all five outputs, dated paintings, and pictures that are none."""
    model = network(full=True)
    files = {"model.keras": keras_file(model), "model.tflite": litert_file(model)}
    files["model_int8.tflite"] = files["model.tflite"]
    write_version(place / "store", "full", files=files, card=FULL_CARD)
    other = network(full=True, seed=8)
    write_version(place / "store", "other", files={"model.tflite": litert_file(other)})
    years = {
        "medieval": ("c. 1270", "1375\u201399", "14th century"),
        "renaissance": ("1503-06", "ca. 1490-1500", ""),
        "post-renaissance": ("1730", "1640s", "1600/1610"),
        "modern": ("1861", "undated", "1953"),
    }
    rows = [
        {
            "file": f"{period}{number}.jpg",
            "period": period,
            "split": "test",
            "year": year,
            "source": f"museum {number % 2}",
        }
        for period, of in years.items()
        for number, year in enumerate(of)
    ]
    manifest(place / "dated", rows)
    folder(place / "none", ("photo", "cartoon"), count=8)
    return place


def test_everything_is_measured_of_a_model_with_all_outputs(
    full: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every line has its figure, in the table and in the file alike."""
    monkeypatch.setenv("COLUMNS", "200")
    told = full / "figures.json"
    more = ["--not-paintings", str(full / "none"), "--heatmaps", "--json", str(told)]
    against = ["--against", "other"]
    assert _run(full, "full", "--data", str(full / "dated"), *more, *against) == 0
    output = capsys.readouterr().out
    found = json.loads(told.read_text())
    assert found["pictures"] == 12
    assert [each for each in found["figures"] if each["skipped"]] == []
    by_name = {each["name"]: each for each in found["figures"]}
    for name, figure in by_name.items():
        assert name in output
        assert figure["low"] <= figure["value"] <= figure["high"]
    assert by_name["accuracy on museum 0"]["pictures"] == 8
    # 14th century is too wide to date by, and two have no year.
    assert by_name["80 % interval holds the year"]["pictures"] == 9
    assert by_name["accuracy 0 to 10 years from an edge"]["pictures"] == 4
    assert by_name["refused of noise"]["pictures"] == 10
    assert by_name["balanced accuracy in 8 bits, less this"]["value"] == 0
    none = by_name["refused of photo"]["pictures"] + by_name["refused of cartoon"]["pictures"]
    assert 0 < none < 16
    assert by_name["others refused"]["pictures"] == 50 + none
    metrics = found["metrics"]
    assert metrics["auroc"]["value"] == by_name["AUROC, paintings against the others"]["value"]
    assert metrics["not_paintings"] == 50 + none
    assert metrics["refused"]["value"] == by_name["paintings refused"]["value"]
    assert found["dating"]["pictures"] == 9
    assert found["dating"]["edges"] == FULL_CARD["dating"]["edges"]
    assert "Against other: balanced accuracy" in output
    assert 0 <= found["comparison"]["p_value"] <= 1


def test_a_card_is_given_what_was_measured(full: Path) -> None:
    """Of that split, and of the dates; all else stays, and the version is still whole."""
    place = full / "store" / "full" / "1"
    before = read_card(place)
    more = ["--not-paintings", str(full / "none"), "--update-card"]
    assert _run(full, "full", "--data", str(full / "dated"), *more) == 0
    card = read_card(place)
    assert card.metrics["test"].pictures == 12
    assert card.metrics["test"].auroc is not None
    assert card.dating is not None
    assert (card.dating.pictures, card.dating.split) == (9, "test")
    kept = {"metrics": before.metrics, "dating": before.dating}
    assert card.model_copy(update=kept) == before
    for name, entry in card.files.items():
        assert digest_file(place / name) == entry.sha256


def test_a_signature_of_the_card_as_it_was_is_removed(
    full: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And kept where the card stays the same to the byte."""
    place = full / "store" / "full" / "1"
    Signer().sign(place)
    assert _run(full, "full", "--data", str(full / "dated"), "--update-card") == 0
    assert not (place / "card.sig").exists()
    assert "is not signed any more" in " ".join(capsys.readouterr().out.split())
    Signer().sign(place)
    assert _run(full, "full", "--data", str(full / "dated"), "--update-card") == 0
    assert (place / "card.sig").exists()
    assert "not signed" not in capsys.readouterr().out


def test_what_is_missing_is_told_with_the_reason(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a model with one output, on pictures without years."""
    monkeypatch.setenv("COLUMNS", "200")
    assert _run(place, "tiny", "--heatmaps") == 0
    output = capsys.readouterr().out
    for reason in (
        "the model has no output `painting`",
        "the model was not taught years",
        "the classes have no years",
        "the classes do not follow each other in time",
        "the model has no output `activation_map`",
    ):
        assert reason in output
    assert _run(place, "tiny") == 0
    assert "not asked for; --heatmaps checks them" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (["--against", "tiny"], "Expected the classes"),
        (["--not-paintings", "{place}/dated/nothing"], "that are no paintings"),
        (["--against", "absent"], "Expected a version in"),
    ],
)
def test_what_cannot_be_compared_is_told(
    full: Path,
    line: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "500")
    line = [each.format(place=full) for each in line]
    assert _run(full, "full", "--data", str(full / "dated"), *line) == 1
    assert message in capsys.readouterr().err


def test_bins_that_are_not_the_cards_are_refused(
    full: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dates would be wrong without anybody noticing."""
    monkeypatch.setenv("COLUMNS", "500")
    dating = {"dating": {"edges": [1200, 1500, 2000], "method": ""}}
    files = {"model.tflite": (full / "store/full/1/model.tflite").read_bytes()}
    write_version(full / "store", "bins", files=files, card=dating)
    assert _run(full, "bins", "--data", str(full / "dated")) == 1
    assert "Expected an output years of 2 bins, as the card says; received 4" in (
        capsys.readouterr().err
    )


def test_measuring_needs_no_tensorflow() -> None:
    """The LiteRT file is measured as it is served."""
    code = (
        "import sys, training.evaluate\n"
        "sys.exit(','.join(m for m in ('tensorflow', 'keras') if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.stderr.strip() == ""
