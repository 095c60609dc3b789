"""The label rules, one line of a table each."""

import itertools
from dataclasses import replace
from typing import Any

import pytest

from training.collect.labels import BOUNDARY, Reason, judge, period_of
from training.collect.licences import LICENCES, OPEN, licence_of
from training.collect.spans import PERIOD_NAMES, SPANS
from training.collect.work import Work

MADONNA = Work(
    source="met",
    museum="The Met",
    object_id="1",
    title="Madonna and Child",
    artist="Duccio di Buoninsegna",
    earliest=1290,
    latest=1300,
    licence="cc0",
    image_urls=("https://images.example/1.jpg",),
    page="https://example/1",
    kind="Paintings",
    culture="Italian, European Paintings",
)


@pytest.mark.parametrize(
    ("earliest", "latest", "expected"),
    [
        (1290, 1300, "medieval"),
        (300, 1399, "medieval"),
        (1400, 1400, "renaissance"),
        (1599, 1599, "renaissance"),
        (1600, 1859, "post-renaissance"),
        (1860, 2000, "modern"),
        (1399, 1400, BOUNDARY),
        (1595, 1605, BOUNDARY),
        (1858, 1862, BOUNDARY),
        (1300, 1449, BOUNDARY),
        (1300, 1451, Reason.VAGUE_DATE),
        (1300, 1900, Reason.VAGUE_DATE),
        (None, 1300, Reason.NO_DATE),
        (1300, None, Reason.NO_DATE),
        (0, 0, Reason.NO_DATE),
        (-300, -200, Reason.BCE),
        (-30, 200, Reason.BCE),
        (100, 200, Reason.ANTIQUITY),
        (1535, 153505, Reason.IMPOSSIBLE_DATE),
        (1500, 1490, Reason.IMPOSSIBLE_DATE),
    ],
)
def test_the_whole_range_decides(
    earliest: int | None, latest: int | None, expected: str | Reason
) -> None:
    verdict = period_of(earliest, latest)
    assert expected in (verdict.period, verdict.refused)


@pytest.mark.parametrize(
    "change",
    [
        {"attribution": "After"},
        {"attribution": "Copy after"},
        {"attribution": "follower of"},
        {"attribution": "Imitator of"},
        {"attribution": "manner of"},
        {"attribution": "Style of"},
        {"attribution": "forgery after"},
        {"attribution": "efter"},
        {"attribution": "kopie naar"},
        {"artist": "Follower of Rembrandt van Rijn"},
        {"artist": "After Raphael"},
        {"artist": "Kopi efter Lucas Cranach"},
        {"title": "Copy of the Mona Lisa"},
        {"title": "The Holy Family (after Raphael)"},
        {"title": "Saint John, after Leonardo"},
    ],
)
def test_copies_followers_and_forgeries_are_refused(change: dict[str, Any]) -> None:
    assert judge(replace(MADONNA, **change), OPEN).refused is Reason.COPY


@pytest.mark.parametrize(
    "change",
    [
        {"attribution": "Workshop of"},
        {"attribution": "Attributed to"},
        {"attribution": "Circle of"},
        {"title": "After the Bath"},
        {"title": "Morning after the Battle of Waterloo"},
        {"title": "The Copyist"},
        {"artist": "Pieter Claesz"},
        {"culture": "Indianapolis, American Paintings"},
        {"culture": "Byzantine"},
        {"kind": "Painting, Fresco"},
        {"kind": "maleri"},
        {"kind": "Icon"},
    ],
)
def test_what_only_sounds_wrong_is_kept(change: dict[str, Any]) -> None:
    assert judge(replace(MADONNA, **change), OPEN).period == "medieval"


@pytest.mark.parametrize(
    "culture",
    [
        "China, Song dynasty (960-1279)",
        "Japanese Art",
        "Korea, Joseon dynasty",
        "Indian and Southeast Asian Art",
        "Mughal India",
        "Iran, Tabriz",
        "Islamic Art",
        "Egyptian Art",
        "Arts of Africa, Oceania, and the Americas",
        "Arts of Asia",
        "Tibet",
        "Native American",
        "Turkey, Ottoman period",
    ],
)
def test_works_of_other_traditions_are_refused(culture: str) -> None:
    assert judge(replace(MADONNA, culture=culture), OPEN).refused is Reason.NOT_WESTERN


@pytest.mark.parametrize(
    "kind",
    [
        "Drawing",
        "Print",
        "Photograph",
        "Sculpture",
        "Manuscript",
        "Textile painting, embroidered",
        "Painting, miniature",
        "Hanging scroll, painting",
        "Paintings on porcelain",
        "virtual",
        "",
    ],
)
def test_other_kinds_of_art_are_refused(kind: str) -> None:
    assert judge(replace(MADONNA, kind=kind), OPEN).refused is Reason.NOT_A_PAINTING


def test_a_licence_that_was_not_asked_for_is_refused() -> None:
    shared = replace(MADONNA, licence="cc-by-sa")
    assert judge(shared, OPEN).refused is Reason.LICENCE
    assert judge(shared, ("cc0", "cc-by-sa")).period == "medieval"


def test_a_work_without_a_picture_is_refused() -> None:
    assert judge(replace(MADONNA, image_urls=()), OPEN).refused is Reason.NO_PICTURE


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("CC0", "cc0"),
        ("https://creativecommons.org/publicdomain/zero/1.0/", "cc0"),
        ("https://creativecommons.org/share-your-work/public-domain/cc0/", "cc0"),
        ("https://creativecommons.org/publicdomain/mark/1.0/", "pdm"),
        ("Public domain", "pdm"),
        ("Publieke domein", "pdm"),
        ("pd", "pdm"),
        ("pd-old-100", "pdm"),
        ("CC BY-SA 4.0", "cc-by-sa"),
        ("https://creativecommons.org/licenses/by/4.0/", "cc-by"),
        ("CC BY-NC 4.0", "unknown"),
        ("https://creativecommons.org/licenses/by-nc-nd/4.0/", "unknown"),
        ("https://rightsstatements.org/vocab/InC/1.0/", "unknown"),
        ("Copyrighted", "unknown"),
        ("", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_licence_is_read_and_silence_is_no_permission(statement: object, expected: str) -> None:
    assert licence_of(statement) == expected
    assert expected == "unknown" or expected in LICENCES


def test_the_spans_cover_time_without_a_gap() -> None:
    assert PERIOD_NAMES == ("medieval", "renaissance", "post-renaissance", "modern")
    assert all(a.last + 1 == b.first for a, b in itertools.pairwise(SPANS))
