"""`app.bulk.parquet`: a table made at the end, and taken apart to go on."""

import subprocess
import sys
from pathlib import Path

import pytest
from pyarrow import parquet

from app.bulk.forms import JsonLines
from app.bulk.parquet import check_pyarrow, pack, row_file_path, unpack
from app.bulk.problems import TableError
from tests.app.bulk.making import columns_of, failed_row, row_for


def test_rows_come_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.bulk.parquet._ROWS_AT_ONCE", 3)
    columns = columns_of(tmp_path)
    given = [row_for(columns, f"{number} é\n.jpg", str(number)) for number in range(7)]
    given.append(failed_row(columns, "bad.jpg"))
    table, place = tmp_path / "t.parquet", row_file_path(tmp_path / "t.parquet")
    pack(iter(given), columns, table)
    read = parquet.read_table(table)
    assert read.to_pylist() == given
    assert parquet.ParquetFile(table).num_row_groups == 3
    assert str(read.schema.field("confidence").type) == "double"
    assert str(read.schema.field("width").type) == "int64"
    form = JsonLines(columns)
    unpack(table, columns, form, place)
    assert [form.decode(line) for line in place.read_bytes().splitlines()] == given
    assert sorted(path.name for path in tmp_path.glob("*t.parquet*")) == [
        "t.parquet",
        "t.parquet.rows",
    ]


def test_a_table_of_other_columns_is_left_alone(tmp_path: Path) -> None:
    columns = columns_of(tmp_path)
    pack(iter([row_for(columns, "a.jpg")]), columns, tmp_path / "t.parquet")
    place = tmp_path / "t.parquet.rows"
    with pytest.raises(TableError, match="name a new file"):
        unpack(tmp_path / "t.parquet", columns[1:], JsonLines(columns[1:]), place)
    (tmp_path / "u.parquet").write_bytes(b"text")
    with pytest.raises(TableError, match="Expected a Parquet table"):
        unpack(tmp_path / "u.parquet", columns, JsonLines(columns), place)
    assert not place.exists()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    columns = columns_of(tmp_path)
    with pytest.raises(TableError, match="Cannot write"):
        pack(iter([]), columns, tmp_path / "missing" / "t.parquet")


def test_without_pyarrow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    check_pyarrow()
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(TableError, match=r"pip install 'vasari\[parquet\]'"):
        check_pyarrow()


@pytest.mark.slow
def test_pyarrow_is_imported_only_when_it_is_asked_for() -> None:
    code = "import sys, app.bulk.command; sys.exit('pyarrow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
