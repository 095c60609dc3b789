"""Divides the training pictures into parts that are judged in turn."""

from collections import Counter
from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from training.data.checks import check
from training.data.duplicates import near_duplicates
from training.data.part import Part
from training.data.preparation import Prepared, digest
from training.data.splits import artist_groups
from training.errors import DataError

__all__ = ["folds"]


def folds(prepared: Prepared, count: int, seed: int) -> list[Prepared]:
    """Divide train and validation; works of an artist, and copies, stay in one part.

    Args:
        prepared: Its test pictures are left out: they stay unseen until a recipe is chosen.
        count: How many parts, from 2 on.
        seed: Decides which picture is in which.

    Returns:
        For each part the same data, with that part as `validation` and the others
        as `train`.

    Raises:
        DataError: There are fewer artists than parts, a class has fewer pictures than
            there are parts, or too few are left of it to learn from.
    """
    pool = prepared.train.joined(prepared.validation)
    names = np.array([each.class_name for each in pool.examples])
    least, fewest = min((number, name) for name, number in Counter(names.tolist()).items())
    if least < count:
        raise DataError(
            f"Expected at least {count} pictures of every class for {count} folds; "
            f"received {fewest}: {least}."
        )
    groups = artist_groups(pool.examples, near_duplicates([each.phash for each in pool.facts]))
    artists = len(set(groups.tolist()))
    if artists < count:
        raise DataError(f"Expected at least {count} artists for {count} folds; received {artists}.")
    splitter = StratifiedGroupKFold(count, shuffle=True, random_state=seed)
    found = []
    for number, (kept, held) in enumerate(splitter.split(names, names, groups), start=1):
        train, validation = (
            _take(pool, kept.tolist(), "train"),
            _take(pool, held.tolist(), "validation"),
        )
        check(prepared.classes, train)
        parts = {"train": train, "validation": validation, "test": Part((), ())}
        counts = {
            split: dict(sorted(Counter(e.class_name for e in part.examples).items()))
            for split, part in parts.items()
            if part.examples
        }
        facts = prepared.facts.model_copy(update={"digest": digest(parts), "counts": counts})
        found.append(
            replace(
                prepared,
                train=train,
                validation=validation,
                test=parts["test"],
                facts=facts,
                held_out=f"part {number} of {count}, divided by artist and near-duplicate",
                held_by_us=False,
            )
        )
    return found


def _take(pool: Part, places: list[int], split: str) -> Part:
    return Part(
        tuple(replace(pool.examples[n], split=split) for n in places),
        tuple(pool.facts[n] for n in places),
    )
