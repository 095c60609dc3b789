"""A version appears whole or not at all, and says truly what is in it."""

import fcntl
import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest

from app.imaging import InputSpec
from app.model_card import Input, ModelCard, PeriodClass, golden_pictures, read_card
from training import export
from training.errors import ExportError
from training.export import draft, golden, parity, write_models, write_report
from training.files import digest_file
from training.networks import linear
from training.networks.conversion import convert
from training.networks.lite import LiteModel

INPUT = Input(height=10, width=12)


def _card(**change: object) -> ModelCard:
    return ModelCard(
        format_version=1,
        name="tiny",
        version="0",
        classes=(PeriodClass(name="old"), PeriodClass(name="new")),
        input=INPUT,
        files={},
    ).model_copy(update=change)


@pytest.fixture(scope="module")
def model() -> keras.Model:
    """Logistic regression on 10 x 12 pixels."""
    return linear.logistic(10, 12, 2, seed=1).serving()


def _visible(store: Path) -> list[str]:
    return sorted(each.name for each in (store / "tiny").iterdir() if not each.name.startswith("."))


def test_a_version_is_complete_and_verifiable(tmp_path: Path, model: keras.Model) -> None:
    """Card, both models and report; the digests are those of the files, the answers are found."""
    with draft(tmp_path, "tiny") as writing:
        measured = write_models(writing.folder, model, golden_pictures(INPUT.spec))
        write_report(writing.folder, "<p>ü</p>")
        published = writing.publish(_card(parity=measured, golden=golden(model, INPUT)))
    assert published == tmp_path / "tiny" / "1"
    assert sorted(each.name for each in published.iterdir()) == [
        "card.json",
        "model.keras",
        "model.tflite",
        "report.html",
    ]
    card = read_card(published)
    assert card.version == "1"
    assert set(card.files) == {"model.keras", "model.tflite", "report.html"}
    for name, entry in card.files.items():
        assert entry.sha256 == digest_file(published / name)
        assert entry.size == (published / name).stat().st_size
    assert card.parity is not None
    assert card.parity.max_absolute_difference <= 5e-4
    loaded = keras.saving.load_model(published / "model.keras", safe_mode=True)
    lite = LiteModel(published / "model.tflite")
    assert card.golden is not None
    for picture, expected in zip(
        golden_pictures(INPUT.spec), card.golden.probabilities, strict=True
    ):
        np.testing.assert_allclose(lite(picture)["probabilities"], expected, atol=1e-4)
        answer = loaded(picture[None])["probabilities"]
        np.testing.assert_allclose(np.asarray(answer)[0], expected, atol=1e-4)
    assert os.listdir(tmp_path / "tiny") == ["1"]  # noqa: PTH208 - hidden ones too


def test_versions_count_up(tmp_path: Path) -> None:
    """From the highest number, not from how many there are."""
    (tmp_path / "tiny" / "9").mkdir(parents=True)
    (tmp_path / "tiny" / "draft").mkdir()
    for expected in ("10", "11"):
        with draft(tmp_path, "tiny") as writing:
            write_report(writing.folder, "x")
            assert writing.publish(_card()).name == expected


def test_a_number_taken_meanwhile_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two writers that look at the same moment both get a version."""
    looks = iter(["1", "2"])
    monkeypatch.setattr(export, "_next_version", lambda _: next(looks))
    with draft(tmp_path, "tiny") as writing:
        (tmp_path / "tiny" / "1").mkdir()
        (tmp_path / "tiny" / "1" / "card.json").write_text("{}")
        write_report(writing.folder, "x")
        assert writing.publish(_card()).name == "2"
    assert json.loads((tmp_path / "tiny/2/card.json").read_text())["version"] == "2"


def test_a_rename_that_fails_for_another_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And leaves nothing."""

    def fail(*_: object) -> None:
        raise OSError("the disk is gone")

    with draft(tmp_path, "tiny") as writing:
        monkeypatch.setattr(Path, "rename", fail)
        with pytest.raises(OSError, match="the disk is gone"):
            writing.publish(_card())
    assert list((tmp_path / "tiny").iterdir()) == []


def test_a_full_disk_leaves_no_version_and_nothing_beside_it(tmp_path: Path) -> None:
    """The system's own refusal: what is written goes to a device that is always full."""

    def write() -> None:
        with draft(tmp_path, "tiny") as writing:
            (writing.folder / "model.tflite").write_bytes(b"written before it was full")
            (writing.folder / "report.html").symlink_to("/dev/full")
            write_report(writing.folder, "<p>long</p>" * 10_000)

    with pytest.raises(OSError, match="No space left on device"):
        write()
    assert _visible(tmp_path) == []
    assert [each for each in (tmp_path / "tiny").rglob("*") if each.is_file()] == []


def test_a_half_written_version_is_never_visible(tmp_path: Path) -> None:
    """While it is written it is hidden; if writing fails it is gone."""

    def fail() -> None:
        with draft(tmp_path, "tiny") as writing:
            write_report(writing.folder, "half")
            assert writing.folder.name.startswith(".writing-")
            assert _visible(tmp_path) == []
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert list((tmp_path / "tiny").iterdir()) == []


def test_what_a_dead_writer_left_is_cleared_and_a_living_one_spared(tmp_path: Path) -> None:
    """A writer is known to live by its lock, which dies with it."""
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom training.export import draft\n"
        "with draft(Path(sys.argv[1]), 'tiny') as writing:\n"
        "    (writing.folder / 'model.keras').write_text('half')\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True
    )
    assert killed.returncode == -9
    (left,) = (tmp_path / "tiny").iterdir()
    assert left.name.startswith(".writing-")
    alive = tmp_path / "tiny" / ".writing-alive"
    alive.mkdir()
    (tmp_path / "tiny" / ".writing-file").write_text("no folder")
    lock = os.open(alive, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with draft(tmp_path, "tiny"):
        assert not left.exists()
        assert alive.exists()
    os.close(lock)


def test_too_heavy_a_version_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files and their sizes are listed."""
    monkeypatch.setattr(export, "MOST_BYTES", 10)
    with draft(tmp_path, "tiny") as writing:
        write_report(writing.folder, "elevenchars")
        with pytest.raises(
            ExportError, match=r"at most 10 bytes; received 11: \{'report.html': 11\}"
        ):
            writing.publish(_card())


def test_files_that_answer_differently_are_refused(
    tmp_path: Path, model: keras.Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The difference is measured, not assumed."""
    other = linear.logistic(10, 12, 2, seed=2).serving()
    pictures = golden_pictures(INPUT.spec)
    measured = parity(model, LiteModel(convert(other)), pictures)
    assert measured.max_absolute_difference > 0.01
    monkeypatch.setattr(export, "convert", lambda _: convert(other))
    with pytest.raises(ExportError, match=r"within 0\.0005 of model\.keras; received"):
        write_models(tmp_path, model, pictures)


def test_a_diverged_training_is_refused(tmp_path: Path) -> None:
    """Before anything is published."""
    model = linear.logistic(10, 12, 2, seed=1).serving()
    model.set_weights([each * np.nan for each in model.get_weights()])
    with pytest.raises(ExportError, match="has diverged"):
        write_models(tmp_path, model, golden_pictures(InputSpec(height=10, width=12)))
