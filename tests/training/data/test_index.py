"""Three forms of data, and what is wrong with a fourth."""

from pathlib import Path

import pytest

from tests.training.making import folder, jpeg, manifest, painting, write
from training.data.index import read_index
from training.errors import DataError


def test_folders_of_classes(tmp_path: Path) -> None:
    """DIR/<class>: no split; hidden and other files are not pictures."""
    folder(tmp_path, count=2)
    write(tmp_path / "medieval" / ".hidden.jpg", b"x")
    write(tmp_path / "medieval" / "notes.txt", b"x")
    write(tmp_path / ".cache" / "a.jpg", b"x")
    write(tmp_path / "modern" / "deeper" / "c.PNG", b"x")
    index = read_index(tmp_path)
    assert [each.name for each in index.classes] == ["medieval", "modern"]
    assert [each.file for each in index.examples] == [
        "medieval/000.jpg",
        "medieval/001.jpg",
        "modern/000.jpg",
        "modern/001.jpg",
        "modern/deeper/c.PNG",
    ]
    assert {each.split for each in index.examples} == {None}


def test_folders_of_splits(tmp_path: Path) -> None:
    """DIR/train/<class>, DIR/validation/<class>, DIR/test/<class>."""
    for split in ("train", "validation", "test"):
        folder(tmp_path / split, count=1)
    index = read_index(tmp_path)
    assert [(each.file, each.split) for each in index.examples] == [
        ("test/medieval/000.jpg", "test"),
        ("test/modern/000.jpg", "test"),
        ("train/medieval/000.jpg", "train"),
        ("train/modern/000.jpg", "train"),
        ("validation/medieval/000.jpg", "validation"),
        ("validation/modern/000.jpg", "validation"),
    ]


ROWS = [
    {"file": "b/1.jpg", "period": "modern", "split": "train", "artist": "Ada", "source": "here"},
    {"file": "a/2.jpg", "period": "medieval", "split": "test", "year": "c. 1300", "case": "train"},
]


@pytest.mark.parametrize("named", ["", "manifest.csv"])
def test_a_manifest(tmp_path: Path, named: str) -> None:
    """In the folder, or named itself; files are relative to it, empty cells are unknown."""
    index = read_index(manifest(tmp_path, ROWS) / named)
    first, second = index.examples
    assert (first.path, first.class_name, first.split) == (tmp_path / "a/2.jpg", "medieval", "test")
    assert (first.artist, first.source, first.year) == (None, None, "c. 1300")
    assert (second.artist, second.source) == ("Ada", "here")


def test_another_column_names_the_split(tmp_path: Path) -> None:
    """Rows in which it is empty are left out."""
    rows = [
        {**ROWS[1], "case": split, "period": period, "file": f"{split}{period}.jpg"}
        for split in ("train", "")
        for period in ("modern", "medieval")
    ]
    index = read_index(manifest(tmp_path, rows), split_column="case")
    assert [each.file for each in index.examples] == ["trainmedieval.jpg", "trainmodern.jpg"]


def test_a_manifest_without_splits(tmp_path: Path) -> None:
    """Every row counts."""
    rows = [{"file": f"{n}.jpg", "period": name} for n, name in enumerate(("old", "new"))]
    assert [each.split for each in read_index(manifest(tmp_path, rows)).examples] == [None, None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,class\na,b\n", "columns file and period"),
        ("file,period,split\na.jpg,old,dev\n", "Expected a split of"),
        ("file,period\na.jpg,\n", "file and period in every row"),
        ("file,period\na.jpg,old\nb.jpg,old\n", "at least 2 classes"),
        ("file,period\n", "found none"),
        (b"file,period\n\xff\xfe.jpg,old\n", "CSV file in UTF-8"),
    ],
)
def test_a_bad_manifest_is_refused(tmp_path: Path, text: str | bytes, message: str) -> None:
    """One sentence: what was expected, and what came."""
    data = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(DataError, match=message):
        read_index(write(tmp_path / "manifest.csv", data))


def test_an_unknown_split_column_is_refused(tmp_path: Path) -> None:
    """Rather than to train on everything."""
    with pytest.raises(DataError, match="Expected a column 'fold'"):
        read_index(manifest(tmp_path, ROWS), split_column="fold")


def test_one_class_is_refused(tmp_path: Path) -> None:
    """There is nothing to tell apart."""
    write(tmp_path / "modern" / "a.jpg", jpeg(painting(1)))
    with pytest.raises(DataError, match="at least 2 classes"):
        read_index(tmp_path)


@pytest.mark.parametrize("name", ["", "absent"])
def test_no_data_says_where_it_is_looked_for(tmp_path: Path, name: str) -> None:
    """And how to get some."""
    with pytest.raises(DataError, match=r"\./data, or where --data says.*training\.collect"):
        read_index(tmp_path / name)
