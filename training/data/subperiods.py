"""Parts of the periods, by year, and which of them each training picture may be of.

A period of two or three hundred years has many looks. A network that is also asked for the
part learns from what a data set says beside the period: a year, or the name of a style.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from app.model_card import PeriodClass
from training.data.index import Example
from training.data.years import Years, years_in

__all__ = ["STYLES", "Subperiod", "Subperiods", "style_years"]

STYLES: dict[str, Years] = {
    "early renaissance": (1400, 1490),
    "northern renaissance": (1430, 1570),
    "high renaissance": (1485, 1530),
    "mannerism": (1530, 1600),
    "baroque": (1600, 1700),
    "rococo": (1720, 1780),
    "neoclassicism": (1775, 1830),
    "romanticism": (1800, 1850),
    "naturalism": (1865, 1890),
    "impressionism": (1870, 1895),
    "symbolism": (1885, 1910),
    "post-impressionism": (1886, 1906),
    "art nouveau": (1890, 1912),
    "expressionism": (1905, 1930),
    "cubism": (1908, 1925),
    "art deco": (1918, 1940),
    "abstract art": (1912, 1990),
    "surrealism": (1920, 1990),
    "art informel": (1940, 1990),
    "minimalism": (1960, 1990),
}
"""When most pictures of a style were painted, by the style's English name: round years as
surveys of Western painting give them. `realism` is left out: 1840 to 1880 lies in two periods."""

_AWAY = 15
"""Years by which a dated picture may miss a sub-period and still be shown as one of it."""

_SHARED = 5
"""Years that a style and a sub-period must have in common."""


@dataclass(frozen=True)
class Subperiod:
    """A part of one period.

    Attributes:
        period: The number of its class.
        begin: First year; None is open.
        end: The year after the last; None is open.
    """

    period: int
    begin: int | None
    end: int | None

    def shares(self, years: Years) -> int:
        """How many years of a span, its last one included, lie in it; negative: how far off."""
        begin = years[0] if self.begin is None else max(self.begin, years[0])
        end = years[1] + 1 if self.end is None else min(self.end, years[1] + 1)
        return end - begin


@dataclass(frozen=True)
class Subperiods:
    """All parts of all periods.

    Attributes:
        parts: In the order of the classes, each class's by time.
    """

    parts: tuple[Subperiod, ...]

    @classmethod
    def cut(cls, classes: Sequence[PeriodClass], years: Sequence[int]) -> "Subperiods":
        """Cut the classes at years; a class whose own years are not known stays whole.

        Args:
            classes: In the order of the model's outputs.
            years: Each the first of a sub-period.
        """
        parts = []
        for number, each in enumerate(classes):
            begin, end = each.years
            inside = (
                []
                if (begin, end) == (None, None)
                else [
                    year
                    for year in sorted(years)
                    if (begin is None or year > begin) and (end is None or year < end)
                ]
            )
            edges = [begin, *inside, end]
            parts += [Subperiod(number, *span) for span in pairwise(edges)]
        return cls(tuple(parts))

    @property
    def owners(self) -> NDArray[np.float32]:
        """[S, C]: 1 where the sub-period is of the class."""
        numbers = np.array([each.period for each in self.parts])
        owners: NDArray[np.float32] = (numbers[:, None] == np.arange(numbers.max() + 1)).astype(
            np.float32
        )
        return owners

    def met(self, examples: Sequence[Example], class_names: Sequence[str]) -> NDArray[np.float32]:
        """Which sub-periods each picture may be of.

        Those of its class that its year meets; without a year those of the style that its
        title begins with; without either, or where they speak against the class, all.

        Args:
            examples: N pictures.
            class_names: In the order of the outputs.

        Returns:
            [N, S] of 1 and 0, at least one 1 in each row.
        """
        rows = [self._met(each, class_names.index(each.class_name)) for each in examples]
        return np.array(rows, np.float32).reshape(len(rows), len(self.parts))

    def _met(self, example: Example, period: int) -> list[bool]:
        own = [each.period == period for each in self.parts]
        years, least = years_in(example.year or ""), 1 - _AWAY
        if years is None:
            years, least = style_years(example.title or ""), _SHARED
        if years is None:
            return own
        found = [
            is_own and each.shares(years) >= least
            for is_own, each in zip(own, self.parts, strict=True)
        ]
        return found if any(found) else own


def style_years(title: str) -> Years | None:
    """The years of the style that a title names or begins with, `Baroque: still life`.

    None where it begins with none of `STYLES`. Underscores count as spaces, and what stands
    in brackets is left out: `Mannerism_(Late_Renaissance)`.
    """
    name = re.split(r"[:(]", title, maxsplit=1)[0].replace("_", " ").strip().lower()
    return STYLES.get(_APART.get(name, name))


_APART = {"artdeco": "art deco"}
