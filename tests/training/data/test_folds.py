"""Every picture is judged once, and never by a model that learnt from its artist."""

from collections import Counter
from pathlib import Path

import pytest

from tests.training.making import folder, manifest
from training.data.folds import folds, source_folds
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.preparation import Prepared, prepare
from training.errors import DataError


def _prepare(root: Path, share: float | None = None) -> Prepared:
    index = read_index(root)
    return prepare(index, inspect(index.examples, root.parent / "facts.json"), share=share)


def test_artists_stay_together_and_every_picture_is_judged_once(tmp_path: Path) -> None:
    """Train and validation are divided anew; the test pictures stay unseen."""
    rows = [
        {"file": f"{name}{n}.jpg", "period": name, "artist": f"{name} {n % 6}", "split": split}
        for name in ("old", "new")
        for n, split in enumerate(["train"] * 10 + ["validation"] * 4 + ["test"] * 4)
    ]
    prepared = _prepare(manifest(tmp_path / "data", rows))
    divided = folds(prepared, 3, seed=1)
    assert len(divided) == 3
    judged = Counter(each.file for part in divided for each in part.validation.examples)
    assert set(judged.values()) == {1}
    assert len(judged) == 28
    for number, part in enumerate(divided, start=1):
        assert not part.test.examples
        assert not part.held_by_us
        assert f"part {number} of 3" in part.held_out
        sides = [{e.artist for e in of.examples} for of in (part.train, part.validation)]
        assert not sides[0] & sides[1]
        assert sum(part.facts.counts["validation"].values()) == len(part.validation.examples)
    assert len({part.facts.digest for part in divided} | {prepared.facts.digest}) == 4
    again = folds(prepared, 3, seed=1)
    assert [part.facts.digest for part in again] == [part.facts.digest for part in divided]
    assert folds(prepared, 3, seed=2)[0].facts.digest != divided[0].facts.digest


def test_more_folds_than_pictures_are_refused(tmp_path: Path) -> None:
    """The smallest class is named."""
    prepared = _prepare(folder(tmp_path / "data", count=8))
    with pytest.raises(DataError, match=r"at least 9 pictures .* received medieval: 8"):
        folds(prepared, 9, seed=0)


def test_fewer_artists_than_folds_are_refused(tmp_path: Path) -> None:
    """Two painters cannot be parted in three."""
    rows = [
        {"file": f"{name}{n}.jpg", "period": name, "artist": str(n % 2), "split": "train"}
        for name in ("old", "new")
        for n in range(12)
    ]
    prepared = _prepare(
        manifest(tmp_path / "data", [*rows, {**rows[0], "file": "v.jpg", "split": "validation"}])
    )
    with pytest.raises(DataError, match="at least 3 artists for 3 folds; received 2"):
        folds(prepared, 3, seed=0)


def _sources(root: Path, counts: dict[str, dict[str, int]]) -> Prepared:
    rows = [
        {"file": f"{source}{name}{n}.jpg", "period": name, "source": source, "split": "train"}
        for source, classes in counts.items()
        for name, count in classes.items()
        for n in range(count)
    ]
    return _prepare(manifest(root, rows), 0.12)


def test_other_whole_sources_are_held_out_each_time(tmp_path: Path) -> None:
    """No source is held out twice, none is on both sides, and the first fold is the data's."""
    small = {f"small {n}": {"old": 4, "new": 4} for n in range(3)}
    prepared = _sources(tmp_path / "data", {"large": {"old": 20, "new": 20}, **small})
    divided = source_folds(prepared, 3, share=0.12, seed=0)
    assert len(divided) == 3
    assert divided[0] is prepared
    held = [{each.source for each in fold.validation.examples} for fold in divided]
    assert sorted(str(source) for sources in held for source in sources) == sorted(small)
    for fold, sources in zip(divided, held, strict=True):
        assert fold.holds_whole_sources
        assert not sources & {each.source for each in fold.train.examples}
        assert sorted(map(str, sources)) == fold.held_out.split(": ")[1].split(", ")
    again = source_folds(prepared, 3, share=0.12, seed=0)
    assert [fold.facts.digest for fold in again] == [fold.facts.digest for fold in divided]


def test_no_more_folds_than_the_sources_allow(tmp_path: Path) -> None:
    """A source that has nearly all of a class is never held out."""
    counts = {"large": {"old": 40, "new": 40}, "small": {"old": 5, "new": 5}}
    prepared = _sources(tmp_path / "data", counts)
    assert {each.source for each in prepared.validation.examples} == {"small"}
    assert source_folds(prepared, 5, share=0.12, seed=0) == [prepared]


def test_two_classes_are_enough_for_a_later_fold(tmp_path: Path) -> None:
    """Strangers to some classes tell more than no strangers."""
    counts = {
        "large": {"old": 30, "new": 30, "newest": 30},
        "all": {"old": 5, "new": 5, "newest": 5},
        "some": {"old": 5, "new": 5},
    }
    prepared = _sources(tmp_path / "data", counts)
    _, second = source_folds(prepared, 2, share=0.12, seed=0)
    assert {each.source for each in second.validation.examples} == {"some"}


def test_copies_of_what_a_fold_holds_out_are_not_learnt_from(tmp_path: Path) -> None:
    """The same picture under two sources is dropped from the side that learns."""
    small = {f"small {n}": {"old": 4, "new": 4} for n in range(2)}
    root = tmp_path / "data"
    prepared = _sources(root, {"large": {"old": 20, "new": 20}, **small})
    (root / "largeold0.jpg").write_bytes((root / "small 0old0.jpg").read_bytes())
    (root / "largenew0.jpg").write_bytes((root / "small 1new0.jpg").read_bytes())
    prepared = _prepare(root, 0.12)
    for fold in source_folds(prepared, 2, share=0.12, seed=0):
        learnt = {each.sha256 for each in fold.train.facts}
        assert not learnt & {each.sha256 for each in fold.validation.facts}
