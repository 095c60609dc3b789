"""`app.bulk.sources`: everything that was named, nothing in silence."""

import io
import os
import sys
import zipfile
from pathlib import Path

import pytest

from app.bulk.problems import TableError, UnreadableFile
from app.bulk.sources import FileSource, Finder, Sources, shown
from app.errors import BodyTooLarge
from tests.app.bulk.making import picture


@pytest.fixture
def scans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with all kinds of things, in the current folder."""
    monkeypatch.chdir(tmp_path)
    scans = Path("scans")
    for name in (
        "b/2.JPG",
        "b/1.tiff",
        "a.png",
        "c.webp",
        ".hidden.jpg",
        ".git/x.jpg",
        "notes.txt",
    ):
        (scans / name).parent.mkdir(parents=True, exist_ok=True)
        (scans / name).write_bytes(name.encode())
    with zipfile.ZipFile(scans / "old.zip", "w") as archive:
        for name in ("z.jpg", "in/1.jpg", "in/readme.txt", "__MACOSX/z.jpg", "in/.x.jpg"):
            archive.writestr(name, name)
    return scans


IN_SCANS = [
    "scans/a.png",
    "scans/b/1.tiff",
    "scans/b/2.JPG",
    "scans/c.webp",
    "scans/old.zip!/z.jpg",
    "scans/old.zip!/in/1.jpg",
]


def names(*paths: str, **given: object) -> list[str]:
    return [source.name for source in Sources(paths, **given)]  # type: ignore[arg-type]


@pytest.mark.usefixtures("scans")
@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("scans", IN_SCANS),
        ("scans/notes.txt", ["scans/notes.txt"]),
        ("scans/*.png", ["scans/a.png"]),
        ("scans/**/*.JPG", ["scans/b/2.JPG"]),
        ("scans/old.zip", IN_SCANS[-2:]),
    ],
)
def test_a_path_is_searched(path: str, expected: list[str]) -> None:
    Sources((path,)).check()
    assert names(path) == expected
    assert names(path) == expected


@pytest.mark.usefixtures("scans")
def test_every_source_can_be_read_and_found_again() -> None:
    for source in Sources(("scans",)):
        data = source.read(1000)
        assert source.name.endswith(data.decode())
        assert Finder().find(source.name).read(1000) == data


def test_a_folder_can_be_left_out(scans: Path) -> None:
    assert names("scans", left_out=scans / "b") == [each for each in IN_SCANS if "/b/" not in each]


@pytest.mark.usefixtures("scans")
@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("list.txt", "scans/a.png\r\n\nscans/b\nscans/old.zip!/z.jpg\nmissing.jpg\n"),
        (
            "list.csv",
            "\ufefftitle,path\nA,scans/a.png\n,\nB,scans/b\nC,scans/old.zip!/z.jpg\nD,missing.jpg",
        ),
    ],
)
def test_a_list_names_more(file: str, text: str) -> None:
    Path(file).write_text(text, encoding="utf-8")
    expected = [*IN_SCANS[:3], "scans/old.zip!/z.jpg", "missing.jpg"]
    assert names(list_file=file) == expected
    assert names("scans/c.webp", list_file=file) == ["scans/c.webp", *expected]


def test_a_list_may_lie_beside_its_pictures(scans: Path) -> None:
    (scans / "list.txt").write_text("a.png\n", encoding="utf-8")
    assert names(list_file="scans/list.txt") == ["scans/a.png"]


@pytest.mark.usefixtures("scans")
def test_a_list_may_come_by_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("scans/a.png\n"))
    sources = Sources((), "-")
    sources.check()
    assert not sources.can_be_counted
    assert [source.name for source in sources] == ["scans/a.png"]


@pytest.mark.usefixtures("scans")
@pytest.mark.parametrize(
    ("paths", "list_file", "sentence"),
    [
        (("nowhere",), None, "a pattern that matches one; received 'nowhere'"),
        (("scans/*.gif",), None, r"received 'scans/\*.gif'"),
        ((), "missing.txt", "'missing.txt': no such file"),
        ((), "scans", "'scans': is a directory"),
        ((), "bad.csv", r"\['path', 'file', 'filename'\] in 'bad.csv'; it has \['title'\]"),
        ((), "torn.csv", "Expected a well-formed table"),
    ],
)
def test_what_cannot_be_used_is_told_beforehand(
    paths: tuple[str, ...], list_file: str | None, sentence: str
) -> None:
    Path("bad.csv").write_text("title\nA\n", encoding="utf-8")
    Path("torn.csv").write_text('path\n"a.jpg', encoding="utf-8")
    with pytest.raises(TableError, match=sentence):
        Sources(paths, list_file).check()


@pytest.mark.usefixtures("scans")
@pytest.mark.parametrize(
    "name", ["missing.jpg", "scans/b", "/dev/null", "a\0b", "old.zip!/none.jpg"]
)
def test_what_cannot_be_read_says_so(name: str) -> None:
    with pytest.raises(UnreadableFile, match=r"^Expected .*\.$"):
        Finder().find(name).read(10)


@pytest.mark.usefixtures("scans")
def test_a_large_file_is_not_read_to_its_end() -> None:
    assert FileSource("scans/a.png").read(5) == b"a.png"
    with pytest.raises(BodyTooLarge, match="at most 4 bytes; it has 5"):
        FileSource("scans/a.png").read(4)
    with Path("huge.jpg").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(BodyTooLarge, match="at most 10 bytes"):
        FileSource("huge.jpg").read(10)


@pytest.mark.usefixtures("scans")
@pytest.mark.skipif(not os.geteuid(), reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_a_source_that_cannot() -> None:  # pragma: no cover
    Path("scans/b").chmod(0)
    (closed,) = [source for source in Sources(("scans",)) if source.name == "scans/b"]
    Path("scans/b").chmod(0o755)
    with pytest.raises(UnreadableFile, match="permission denied"):
        closed.read(10)


def test_a_damaged_archive_is_a_source_that_cannot_be_read(scans: Path) -> None:
    (scans / "old.zip").write_bytes(b"PK\x03\x04 cut short")
    assert "scans/old.zip" in names("scans")
    (broken,) = Sources(("scans/old.zip",))
    with pytest.raises(UnreadableFile, match="Expected a ZIP archive that can be read"):
        broken.read(10)


def test_a_name_that_is_no_text_is_shown_and_found_again(scans: Path) -> None:
    odd = os.fsdecode(b"scans/\xff\xe9.jpg")
    Path(odd).write_bytes(picture(1))
    assert shown(odd) == r"scans/\xff\xe9.jpg"
    assert r"scans/\xff\xe9.jpg" in names("scans")
    assert Finder().find(r"scans/\xff\xe9.jpg").read(10_000) == picture(1)
    assert shown("scans/é.jpg") == "scans/é.jpg"
    assert scans.is_dir()
