"""Divides the training pictures into parts that are judged in turn."""

from collections import Counter
from dataclasses import replace

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from training.data.checks import check
from training.data.duplicates import near_duplicates
from training.data.part import Part
from training.data.preparation import Prepared, digest
from training.data.splits import artist_groups, leaking, whole_sources
from training.errors import DataError

__all__ = ["folds", "source_folds"]


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
    return [
        _divided(
            prepared,
            pool,
            (kept.tolist(), held.tolist()),
            f"part {number} of {count}, divided by artist and near-duplicate",
            held_by_us=False,
        )
        for number, (kept, held) in enumerate(splitter.split(names, names, groups), start=1)
    ]


def source_folds(prepared: Prepared, count: int, *, share: float, seed: int) -> list[Prepared]:
    """Hold out whole sources in turn, so that calibration hears of several kinds of strangers.

    Args:
        prepared: With whole sources held out of train as `validation`: the first fold.
        count: How many folds at most.
        share: How much of each class to hold out, about.
        seed: Decides between choices that are as good.

    Returns:
        `prepared`, then for each further fold the same data with other whole sources as
        `validation`, none of which an earlier fold held out, and without test pictures.
        Fewer than `count` where the sources do not allow more.

    Raises:
        DataError: Too few pictures of a class are left to learn from.
    """
    found = [prepared]
    pool = prepared.train.joined(prepared.validation)
    duplicates = near_duplicates([each.phash for each in pool.facts])
    used = {str(each.source) for each in prepared.validation.examples}
    while len(found) < count:
        sources = whole_sources(
            pool.examples, share=share, seed=seed, without=used, some_classes=True
        )
        if not sources:
            break
        used |= sources
        splits = ["validation" if e.source in sources else "train" for e in pool.examples]
        copies = set(leaking(splits, duplicates)["train"])
        kept = [n for n, split in enumerate(splits) if split == "train" and n not in copies]
        held = [n for n, split in enumerate(splits) if split == "validation"]
        how = f"whole sources held out of train: {', '.join(sorted(sources))}"
        found.append(_divided(prepared, pool, (kept, held), how, held_by_us=True))
    return found


def _divided(
    prepared: Prepared,
    pool: Part,
    places: tuple[list[int], list[int]],
    held_out: str,
    *,
    held_by_us: bool,
) -> Prepared:
    """The same data with these places of the pool as train and validation, and no test."""
    train, validation = (
        _take(pool, chosen, split)
        for chosen, split in zip(places, ("train", "validation"), strict=True)
    )
    check(prepared.classes, train)
    parts = {"train": train, "validation": validation, "test": Part((), ())}
    counts = {
        split: dict(sorted(Counter(e.class_name for e in part.examples).items()))
        for split, part in parts.items()
        if part.examples
    }
    return replace(
        prepared,
        train=train,
        validation=validation,
        test=parts["test"],
        facts=prepared.facts.model_copy(update={"digest": digest(parts), "counts": counts}),
        held_out=held_out,
        held_by_us=held_by_us,
    )


def _take(pool: Part, places: list[int], split: str) -> Part:
    return Part(
        tuple(replace(pool.examples[n], split=split) for n in places),
        tuple(pool.facts[n] for n in places),
    )
