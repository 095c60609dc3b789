"""`app.bulk.sorting`: each picture in its period's folder, once, however often it is sorted."""

import errno
import hashlib
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from app.bulk.problems import TableError
from app.bulk.rows import Row
from app.bulk.sorting import sort_into
from tests.app.bulk.making import columns_of, failed_row, row_for


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Row]:
    """Two files of the same name, a member of an archive, one that is gone, and an error."""
    monkeypatch.chdir(tmp_path)
    columns = columns_of(tmp_path)
    found = []
    for name, period in (("a/1.jpg", "modern"), ("b/1.jpg", "modern"), ("c.jpg", "medieval")):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(name.encode())
        digest = hashlib.sha256(name.encode()).hexdigest()
        found.append(row_for(columns, name, digest, period=period))
    with zipfile.ZipFile("old.zip", "w") as archive:
        archive.writestr("in/1.jpg", "member")
    digest = hashlib.sha256(b"member").hexdigest()
    found.append(row_for(columns, "old.zip!/in/1.jpg", digest, period="modern"))
    found.append(row_for(columns, "gone.jpg", "ab"))
    found.append(failed_row(columns, "bad.jpg"))
    return found


def contents(folder: Path) -> dict[str, list[bytes]]:
    return {
        place.name: sorted(each.read_bytes() for each in place.iterdir())
        for place in folder.iterdir()
    }


EXPECTED = {"modern": [b"a/1.jpg", b"b/1.jpg", b"member"], "medieval": [b"c.jpg"]}


@pytest.mark.parametrize("kind", ["hard", "symbolic", "copy"])
def test_pictures_lie_in_folders_by_period(rows: list[Row], kind: Any) -> None:
    sorted_into = Path("sorted")
    for _ in range(2):
        assert sort_into(sorted_into, rows, kind, 1000) == (4, 1)
        assert contents(sorted_into) == EXPECTED
    place = sorted_into / "modern" / "1.jpg"
    assert place.is_symlink() == (kind == "symbolic")
    assert place.samefile("a/1.jpg") == (kind != "copy")
    assert (sorted_into / "medieval" / "c.jpg").exists()


def test_across_devices_it_is_copied(rows: list[Row], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any, **__: Any) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(os, "link", refused)
    for _ in range(2):
        sort_into(Path("sorted"), rows, "hard", 1000)
        assert contents(Path("sorted")) == EXPECTED
    assert not Path("sorted/modern/1.jpg").samefile("a/1.jpg")


def test_a_picture_that_changed_takes_its_old_place(rows: list[Row]) -> None:
    for _ in range(2):
        sort_into(Path("sorted"), rows, "copy", 1000)
        Path("b/1.jpg").write_bytes(b"changed")
        rows[1]["sha256"] = hashlib.sha256(b"changed").hexdigest()
    assert contents(Path("sorted"))["modern"] == [b"a/1.jpg", b"changed", b"member"]


def test_what_is_no_painting_lies_apart(tmp_path: Path) -> None:
    (tmp_path / "cat.jpg").write_bytes(b"cat")
    columns = columns_of(tmp_path)
    row = row_for(columns, str(tmp_path / "cat.jpg"), "ab", verdict="not_a_painting")
    sort_into(tmp_path / "sorted", [row], "hard", 1000)
    assert contents(tmp_path / "sorted") == {"not_a_painting": [b"cat"]}


def test_no_period_leads_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"a")
    row = row_for(columns_of(tmp_path), str(tmp_path / "a.jpg"), "ab", period="../../x")
    sort_into(tmp_path / "in" / "sorted", [row], "hard", 1000)
    (place,) = (tmp_path / "in" / "sorted").iterdir()
    assert [each.name for each in place.iterdir()] == ["a.jpg"]


def test_a_folder_that_cannot_be_written_is_told(rows: list[Row]) -> None:
    Path("sorted").write_bytes(b"a file")
    with pytest.raises(TableError, match="Cannot sort into sorted"):
        sort_into(Path("sorted"), rows, "hard", 1000)
