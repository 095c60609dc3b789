"""Each thing that is wrong with the data is one clear sentence, with its figures."""

from pathlib import Path

import pytest

from app.model_card import PeriodClass
from training.data.checks import check, warnings
from training.data.index import Example
from training.data.inspection import Facts
from training.data.part import Part
from training.errors import DataError

OLD, NEW = PeriodClass(name="old"), PeriodClass(name="new")


def _part(
    *rows: tuple[str, str | None, tuple[int, int]], same: tuple[int, ...] = (), start: int = 0
) -> Part:
    """Class, source and size of each picture; those at the places `same` are copies."""
    examples = tuple(
        Example(Path(f"{n}.jpg"), f"{n}.jpg", name, source=source)
        for n, (name, source, _) in enumerate(rows)
    )
    facts = tuple(
        # Digits spread so that no two hashes are near.
        Facts(
            "0" * 64,
            f"{0 if n in same else (n + start + 1) * 0x9E3779B97F4A7C15 % 2**64:016x}",
            *size,
        )
        for n, (_, _, size) in enumerate(rows)
    )
    return Part(examples, facts)


def _warnings(train: Part, held: Part | None = None) -> list[str]:
    default = _part(("old", None, (9, 9)), ("new", None, (9, 9)))
    return warnings((OLD, NEW), {"train": train, "validation": held or default})


def _rows(
    old: tuple[int, int], new: tuple[int, int], sources: tuple[str | None, str | None] = (None,) * 2
) -> list[tuple[str, str | None, tuple[int, int]]]:
    return [("old", sources[0], old)] * 20 + [("new", sources[1], new)] * 20


def test_fair_data_is_not_warned_of() -> None:
    """Twenty pictures of each class, of like sizes."""
    assert _warnings(_part(*_rows((400, 300), (500, 320)))) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ((400, 300), (1600, 1200), "The median longer side is 400 pixels in old and 1,600 pixels"),
        ((300, 700), (600, 500), "The median width by height is 0.43 in old and 1.20 in new"),
    ],
)
def test_sizes_and_shapes_that_tell_the_class(
    old: tuple[int, int], new: tuple[int, int], sentence: str
) -> None:
    """From twice as large on."""
    (found,) = _warnings(_part(*_rows(old, new)))
    assert sentence in found
    assert found.endswith("the model may learn this in place of the class.")


def test_sources_that_tell_the_class() -> None:
    """How often, beside how often a guess does."""
    rows = _rows((9, 9), (9, 9), ("museum", "archive"))
    rows[0] = ("old", "archive", (9, 9))
    found = _warnings(_part(*rows))
    assert any("names the class of 98% of the training pictures (50% by" in each for each in found)
    assert any("of new come from one source" in each for each in found)
    assert _warnings(_part(*_rows((9, 9), (9, 9), ("one", "one"))))[0].startswith("All training")
    rows[0] = ("old", None, (9, 9))
    assert not any("names the class" in each for each in _warnings(_part(*rows)))


def test_copies_in_two_classes_are_named() -> None:
    """Three pairs at most; a copy inside a class is no contradiction."""
    rows = _rows((9, 9), (9, 9))
    (found,) = _warnings(_part(*rows, same=(0, 1, 20)))
    assert found == (
        "Copies of one picture are in two classes: 0.jpg (old) and 20.jpg (new). "
        "One label is wrong."
    )
    assert _warnings(_part(*rows, same=(0, 1))) == []
    (found,) = _warnings(_part(*rows, same=(0, 20, 21, 22, 23, 24)))
    assert found.endswith("22.jpg (new); and 2 more. One label is wrong.")


def test_few_pictures_and_classes_without_validation() -> None:
    """Both are named."""
    train = _part(*_rows((9, 9), (9, 9))[:39])
    found = _warnings(train, _part(("old", None, (9, 9))))
    assert "Fewer than 20 training pictures of new" in found[0]
    assert "No validation picture of new" in found[1]


def test_too_few_are_refused() -> None:
    """All classes that have too few are counted."""
    with pytest.raises(DataError, match=r"at least 4 readable .* received old: 3, new: 0"):
        check((OLD, NEW), _part(*_rows((9, 9), (9, 9))[:3]))
    check((OLD,), _part(*_rows((9, 9), (9, 9))[:4]))
