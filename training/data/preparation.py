"""From an index to three sets of pictures that can be trained and judged on."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.model_card import PeriodClass, TrainingData
from training.data.duplicates import near_duplicates
from training.data.index import SPLITS, Example, Index
from training.data.inspection import Facts, Inspection
from training.data.splits import artist_groups, hold_out, leaking
from training.errors import DataError

__all__ = ["Part", "Prepared", "prepare"]

LEAST = 4
"""Fewest pictures of a class to train on; below it a figure would mean nothing."""

_FEW = 20
_MANY = 1000


@dataclass(frozen=True)
class Part:
    """The pictures of one split.

    Attributes:
        examples: With `split` set.
        facts: Of each.
    """

    examples: tuple[Example, ...]
    facts: tuple[Facts, ...]

    @property
    def digests(self) -> tuple[str, ...]:
        """sha256 of each file."""
        return tuple(each.sha256 for each in self.facts)


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
        unreadable: (file, reason) of what was skipped.
        warnings: Sentences for the person at the keyboard.
    """

    classes: tuple[PeriodClass, ...]
    train: Part
    validation: Part
    test: Part
    facts: TrainingData
    held_out: str
    unreadable: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the model's outputs."""
        return tuple(each.name for each in self.classes)


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
    if "validation" not in splits:
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
    _check(index.classes, parts["train"])
    counts = {split: Counter(e.class_name for e in part.examples) for split, part in parts.items()}
    facts = TrainingData(
        digest=_digest(parts),
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
        inspection.unreadable,
        tuple(_warnings(index.classes, parts)),
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
    wanted = share if share is not None else (0.1 if len(train) >= _MANY else 0.2)
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


def _check(classes: Sequence[PeriodClass], train: Part) -> None:
    counts = Counter(each.class_name for each in train.examples)
    few = {each.name: counts[each.name] for each in classes if counts[each.name] < LEAST}
    if few:
        listed = ", ".join(f"{name}: {count}" for name, count in few.items())
        raise DataError(
            f"Expected at least {LEAST} readable training pictures of every class; "
            f"received {listed}."
        )


def _warnings(classes: Sequence[PeriodClass], parts: dict[str, Part]) -> list[str]:
    counts = Counter(each.class_name for each in parts["train"].examples)
    held = Counter(each.class_name for each in parts["validation"].examples)
    few = [each.name for each in classes if counts[each.name] < _FEW]
    found = []
    if few:
        found.append(
            f"Fewer than {_FEW} training pictures of {', '.join(few)}: "
            "the result says little about them."
        )
    without = [each.name for each in classes if not held[each.name]]
    if without:
        found.append(
            f"No validation picture of {', '.join(without)}: "
            "calibration does not know these classes."
        )
    sources = {
        each.name: {e.source for e in parts["train"].examples if e.class_name == each.name}
        for each in classes
    }
    alone = [name for name, of in sources.items() if len(of) == 1 and None not in of]
    if alone:
        found.append(
            f"All training pictures of {', '.join(alone)} come from one source: "
            "the model may learn the source in place of the class."
        )
    return found


def _digest(parts: dict[str, Part]) -> str:
    """Over every picture's split, class, bytes, and what its showing depends on."""
    digest = hashlib.sha256()
    for split in SPLITS:
        part = parts[split]
        for example, facts in zip(part.examples, part.facts, strict=True):
            row = (split, example.class_name, example.source or "", facts.sha256)
            digest.update("\t".join(row).encode() + b"\n")
    return digest.hexdigest()
