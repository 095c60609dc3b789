"""The same picture in another size or compression is found; another picture is not."""

import imagehash
import numpy as np

from app.imaging import decode
from tests.training.making import jpeg, painting
from training.data.duplicates import near_duplicates, united


def _hash(data: bytes) -> str:
    return str(imagehash.phash(decode(data).image))


def test_copies_are_found_and_strangers_are_not() -> None:
    """Smaller, and badly compressed; the group bears its first member's number."""
    pictures = [painting(n) for n in range(6)]
    small = pictures[2].resize((50, 60))
    hashes = [_hash(jpeg(each)) for each in [*pictures, small, pictures[4]]]
    hashes.append(_hash(jpeg(pictures[4], quality=30)))
    assert near_duplicates(hashes).tolist() == [0, 1, 2, 3, 4, 5, 2, 4, 4]


def test_groups_across_blocks() -> None:
    """Comparing in blocks finds pairs of different blocks."""
    hashes = [f"{(n * 0x9E3779B97F4A7C15) % 2**64:016x}" for n in range(700)]
    hashes.append(hashes[3])
    groups = near_duplicates(hashes, distance=0)
    assert groups[700] == 3
    assert len(set(groups.tolist())) == 700


def test_none_at_all() -> None:
    """An empty list has no groups."""
    assert near_duplicates([]).tolist() == []


def test_links_of_links_are_united() -> None:
    """0-4-2 are one group, though 0 and 2 are not linked."""
    pairs = np.array([[4, 2], [0, 4], [3, 5]])
    assert united(6, pairs).tolist() == [0, 1, 0, 3, 0, 3]
