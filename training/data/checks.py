"""What is wrong with the data, told before hours are spent on it.

`check` refuses what no figure could be believed of; `warnings` are sentences for
the person at the keyboard, and stand in the card.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from app.model_card import PeriodClass
from training.data.duplicates import near_duplicates
from training.data.part import Part
from training.errors import DataError

__all__ = ["LEAST", "check", "warnings"]

LEAST = 4
"""Fewest pictures of a class to train on; below it a figure would mean nothing."""

_FEW = 20
_APART = 2.0
"""Factor between two classes' median sizes from which on size may give the class away."""
_TELLING = 0.2
"""How much more often the source may name the class than a guess does."""
_LISTED = 3


def check(classes: Sequence[PeriodClass], train: Part) -> None:
    """Refuse to train on too little.

    Raises:
        DataError: A class has fewer than `LEAST` pictures.
    """
    counts = Counter(each.class_name for each in train.examples)
    few = {each.name: counts[each.name] for each in classes if counts[each.name] < LEAST}
    if few:
        listed = ", ".join(f"{name}: {count}" for name, count in few.items())
        raise DataError(
            f"Expected at least {LEAST} readable training pictures of every class; "
            f"received {listed}."
        )


def warnings(classes: Sequence[PeriodClass], parts: Mapping[str, Part]) -> list[str]:
    """What a person should know before they believe a figure, a sentence each.

    Args:
        classes: Of the data.
        parts: `train` and `validation`.
    """
    names = [each.name for each in classes]
    train = parts["train"]
    return [
        *_few(names, parts),
        *_sources(names, train),
        *_sizes(names, train),
        *_contradictions(train),
    ]


def _few(names: Sequence[str], parts: Mapping[str, Part]) -> Iterator[str]:
    counts = Counter(each.class_name for each in parts["train"].examples)
    held = Counter(each.class_name for each in parts["validation"].examples)
    few = [name for name in names if counts[name] < _FEW]
    if few:
        yield (
            f"Fewer than {_FEW} training pictures of {', '.join(few)}: "
            "the result says little about them."
        )
    without = [name for name in names if not held[name]]
    if without:
        yield (
            f"No validation picture of {', '.join(without)}: "
            "calibration does not know these classes."
        )


def _sources(names: Sequence[str], train: Part) -> Iterator[str]:
    """A class from one source, or sources that tell the class: the model may learn either."""
    by_class = {
        name: {each.source for each in train.examples if each.class_name == name} for name in names
    }
    alone = [name for name, of in by_class.items() if len(of) == 1 and None not in of]
    if alone:
        yield (
            f"All training pictures of {', '.join(alone)} come from one source: "
            "the model may learn the source in place of the class."
        )
    if not all(each.source for each in train.examples):
        return
    by_source: defaultdict[str | None, Counter[str]] = defaultdict(Counter)
    for each in train.examples:
        by_source[each.source][each.class_name] += 1
    total = len(train.examples)
    told = sum(max(count.values()) for count in by_source.values()) / total
    guessed = max(Counter(each.class_name for each in train.examples).values()) / total
    if len(by_source) > 1 and told - guessed >= _TELLING:
        yield (
            f"The source alone names the class of {told:.0%} of the training pictures "
            f"({guessed:.0%} by always saying the largest class): a model may learn sources. "
            "Believe figures on sources that it has not seen."
        )


def _sizes(names: Sequence[str], train: Part) -> Iterator[str]:
    """Classes whose pictures have other sizes or other shapes."""
    sides: defaultdict[str, list[int]] = defaultdict(list)
    shapes: defaultdict[str, list[float]] = defaultdict(list)
    for example, facts in zip(train.examples, train.facts, strict=True):
        sides[example.class_name].append(max(facts.width, facts.height))
        shapes[example.class_name].append(facts.width / facts.height)
    for what, unit, values in (
        ("longer side", " pixels", {name: float(median(sides[name])) for name in names}),
        ("width by height", "", {name: median(shapes[name]) for name in names}),
    ):
        low, high = min(values, key=values.__getitem__), max(values, key=values.__getitem__)
        if values[high] >= _APART * values[low]:
            yield (
                f"The median {what} is {_figure(values[low])}{unit} in {low} and "
                f"{_figure(values[high])}{unit} in {high}: the model may learn this in place of "
                "the class."
            )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004 - pixels or a ratio


def _contradictions(train: Part) -> Iterator[str]:
    """Copies of one picture in two classes."""
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for place, group in enumerate(near_duplicates([each.phash for each in train.facts]).tolist()):
        groups[group].append(place)
    pairs = []
    for places in groups.values():
        first = train.examples[places[0]]
        others = (train.examples[n] for n in places[1:])
        pairs += [(first, each) for each in others if each.class_name != first.class_name]
    if pairs:
        shown = "; ".join(
            f"{a.file} ({a.class_name}) and {b.file} ({b.class_name})" for a, b in pairs[:_LISTED]
        )
        more = f"; and {len(pairs) - _LISTED} more" if len(pairs) > _LISTED else ""
        yield f"Copies of one picture are in two classes: {shown}{more}. One label is wrong."
