"""`python -m app classify`: from arguments to a table, a sheet, folders and an exit status."""

import csv
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from app.__main__ import main
from tests.app.bulk.making import write_pictures
from tests.models import write_version
from tests.signing import Signer

ROOT = Path(__file__).parents[3]


@pytest.fixture
def scans(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of ten pictures in the current folder, and a model to ask."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VASARI_MODELS_STORE", str(store))
    monkeypatch.setenv("VASARI_MODEL", "tiny")
    monkeypatch.setenv("VASARI_DEVICE", "cpu")
    write_pictures(Path("scans"), 10)
    return Path("scans")


def rows(table: str) -> list[dict[str, str]]:
    with Path(table).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.usefixtures("scans")
def test_a_folder_becomes_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "scans", "--out", "t.csv"]) == 0
    found = rows("t.csv")
    assert [row["path"] for row in found] == [f"scans/{number:04}.bmp" for number in range(10)]
    assert {row["model"] for row in found} == {"tiny@1"}
    said = capsys.readouterr()
    assert said.out == ""
    assert "10 classified (0 of them duplicates, 0 errors)" in said.err
    assert said.err.endswith("t.csv: 10 rows, 0 of them with an error.\n")


def test_it_goes_on_where_it_stands(scans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "scans", "--out", "t.csv"]) == 0
    before = Path("t.csv").read_bytes()
    write_pictures(scans, 2, start=10)
    (scans / "bad.jpg").write_bytes(b"text")
    capsys.readouterr()
    assert main(["classify", "scans", "--out", "t.csv"]) == 1
    assert "10 were there, 3 classified (0 of them duplicates, 1 errors)" in capsys.readouterr().err
    assert Path("t.csv").read_bytes().startswith(before)
    (scans / "bad.jpg").write_bytes((scans / "0000.bmp").read_bytes())
    assert main(["classify", "scans", "--out", "t.csv"]) == 1
    assert main(["classify", "scans", "--out", "t.csv", "--retry"]) == 0
    assert len(rows("t.csv")) == 13


@pytest.mark.usefixtures("scans")
def test_where_keys_are_trusted_an_unsigned_version_classifies_nothing(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    studio = Signer("studio")
    monkeypatch.setenv("VASARI_TRUSTED_KEYS", str(studio.trust(tmp_path / "trusted")))
    assert main(["classify", "scans", "--out", "t.csv"]) == 2
    assert "tiny@1: Expected card.sig with a signature by" in capsys.readouterr().err
    assert not Path("t.csv").exists()
    studio.sign(store / "tiny" / "1")
    assert main(["classify", "scans", "--out", "t.csv"]) == 0


@pytest.mark.usefixtures("scans")
def test_a_parquet_table_grows_too() -> None:
    assert main(["classify", "scans/0000.bmp", "--out", "t.parquet"]) == 0
    assert main(["classify", "scans", "--out", "t.parquet"]) == 0
    found = parquet.read_table("t.parquet").to_pylist()
    assert [row["path"] for row in found] == [f"scans/{number:04}.bmp" for number in range(10)]
    assert sorted(each.name for each in Path().glob("*t.parquet*")) == ["t.parquet"]


@pytest.mark.usefixtures("scans")
def test_pictures_are_sorted_and_the_doubtful_shown() -> None:
    words = ["classify", "scans", "--out", "t.jsonl", "--sort-into", "scans/sorted"]
    for _ in range(2):  # what was sorted below the folder is not taken for new pictures
        assert main([*words, "--review", "1", "--link", "symbolic"]) == 0
        assert len(list(Path("scans/sorted").glob("*/*.bmp"))) == 10
        assert Path("t.review.html").read_text("utf-8").count("<li>") == 10
    assert len(Path("t.jsonl").read_bytes().splitlines()) == 10


@pytest.mark.usefixtures("scans")
def test_a_list_a_model_and_threads_are_taken(store: Path) -> None:
    write_version(store, name="other", version="7")
    Path("list.txt").write_text("scans/0003.bmp\n", encoding="utf-8")
    words = ["classify", "--from", "list.txt", "--out", "t.csv", "--threads", "1"]
    assert main([*words, "--model", "other@7", "--models-store", str(store)]) == 0
    (row,) = rows("t.csv")
    assert (row["path"], row["model"]) == ("scans/0003.bmp", "other@7")


@pytest.mark.usefixtures("scans")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--out t.csv", "Expected pictures: name a PATH, or a list by --from."),
        ("scans --out t.txt", "Expected --out to end in .csv, .jsonl, .parquet; received t.txt."),
        ("scans --out no/t.csv", "Expected the folder no for --out; it is missing."),
        ("scans --out t.csv --review 60", "Expected --review from 0 to 1; received 60.0."),
        ("scans --out t.csv --max-megabytes 0", "Expected --max-megabytes above 0; received 0.0."),
        ("nowhere --out t.csv", "Expected a file, a folder or a pattern that matches one; "),
        ("scans --out t.csv --threads 0", "VASARI_THREADS: "),
        ("scans --out t.csv --model none", "No version of none stands in "),
        ("empty --out t.csv", "Expected pictures in what was named; there are none."),
        ("scans --out taken.csv", "Expected taken.csv to begin with 'path,period,"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(
    words: str, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("empty").mkdir()
    Path("taken.csv").write_text("name,price\n", encoding="utf-8")
    assert main(["classify", *words.split()]) == 2
    (said,) = [line for line in capfd.readouterr().err.splitlines() if line.startswith("vasari: ")]
    assert said.startswith(f"vasari: {sentence}")


def test_a_table_is_named(scans: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["classify", str(scans)])
    assert ended.value.code == 2
    assert "--out" in capsys.readouterr().err


@pytest.mark.usefixtures("scans")
def test_beside_the_main_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGTERM)
    ended: list[int] = []
    words = ["classify", "scans", "--out", "t.csv"]
    thread = threading.Thread(target=lambda: ended.append(main(words)))
    thread.start()
    thread.join(60)
    assert ended == [0]
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_in_order_and_goes_on(
    scans: Path, store: Path, how: signal.Signals
) -> None:
    write_pictures(scans, 2000)
    words = [sys.executable, "-m", "app", "classify", str(scans.resolve())]
    words += ["--out", str(Path("t.csv").resolve())]
    environment: dict[str, Any] = {
        **{key: value for key, value in os.environ.items() if key[:3] in ("COV", "PAT", "VAS")},
        "VASARI_MODELS_STORE": str(store),
    }
    with subprocess.Popen(
        words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        while not Path("t.csv").exists() or Path("t.csv").stat().st_size < 2000:
            assert process.poll() is None
            time.sleep(0.001)
        process.send_signal(how)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "rows stand; the same command goes on from there." in said
    assert "Traceback" not in said
    standing = len(rows("t.csv"))
    assert 0 < standing < 2000
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, check=False)
    assert done.returncode == 0
    assert f"{standing:,} were there" in done.stderr.decode()
    paths = [row["path"] for row in rows("t.csv")]
    assert paths == sorted(set(paths))
    assert len(paths) == 2000
