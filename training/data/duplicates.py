"""Finds pictures that are the same, or nearly: another size, another compression."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["DISTANCE", "near_duplicates", "united"]

DISTANCE = 4
"""Most bits of 64 by which the perceptual hashes of one picture's copies differ."""

_BLOCK = 512


def near_duplicates(hashes: Sequence[str], distance: int = DISTANCE) -> NDArray[np.int64]:
    """Group pictures by their perceptual hashes.

    Args:
        hashes: 64 bits each, as hexadecimal digits.
        distance: Most bits by which two of one group differ.

    Returns:
        int64 [N]: for each picture the lowest number of a picture of its group.
    """
    values = np.array([int(each, 16) for each in hashes], dtype=np.uint64)
    pairs = []
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        near = np.bitwise_count(block[:, None] ^ values[None, :]) <= distance
        rows, columns = np.nonzero(near)
        later = columns > rows + start
        pairs.append(np.stack([rows[later] + start, columns[later]], axis=1))
    return united(len(values), np.concatenate(pairs) if pairs else np.empty((0, 2), np.int64))


def united(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Unite numbers below `count` that are linked by pairs, directly or by others.

    Returns:
        int64 [count]: for each the lowest number of its group.
    """
    parent = list(range(count))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for first, second in pairs.tolist():
        a, b = root(first), root(second)
        parent[max(a, b)] = min(a, b)
    return np.array([root(number) for number in range(count)], dtype=np.int64)
