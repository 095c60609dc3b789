"""Rows in Parquet: packed from a row file at the end, and unpacked into one to go on.

Parquet cannot grow. While a run is under way its rows stand in `<table>.rows`, as JSON
lines; at the end they are packed, the table takes its place by one rename, and the row
file goes. pyarrow is imported only here, and only when a table is asked for.
"""

import os
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from app.bulk.forms import Form
from app.bulk.problems import TableError
from app.bulk.rows import Column, Row

__all__ = ["check_pyarrow", "pack", "row_file_path", "unpack"]

_ROWS_AT_ONCE = 10_000


def check_pyarrow() -> None:
    """Find out before any work whether the table can be written.

    Raises:
        TableError: pyarrow is not installed.
    """
    try:
        import pyarrow.parquet  # noqa: PLC0415, F401
    except ImportError:
        raise TableError(
            "A Parquet table needs pyarrow, which is not installed: install the extra "
            "`parquet` (pip install 'vasari[parquet]'), or write .csv or .jsonl."
        ) from None


def row_file_path(table: Path) -> Path:
    """Where a table's rows stand while it is made."""
    return table.with_name(f"{table.name}.rows")


def pack(rows: Iterator[Row], columns: tuple[Column, ...], table: Path) -> None:
    """Write a table, whole or not at all.

    Args:
        rows: Each is held for a moment only.
        columns: In their order.
        table: Where to.

    Raises:
        TableError: It cannot be written.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    kinds = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    schema = pa.schema([(column.name, kinds[column.kind]) for column in columns])
    beside = table.with_name(f".{table.name}.writing")
    try:
        with parquet.ParquetWriter(beside, schema, compression="zstd") as writer:
            while some := list(islice(rows, _ROWS_AT_ONCE)):
                writer.write_table(pa.Table.from_pylist(some, schema=schema))
        _sync(beside)
        beside.replace(table)
        _sync(table.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise TableError(f"Cannot write {table}: {error.strerror or error}.") from None


def unpack(table: Path, columns: tuple[Column, ...], form: Form, place: Path) -> None:
    """Make a row file of a table, to add rows to it.

    Raises:
        TableError: It is no table of these columns.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    beside = place.with_name(f".{place.name}.writing")
    try:
        with parquet.ParquetFile(table) as opened, beside.open("wb") as file:
            names = [column.name for column in columns]
            if opened.schema_arrow.names != names:
                raise TableError(
                    f"Expected the columns {names} in {table}; it has "
                    f"{opened.schema_arrow.names}: name a new file."
                )
            file.write(form.header())
            for batch in opened.iter_batches(_ROWS_AT_ONCE):
                found: list[dict[str, Any]] = batch.to_pylist()
                file.writelines(form.encode(row) for row in found)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(place)
    except (OSError, pa.ArrowException) as error:
        beside.unlink(missing_ok=True)
        raise TableError(f"Expected a Parquet table in {table}; {error}.") from None


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
