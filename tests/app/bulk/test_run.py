"""`app.bulk.run`: one row for each source, in order, each picture computed once."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.bulk import run as module
from app.bulk.problems import TableError
from app.bulk.row_file import RowFile
from app.bulk.rows import columns_for
from app.bulk.run import Limits, Run, Tally
from app.bulk.sources import Source, Sources
from app.errors import Problem
from app.imaging import ImageLimits
from app.model_store import ModelStore
from app.runtime.classification import Classification
from app.runtime.loader import load_resident
from app.runtime.residents import Resident
from tests.app.bulk.making import form_of, picture, row_file, write_pictures
from tests.images import bomb_png

LIMITS = Limits(100_000, ImageLimits())


@pytest.fixture
def resident(store: Path) -> Resident:
    return load_resident(ModelStore(store).open("tiny", "1"), device="cpu", threads=4)


class Watcher:
    """Remembers how far it went."""

    def __init__(self) -> None:
        self.last = Tally()
        self.calls = 0

    def advance(self, tally: Tally) -> None:
        self.last = tally
        self.calls += 1


def work(resident: Resident, place: Path, sources: Any, run: Any = None) -> Tally:
    columns = columns_for(resident.card)
    with RowFile(place, form_of("jsonl", columns), "tiny@1") as rows:
        made = Run(resident, columns, rows, LIMITS)
        if run is not None:
            run(made)
        return made.work(sources, Watcher())


def rows_of(resident: Resident, place: Path) -> list[dict[str, Any]]:
    with row_file(place, columns_for(resident.card)) as rows:
        return list(rows)


def test_rows_stand_in_the_sources_order(resident: Resident, tmp_path: Path) -> None:
    paths = write_pictures(tmp_path / "scans", 600)
    tally = work(resident, tmp_path / "t.jsonl", Sources((str(tmp_path / "scans"),)))
    rows = rows_of(resident, tmp_path / "t.jsonl")
    assert [row["path"] for row in rows] == paths
    assert tally == Tally(present=0, answered=600, duplicates=0, failed=0)
    assert len({row["sha256"] for row in rows}) == 600
    assert [row["probability_medieval"] for row in rows[:256]] == sorted(
        row["probability_medieval"] for row in rows[:256]
    )


def test_what_stands_is_not_done_again(resident: Resident, tmp_path: Path) -> None:
    paths = write_pictures(tmp_path / "scans", 10)
    place = tmp_path / "t.jsonl"
    work(resident, place, Sources(tuple(paths[:4])))
    before = place.read_bytes()
    tally = work(resident, place, Sources((str(tmp_path / "scans"), paths[0])))
    assert tally == Tally(present=5, answered=6)
    assert place.read_bytes().startswith(before)
    assert sorted(row["path"] for row in rows_of(resident, place)) == paths


def test_a_source_that_is_named_twice_has_one_row(resident: Resident, tmp_path: Path) -> None:
    paths = write_pictures(tmp_path / "scans", 3)
    tally = work(resident, tmp_path / "t.jsonl", Sources((*paths, *paths)))
    assert tally.answered == len(rows_of(resident, tmp_path / "t.jsonl")) == 3


def test_equal_bytes_are_computed_once(
    resident: Resident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Side by side in several threads, and against rows of an earlier run."""
    asked: list[bytes] = []
    real = Classification

    def counted(data: bytes, *rest: Any) -> Any:
        asked.append(data)
        time.sleep(0.02)
        return real(data, *rest)

    monkeypatch.setattr(module, "Classification", counted)
    scans = tmp_path / "scans"
    scans.mkdir()
    for number in range(40):
        (scans / f"{number:02}.bmp").write_bytes(picture(number % 2))
    place = tmp_path / "t.jsonl"
    tally = work(resident, place, Sources((str(scans),)))
    (scans / "later.bmp").write_bytes(picture(1))
    later = work(resident, place, Sources((str(scans),)))
    assert sorted(asked) == sorted([picture(0), picture(1)])
    assert (tally.answered, tally.duplicates) == (40, 38)
    assert (later.present, later.answered, later.duplicates) == (40, 1, 1)
    rows = rows_of(resident, place)
    assert [row["path"] for row in rows][-1] == str(scans / "later.bmp")
    for row in rows[1::2]:
        assert {**row, "path": None} == {**rows[1], "path": None}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_image"),
        (b"text", "unsupported_image"),
        (picture(1)[:60], "broken_image"),
        (bomb_png(), "image_too_large"),
        (bytes(100_001), "body_too_large"),
    ],
)
def test_a_bad_picture_has_a_row_with_the_services_code(
    resident: Resident, tmp_path: Path, data: bytes, code: str
) -> None:
    paths = write_pictures(tmp_path / "scans", 3)
    Path(paths[1]).write_bytes(data)
    tally = work(resident, tmp_path / "t.jsonl", Sources(tuple(paths)))
    rows = rows_of(resident, tmp_path / "t.jsonl")
    assert [row["error"] for row in rows] == [None, code, None]
    assert rows[1]["detail"].endswith(".")
    assert rows[1]["period"] is None
    assert (tally.answered, tally.failed) == (2, 1)
    assert code in {kind.code for kind in _problems(Problem)}


def _problems(kind: type[Problem]) -> Iterator[type[Problem]]:
    for each in kind.__subclasses__():
        yield each
        yield from _problems(each)


def test_a_file_that_is_gone_has_a_row(resident: Resident, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("missing.jpg\n", encoding="utf-8")
    work(resident, tmp_path / "t.jsonl", Sources((), str(tmp_path / "list.txt")))
    (row,) = rows_of(resident, tmp_path / "t.jsonl")
    assert (row["path"], row["error"], row["sha256"]) == ("missing.jpg", "unreadable_file", None)


def test_whatever_fails_it_goes_on(
    resident: Resident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = resident.runners[0].__class__.__call__

    def failing(self: Any, pixels: Any) -> Any:
        if int(np.asarray(pixels)[0, 0, 0, 0]) == 1:
            raise RuntimeError("no")
        return real(self, pixels)

    monkeypatch.setattr(resident.runners[0].__class__, "__call__", failing)
    paths = write_pictures(tmp_path / "scans", 3)
    work(resident, tmp_path / "t.jsonl", Sources(tuple(paths)))
    rows = rows_of(resident, tmp_path / "t.jsonl")
    assert [row["error"] for row in rows] == [None, "internal_error", None]


@dataclass(frozen=True)
class _Slow:
    """A source whose bytes come when the gate is opened."""

    name: str
    data: bytes
    gate: threading.Event

    def read(self, _limit: int) -> bytes:
        assert self.gate.wait(20)
        return self.data


def test_stopped_it_finishes_what_has_begun(resident: Resident, tmp_path: Path) -> None:
    """What has begun gets its row, what has not stays for the next run."""
    gate = threading.Event()
    everything: list[Source] = [_Slow(str(each), picture(each), gate) for each in range(100)]

    def endless(run: Run) -> Iterator[Source]:
        yield from everything
        run.stop()
        threading.Timer(0.05, gate.set).start()
        yield _Slow("not begun", picture(101), gate)

    columns = columns_for(resident.card)
    place = tmp_path / "t.jsonl"
    with RowFile(place, form_of("jsonl", columns), "tiny@1") as rows:
        run = Run(resident, columns, rows, LIMITS)
        tally = run.work(endless(run), Watcher())
        assert run.is_stopped
    done = [row["path"] for row in rows_of(resident, place)]
    assert done == [str(each) for each in range(len(done))]
    assert 4 <= len(done) == tally.answered < 100
    work(resident, place, everything)
    assert [row["path"] for row in rows_of(resident, place)] == [str(each) for each in range(100)]


def test_a_table_that_cannot_be_written_ends_it(
    resident: Resident, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    paths = write_pictures(tmp_path / "scans", 9)
    with pytest.raises(TableError, match="No space left"):
        work(
            resident,
            tmp_path / "t.jsonl",
            Sources(tuple(paths)),
            lambda _: monkeypatch.setattr("os.pwrite", full),
        )
    monkeypatch.undo()
    work(resident, tmp_path / "t.jsonl", Sources(tuple(paths)))
    assert len(rows_of(resident, tmp_path / "t.jsonl")) == 9
