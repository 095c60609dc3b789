"""Parts of the periods, and which of them a picture may be of."""

from pathlib import Path

import numpy as np
import pytest

from app.model_card import PeriodClass
from training.data.index import Example
from training.data.periods import PERIODS
from training.data.subperiods import STYLES, Subperiods, style_years

NAMES = tuple(each.name for each in PERIODS)
CUT = Subperiods.cut(PERIODS, (1500, 1700, 1800, 1900))


def _met(period: str, **more: str) -> list[tuple[int | None, int | None]]:
    (row,) = CUT.met([Example(Path("a.jpg"), "a.jpg", period, **more)], NAMES)
    assert row.dtype == np.float32
    return [(p.begin, p.end) for p, met in zip(CUT.parts, row, strict=True) if met]


def test_periods_are_cut_at_years_inside_them() -> None:
    spans = [(each.period, each.begin, each.end) for each in CUT.parts]
    assert spans == [
        (0, None, 1400),
        (1, 1400, 1500),
        (1, 1500, 1600),
        (2, 1600, 1700),
        (2, 1700, 1800),
        (2, 1800, 1860),
        (3, 1860, 1900),
        (3, 1900, None),
    ]
    np.testing.assert_array_equal(CUT.owners.sum(axis=0), [1, 2, 3, 2])
    np.testing.assert_array_equal(CUT.owners.sum(axis=1), 1)
    assert CUT.owners[3, 2] == 1


def test_a_cut_at_an_edge_cuts_nothing() -> None:
    assert Subperiods.cut(PERIODS, (1400, 1860)) == Subperiods.cut(PERIODS, ())


def test_classes_without_years_stay_whole() -> None:
    own = [PeriodClass(name="here"), PeriodClass(name="there")]
    cut = Subperiods.cut(own, (1500,))
    np.testing.assert_array_equal(cut.owners, np.eye(2))


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        ("1650", [(1600, 1700)]),
        ("c. 1740", [(1700, 1800)]),
        # Near a cut either side is as likely right: a style does not begin with a year.
        ("1690", [(1600, 1700), (1700, 1800)]),
        ("1684", [(1600, 1700)]),
        ("1720", [(1700, 1800)]),
        ("17th century", [(1600, 1700), (1700, 1800)]),
        ("1599", [(1600, 1700)]),
    ],
)
def test_a_year_tells_the_part(year: str, expected: list[tuple[int, int]]) -> None:
    assert _met("post-renaissance", year=year) == expected


def test_a_style_tells_the_part_where_there_is_no_year() -> None:
    assert _met("post-renaissance", title="Baroque: still life") == [(1600, 1700)]
    assert _met("post-renaissance", title="Romanticism") == [(1800, 1860)]
    assert _met("post-renaissance", title="Baroque", year="1790") == [(1700, 1800), (1800, 1860)]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"title": "View of Delft"},
        {"year": "before 1700"},
        {"year": "1950"},
        {"title": "Cubism"},
    ],
)
def test_what_is_not_known_or_speaks_against_the_class_is_left_open(more: dict[str, str]) -> None:
    whole = [(1600, 1700), (1700, 1800), (1800, 1860)]
    assert _met("post-renaissance", **more) == whole


def test_no_pictures_have_no_rows() -> None:
    assert CUT.met([], NAMES).shape == (0, 8)


def test_names_of_styles_are_read_as_data_sets_write_them() -> None:
    assert style_years("Mannerism_(Late_Renaissance): the-fall-1580") == (1530, 1600)
    assert style_years("Post-Impressionism") == (1886, 1906)
    assert style_years("ArtDeco") == STYLES["art deco"]
    assert style_years("Baroque ceiling in Wells") is None
    assert style_years("Realism") is None
    assert style_years("") is None


def test_every_style_lies_in_one_period() -> None:
    for name, (first, last) in STYLES.items():
        inside = [
            each.name
            for each in PERIODS
            if (each.years[0] or 0) <= first and last <= (each.years[1] or 9999)
        ]
        assert len(inside) == 1, name
