"""`kill -9` at any moment: models_store never shows half a version, and the run goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.model_card import read_card
from tests.training.making import folder
from training.files import digest_file

KILLS = 20


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path: Path) -> None:
    """Twenty times: in the passes, while the models are written, and about the rename."""
    folder(tmp_path / "data", count=10)
    words = [sys.executable, "-m", "tests.training.killing", str(tmp_path), "7", str(KILLS)]
    done = subprocess.run(words, capture_output=True, check=False, text=True)
    output = (tmp_path / "output").read_text()
    assert done.returncode == 0, done.stderr + output
    assert "Going on after pass" in output
    assert "Written:" in output
    place = tmp_path / "store" / "logistic"
    # The last writer has cleared away what the killed ones left.
    versions = sorted(place.iterdir(), key=lambda each: int(each.name))
    assert versions
    for number, version in enumerate(versions, start=1):
        card = read_card(version)
        assert card.version == version.name == str(number)
        names = {each.name for each in version.iterdir()}
        assert names == {"card.json", *card.files}
        assert {"model.keras", "model.tflite", "report.html"} <= names
        for name, entry in card.files.items():
            assert digest_file(version / name) == entry.sha256
    assert not list((tmp_path / "cache" / "runs").iterdir())
