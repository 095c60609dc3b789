"""Two halves of what is no painting: whole, apart, and where they were."""

import hashlib
from pathlib import Path

import pytest

from tests.training.making import folder
from training.data.made_pictures import KINDS
from training.data.not_paintings import half_of, made_pictures, not_paintings
from training.errors import DataError


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Two kinds, and a picture of none."""
    root = folder(tmp_path / "others", ("photo", "cartoon"), count=12)
    (root / "photo" / "000.jpg").rename(root / "loose.jpg")
    (root / "photo" / "notes.txt").write_text("no picture")
    (root / "photo" / ".hidden.jpg").write_bytes(b"")
    return root


def test_the_halves_are_apart_and_hold_everything(place: Path) -> None:
    """Each file in one, whatever the folder is called."""
    develop, report = (not_paintings(place, half) for half in ("development", "report"))
    names = [{each.name for each in half} for half in (develop, report)]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == 24
    assert min(map(len, names)) > 4
    kinds = {each.name: each.kind for each in (*develop, *report)}
    assert kinds["loose.jpg"] == "other"
    assert kinds["cartoon/003.jpg"] == "cartoon"


def test_a_file_keeps_its_half_by_its_bytes(place: Path) -> None:
    """Renamed, and beside others: the first digit of its digest tells."""
    before = {each.content for each in not_paintings(place, "report")}
    (place / "cartoon").rename(place / "drawings")
    (place / "photo" / "001.jpg").unlink()
    after = {each.content for each in not_paintings(place, "report")}
    assert after <= before
    for content in after:
        assert hashlib.sha256(content).hexdigest()[0] in "13579bdf"
    assert half_of(b"a painting") == half_of(b"a painting")


def test_made_pictures_of_the_halves_are_apart() -> None:
    """Of every kind as many, named by kind and number."""
    develop, report = made_pictures("development", 2), made_pictures("report", 2)
    assert [each.name for each in report] == [f"made/{kind}/{n}" for kind in KINDS for n in (0, 1)]
    assert not {each.content for each in develop} & {each.content for each in report}
    assert made_pictures("report", 2) == report


def test_an_empty_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no paintings in .*; found none"):
        not_paintings(tmp_path, "report")
