"""`app.bulk.rows`: one form for all tables."""

from pathlib import Path

import pytest

from app.bulk.problems import UnreadableFile
from app.bulk.rows import answer_row, columns_for, is_doubtful, problem_row
from app.imaging import ImageLimits
from app.model_store import ModelStore
from app.runtime.classification import Classification
from app.runtime.engine import Turn
from app.runtime.loader import load_resident
from tests.app.bulk.making import columns_of, failed_row, row_for
from tests.images import encode, oriented, plain
from tests.models import FULL_CARD, litert_model, write_version


def test_an_answer_fills_its_columns(store: Path) -> None:
    resident = load_resident(ModelStore(store).open("tiny", "1"), device="cpu", threads=1)
    data = oriented(plain(48, 32, (255, 0, 0)), 6)
    (found,) = Classification(data, (resident,), ImageLimits())(Turn(0, 0))
    columns = columns_for(resident.card)
    row = answer_row(columns, path="a.png", model="tiny@1", sha256="ab", found=found)
    assert list(row) == [column.name for column in columns]
    assert row["period"] == "medieval"
    assert row["confidence"] == row["probability_medieval"] == pytest.approx(0.99, abs=0.01)
    assert row["verdict"] == "confident"
    assert (row["path"], row["model"], row["sha256"]) == ("a.png", "tiny@1", "ab")
    assert (row["width"], row["height"]) == (48, 32)
    assert (row["error"], row["detail"], row["painting"], row["date"]) == (None,) * 4
    for column in columns:
        assert isinstance(row[column.name], column.kind | None)


def test_what_a_model_tells_besides_fills_columns_too(tmp_path: Path) -> None:
    write_version(tmp_path, files={"model.tflite": litert_model(full=True)}, card=FULL_CARD)
    resident = load_resident(ModelStore(tmp_path).open("tiny", "1"), device="cpu", threads=1)
    columns = columns_for(resident.card)
    data = encode(plain(48, 32, (255, 0, 0)))
    (found,) = Classification(data, (resident,), ImageLimits())(Turn(0, 0))
    row = answer_row(columns, path="a.png", model="tiny@1", sha256="ab", found=found)
    dated = found.prediction.date
    assert dated is not None
    assert (row["date"], row["date_from"], row["date_to"]) == (dated.median, *dated.interval)
    assert row["painting"] == pytest.approx(found.prediction.painting, abs=1e-6)
    assert row["reason_code"] == found.prediction.reason_code == "clear"


def test_a_problem_fills_the_others(tmp_path: Path) -> None:
    problem = UnreadableFile("Expected a file.")
    row = problem_row(
        columns_of(tmp_path), path="a.png", model="tiny@1", sha256=None, problem=problem
    )
    filled = {name: value for name, value in row.items() if value is not None}
    assert filled == {
        "path": "a.png",
        "model": "tiny@1",
        "error": "unreadable_file",
        "detail": "Expected a file.",
    }


def test_doubtful_is_what_is_below_the_threshold_or_not_sure(tmp_path: Path) -> None:
    columns = columns_of(tmp_path)
    assert is_doubtful(row_for(columns, "a", confidence=0.59), 0.6)
    assert not is_doubtful(row_for(columns, "a", confidence=0.6), 0.6)
    assert is_doubtful(row_for(columns, "a", confidence=0.9, verdict="uncertain"), 0.6)
    assert not is_doubtful(failed_row(columns, "a"), 0.6)
