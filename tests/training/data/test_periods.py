"""Names, labels and years of the classes."""

from pathlib import Path

import pytest

from training.data.periods import PERIODS, describe
from training.errors import DataError


def test_known_periods_come_in_the_order_of_time(tmp_path: Path) -> None:
    """Whatever order the folders are found in."""
    names = ["modern", "medieval", "post-renaissance", "renaissance"]
    found = describe(names, tmp_path)
    assert found == PERIODS
    assert found[1].label == {"en": "Renaissance", "zh": "文艺复兴"}
    assert [each.years for each in found] == [
        (None, 1400),
        (1400, 1600),
        (1600, 1860),
        (1860, None),
    ]


def test_other_names_are_their_own_labels(tmp_path: Path) -> None:
    """Any language, after the known ones."""
    found = describe(["印象派", "modern", "cubism"], tmp_path)
    assert [each.name for each in found] == ["modern", "cubism", "印象派"]
    assert found[2].label == {"en": "印象派"}
    assert found[2].years == (None, None)


def test_periods_toml_names_dates_and_orders(tmp_path: Path) -> None:
    """Every key is optional, and a class without pictures is no class."""
    (tmp_path / "periods.toml").write_text(
        '[rococo]\nfrom = 1720\n[baroque]\nlabel = {en = "Baroque", zh = "巴洛克"}\n'
        "from = 1600\nuntil = 1720\n[absent]\n",
        encoding="utf-8",
    )
    found = describe(["baroque", "rococo", "modern"], tmp_path)
    assert [each.name for each in found] == ["rococo", "baroque", "modern"]
    assert found[0].years == (1720, None)
    assert found[0].label == {"en": "rococo"}
    assert found[1].label["zh"] == "巴洛克"


@pytest.mark.parametrize("text", ["[broken", 'baroque = "1600"', '[baroque]\nfrom = "soon"\n'])
def test_a_bad_periods_toml_is_refused(tmp_path: Path, text: str) -> None:
    """With the file's name and the form that was expected."""
    (tmp_path / "periods.toml").write_text(text)
    with pytest.raises(DataError, match=r"periods\.toml a table per class"):
        describe(["baroque"], tmp_path)
