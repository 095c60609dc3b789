"""Nothing leaks from what is learnt from to what is judged on."""

from pathlib import Path

import numpy as np
import pytest

from training.data.index import Example
from training.data.splits import artist_groups, hold_out, leaking
from training.errors import DataError


def _example(n: int, name: str, source: str | None = None, artist: str | None = None) -> Example:
    return Example(Path(f"{n}.jpg"), f"{n}.jpg", name, None, source, artist)


def test_an_artists_works_and_their_copies_are_one_group() -> None:
    """Named alike but for capitals; a copy under no name belongs to them too."""
    artists = ["Ada", None, "ada", None, "Bo"]
    examples = [_example(n, "old", artist=each) for n, each in enumerate(artists)]
    duplicates = np.array([0, 1, 2, 2, 4])
    assert artist_groups(examples, duplicates).tolist() == [0, 1, 0, 0, 4]


def test_groups_are_held_out_whole() -> None:
    """About the share of each class, and no group on both sides; the seed decides which."""
    examples = [_example(n, "old" if n % 2 else "new") for n in range(100)]
    groups = np.array([n // 4 * 4 for n in range(100)])
    held = hold_out(examples, groups, share=0.2, seed=1)
    assert held.by == "artist"
    places = set(held.positions)
    assert len(places) == 20
    for group in range(0, 100, 4):
        assert len(places & set(range(group, group + 4))) in (0, 4)
    assert held == hold_out(examples, groups, share=0.2, seed=1)
    assert held != hold_out(examples, groups, share=0.2, seed=2)


def test_works_of_one_artist_cannot_be_divided() -> None:
    """It is told; there is nothing to hold out that the model has not seen."""
    examples = [_example(n, "ab"[n % 2], artist="Titian") for n in range(20)]
    with pytest.raises(DataError, match="works of several artists"):
        hold_out(examples, np.zeros(20, np.int64), share=0.2, seed=0)
    two = np.arange(20, dtype=np.int64) // 10 * 10
    assert len(hold_out(examples, two, share=0.2, seed=0).positions) == 10


def test_few_pictures_are_still_divided() -> None:
    """A class of four gives one."""
    examples = [_example(n, "old" if n % 2 else "new") for n in range(8)]
    held = hold_out(examples, np.arange(8), share=0.1, seed=0)
    assert len(held.positions) == 2


def test_whole_sources_are_held_out_where_there_are_enough() -> None:
    """Those with several classes before those with one."""
    examples = [
        _example(n, name, source)
        for source, count in (("large", 80), ("fair", 10), ("other", 10))
        for name in ("old", "new")
        for n in range(count)
    ]
    examples += [_example(n, name, f"only {name}") for name in ("old", "new") for n in range(10)]
    held = hold_out(examples, np.arange(len(examples)), share=0.1, seed=0)
    assert held.by == "source"
    assert held.sources in (("fair",), ("other",))
    assert {examples[n].source for n in held.positions} == set(held.sources)
    assert len(held.positions) == 20


def test_sources_of_one_class_are_better_than_none() -> None:
    """If they are all there is."""
    examples = [
        _example(n, name, f"{name} {source}")
        for name in ("old", "new")
        for source in range(8)
        for n in range(5)
    ]
    held = hold_out(examples, np.arange(len(examples)), share=0.125, seed=0)
    assert held.by == "source"
    assert len(held.sources) == 2


@pytest.mark.parametrize("source", ["one", None])
def test_too_few_sources(source: str | None) -> None:
    """One source, or an unknown one: groups are held out."""
    examples = [_example(n, "old" if n % 2 else "new", source) for n in range(20)]
    assert hold_out(examples, np.arange(20), share=0.2, seed=0).by == "artist"


def test_copies_across_splits_leak() -> None:
    """Train gives way to validation and test, validation to test; within a split nothing leaks."""
    splits = ["train", "validation", "train", "test", "validation", "train", "train"]
    duplicates = np.array([0, 0, 2, 2, 2, 5, 5])
    assert leaking(splits, duplicates) == {"train": [0, 2], "validation": [4]}
