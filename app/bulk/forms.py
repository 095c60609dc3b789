"""Rows as bytes: CSV and JSON lines, one whole row after the other."""

import csv
import io
import json
from typing import Protocol

from app.bulk.rows import Column, Row, Value

__all__ = ["Csv", "Form", "JsonLines"]

Columns = tuple[Column, ...]


class Form(Protocol):
    """How rows stand in a file."""

    def header(self) -> bytes:
        """What stands before the first row."""
        ...

    def encode(self, row: Row) -> bytes:
        """One row, with what ends it."""
        ...

    def is_whole(self, data: bytes) -> bool:
        """Whether these bytes, from the start of a row, are all of it."""
        ...

    def decode(self, data: bytes) -> Row:
        """Read what `encode` wrote.

        Raises:
            ValueError: It is no row of these columns.
        """
        ...


class Csv:
    """A table for spreadsheets: UTF-8, a header, commas, and quotes where they are needed.

    Args:
        columns: In their order.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def header(self) -> bytes:
        """The columns' names."""
        return _csv_line([column.name for column in self._columns])

    def encode(self, row: Row) -> bytes:
        """One line, or more where a value has line breaks."""
        return _csv_line([row[column.name] for column in self._columns])

    def is_whole(self, data: bytes) -> bool:
        """A line's end outside of quotes."""
        return data.endswith(b"\n") and data.count(b'"') % 2 == 0

    def decode(self, data: bytes) -> Row:
        """An empty value is a missing one."""
        try:
            (values,) = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
        except csv.Error as error:
            raise ValueError(str(error)) from None
        if len(values) != len(self._columns):
            raise ValueError(f"expected {len(self._columns)} values; received {len(values)}")
        return {
            column.name: column.kind(value) if value else None
            for column, value in zip(self._columns, values, strict=True)
        }


class JsonLines:
    """One JSON object a line, the columns its members.

    Args:
        columns: In their order.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def header(self) -> bytes:
        """None."""
        return b""

    def encode(self, row: Row) -> bytes:
        """One line."""
        ordered = {column.name: row[column.name] for column in self._columns}
        return json.dumps(ordered, ensure_ascii=False).encode() + b"\n"

    def is_whole(self, data: bytes) -> bool:
        """A line's end."""
        return data.endswith(b"\n")

    def decode(self, data: bytes) -> Row:
        """A missing value is null."""
        row = json.loads(data)
        names = [column.name for column in self._columns]
        if not isinstance(row, dict) or list(row) != names:
            raise ValueError(f"expected an object with the members {names}")
        return row


def _csv_line(values: list[Value] | list[str]) -> bytes:
    line = io.StringIO(newline="")
    # Values are put in quotes for a character of the line's end: here for either of them.
    csv.writer(line, lineterminator="\r\n").writerow(values)
    return line.getvalue()[:-2].encode() + b"\n"
