"""Recipes are compared: each run once, told in one table, and nothing stored."""

import io
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.making import folder
from training import comparison
from training.arguments import Options, parse
from training.comparison import compare
from training.errors import OptionError, WeightsError
from training.recipes import load
from training.recipes.recipe import Recipe
from training.trial import Learnt, Trial


@dataclass(frozen=True, kw_only=True)
class Absent(type(load("logistic"))):  # type: ignore[misc]
    """A recipe whose weights are not here."""

    def weights_file(self, weights: Path | None) -> Path | None:
        raise WeightsError(f"Expected big.h5; received {weights}.")


def _load(name: str) -> Recipe:
    logistic = load("logistic")
    if name != "absent":
        return replace(logistic, name=name)
    fields = {each: getattr(logistic, each) for each in logistic.__dataclass_fields__}
    absent: Recipe = Absent(**{**fields, "name": name})
    return absent


@pytest.fixture(autouse=True)
def _recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that can run, and one that cannot."""
    monkeypatch.setattr(comparison, "RECIPES", dict.fromkeys(("logistic", "mine", "absent"), ""))
    monkeypatch.setattr(comparison, "load", _load)


def _options(tmp_path: Path, recipe: str, *more: str) -> Options:
    line = "--size 16 --epochs 1 --threads 1 --batch 8 --models-store STORE"
    places = ["--cache", str(tmp_path / "cache"), "--data", str(tmp_path / "data")]
    line = line.replace("STORE", str(tmp_path / "store"))
    return replace(parse([*line.split(), *places, *more]), recipe=recipe)


def _compare(options: Options) -> tuple[str, str]:
    console = Console(file=io.StringIO(), record=True, width=200)
    html = compare(options, console).read_text("utf-8")
    return console.export_text(), html


def test_all_recipes_in_one_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot run is listed with its reason; a second time nothing is trained."""
    folder(tmp_path / "data", count=8)
    options = _options(tmp_path, "all", "--repeats", "2")
    text, html = _compare(options)
    assert "Comparing absent, logistic, mine on 12 train, 4 validation pictures" in text
    for part in ("run 1 of 6", "bal. %", "35.00", "±"):
        assert part in text
    assert text.count("Left out: absent: Expected big.h5; received None.") == 1
    for part in ("<strong>absent</strong>", "0.350 <small>", "--recipe all --epochs 1", "<svg"):
        assert part in html
    assert "<td>mine</td><td>1</td>" in html
    assert str(tmp_path) not in html
    assert not (tmp_path / "store").exists()
    assert not list((tmp_path / "cache" / "runs").iterdir())

    def refuse(_: Trial) -> Learnt:
        raise AssertionError

    monkeypatch.setattr(Trial, "learn", refuse)
    assert _compare(options)[1] == html


def test_folds_of_one_recipe(tmp_path: Path) -> None:
    """Each picture is judged once; the table says how."""
    folder(tmp_path / "data", count=9)
    text, html = _compare(_options(tmp_path, "mine", "--folds", "3"))
    assert "run 3 of 3: mine, seed 0, part 3" in text
    assert "Judged on 18 pictures, each when it was not learnt from, by artist" in text
    assert "<th>part</th>" in html
    assert "the case reports" in html


def test_a_test_split_judges(tmp_path: Path) -> None:
    """Where there is one."""
    for split, count, start in (("train", 6, 0), ("validation", 2, 20), ("test", 3, 40)):
        folder(tmp_path / "data" / split, count=count, start=start)
    text, _ = _compare(_options(tmp_path, "mine", "--repeats", "2"))
    assert "Judged on 6 pictures of test" in text


@pytest.mark.parametrize(
    ("recipe", "error", "message"),
    [
        ("absent", WeightsError, "Expected big.h5"),
        ("all", OptionError, "a recipe that can run here"),
    ],
)
def test_nothing_can_run(
    tmp_path: Path,
    recipe: str,
    error: type[Exception],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One named recipe raises its own reason; of all, every reason is told."""
    monkeypatch.setattr(comparison, "RECIPES", {"absent": ""})
    folder(tmp_path / "data", count=8)
    options = _options(tmp_path, recipe, "--repeats", "2")
    with pytest.raises(error, match=message):
        compare(options, Console(quiet=True))
