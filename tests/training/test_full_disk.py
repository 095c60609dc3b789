"""A disk that is full at one moment or another of a training: what is said, and that it goes on."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training.making import folder

KILOBYTES = (8, 60, 110, 150, 4000)
"""For the run's first state, a later one, and what is written for the model; then for all."""

ALONE = ("unshare", "--map-root-user", "--mount")
"""A user's own view of the file systems, in which one in memory may be mounted."""


@pytest.mark.slow
def test_a_disk_that_is_full_is_told_in_one_sentence_and_the_run_goes_on(tmp_path: Path) -> None:
    trial = ["mount", "-t", "tmpfs", "tmpfs", str(tmp_path)]
    if not shutil.which("unshare") or subprocess.run([*ALONE, *trial], check=False).returncode:
        pytest.skip("no file system of a chosen size can be mounted here")
    folder(tmp_path / "data", count=10)
    words = [sys.executable, "-m", "tests.training.filling", str(tmp_path), *map(str, KILOBYTES)]
    done = subprocess.run([*ALONE, *words], capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    told = {int(size): found for size, *found in map(str.split, done.stdout.splitlines())}
    assert list(told) == list(KILOBYTES)
    *short, last = ((size, words_of(tmp_path / f"output-{size}")) for size in KILOBYTES)
    for size, output in short:
        assert told[size] == ["1", "0", "0"], output  # the code, versions, half versions
        assert "Traceback" not in output
        assert output.count("Error: No space is left to write to: ") == 1
        assert "when there is room" in output
    assert told[last[0]] == ["0", "1", "0"]
    assert "Going on after pass" in last[1]


def words_of(output: Path) -> str:
    """What was printed, wherever it was broken into lines."""
    return " ".join(output.read_text().split())
