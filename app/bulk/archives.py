"""Pictures in ZIP archives: read from where they are, and bounded against bombs.

An archive is refused whose list of members is larger than can be held, or whose members
claim more bytes than the file has (they overlap, as in a bomb made of one kernel). What
is left inflates to at most a thousand times its size, one bounded member at a time; a
member that promises to grow beyond all measure is refused before it is inflated.
Archives in archives are not opened.
"""

import os
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Self

from app.bulk.problems import UnreadableFile
from app.errors import BodyTooLarge

__all__ = ["Archive", "ArchiveMember", "is_archive"]

# zipfile keeps some 600 bytes of each member, whose entry in the list has 46 or more.
_MOST_LIST_BYTES = 32 * 2**20

# Below this size a picture of one colour may well shrink to a thousandth.
_HARMLESS_BYTES = 64 * 2**20
_MOST_GROWTH = 250

_END_MARK = b"PK\x05\x06"
_END_64_MARK = b"PK\x06\x06"
_END_64_SIZE = 56 + 20  # the record and its locator
_MOST_END_BYTES = _END_64_SIZE + 22 + 0xFFFF  # with the longest comment
_ENCRYPTED = 0x1


def is_archive(path: str) -> bool:
    """Whether a path is named like an archive, and is a file."""
    return path.lower().endswith(".zip") and os.path.isfile(path)  # noqa: PTH113


@dataclass(frozen=True)
class ArchiveMember:
    """One file in an archive."""

    archive: zipfile.ZipFile
    entry: zipfile.ZipInfo

    @property
    def name(self) -> str:
        """Its path in the archive."""
        return self.entry.filename

    def read(self, limit: int) -> bytes:
        """Inflate it; safe to be called in several threads.

        Raises:
            UnreadableFile: It is damaged, encrypted or compressed in an unknown way.
            BodyTooLarge: It has more than `limit` bytes, or grows beyond measure.
        """
        size = self.entry.file_size
        if size > limit:
            raise BodyTooLarge(f"Expected a file of at most {limit} bytes; it announces {size}.")
        if size > _HARMLESS_BYTES and size > _MOST_GROWTH * self.entry.compress_size:
            raise BodyTooLarge(
                f"Expected a picture; {self.entry.compress_size} bytes that announce {size} "
                "are a bomb."
            )
        if self.entry.flag_bits & _ENCRYPTED:
            raise UnreadableFile("Expected a member without a password; it is encrypted.")
        try:
            # zipfile gives no byte more than the entry announces.
            return self.archive.read(self.entry)
        except (OSError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
            raise UnreadableFile(f"Expected a whole member; {error}.") from None
        except (NotImplementedError, RuntimeError) as error:
            raise UnreadableFile(f"Expected a member that can be inflated; {error}.") from None


class Archive:
    """An opened archive; the file is closed with the last of its members.

    Args:
        opened: For reading.
    """

    def __init__(self, opened: zipfile.ZipFile) -> None:
        self._opened = opened

    @classmethod
    def open(cls, path: str) -> Self:
        """Open an archive and read its list of members.

        Raises:
            UnreadableFile: It is damaged, or a bomb.
        """
        try:
            _check_list(path)
            size = os.path.getsize(path)  # noqa: PTH202
            opened = zipfile.ZipFile(path)
        except (OSError, ValueError, zipfile.BadZipFile, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UnreadableFile(f"Expected a ZIP archive that can be read; {reason}.") from None
        claimed = sum(entry.compress_size for entry in opened.infolist())
        if claimed > size:
            opened.close()
            raise UnreadableFile(
                f"Expected members that share the archive's {size} bytes; they claim {claimed}, "
                "as in a bomb."
            )
        return cls(opened)

    def members(self, suffixes: Collection[str]) -> Iterator[ArchiveMember]:
        """The files with one of these suffixes, hidden ones left out, in the archive's order."""
        for entry in self._opened.infolist():
            if _is_picture(entry, suffixes):
                yield ArchiveMember(self._opened, entry)

    def member(self, name: str) -> ArchiveMember:
        """Find one file.

        Raises:
            UnreadableFile: There is none of this name.
        """
        try:
            return ArchiveMember(self._opened, self._opened.getinfo(name))
        except KeyError:
            raise UnreadableFile(
                f"Expected the member {name!r} in the archive; it is missing."
            ) from None


def _check_list(path: str) -> None:
    """Refuse an archive whose list of members is too long, before it is read."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
        raise UnreadableFile("Expected a file; it is a folder or a device.")
    with open(path, "rb") as file:  # noqa: PTH123
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _MOST_END_BYTES))
        end = file.read()
    start = end.rfind(_END_MARK)
    announced = int.from_bytes(end[start + 12 : start + 16], "little") if start >= 0 else 0
    # An archive of more than 4 GB or 65,535 members has a larger record before that one.
    larger = end[start - _END_64_SIZE : start] if start >= _END_64_SIZE else b""
    if larger.startswith(_END_64_MARK):
        announced = int.from_bytes(larger[40:48], "little")
    if announced > _MOST_LIST_BYTES:
        raise UnreadableFile(
            f"Expected a list of members of at most {_MOST_LIST_BYTES} bytes; it has {announced}."
        )


def _is_picture(entry: zipfile.ZipInfo, suffixes: Collection[str]) -> bool:
    parts = entry.filename.split("/")
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part.strip(".")) for part in parts)
    suffix = os.path.splitext(parts[-1])[1].lower()  # noqa: PTH122
    return not entry.is_dir() and not hidden and suffix in suffixes
