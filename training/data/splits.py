"""Splits without leaks: copies of a picture, and an artist's works, stay on one side."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from training.data.duplicates import united
from training.data.index import Example
from training.errors import DataError

__all__ = ["Held", "artist_groups", "hold_out", "leaking", "whole_sources"]

_TRIES = 4000
_LEAST, _MOST = 0.04, 0.25

_MOST_OF_SOME = 0.3
"""Most that is held out of a class where not every class can be held out of."""


@dataclass(frozen=True)
class Held:
    """What is held out of training to validate on.

    Attributes:
        positions: Of the held examples, increasing.
        by: `source`: whole sources, so that they are strangers to the model;
            `artist`: whole groups of an artist's works and of near duplicates.
        sources: Which, with `source`.
    """

    positions: tuple[int, ...]
    by: Literal["source", "artist"]
    sources: tuple[str, ...] = ()


def artist_groups(examples: Sequence[Example], duplicates: NDArray[np.int64]) -> NDArray[np.int64]:
    """Unite near duplicates with all works of a named artist.

    Args:
        examples: N pictures.
        duplicates: int64 [N], from `near_duplicates`.

    Returns:
        int64 [N]: for each picture the lowest number of a picture of its group.
    """
    first: dict[str, int] = {}
    pairs = [(int(group), place) for place, group in enumerate(duplicates)]
    for place, example in enumerate(examples):
        if example.artist:
            pairs.append((first.setdefault(example.artist.casefold(), place), place))
    return united(len(examples), np.array(pairs, dtype=np.int64).reshape(-1, 2))


def hold_out(
    examples: Sequence[Example],
    groups: NDArray[np.int64],
    *,
    share: float,
    seed: int,
) -> Held:
    """Choose what to hold out: whole sources where the data has enough, else groups.

    Strangers' pictures differ from the training data as one source differs from
    another, so only sources that the model never saw tell how sure it may be.

    Args:
        examples: N pictures to be divided.
        groups: int64 [N], from `artist_groups`.
        share: How much of each class to hold out, about; above 0, at most 0.5.
        seed: Decides between choices that are as good.
    """
    sources = whole_sources(examples, share=share, seed=seed)
    if sources:
        places = tuple(n for n, each in enumerate(examples) if each.source in sources)
        return Held(places, "source", tuple(sorted(sources)))
    return Held(_whole_groups(examples, groups, share, seed), "artist")


def leaking(
    splits: Sequence[str], duplicates: NDArray[np.int64]
) -> dict[Literal["train", "validation"], list[int]]:
    """Find pictures of which a copy is in a split that is to judge them.

    Returns:
        Positions to be dropped: of `train`, those with a copy in validation or
        test; of `validation`, those with a copy in test.
    """
    held: dict[int, set[str]] = defaultdict(set)
    for split, group in zip(splits, duplicates.tolist(), strict=True):
        held[group].add(split)
    judges = {"train": {"validation", "test"}, "validation": {"test"}}
    found: dict[Any, list[int]] = {"train": [], "validation": []}
    for place, (split, group) in enumerate(zip(splits, duplicates.tolist(), strict=True)):
        if judges.get(split, set()) & held[group]:
            found[split].append(place)
    return found


def whole_sources(
    examples: Sequence[Example],
    *,
    share: float,
    seed: int,
    without: Collection[str] = (),
    some_classes: bool = False,
) -> set[str]:
    """Choose the sources that together come nearest to the share in every class.

    Sources with pictures of several classes are preferred: one of a single class
    is often one of a single artist, and says little of other strangers' pictures.

    Args:
        examples: Pictures to be divided.
        share: How much of each class to hold out, about; above 0, at most 0.5.
        seed: Decides between choices that are as good.
        without: Sources that are not to be chosen.
        some_classes: Whether two classes are enough, where no choice is fair to all.

    Returns:
        Empty where no choice leaves enough of every class to learn from, or where a
        picture has no source.
    """
    if not all(each.source for each in examples):
        return set()
    sources = sorted({str(each.source) for each in examples})
    classes = sorted({each.class_name for each in examples})
    count = Counter((str(each.source), each.class_name) for each in examples)
    table = np.array([[count[s, c] for c in classes] for s in sources], dtype=float)
    shares = table / table.sum(axis=0)
    several = (table > 0).sum(axis=1) > 1
    free = np.array([each not in without for each in sources])
    rng = np.random.default_rng(seed)
    density = rng.uniform(0.05, 0.6, (_TRIES, 1))
    tries = (rng.random((_TRIES, len(sources))) < density) & free
    for wanted in (False, True) if some_classes else (False,):
        for chosen in (tries & several, tries):
            held = chosen @ shares
            fair = _fair_to_some(held) if wanted else _fair_to_all(held, share)
            if fair.any():
                cost = np.square(np.log(np.maximum(held, 1e-9) / share)).sum(axis=1)
                best = chosen[int(np.where(fair, cost, np.inf).argmin())]
                return {source for source, taken in zip(sources, best, strict=True) if taken}
    return set()


def _fair_to_all(held: NDArray[np.float64], share: float) -> NDArray[np.bool_]:
    least, most = min(_LEAST, share), max(_MOST, share)
    fair: NDArray[np.bool_] = np.all((held >= least) & (held <= most), axis=1)
    return fair


def _fair_to_some(held: NDArray[np.float64]) -> NDArray[np.bool_]:
    several = np.sum(held >= _LEAST, axis=1) > 1
    fair: NDArray[np.bool_] = several & np.all(held <= _MOST_OF_SOME, axis=1)
    return fair


def _whole_groups(
    examples: Sequence[Example], groups: NDArray[np.int64], share: float, seed: int
) -> tuple[int, ...]:
    names = np.array([each.class_name for each in examples])
    count = len(np.unique(groups))
    if count == 1:
        raise DataError(
            "Expected works of several artists, to hold some out; received those of one. "
            "Name the `split` of each picture, or leave the artist out."
        )
    folds = max(2, min(round(1 / share), count, *Counter(names.tolist()).values()))
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    wanted = Counter(names.tolist())

    def miss(places: NDArray[np.int64]) -> float:
        held = Counter(names[places].tolist())
        return sum(abs(held[name] - count / folds) / count for name, count in wanted.items())

    candidates = [held for _, held in splitter.split(names, names, groups)]
    best = min(candidates, key=miss)
    return tuple(int(place) for place in best)
