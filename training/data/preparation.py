"""From an index to three sets of pictures that can be trained and judged on."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.model_card import PeriodClass, TrainingData
from training.data.checks import LEAST, check, warnings
from training.data.duplicates import near_duplicates
from training.data.index import SPLITS, Example, Index
from training.data.inspection import Inspection
from training.data.part import Part
from training.data.splits import artist_groups, hold_out, leaking

__all__ = ["MANY", "Prepared", "digest", "held_share", "prepare"]

MANY = 1000
"""From so many pictures on a tenth is enough to hold out, and worth learning from in the end."""


@dataclass(frozen=True)
class Prepared:
    """Everything that is known of the data before training.

    Attributes:
        classes: In the order of the model's outputs.
        train: To learn from.
        validation: To calibrate on.
        test: Only reported on; may be empty.
        facts: What the card says of the data.
        held_out: How the validation pictures were chosen, in words.
        held_by_us: Whether the data did not choose them: then they may be learnt
            from in the end.
        unreadable: (file, reason) of what was skipped.
        warnings: Sentences for the person at the keyboard.
    """

    classes: tuple[PeriodClass, ...]
    train: Part
    validation: Part
    test: Part
    facts: TrainingData
    held_out: str
    held_by_us: bool
    unreadable: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the model's outputs."""
        return tuple(each.name for each in self.classes)

    @property
    def holds_whole_sources(self) -> bool:
        """Whether the validation pictures are of named sources that train has nothing of."""
        held = {each.source for each in self.validation.examples}
        seen = {each.source for each in self.train.examples}
        return bool(held) and None not in held and held.isdisjoint(seen)


def held_share(pictures: int, share: float | None = None) -> float:
    """How much to hold out of so many pictures: the share asked for, or what is enough."""
    if share is not None:
        return share
    return 0.1 if pictures >= MANY else 0.2


def prepare(
    index: Index, inspection: Inspection, *, share: float | None = None, seed: int = 0
) -> Prepared:
    """Drop copies, choose what to validate on, and check that training makes sense.

    Args:
        index: From `read_index`.
        inspection: Of its examples.
        share: Of the training pictures to hold out where the data has no
            `validation` split. Defaults to a fifth below 1,000 pictures, else a tenth.
        seed: Decides which.

    Raises:
        DataError: A class has too few pictures, or there is only one class.
    """
    examples = list(inspection.examples)
    duplicates = near_duplicates([each.phash for each in inspection.facts])
    splits = [each.split or "train" for each in examples]
    held_out = "the data's own validation split"
    held_by_us = "validation" not in splits
    if held_by_us:
        held_out = _hold_out(examples, splits, duplicates, share, seed)
    leaks = leaking(splits, duplicates)
    dropped = {place for places in leaks.values() for place in places}
    parts = {
        split: _part(
            [n for n, each in enumerate(splits) if each == split and n not in dropped],
            split,
            inspection,
        )
        for split in SPLITS
    }
    check(index.classes, parts["train"])
    counts = {split: Counter(e.class_name for e in part.examples) for split, part in parts.items()}
    facts = TrainingData(
        digest=digest(parts),
        counts={split: dict(sorted(each.items())) for split, each in counts.items() if each},
        sources=dict(
            sorted(Counter(e.source for e in parts["train"].examples if e.source).items())
        ),
        dropped={
            "unreadable": len(inspection.unreadable),
            "copies_in_train": len(leaks["train"]),
            "copies_in_validation": len(leaks["validation"]),
        },
    )
    return Prepared(
        index.classes,
        parts["train"],
        parts["validation"],
        parts["test"],
        facts,
        held_out,
        held_by_us,
        inspection.unreadable,
        tuple(warnings(index.classes, parts)),
    )


def _hold_out(
    examples: Sequence[Example],
    splits: list[str],
    duplicates: NDArray[np.int64],
    share: float | None,
    seed: int,
) -> str:
    """Turn some of `splits` from train to validation; returns how, in words."""
    train = [n for n, split in enumerate(splits) if split == "train"]
    wanted = held_share(len(train), share)
    ours = [examples[n] for n in train]
    if min(Counter(each.class_name for each in ours).values(), default=0) < LEAST:
        return "nothing"  # refused in a moment, with a better sentence
    groups = artist_groups(ours, _renumbered(duplicates[train]))
    held = hold_out(ours, groups, share=wanted, seed=seed)
    for place in held.positions:
        splits[train[place]] = "validation"
    if held.by == "source":
        return f"whole sources held out of train: {', '.join(held.sources)}"
    return "held out of train by artist and near-duplicate"


def _renumbered(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Name each group by the place of its first member."""
    _, first, member = np.unique(groups, return_index=True, return_inverse=True)
    renumbered: NDArray[np.int64] = first[member]
    return renumbered


def _part(places: Sequence[int], split: str, inspection: Inspection) -> Part:
    return Part(
        tuple(replace(inspection.examples[n], split=split) for n in places),
        tuple(inspection.facts[n] for n in places),
    )


def digest(parts: dict[str, Part]) -> str:
    """Over every picture's split, class, bytes, and what its showing depends on."""
    found = hashlib.sha256()
    for split in SPLITS:
        part = parts[split]
        for example, facts in zip(part.examples, part.facts, strict=True):
            row = (split, example.class_name, example.source or "", facts.sha256)
            found.update("\t".join(row).encode() + b"\n")
    return found.hexdigest()
