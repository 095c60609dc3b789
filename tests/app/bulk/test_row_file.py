"""`app.bulk.row_file`: rows are whole whatever cut the file short, and are found again."""

import errno
import os
from pathlib import Path

import pytest

from app.bulk.problems import TableError
from app.bulk.row_file import RowFile
from tests.app.bulk.making import MODEL, columns_of, failed_row, form_of, row_file, row_for

KINDS = ["csv", "jsonl"]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_found_by_path_and_digest(tmp_path: Path, kind: str) -> None:
    columns = columns_of(tmp_path)
    long = "x" * 9000 + '"\n".jpg'
    given = [row_for(columns, f"{number}.jpg", str(number)) for number in range(50)]
    given += [row_for(columns, long, "long"), row_for(columns, "none.jpg", None)]
    with row_file(tmp_path / f"t.{kind}", columns) as rows:
        for row in given:
            rows.append(row)
        assert list(rows) == given
    with row_file(tmp_path / f"t.{kind}", columns) as rows:
        assert len(rows) == len(given)
        assert list(rows) == given
        assert rows.has_path("49.jpg")
        assert rows.has_path(long)
        assert not rows.has_path("50.jpg")
        assert rows.with_digest("long") == given[50]
        assert rows.with_digest("None") is None


@pytest.mark.parametrize("kind", KINDS)
def test_cut_anywhere_it_is_whole_again(tmp_path: Path, kind: str) -> None:
    """As a process that is killed leaves it: beginnings of the file of all kinds."""
    columns = columns_of(tmp_path)
    given = [row_for(columns, f'{number} "\n" é.jpg', str(number)) for number in range(3)]
    place = tmp_path / f"t.{kind}"
    with row_file(place, columns) as rows:
        for row in given:
            rows.append(row)
    whole = place.read_bytes()
    ends = [0] * (len(whole) + 1)
    form = form_of(kind, columns)
    sizes = [len(form.header()), *(len(form.encode(row)) for row in given)]
    borders = [sum(sizes[: number + 1]) + off for number in range(4) for off in (-1, 0, 1)]
    for cut in sorted({*range(0, len(whole), 11), *borders} - {-1, len(whole) + 1}):
        ends[cut] = sum(cut >= sum(sizes[: number + 2]) for number in range(3))
        place.write_bytes(whole[:cut])
        with row_file(place, columns) as rows:
            assert list(rows) == given[: ends[cut]]
            for row in given[ends[cut] :]:
                rows.append(row)
        assert place.read_bytes() == whole
    assert set(ends) == {0, 1, 2, 3}


def test_the_bytes_of_the_first_of_several_are_the_answer(tmp_path: Path) -> None:
    columns = columns_of(tmp_path)
    with row_file(tmp_path / "t.csv", columns) as rows:
        for name in ("first.jpg", "second.jpg"):
            rows.append(row_for(columns, name, "same"))
        found = rows.with_digest("same")
    assert found is not None
    assert found["path"] == "first.jpg"


@pytest.mark.parametrize("kind", KINDS)
def test_problems_are_dropped_to_be_tried_again(tmp_path: Path, kind: str) -> None:
    columns = columns_of(tmp_path)
    with row_file(tmp_path / f"t.{kind}", columns) as rows:
        rows.append(failed_row(columns, "bad.jpg"))
        rows.append(row_for(columns, "good.jpg"))
        rows.append(failed_row(columns, "worse.jpg"))
        rows.drop_problems()
        assert [row["path"] for row in rows] == ["good.jpg"]
        assert not rows.has_path("bad.jpg")
        rows.append(row_for(columns, "bad.jpg"))
        with pytest.raises(TableError, match="another one is writing it"):
            row_file(tmp_path / f"t.{kind}", columns)
    with row_file(tmp_path / f"t.{kind}", columns) as rows:
        assert [row["path"] for row in rows] == ["good.jpg", "bad.jpg"]


def test_two_runs_do_not_write_one_table(tmp_path: Path) -> None:
    columns = columns_of(tmp_path)
    with (
        row_file(tmp_path / "t.csv", columns),
        pytest.raises(TableError, match="another one is writing it"),
    ):
        row_file(tmp_path / "t.csv", columns)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t.csv", b"name,price\n1,2\n", "another table"),
        ("t.csv", b"abc", "another table"),
        ("t.jsonl", b'{"name": 1}\n', "Expected a row at byte 0"),
        ("t.jsonl", b"x" * 2_000_000, "from byte 0 on there are none"),
    ],
)
def test_what_is_not_ours_is_left_alone(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=sentence):
        row_file(tmp_path / name, columns_of(tmp_path))
    assert (tmp_path / name).read_bytes() == content


def test_rows_of_another_model_are_not_mixed_in(tmp_path: Path) -> None:
    columns = columns_of(tmp_path)
    with row_file(tmp_path / "t.csv", columns) as rows:
        rows.append(row_for(columns, "a.jpg"))
    with pytest.raises(TableError, match=r"rows of tiny@2 .* rows of tiny@1"):
        RowFile(tmp_path / "t.csv", form_of("csv", columns), "tiny@2")
    assert MODEL == "tiny@1"


def test_a_full_disk_leaves_whole_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = columns_of(tmp_path)
    real = os.pwrite

    def full(file: int, data: bytes, place: int) -> int:
        if len(data) < 30:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(file, data[: len(data) // 2], place)

    with row_file(tmp_path / "t.csv", columns) as rows:
        rows.append(row_for(columns, "a.jpg"))
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(TableError, match="No space left on device"):
            rows.append(row_for(columns, "b.jpg"))
        assert [row["path"] for row in rows] == ["a.jpg"]
    assert (tmp_path / "t.csv").read_bytes().endswith(b"\n")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="Is a directory"):
        RowFile(tmp_path, form_of("csv", columns_of(tmp_path)), MODEL)
