"""What must stay on one side of a split: an artist's works, copies, the parts of one work."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from training.collect.artists import artist_keys
from training.collect.pictures import Taken
from training.data.duplicates import near_duplicates, united

SHARES = {"train": 0.7, "validation": 0.15, "test": 0.15}
"""Of each period's works, about: groups are not divided."""

DISTANCE = 6
"""Most bits of 64 between two museums' photographs of one painting."""


@dataclass(frozen=True)
class Grouped:
    """A picture with its place.

    Attributes:
        taken: The picture and its work.
        group: Key of one work of the group.
        split: `train`, `validation` or `test`.
    """

    taken: Taken
    group: str
    split: str


def grouped(pictures: Sequence[Taken], seed: int) -> list[Grouped]:
    """Unite what belongs together, and give each group a split.

    Args:
        pictures: In any order.
        seed: Decides which groups go where; the same pictures and seed, the same splits.
    """
    ordered = sorted(pictures, key=lambda taken: taken.candidate.work.key)
    numbers = _groups(ordered)
    members: dict[int, list[int]] = defaultdict(list)
    for place, number in enumerate(numbers):
        members[number].append(place)
    splits = _splits(ordered, members, seed)
    return [
        Grouped(taken, ordered[number].candidate.work.key, splits[number])
        for taken, number in zip(ordered, numbers, strict=True)
    ]


def _groups(pictures: Sequence[Taken]) -> list[int]:
    copies = near_duplicates([taken.facts.phash for taken in pictures], DISTANCE)
    links = list(enumerate(copies.tolist()))
    first: dict[str, int] = {}
    for place, taken in enumerate(pictures):
        work = taken.candidate.work
        keys = [*artist_keys(work), work.key, *([work.whole] if work.whole else [])]
        links += [(first.setdefault(key, place), place) for key in keys]
    pairs = np.array(links, dtype=np.int64).reshape(-1, 2)
    return [int(number) for number in united(len(pictures), pairs)]


def _splits(pictures: Sequence[Taken], members: dict[int, list[int]], seed: int) -> dict[int, str]:
    """Largest groups first, each to the split that lacks most of its periods."""
    period = [taken.candidate.period for taken in pictures]
    total = Counter(period)
    have: Counter[tuple[str, str]] = Counter()

    def turn(number: int) -> tuple[int, bytes]:
        key = f"{seed}:{pictures[number].candidate.work.key}"
        return -len(members[number]), hashlib.sha256(key.encode()).digest()

    chosen: dict[int, str] = {}
    for number in sorted(members, key=turn):
        inside = Counter(period[place] for place in members[number])

        def lack(split: str, inside: Counter[str] = inside) -> float:
            return sum(
                count * (1 - have[split, name] / (SHARES[split] * total[name]))
                for name, count in inside.items()
            )

        split = max(SHARES, key=lack)
        chosen[number] = split
        for name, count in inside.items():
            have[split, name] += count
    return chosen
