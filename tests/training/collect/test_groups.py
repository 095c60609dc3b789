"""Artists, even shares, groups, splits and the manifest."""

import csv
import random
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.collect.artists import Hands, artist_keys, normal_name
from training.collect.groups import grouped
from training.collect.labels import BOUNDARY
from training.collect.manifest import COLUMNS, write_manifest
from training.collect.pictures import Facts, Taken
from training.collect.selection import shares
from training.collect.shelf import Candidate
from training.collect.work import Work


def work(number: int, artist: str = "", source: str = "met", **more: object) -> Work:
    made = Work(
        source=source,
        museum="The Met",
        object_id=str(number),
        title=f"T{number}",
        artist=artist,
        earliest=1500,
        latest=1510,
        licence="cc0",
        image_urls=("https://i.example/x.jpg",),
        page="https://example/x",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def taken(made: Work, phash: str | None = None, period: str = "renaissance") -> Taken:
    bits = phash or f"{random.Random(made.key).getrandbits(64):016x}"  # noqa: S311
    return Taken(
        Candidate(made, period),
        Facts(
            f"pictures/{made.source}/{made.object_id}.jpg",
            "https://i.example/x.jpg",
            "0" * 64,
            bits,
            400,
            300,
        ),
    )


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("Rembrandt van Rijn", "Rijn, Rembrandt van (1606-1669)"),
        ("Rembrandt van Rijn", "Workshop of Rembrandt van Rijn"),
        ("Rembrandt van Rijn", "Attributed to Rembrandt van Rijn"),
        ("Rembrandt van Rijn", "painter: Rembrandt van Rijn"),
        ("El Greco", "El Greco\nGreek, active Spain"),
        ("Paul Cézanne", "Paul Cezanne, 1839\u20131906"),
        ("Florentine 14th Century", "florentine 14th century"),
    ],
)
def test_two_museums_ways_to_write_a_name_are_one(name: str, same: str) -> None:
    assert normal_name(name) == normal_name(same) != ""


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Unknown",
        "Anonymous",
        "Anonymous Artist",
        "Ukendt",
        "unidentified artist",
        "Artist unknown",
        "anoniem (?)",
    ],
)
def test_nobody_in_particular_has_no_name(name: str) -> None:
    assert normal_name(name.replace("anoniem", "anonymous")) == ""
    assert artist_keys(work(7, name.replace("anoniem", "anonymous"))) == ("alone:met:7",)


def test_different_schools_are_different_names() -> None:
    assert normal_name("Florentine 14th Century") != normal_name("Sienese 14th Century")
    assert normal_name("Florentine 14th Century") != normal_name("Florentine 15th Century")


def test_a_hand_is_one_by_name_or_by_number() -> None:
    hands = Hands(2)
    assert hands.admit(work(1, "Titian"))
    assert hands.admit(work(2, "Tiziano Vecellio", artist_ids=("wikidata:Q47551",)))
    # This one tells that both are the same: he has two already.
    assert not hands.admit(work(3, "Titian", artist_ids=("wikidata:Q47551",)))
    assert hands.admit(work(4, "Titian"))
    assert not hands.admit(work(5, "Titian"))
    hands.release(work(4, "Titian"))
    copy = hands.copy()
    assert copy.admit(work(5, "Titian"))
    assert hands.admit(work(6, "Titian", artist_ids=("ulan:1",)))
    assert not hands.admit(work(7, "T.", artist_ids=("ulan:1",)))


def test_a_work_that_joins_two_keys_counts_for_both() -> None:
    hands = Hands(3)
    hands.admit(work(1, "Titian"))
    hands.admit(work(2, "T.", artist_ids=("wikidata:Q1",)))
    assert hands.admit(work(3, "Titian", artist_ids=("wikidata:Q1",)))
    assert not hands.admit(work(4, "T."))


def test_unsigned_works_are_not_one_hand() -> None:
    hands = Hands(1)
    assert all(hands.admit(work(number, "Unknown")) for number in range(5))


@pytest.mark.parametrize(
    ("missing", "kept", "sources", "expected"),
    [
        (6, {}, ["a", "b", "c"], {"a": 2, "b": 2, "c": 2}),
        (5, {}, ["a", "b"], {"a": 3, "b": 2}),
        (3, {"a": 3}, ["a", "b"], {"b": 3}),
        (5, {"a": 3}, ["a", "b"], {"a": 1, "b": 4}),
        (5, {"a": 3, "c": 9}, ["b"], {"b": 5}),
        (5, {}, [], {}),
        (0, {}, ["a"], {}),
        (-2, {}, ["a"], {}),
    ],
)
def test_whoever_has_given_least_gives_next(
    missing: int, kept: dict[str, int], sources: list[str], expected: dict[str, int]
) -> None:
    assert shares(missing, kept, sources) == expected


@given(
    st.integers(0, 60),
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 20)),
    st.lists(st.sampled_from("abcd"), min_size=1, unique=True),
)
@settings(max_examples=60)
def test_shares_add_up_and_are_level(
    missing: int, kept: dict[str, int], sources: list[str]
) -> None:
    given_now = shares(missing, kept, sources)
    assert sum(given_now.values()) == missing
    level = {name: kept.get(name, 0) + given_now.get(name, 0) for name in sources}
    if given_now:
        assert max(level[name] for name in given_now) - min(level.values()) <= 1


def test_an_artist_is_on_one_side_in_every_museum() -> None:
    pictures = [
        taken(work(1, "Titian")),
        taken(work(2, "Tiziano", source="nga", artist_ids=("wikidata:Q47551",))),
        taken(work(3, "Titian", source="smk", artist_ids=("wikidata:Q47551",))),
        taken(work(4, "Giotto")),
    ]
    rows = {row.taken.candidate.work.object_id: row for row in grouped(pictures, 0)}
    assert rows["1"].group == rows["2"].group == rows["3"].group != rows["4"].group
    assert rows["1"].split == rows["2"].split == rows["3"].split


def test_near_duplicates_and_parts_are_one_group() -> None:
    pictures = [
        taken(work(1, "A"), "00000000000000ff"),
        taken(work(2, "B", source="nga"), "000000000000003f"),  # 2 bits away
        taken(work(3, "C"), "ffffffff00000000"),
        taken(work(4, "D", whole="nga:9"), "0f0f0f0f0f0f0f0f"),
        taken(work(5, "E", whole="nga:9"), "3333333333333333"),
        taken(work(9, "F", source="nga"), "5555555555555555"),
    ]
    group = {row.taken.candidate.work.object_id: row.group for row in grouped(pictures, 0)}
    assert group["1"] == group["2"]
    assert group["4"] == group["5"] == group["9"]
    assert len(set(group.values())) == 3


def test_splits_are_about_even_in_every_period_and_repeatable() -> None:
    chance = random.Random(5)  # noqa: S311
    pictures = [
        taken(
            work(n, f"Painter{chance.choice('abcdefghij')}{chance.randrange(12)}x"),
            period=chance.choice(["medieval", "modern"]),
        )
        for n in range(400)
    ]
    rows = grouped(pictures, 3)
    chance.shuffle(pictures)
    assert grouped(pictures, 3) == rows
    assert [row.split for row in grouped(pictures, 4)] != [row.split for row in rows]
    count: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        count[row.taken.candidate.period][row.split] += 1
    for counts in count.values():
        assert 0.65 <= counts["train"] / counts.total() <= 0.75
        assert 0.10 <= counts["test"] / counts.total() <= 0.20


def test_nothing_is_grouped_into_nothing() -> None:
    assert grouped([], 0) == []


def test_the_manifest_has_a_row_a_picture_and_survives_any_title(tmp_path: Path) -> None:
    title = 'A "saint",\nin glory; Å, 聖'
    rows = grouped(
        [taken(work(2, "B", title=title)), taken(work(1, "A", latest=1500), period=BOUNDARY)], 0
    )
    path = tmp_path / "deep" / "manifest.csv"
    write_manifest(path, rows)
    with path.open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0]) == COLUMNS
    assert [row["period"] for row in found] == [BOUNDARY, "renaissance"]
    assert [row["year"] for row in found] == ["1500", "1500-1510"]
    assert found[0]["split"] == BOUNDARY
    assert found[1]["title"] == title
    assert [path.name for path in path.parent.iterdir()] == ["manifest.csv"]
