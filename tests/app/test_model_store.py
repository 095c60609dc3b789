"""`app.model_store`: what is found, what is verified, and what stays outside."""

from pathlib import Path

import pytest

from app.errors import CardError, IntegrityError
from app.model_store import ModelStore, Refusal
from tests.models import write_version


def test_versions_are_ordered_as_numbers(tmp_path: Path) -> None:
    for version in ("1", "2", "9", "10"):
        write_version(tmp_path, version=version)
    assert ModelStore(tmp_path).versions("tiny") == ["10", "9", "2", "1"]


def test_only_folders_of_the_right_name_are_versions(tmp_path: Path) -> None:
    write_version(tmp_path, version="3")
    for name in (".writing-4", "04", "latest", "5.bak", "-1"):
        (tmp_path / "tiny" / name).mkdir()
    (tmp_path / "tiny" / "6").write_text("a file")
    (tmp_path / ".hidden" / "1").mkdir(parents=True)
    (tmp_path / "Not A Name" / "1").mkdir(parents=True)
    (tmp_path / "README.md").write_text("words")
    store = ModelStore(tmp_path)
    assert store.names() == ["tiny"]
    assert store.versions("tiny") == ["3"]


@pytest.mark.parametrize("name", ["..", ".", "", "tiny/1", "/etc", "TINY", "none"])
def test_no_name_leads_out_of_the_store(store: Path, name: str) -> None:
    assert ModelStore(store / "tiny").versions(name) == []
    with pytest.raises(CardError):
        ModelStore(store).open(name, "1")


def test_a_store_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert ModelStore(tmp_path / "nowhere").scan() == ([], [])


def test_a_file_is_read_only_with_the_digest_of_the_card(store: Path) -> None:
    version = ModelStore(store).open("tiny", "1")
    assert version.reference == "tiny@1"
    assert version.read("report.html") == b"<h1>Report</h1>"
    (version.folder / "report.html").write_bytes(b"<h1>Altered</h1>")
    with pytest.raises(IntegrityError, match=r"Expected report\.html with sha256 .*; received"):
        version.read("report.html")
    (version.folder / "report.html").unlink()
    with pytest.raises(IntegrityError, match=r"Expected report\.html; No such file"):
        version.read("report.html")


@pytest.mark.parametrize("name", ["card.json", "../1/model.tflite", "model.keras"])
def test_a_file_that_the_card_does_not_list_is_not_read(store: Path, name: str) -> None:
    with pytest.raises(IntegrityError, match="not listed"):
        ModelStore(store).open("tiny", "1").read(name)


def test_a_link_out_of_the_store_is_not_followed(store: Path, tmp_path: Path) -> None:
    """Neither a version's folder nor its card nor one of its files may lie elsewhere."""
    elsewhere = write_version(tmp_path / "elsewhere", version="2")
    (store / "tiny" / "2").symlink_to(elsewhere)
    with pytest.raises(IntegrityError, match="symbolic link leads out"):
        ModelStore(store).open("tiny", "2")

    write_version(store, version="3", card={"files": None})
    (store / "tiny" / "3" / "card.json").unlink()
    (store / "tiny" / "3" / "card.json").symlink_to(elsewhere / "card.json")
    with pytest.raises(IntegrityError, match="symbolic link leads out"):
        ModelStore(store).open("tiny", "3")

    linked = store / "tiny" / "1" / "model.tflite"
    content = linked.read_bytes()
    linked.unlink()
    (tmp_path / "model.tflite").write_bytes(content)
    linked.symlink_to(tmp_path / "model.tflite")
    with pytest.raises(IntegrityError, match="symbolic link leads out"):
        ModelStore(store).open("tiny", "1").read("model.tflite")


def test_a_link_within_the_store_is_followed(store: Path) -> None:
    linked = store / "tiny" / "1" / "model.tflite"
    linked.rename(store / "shared.tflite")
    linked.symlink_to(store / "shared.tflite")
    assert ModelStore(store).open("tiny", "1").read("model.tflite")


def test_a_card_of_another_version_is_refused(store: Path) -> None:
    (store / "tiny" / "1").rename(store / "tiny" / "7")
    with pytest.raises(CardError, match=r"Expected the card of tiny@7; received that of tiny@1"):
        ModelStore(store).open("tiny", "7")


def test_scanning_tells_good_from_bad(store: Path) -> None:
    write_version(store, version="2", card={"format_version": 9})
    write_version(store, version="3")
    (store / "tiny" / "3" / "card.json").unlink()
    write_version(store, name="another")
    found, refused = ModelStore(store).scan()
    assert [each.reference for each in found] == ["another@1", "tiny@1"]
    assert [(each.name, each.version) for each in refused] == [("tiny", "3"), ("tiny", "2")]
    assert refused[1] == Refusal("tiny", "2", "Expected format_version 1 in card.json; received 9.")
