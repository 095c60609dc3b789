"""Names, objects and rows, without a cluster; test_cluster runs one."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ray.data", reason="Ray (extra scale) is not installed")

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq

from app.bulk.problems import TableError, UnreadableFile
from app.bulk.rows import Row
from app.errors import BodyTooLarge
from app.settings import Settings
from scaling.classify import Classifier, StoredObject, classify, main, names_in
from tests.images import jpeg
from tests.models import NAME

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def bucket() -> str:
    """A folder of fsspec's store in memory, which has addresses as any other."""
    place = "memory://museum/scans"
    for name, content in {"a.jpg": jpeg(), "b/c.png": b"text", "notes.txt": b"text"}.items():
        with fsspec.open(f"{place}/{name}", "wb") as file:
            file.write(content)
    return place


def rows(settings: Settings, *names: str) -> list[Row]:
    return list(Classifier(settings)({"item": np.array(names)})["row"])


@pytest.fixture
def settings(store: Path) -> Settings:
    return Settings(models_store=store, model=NAME, device="cpu")


def test_an_object_store_is_searched_for_pictures(bucket: str) -> None:
    found = list(names_in([bucket]))
    assert found == ["memory:///museum/scans/a.jpg", "memory:///museum/scans/b/c.png"]


def test_a_folder_is_named_from_the_root_so_that_every_node_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a.jpg").write_bytes(jpeg())
    monkeypatch.chdir(tmp_path)
    assert list(names_in(["scans"])) == [str(tmp_path / "scans" / "a.jpg")]
    with pytest.raises(TableError, match="nowhere"):
        list(names_in(["nowhere"]))


def test_a_parquet_file_names_paths(tmp_path: Path) -> None:
    table = tmp_path / "paths.parquet"
    pq.write_table(pa.table({"path": ["s3://museum/a.jpg", "/scans/b.jpg"], "n": [1, 2]}), table)
    assert list(names_in([str(table)])) == ["s3://museum/a.jpg", "/scans/b.jpg"]
    pq.write_table(pa.table({"file": ["a.jpg"]}), table)
    with pytest.raises(TableError, match=r"column path .* has \['file'\]"):
        list(names_in([str(table)]))


def test_rows_of_objects_and_of_what_cannot_be_read(bucket: str, settings: Settings) -> None:
    good, bad, missing = rows(
        settings, f"{bucket}/a.jpg", f"{bucket}/b/c.png", f"{bucket}/missing.jpg"
    )
    assert good["path"] == f"{bucket}/a.jpg"
    assert good["error"] is None
    assert good["model"] == f"{NAME}@1"
    assert bad["error"] == "unsupported_image"
    assert missing["error"] == "unreadable_file"
    assert list(good) == list(bad) == list(missing)


def test_an_object_is_not_read_beyond_the_limit(bucket: str) -> None:
    assert StoredObject(f"{bucket}/notes.txt").read(4) == b"text"
    with pytest.raises(BodyTooLarge, match="at most 3 bytes"):
        StoredObject(f"{bucket}/notes.txt").read(3)
    with pytest.raises(UnreadableFile, match="missing"):
        StoredObject(f"{bucket}/missing").read(3)


def test_a_defect_costs_one_row(
    bucket: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    actor = Classifier(settings)

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("scaling.classify.Classification", broken)
    (row,) = actor({"item": np.array([f"{bucket}/a.jpg"])})["row"]
    assert row["error"] == "internal_error"


def test_another_form_of_table_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"\.csv, \.jsonl"):
        classify([], tmp_path / "periods.xlsx", settings)


def test_the_command_says_in_one_sentence_what_is_wrong(
    store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["scans", "--out", str(tmp_path / "a.csv"), "--models-store", str(store)]
    assert main([*words, "--model", "not a name"]) == 1
    assert capsys.readouterr().err.startswith("vasari: VASARI_MODEL")
