"""Every picture is judged once, and never by a model that learnt from its artist."""

from collections import Counter
from pathlib import Path

import pytest

from tests.training.making import folder, manifest
from training.data.folds import folds
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.preparation import Prepared, prepare
from training.errors import DataError


def _prepare(root: Path) -> Prepared:
    index = read_index(root)
    return prepare(index, inspect(index.examples, root.parent / "facts.json"))


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
