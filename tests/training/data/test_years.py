"""Years out of words, and nothing where the words do not say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.years import iso_year, years_in


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1642", (1642, 1642)),
        ("1628-1629", (1628, 1629)),
        ("1628\u201329", (1628, 1629)),
        ("1498/1502", (1498, 1502)),
        ("c. 1628 - c. 1629", (1623, 1634)),
        ("ca. 1500-1525", (1495, 1530)),
        ("about 1600", (1595, 1605)),
        ("1500s", (1500, 1599)),
        ("1600-tallet", (1600, 1699)),
        ("1640s", (1640, 1649)),
        ("1640'erne", (1640, 1649)),
        ("14th century", (1300, 1399)),
        ("late 14th century", (1300, 1399)),
        ("15e eeuw", (1400, 1499)),
        ("15. århundrede", (1400, 1499)),
        ("late 14th or early 15th century", (1300, 1499)),
        ("14th\u201315th century", (1300, 1499)),
        ("1st century", (1, 99)),
        ("0 century", None),
        ("3rd century BCE", (-299, -200)),
        ("300 BC", (-300, -300)),
        ("painted 1510, reworked 1530", (1510, 1530)),
        ("1642-1640", (1642, 1642)),
        ("950-12000", (950, 950)),
        ("", None),
        ("n.d.", None),
        ("undated", None),
        ("before 1400", None),
        ("after 1650", None),
        ("1650 or later", None),
        ("Ming dynasty", None),
    ],
)
def test_words_give_their_years(text: str, expected: tuple[int, int] | None) -> None:
    assert years_in(text) == expected


@given(st.text(max_size=40) | st.from_regex(r"(c\. )?\d{1,4}([-/]\d{1,4})?( century| BC|s)?"))
def test_whatever_the_words_the_first_year_is_not_after_the_last(text: str) -> None:
    years = years_in(text)
    assert years is None or years[0] <= years[1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1640-01-01T00:00:00.000Z", 1640),
        ("-0300-01-01T00:00:00Z", -300),
        ("+1503-00-00T00:00:00Z", 1503),
        ("1640", None),
        ("", None),
        (None, None),
        (1640, None),
    ],
)
def test_iso_dates_give_their_year(text: object, expected: int | None) -> None:
    assert iso_year(text) == expected
