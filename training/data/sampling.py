"""Which pictures a pass shows, and in which order."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.data.index import Example

__all__ = ["Draw", "Sampling", "draws"]


@dataclass(frozen=True)
class Draw:
    """One showing of a picture.

    Attributes:
        position: Of the example.
        view: Which of its views; no two showings of a run share one, unless the
            sampling has a number of views.
    """

    position: int
    view: int


@dataclass(frozen=True)
class Sampling:
    """How a pass is drawn.

    Attributes:
        even: Whether classes are shown equally often, and the sources inside a
            class more evenly than they are large. Otherwise each picture is
            shown once a pass.
        source_power: With `even`, a source's part in its class is its number of
            pictures to this power: 0 is equal parts, 1 parts by size.
        most: Most pictures of a pass; None is as many as there are.
        views: How many views a picture has, shown in turn, so that what is computed
            of them is computed once; None makes a new one for every showing.
    """

    even: bool = False
    source_power: float = 0.5
    most: int | None = None
    views: int | None = None


def draws(examples: Sequence[Example], sampling: Sampling, seed: int, epoch: int) -> list[Draw]:
    """Draw one pass, the same one whenever it is asked for.

    Args:
        examples: N training pictures.
        sampling: How.
        seed: The run's.
        epoch: Which pass, from 0.

    Returns:
        `min(N, most)` showings.
    """
    rng = np.random.default_rng([seed, epoch])
    count = min(len(examples), sampling.most or len(examples))
    if sampling.even:
        cells = [(each.class_name, each.source or "") for each in examples]
        places = _systematic(weights(examples, sampling.source_power), cells, count, rng)
    else:
        places = rng.permutation(len(examples))[:count]
    shown: Counter[int] = Counter()
    drawn = []
    for place in places.tolist():
        # A picture drawn twice in a pass is shown in two views.
        view = epoch * _VIEWS_A_PASS + shown[place]
        if sampling.views is not None:
            view = (epoch + shown[place]) % sampling.views
        drawn.append(Draw(place, view))
        shown[place] += 1
    return drawn


_VIEWS_A_PASS = 1000


def weights(examples: Sequence[Example], source_power: float) -> NDArray[np.float64]:
    """Each picture's share of the showings; float64 [N], sum 1."""
    cells = Counter((each.class_name, each.source) for each in examples)
    parts = {cell: count**source_power for cell, count in cells.items()}
    totals: defaultdict[str, float] = defaultdict(float)
    for (name, _), part in parts.items():
        totals[name] += part
    shares = [
        parts[each.class_name, each.source]
        / cells[each.class_name, each.source]
        / totals[each.class_name]
        for each in examples
    ]
    return np.array(shares) / len(totals)


def _systematic(
    shares: NDArray[np.float64],
    cells: Sequence[tuple[str, str]],
    count: int,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Draw by shares with the least chance.

    Every class, cell and picture is drawn its share, rounded up or down: they lie
    side by side on a line, and the points drawn are evenly spaced on it.
    """
    shuffled = rng.permutation(len(shares))
    order = np.array(sorted(shuffled.tolist(), key=cells.__getitem__))
    edges = np.cumsum(shares[order])
    points = (np.arange(count) + rng.random()) / count * edges[-1]
    drawn = order[np.searchsorted(edges, points, side="right").clip(max=len(order) - 1)]
    return rng.permutation(drawn)
