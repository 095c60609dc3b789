"""`app.bulk.forms`: what is written is read again."""

import csv
import json
from pathlib import Path

import pytest

from tests.app.bulk.making import columns_of, failed_row, form_of, row_for

ODD = ["plain.jpg", 'quote".jpg', "comma,.jpg", "two\nlines.jpg", "中世纪.jpg", "a\r.jpg", " .jpg"]


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
@pytest.mark.parametrize("path", ODD)
def test_a_row_comes_back_as_it_was(tmp_path: Path, kind: str, path: str) -> None:
    columns = columns_of(tmp_path)
    form = form_of(kind, columns)
    for row in (row_for(columns, path), failed_row(columns, path, 'Broken, "very".')):
        data = form.encode(row)
        assert form.is_whole(data)
        assert form.decode(data) == row


@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_no_beginning_of_a_row_is_a_whole_one(tmp_path: Path, kind: str) -> None:
    columns = columns_of(tmp_path)
    form = form_of(kind, columns)
    data = form.encode(row_for(columns, 'a "b"\n"c"\n.jpg'))
    assert [end for end in range(len(data)) if form.is_whole(data[:end])] == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [("csv", b"a,b\n"), ("csv", b'"a"b,c\n'), ("jsonl", b"[]\n"), ("jsonl", b'{"path": 1}\n')],
)
def test_what_is_no_row_is_told(tmp_path: Path, kind: str, data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        form_of(kind, columns_of(tmp_path)).decode(data)


def test_others_read_it(tmp_path: Path) -> None:
    columns = columns_of(tmp_path)
    row = row_for(columns, "two\nlines.jpg")
    table = tmp_path / "table.csv"
    table.write_bytes(form_of("csv", columns).header() + form_of("csv", columns).encode(row))
    with table.open(newline="", encoding="utf-8") as file:
        (read,) = csv.DictReader(file)
    assert (read["path"], read["confidence"], read["error"]) == ("two\nlines.jpg", "0.75", "")
    assert json.loads(form_of("jsonl", columns).encode(row)) == row
