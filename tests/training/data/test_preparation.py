"""From an index to three sets of pictures, with every fact counted."""

from pathlib import Path

import pytest

from tests.training.making import folder, jpeg, manifest, painting, write
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.preparation import Prepared, prepare
from training.errors import DataError


def _prepare(root: Path, **options: float) -> Prepared:
    index = read_index(root)
    inspection = inspect(index.examples, root.parent / "facts.json")
    return prepare(index, inspection, **options)  # type: ignore[arg-type]


def test_folders_are_divided(tmp_path: Path) -> None:
    """A fifth of few pictures is held out; every class is on both sides."""
    prepared = _prepare(folder(tmp_path / "data", count=10))
    assert prepared.facts.counts == {
        "train": {"medieval": 8, "modern": 8},
        "validation": {"medieval": 2, "modern": 2},
    }
    assert prepared.class_names == ("medieval", "modern")
    assert {each.split for each in prepared.validation.examples} == {"validation"}
    assert "by artist and near-duplicate" in prepared.held_out
    assert any("Fewer than 20" in each for each in prepared.warnings)
    assert len(prepared.train.digests) == 16


def test_copies_across_splits_are_left_out_and_counted(tmp_path: Path) -> None:
    """Of train where validation has them, of validation where test has them."""
    for split in ("train", "validation", "test"):
        folder(tmp_path / "data" / split, count=6)
    root = tmp_path / "data"
    for split, start in (("train", 0), ("validation", 1), ("test", 2)):
        for n in range(6):
            for name in ("medieval", "modern"):
                offset = 5000 if name == "modern" else 0
                picture = jpeg(painting(100 * start + n + offset))
                write(root / split / name / f"{n:03}.jpg", picture)
    shared = (root / "validation/modern/000.jpg").read_bytes()
    write(root / "train/modern/000.jpg", shared)
    write(root / "validation/medieval/001.jpg", (root / "test/medieval/001.jpg").read_bytes())
    write(root / "train/medieval/bad.jpg", b"no picture")
    prepared = _prepare(root)
    assert prepared.held_out == "the data's own validation split"
    assert prepared.facts.dropped == {
        "unreadable": 1,
        "copies_in_train": 1,
        "copies_in_validation": 1,
    }
    assert prepared.facts.counts["train"] == {"medieval": 6, "modern": 5}
    assert prepared.unreadable[0][0] == "train/medieval/bad.jpg"


def test_sources_are_counted_and_a_shortcut_is_named(tmp_path: Path) -> None:
    """A class from one source alone may be told by the source."""
    rows = [
        {
            "file": f"{name}{n}.jpg",
            "period": name,
            "source": name if name == "old" else f"{n % 2}",
            "split": "validation" if n == 0 and name == "new" else "train",
        }
        for name in ("old", "new")
        for n in range(30)
    ]
    prepared = _prepare(manifest(tmp_path / "data", rows))
    assert prepared.facts.sources == {"0": 14, "1": 15, "old": 30}
    assert any("old come from one source" in each for each in prepared.warnings)
    assert any("No validation picture of old" in each for each in prepared.warnings)


def test_whole_sources_are_named(tmp_path: Path) -> None:
    """The card says which strangers it was calibrated on."""
    rows = [
        {"file": f"{source}{name}{n}.jpg", "period": name, "source": source}
        for source, count in (("big", 16), ("small", 4))
        for name in ("old", "new")
        for n in range(count)
    ]
    prepared = _prepare(manifest(tmp_path / "data", rows), share=0.2)
    assert prepared.held_out == "whole sources held out of train: small"


def test_the_digest_is_of_pictures_and_classes(tmp_path: Path) -> None:
    """The same data in another place has it; another picture changes it."""
    first = _prepare(folder(tmp_path / "a", count=6)).facts.digest
    root = folder(tmp_path / "b", count=6)
    assert _prepare(root).facts.digest == first
    write(root / "modern" / "000.jpg", jpeg(painting(77)))
    assert _prepare(root).facts.digest != first


@pytest.mark.parametrize("count", [1, 3])
def test_too_few_pictures_are_refused(tmp_path: Path, count: int) -> None:
    """The sentence counts them."""
    root = folder(tmp_path / "data", count=8)
    folder(root, classes=("renaissance",), count=count)
    with pytest.raises(DataError, match=f"at least 4 readable .* received renaissance: {count}"):
        _prepare(root)
