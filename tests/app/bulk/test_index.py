"""`app.bulk.index`: places found by keys, whatever the keys."""

import random

from app.bulk.index import Index, key_of


def test_every_place_is_found_after_it_has_grown() -> None:
    index = Index()
    keys = [random.Random(number).getrandbits(64) for number in range(5000)]  # noqa: S311
    for place, key in enumerate(keys):
        index.add(key, place)
    assert len(index) == 5000
    assert all(list(index.places(key)) == [place] for place, key in enumerate(keys))
    assert list(index.places(12345)) == []


def test_places_that_share_a_key_are_all_found() -> None:
    index = Index()
    for place in range(10):
        index.add(0, place)
    index.add(1, 99)
    assert sorted(index.places(0)) == list(range(10))
    assert list(index.places(1)) == [99]


def test_memory_is_a_few_numbers_a_row() -> None:
    index = Index()
    for place in range(10_000):
        index.add(key_of(str(place)), place)
    size = sum(each.itemsize * len(each) for each in (index._keys, index._places))
    assert size <= 48 * 10_000


def test_a_key_has_64_bits() -> None:
    assert 0 <= key_of("é") < 2**64
    assert key_of("a") != key_of("b")
