"""`kill -9` at any moment: no row is lost, none is doubled, and the run goes on."""

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from tests.app.bulk.making import write_pictures
from tests.models import write_version

KILLS = 20


def read(table: Path) -> list[dict[str, Any]]:
    if table.suffix == ".parquet":
        rows: list[dict[str, Any]] = parquet.read_table(table).to_pylist()
        return rows
    return list(csv.DictReader(table.read_text("utf-8").splitlines()))


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_killed_twenty_times(tmp_path: Path, kind: str) -> None:
    write_version(tmp_path / "models_store")
    write_pictures(tmp_path / "scans", 700)
    (tmp_path / "scans" / "0500.bmp").write_bytes(b"text")
    table = tmp_path / f"periods.{kind}"
    words = [sys.executable, "-m", "tests.app.bulk.killing", str(tmp_path), str(table), "3"]
    done = subprocess.run([*words, str(KILLS)], capture_output=True, check=False, text=True)
    output = (tmp_path / "output").read_text()
    assert done.returncode == 1, done.stderr + output  # one picture is none
    assert int(done.stdout.split()[0]) >= KILLS - 2
    assert "Traceback" not in output
    rows = read(table)
    assert [row["path"] for row in rows] == [f"scans/{number:04}.bmp" for number in range(700)]
    assert len({row["sha256"] for row in rows}) == 700
    assert [row["path"] for row in rows if row["error"]] == ["scans/0500.bmp"]
    # One run of its own, never killed, says the same.
    whole = tmp_path / f"whole.{kind}"
    last = [*words[:4], str(whole), "3", "0"]
    subprocess.run(last, capture_output=True, check=False)
    assert read(whole) == rows
    assert not list(tmp_path.glob("*.rows"))
    assert sum(each.is_file() for each in (tmp_path / "sorted").rglob("*")) == 699
