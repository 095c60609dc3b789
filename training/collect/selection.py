"""Who gives how many: an even share of every period from every museum that has it."""

from collections.abc import Mapping, Sequence


def shares(missing: int, kept: Mapping[str, int], sources: Sequence[str]) -> dict[str, int]:
    """Divide what a period still lacks among the sources that have more of it.

    Whoever has given least gives next, so that no museum's lighting becomes the mark
    of a period; where one has no more, the others fill its place.

    Args:
        missing: Works that the period lacks.
        kept: Works that each source has given.
        sources: Those that may have more, the preferred first.

    Returns:
        How many to take from each source; sources that give none are left out.
    """
    given = {source: kept.get(source, 0) for source in sources}
    taken = dict.fromkeys(sources, 0)
    for _ in range(missing if sources else 0):
        # min() keeps the first of equals: the order of the sources decides.
        poorest = min(sources, key=given.__getitem__)
        given[poorest] += 1
        taken[poorest] += 1
    return {source: number for source, number in taken.items() if number}
