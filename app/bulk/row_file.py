"""A file of rows that only grows, and is whole again after whatever cut it short.

Rows are appended by single writes, so that a process that is killed leaves whole rows
and at most the beginning of one more; that is cut off when the file is opened next. The
file is its own journal: what stands in it is done.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from app.bulk.forms import Form
from app.bulk.index import Index, key_of
from app.bulk.problems import TableError
from app.bulk.rows import Row

__all__ = ["RowFile"]

_BLOCK = 4096
# Of the beginning of a row that is cut off. More than this was no row.
_LONGEST_ROW = 2**20
_SECONDS_BETWEEN_SYNCS = 5.0


class RowFile:
    """Rows on disk, found again by path or by digest.

    Args:
        path: Made where it is missing.
        form: How rows stand in it.
        model: `name@version` that all its rows are to be of.

    Raises:
        TableError: It cannot be opened, another run writes it, it is of another form, or
            its rows are another model's.
    """

    def __init__(self, path: Path, form: Form, model: str) -> None:
        self.path = path
        self._form = form
        self._model = model
        self._by_path = Index()
        self._by_digest = Index()
        self._synced = time.monotonic()
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise TableError(f"Cannot write {path}: {error.strerror}.") from None
        try:
            self._lock()
            self._size = 0
            self._take_up()
        except BaseException:
            os.close(self._file)
            raise

    def __len__(self) -> int:
        return len(self._by_path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def __iter__(self) -> Iterator[Row]:
        for start, data in self._records():
            yield self._decode(start, data)

    def append(self, row: Row) -> None:
        """Add a row; it is safe from the death of this process when this returns.

        Raises:
            TableError: There is no place for it.
        """
        start = self._size
        self._write(self._form.encode(row))
        self._remember(row, start)
        if time.monotonic() - self._synced > _SECONDS_BETWEEN_SYNCS:
            self.sync()

    def sync(self) -> None:
        """Bring all rows to the disk, where they are safe from the death of the machine."""
        os.fsync(self._file)
        self._synced = time.monotonic()

    def has_path(self, path: str) -> bool:
        """Whether a row stands for this picture."""
        return self._find(self._by_path, "path", path) is not None

    def with_digest(self, sha256: str) -> Row | None:
        """A row of a picture with the same bytes."""
        return self._find(self._by_digest, "sha256", sha256)

    def drop_problems(self) -> None:
        """Take out the rows of what failed, so that it is tried again."""
        beside = self.path.with_name(f".{self.path.name}.writing")
        kept = [self._form.header()]
        try:
            with beside.open("wb") as file:
                for start, data in self._records():
                    if self._decode(start, data)["error"] is None:
                        kept.append(data)
                    if len(kept) == _BLOCK:
                        file.writelines(kept)
                        kept.clear()
                file.writelines(kept)
                file.flush()
                os.fsync(file.fileno())
            opened = os.open(beside, os.O_RDWR | os.O_CLOEXEC)
            beside.replace(self.path)
        except OSError as error:
            raise TableError(f"Cannot write {beside}: {error.strerror}.") from None
        os.close(self._file)
        self._file = opened
        self._lock()
        self._by_path, self._by_digest = Index(), Index()
        self._size = 0
        self._take_up()

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TableError(
                f"Expected {self.path} for this run alone; another one is writing it."
            ) from None

    def _take_up(self) -> None:
        """Cut off what is torn, and remember what is there."""
        header = self._form.header()
        found = os.pread(self._file, len(header), 0)
        if found != header:
            if not header.startswith(found):
                raise TableError(
                    f"Expected {self.path} to begin with {header.decode().strip()!r}; it is "
                    "another table, or another model's: name a new file."
                )
            os.ftruncate(self._file, 0)
            self._write(header)
        self._size = len(header)
        for start, data in self._records():
            row = self._decode(start, data)
            if row["model"] != self._model:
                raise TableError(
                    f"Expected rows of {self._model} in {self.path}; it has rows of "
                    f"{row['model']}: name a new file, or that model by --model."
                )
            self._remember(row, start)
            self._size = start + len(data)
        torn = os.fstat(self._file).st_size - self._size
        if torn > _LONGEST_ROW:
            raise TableError(
                f"Expected rows in {self.path}; from byte {self._size} on there are none."
            )
        os.ftruncate(self._file, self._size)

    def _records(self) -> Iterator[tuple[int, bytes]]:
        """Every whole row's place and bytes."""
        start = len(self._form.header())
        data = b""
        with self.path.open("rb") as file:
            file.seek(start)
            for line in file:
                data += line
                if self._form.is_whole(data):
                    yield start, data
                    start += len(data)
                    data = b""
                elif len(data) > _LONGEST_ROW:
                    return

    def _find(self, index: Index, column: str, value: str) -> Row | None:
        for start in index.places(key_of(value)):
            row = self._read(start)
            if row[column] == value:
                return row
        return None

    def _read(self, start: int) -> Row:
        data = b""
        while True:
            block = os.pread(self._file, _BLOCK, start + len(data))
            end = block.find(b"\n")
            while end >= 0:
                whole = data + block[: end + 1]
                if self._form.is_whole(whole):
                    return self._decode(start, whole)
                end = block.find(b"\n", end + 1)
            data += block
            if not block:
                raise TableError(f"Expected a row at byte {start} of {self.path}; it is gone.")

    def _decode(self, start: int, data: bytes) -> Row:
        try:
            return self._form.decode(data)
        except ValueError as error:
            raise TableError(
                f"Expected a row at byte {start} of {self.path}; {error}. Mend it, or name a "
                "new file."
            ) from None

    def _remember(self, row: Row, start: int) -> None:
        self._by_path.add(key_of(str(row["path"])), start)
        digest = row["sha256"]
        if digest is not None and self.with_digest(str(digest)) is None:
            self._by_digest.add(key_of(str(digest)), start)

    def _write(self, data: bytes) -> None:
        try:
            done = 0
            while done < len(data):
                done += os.pwrite(self._file, data[done:], self._size + done)
        except OSError as error:
            os.ftruncate(self._file, self._size)
            raise TableError(f"Cannot write {self.path}: {error.strerror}.") from None
        self._size += len(data)
