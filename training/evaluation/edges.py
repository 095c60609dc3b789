"""Accuracy against how far a picture's years lie from the nearest edge of a period."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.model_card import Estimate, PeriodClass
from training.data.years import Years
from training.evaluation.intervals import wilson

__all__ = ["BOUNDS", "AtDistance", "accuracy_by_distance", "distance_to_edge", "edges_of"]

BOUNDS = (0, 10, 25, 50, 100)
"""Distances in years at which the groups begin; the last has no end."""


@dataclass(frozen=True)
class AtDistance:
    """Pictures whose years lie so far from the nearest edge.

    Attributes:
        first: Least distance in years.
        until: The distance that is no longer in the group; None is open.
        pictures: How many.
        accuracy: Share of them that is right.
    """

    first: int
    until: int | None
    pictures: int
    accuracy: Estimate

    @property
    def name(self) -> str:
        """Such as `10 to 25 years`."""
        end = "years and more" if self.until is None else f"to {self.until} years"
        return f"{self.first} {end}"


def edges_of(classes: Sequence[PeriodClass]) -> tuple[int, ...]:
    """The years in which a period begins where another ends."""
    begins = {each.years[0] for each in classes} - {None}
    ends = {each.years[1] for each in classes} - {None}
    return tuple(sorted(year for year in begins & ends if year is not None))


def distance_to_edge(years: Years, edges: Sequence[int]) -> int:
    """Years from the nearest year of a dating to the nearest edge; 0 if it holds one.

    Args:
        years: First and last year of the dating.
        edges: First years of periods; at least one.
    """
    first, last = years
    return min(max(0, edge - last, first - edge) for edge in edges)


def accuracy_by_distance(
    right: NDArray[np.bool_], years: Sequence[Years | None], edges: Sequence[int]
) -> list[AtDistance]:
    """Group the dated pictures by distance, the nearest first.

    Args:
        right: [N], whether the answer is.
        years: N datings; pictures without one are left out.
        edges: From `edges_of`.

    Returns:
        The groups that `BOUNDS` begin, without empty ones; none without edges.
    """
    if not edges:
        return []
    dated = [place for place, each in enumerate(years) if each is not None]
    distances = np.array([distance_to_edge(years[n], edges) for n in dated])  # type: ignore[arg-type]
    hits = right[dated]
    found = []
    for first, until in zip(BOUNDS, (*BOUNDS[1:], None), strict=True):
        here = (distances >= first) & (distances < (until or np.inf))
        if here.any():
            accuracy = wilson(int(hits[here].sum()), int(here.sum()))
            found.append(AtDistance(first, until, int(here.sum()), accuracy))
    return found
