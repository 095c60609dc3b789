"""`app.bulk.archives`: members are read in place, and bombs are refused."""

import struct
import threading
import zipfile
from pathlib import Path
from unittest.mock import patch

import pytest

from app.bulk import archives
from app.bulk.archives import Archive, is_archive
from app.bulk.problems import UnreadableFile
from app.errors import BodyTooLarge

SUFFIXES = {".jpg"}


def write(path: Path, members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return str(path)


def test_members_are_read_by_several_threads_at_once(tmp_path: Path) -> None:
    given = {f"{number}.jpg": bytes([number]) * 100_000 for number in range(40)}
    members = list(Archive.open(write(tmp_path / "a.zip", given)).members(SUFFIXES))
    wrong: list[str] = []

    def read(part: int) -> None:
        again = members[part::4] * 5
        wrong.extend(each.name for each in again if each.read(10**6) != given[each.name])

    threads = [threading.Thread(target=read, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_nothing_is_written_to_disk(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"../../evil.jpg": b"1", "/abs.jpg": b"2", "in/b.jpg": b"3"})
    before = sorted(tmp_path.rglob("*"))
    assert [each.read(9) for each in Archive.open(path).members(SUFFIXES)] == [b"1", b"2", b"3"]
    assert sorted(tmp_path.rglob("*")) == before


def test_a_member_larger_than_the_limit_is_not_inflated(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.jpg": bytes(1001)})
    (member,) = Archive.open(path).members(SUFFIXES)
    with pytest.raises(BodyTooLarge, match="it announces 1001"):
        member.read(1000)


def test_a_member_that_grows_beyond_measure_is_a_bomb(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", {"a.jpg": bytes(65 * 2**20)})
    (member,) = Archive.open(path).members(SUFFIXES)
    with pytest.raises(BodyTooLarge, match="are a bomb"):
        member.read(2**30)


def test_a_member_that_announces_less_than_it_is_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write(path, {"a.jpg": bytes(10**6)})
    data = path.read_bytes().replace(struct.pack("<I", 10**6), struct.pack("<I", 100))
    path.write_bytes(data)
    (member,) = Archive.open(str(path)).members(SUFFIXES)
    with pytest.raises(UnreadableFile, match="Expected a whole member"):
        member.read(1000)


def test_members_that_overlap_are_a_bomb(tmp_path: Path) -> None:
    """One kernel in many entries: each of them claims the same bytes."""
    path = tmp_path / "a.zip"
    kernel = bytes(range(256)) * 40
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0.jpg", kernel)
        entry = archive.infolist()[0]
        for number in range(1, 9):
            copy = zipfile.ZipInfo(f"{number}.jpg")
            copy.file_size = copy.compress_size = len(kernel)
            copy.CRC, copy.header_offset = entry.CRC, entry.header_offset
            archive.filelist.append(copy)
    with pytest.raises(UnreadableFile, match="as in a bomb"):
        Archive.open(str(path))


@pytest.mark.parametrize("large", [False, True])
def test_a_list_of_members_that_is_too_long_is_not_read(tmp_path: Path, large: bool) -> None:
    path = write(tmp_path / "a.zip", {f"{number}.jpg": b"" for number in range(100)})
    if large:
        with patch.object(zipfile, "ZIP_FILECOUNT_LIMIT", 10):
            path = write(tmp_path / "a.zip", {f"{number}.jpg": b"" for number in range(100)})
    assert len(list(Archive.open(path).members(SUFFIXES))) == 100
    with (
        patch.object(archives, "_MOST_LIST_BYTES", 1000),
        pytest.raises(UnreadableFile, match=r"at most 1000 bytes; it has \d{4}"),
    ):
        Archive.open(path)


def test_an_encrypted_member_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write(path, {"a.jpg": b"1"})
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    (member,) = Archive.open(str(path)).members(SUFFIXES)
    with pytest.raises(UnreadableFile, match="it is encrypted"):
        member.read(9)


def test_an_unknown_compression_says_so(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    write(path, {"a.jpg": b"1"})
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x01\x02") + 10] = 97
    path.write_bytes(bytes(data))
    (member,) = Archive.open(str(path)).members(SUFFIXES)
    with pytest.raises(UnreadableFile, match="that can be inflated"):
        member.read(9)


@pytest.mark.parametrize("data", [b"", b"no archive", b"PK\x05\x06" + bytes(5)])
def test_what_is_no_archive_says_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    assert is_archive(str(tmp_path / "a.zip"))
    with pytest.raises(UnreadableFile, match="Expected a ZIP archive that can be read"):
        Archive.open(str(tmp_path / "a.zip"))


def test_a_folder_named_like_one_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.zip").mkdir()
    assert not is_archive(str(tmp_path / "a.zip"))
    with pytest.raises(UnreadableFile):
        Archive.open(str(tmp_path / "a.zip"))
    with pytest.raises(UnreadableFile, match="No such file"):
        Archive.open(str(tmp_path / "b.zip"))


def test_a_member_that_is_missing_says_so(tmp_path: Path) -> None:
    archive = Archive.open(write(tmp_path / "a.zip", {"a.jpg": b"1"}))
    assert archive.member("a.jpg").read(1) == b"1"
    with pytest.raises(UnreadableFile, match=r"'b\.jpg'"):
        archive.member("b.jpg")
