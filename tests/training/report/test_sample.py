"""A sample of the data can be looked at before anything is trained."""

import io
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from app.model_card import Input
from tests.training.making import folder
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.part import Part
from training.recipes import load
from training.report.sample import chosen, draw


def _part(tmp_path: Path, classes: tuple[str, ...], count: int) -> Part:
    index = read_index(folder(tmp_path / "data", classes, count))
    found = inspect(index.examples, tmp_path / "facts.json")
    return Part(found.examples, found.facts)


def test_classes_take_turns(tmp_path: Path) -> None:
    """At random within each, the same ones for a seed; all of too few."""
    examples = _part(tmp_path, ("a", "b", "c"), 6).examples
    places = chosen(examples, 10, seed=1)
    assert [examples[n].class_name for n in places] == [*"abc" * 3, "a"]
    assert len(set(places)) == 10
    assert places == chosen(examples, 10, seed=1)
    assert places != chosen(examples, 10, seed=2)
    assert Counter(examples[n].class_name for n in chosen(examples[:8], 10, 1)) == {"a": 6, "b": 2}


@pytest.mark.parametrize(
    ("classes", "augmented"), [(("old", "new"), True), (("中世纪", "现代"), False)]
)
def test_a_sample_is_a_picture(tmp_path: Path, classes: tuple[str, str], augmented: bool) -> None:
    """Of whatever script its classes are named in; with or without augmentation."""
    part = _part(tmp_path, classes, 6)
    recipe = replace(load("logistic"), input=Input(height=32, width=32))
    if not augmented:
        recipe = replace(recipe, augmentation=None)
    drawn = draw(part, recipe, seed=0)
    with Image.open(io.BytesIO(drawn)) as image:
        assert image.format == "PNG"
        assert image.size == (1100, 940)


def test_the_command_draws_and_trains_nothing(tmp_path: Path) -> None:
    """Without TensorFlow; the summary is told."""
    data = folder(tmp_path / "data", count=6)
    code = (
        "import sys\n"
        "from training.run import main\n"
        "status = main(sys.argv[1:])\n"
        "assert status == 0, status\n"
        "print([m for m in ('tensorflow', 'keras') if m in sys.modules])\n"
    )
    line = ["--data", str(data), "--recipe", "all", "--show-data", "--cache", "cache"]
    done = subprocess.run(
        [sys.executable, "-c", code, *line],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert done.returncode == 0, done.stderr
    assert "The data of efficientnet_lite0 on 10 train, 2 validation pictures" in done.stdout
    assert done.stdout.rstrip().endswith("[]")
    assert (tmp_path / "data-sample.png").is_file()
    assert not (tmp_path / "models_store").exists()
