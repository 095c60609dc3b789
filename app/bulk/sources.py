"""Where pictures come from: files, folders, patterns, lists and archives, one by one.

A source has a name, which its row carries as `path`: the file's path as it was given or
found, and `scans.zip!/folder/a.jpg` for a member of an archive. Nothing is read before
a worker asks for it, and of all names no more is kept than those of one folder.
"""

import csv
import glob
import os
import re
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.bulk.archives import Archive, ArchiveMember, is_archive
from app.bulk.problems import TableError, UnreadableFile
from app.errors import BodyTooLarge

__all__ = ["SUFFIXES", "FileSource", "Finder", "Source", "Sources", "shown"]

SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".mpo",
        ".png",
        ".webp",
        ".tif",
        ".tiff",
        ".bmp",
        ".dib",
        ".gif",
    }
)
"""What is taken for a picture where a folder or an archive is searched."""

MEMBER_MARK = "!/"
STANDARD_INPUT = "-"

_PATH_COLUMNS = ("path", "file", "filename")


class Source(Protocol):
    """One picture, or what stands in its place."""

    @property
    def name(self) -> str:
        """What its row is called by; valid Unicode."""
        ...

    def read(self, limit: int) -> bytes:
        """Read the picture's file.

        Raises:
            UnreadableFile: It cannot be read.
            BodyTooLarge: It has more than `limit` bytes.
        """
        ...


@dataclass(frozen=True)
class FileSource:
    """A file on disk."""

    path: str

    @property
    def name(self) -> str:
        """Its path."""
        return shown(self.path)

    def read(self, limit: int) -> bytes:
        """Read the file."""
        try:
            status = os.stat(self.path)  # noqa: PTH116  odd names stay strings
            # A pipe would keep a worker waiting for ever.
            if not stat.S_ISREG(status.st_mode):
                raise UnreadableFile("Expected a file; it is a folder or a device.")
            if status.st_size > limit:
                raise BodyTooLarge(
                    f"Expected a file of at most {limit} bytes; it has {status.st_size}."
                )
            with open(self.path, "rb") as file:  # noqa: PTH123
                return file.read()
        except (OSError, ValueError) as error:
            raise UnreadableFile(f"Expected a file that can be read; {_reason(error)}.") from None


@dataclass(frozen=True)
class MemberSource:
    """A picture in an archive; read from it without being extracted."""

    archive_path: str
    member: ArchiveMember

    @property
    def name(self) -> str:
        """The archive's path and the member's."""
        return shown(f"{self.archive_path}{MEMBER_MARK}{self.member.name}")

    def read(self, limit: int) -> bytes:
        """Inflate the member."""
        return self.member.read(limit)


@dataclass(frozen=True)
class Unreadable:
    """A folder or an archive that cannot be searched: it is not passed over in silence."""

    path: str
    reason: str

    @property
    def name(self) -> str:
        """Its path."""
        return shown(self.path)

    def read(self, _limit: int) -> bytes:
        """Say why not."""
        raise UnreadableFile(self.reason)


@dataclass(frozen=True)
class Sources:
    """All that a run was asked to classify; can be gone through several times.

    Args:
        paths: Files, folders, patterns, archives.
        list_file: A file that names more of them, or `-`; see `docs/classify.md`.
        left_out: A folder that is not searched.
    """

    paths: tuple[str, ...] = ()
    list_file: str | None = None
    left_out: Path | None = None

    @property
    def can_be_counted(self) -> bool:
        """Whether going through them beforehand leaves them as they are."""
        return self.list_file != STANDARD_INPUT

    def check(self) -> None:
        """Find out before any work whether everything that was named is there.

        Raises:
            TableError: Something is not.
        """
        for path in self.paths:
            if not os.path.lexists(path) and next(_matches(path), None) is None:
                raise TableError(
                    f"Expected a file, a folder or a pattern that matches one; received {path!r}."
                )
        if self.list_file not in (None, STANDARD_INPUT):
            next(iter(self._listed()), None)

    def __iter__(self) -> Iterator[Source]:
        for path in self.paths:
            if os.path.lexists(path):
                yield from self._expand(path)
            else:
                for match in _matches(path):
                    yield from self._expand(match)
        finder = Finder()
        for path in self._listed():
            if os.path.lexists(path):
                yield from self._expand(path)
            else:
                yield finder.find(path)

    def _expand(self, path: str) -> Iterator[Source]:
        if os.path.isdir(path):  # noqa: PTH112
            yield from self._search(path)
        elif is_archive(path):
            yield from _members(path)
        else:
            yield FileSource(path)

    def _search(self, folder: str) -> Iterator[Source]:
        if self.left_out is not None and Path(folder).resolve() == self.left_out.resolve():
            return
        try:
            with os.scandir(folder) as entries:
                found = sorted(
                    (each.name, each.is_dir(follow_symlinks=False))
                    for each in entries
                    if not each.name.startswith(".")
                )
        except OSError as error:
            yield Unreadable(folder, f"Expected a folder that can be read; {_reason(error)}.")
            return
        for name, is_folder in found:
            path = os.path.join(folder, name)  # noqa: PTH118
            if is_folder:
                yield from self._search(path)
            elif is_archive(path):
                yield from _members(path)
            elif os.path.splitext(name)[1].lower() in SUFFIXES:  # noqa: PTH122
                yield FileSource(path)

    def _listed(self) -> Iterator[str]:
        if self.list_file is None:
            return
        if self.list_file == STANDARD_INPUT:
            yield from _lines(sys.stdin)
            return
        beside = Path(self.list_file).parent
        try:
            with open(  # noqa: PTH123
                self.list_file, encoding="utf-8-sig", errors="surrogateescape", newline=""
            ) as file:
                is_table = self.list_file.lower().endswith(".csv")
                for path in _table_column(file, self.list_file) if is_table else _lines(file):
                    yield path if os.path.lexists(path) else _or_beside(path, beside)
        except OSError as error:
            raise TableError(
                f"Expected a list that can be read; {self.list_file!r}: {_reason(error)}."
            ) from None


class Finder:
    """Finds again what a row's `path` names; keeps the last archive open."""

    def __init__(self) -> None:
        self._last: tuple[str, Archive] | None = None

    def find(self, name: str) -> Source:
        """Find one source; it says that it cannot be read where nothing is there."""
        path = name if os.path.lexists(name) else _actual(name)
        if os.path.lexists(path):
            return FileSource(path)
        for mark in re.finditer(re.escape(MEMBER_MARK), path):
            archive = path[: mark.start()]
            if os.path.isfile(archive):  # noqa: PTH113
                try:
                    return MemberSource(archive, self._open(archive).member(path[mark.end() :]))
                except UnreadableFile as error:
                    return Unreadable(path, str(error))
        return FileSource(path)

    def _open(self, path: str) -> Archive:
        if self._last is None or self._last[0] != path:
            self._last = (path, Archive.open(path))
        return self._last[1]


def shown(path: str) -> str:
    r"""A path as text that every table can hold: bytes that are not UTF-8 become `\xff`."""
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        return os.fsencode(path).decode("utf-8", "backslashreplace")
    return path


def _actual(name: str) -> str:
    """Undo `shown` where it changed the path."""
    plain = re.sub(
        rb"\\x([0-9a-f]{2})", lambda each: bytes.fromhex(each[1].decode()), os.fsencode(name)
    )
    restored = os.fsdecode(plain)
    return restored if os.path.lexists(restored) else name


def _members(path: str) -> Iterator[Source]:
    try:
        archive = Archive.open(path)
    except UnreadableFile as error:
        yield Unreadable(path, str(error))
        return
    for member in archive.members(SUFFIXES):
        yield MemberSource(path, member)


def _matches(pattern: str) -> Iterator[str]:
    return glob.iglob(pattern, recursive=True)  # noqa: PTH207


def _or_beside(path: str, folder: Path) -> str:
    beside = os.path.join(folder, path)  # noqa: PTH118
    return beside if os.path.lexists(beside) else path


def _lines(file: Iterable[str]) -> Iterator[str]:
    for line in file:
        path = line.rstrip("\r\n")
        if path:
            yield path


def _table_column(file: Iterable[str], name: str) -> Iterator[str]:
    try:
        table = csv.DictReader(file, strict=True)
        columns = table.fieldnames or []
        column = next((each for each in _PATH_COLUMNS if each in columns), None)
        if column is None:
            raise TableError(
                f"Expected one of the columns {list(_PATH_COLUMNS)} in {name!r}; "
                f"it has {list(columns)}."
            )
        for row in table:
            if row[column]:
                yield row[column]
    except csv.Error as error:
        raise TableError(f"Expected a well-formed table; {name!r}: {error}.") from None


def _reason(error: OSError | ValueError) -> str:
    reason = str(error)
    if isinstance(error, OSError):
        with suppress(TypeError):
            reason = (error.strerror or reason).lower()
    return reason
