"""Where a row stands, by what it is about: 16 to 48 bytes a row, however long the paths."""

import hashlib
from array import array
from collections.abc import Iterator

__all__ = ["Index", "key_of"]

_EMPTY = 0
_LEAST_SLOTS = 1024
_MOST_FULL = 0.66


def key_of(text: str) -> int:
    """A number of 64 bits for a text; two texts share one hardly ever, but they may."""
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little")


class Index:
    """Finds places by keys; a Python dictionary would take ten times the memory.

    Open addressing with linear probing. The keys are hashes already, and several places
    may have the same one: who asks reads the row and looks whether it is the right one.
    """

    def __init__(self) -> None:
        self._count = 0
        self._keys, self._places = _slots(_LEAST_SLOTS)

    def __len__(self) -> int:
        return self._count

    def add(self, key: int, place: int) -> None:
        """Remember a place.

        Args:
            key: 64 bits.
            place: From 0 on.
        """
        if self._count >= _MOST_FULL * len(self._keys):
            self._grow()
        self._put(key, place + 1)
        self._count += 1

    def places(self, key: int) -> Iterator[int]:
        """The places with this key: hardly ever more than one."""
        slots = len(self._keys)
        slot = key % slots
        while self._places[slot] != _EMPTY:
            if self._keys[slot] == key:
                yield self._places[slot] - 1
            slot = (slot + 1) % slots

    def _put(self, key: int, stored: int) -> None:
        slots = len(self._keys)
        slot = key % slots
        while self._places[slot] != _EMPTY:
            slot = (slot + 1) % slots
        self._keys[slot] = key
        self._places[slot] = stored

    def _grow(self) -> None:
        keys, places = self._keys, self._places
        self._keys, self._places = _slots(2 * len(keys))
        for key, stored in zip(keys, places, strict=True):
            if stored != _EMPTY:
                self._put(key, stored)


def _slots(count: int) -> tuple["array[int]", "array[int]"]:
    return array("Q", bytes(8 * count)), array("Q", bytes(8 * count))
