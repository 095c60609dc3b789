"""Files of keys: a line of a name and a value for each; empty lines and `#` lines are comments."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from app.errors import SettingsError

__all__ = ["KEY_NAME", "State", "named_values", "state_of"]

KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

State = tuple[int, int, int]
"""Inode, size and time of change of a file; zeros where it is gone."""

Value = TypeVar("Value")


def state_of(path: Path) -> State:
    """What becomes another with each writing of the file."""
    try:
        stat = path.stat()
    except OSError:
        return 0, 0, 0
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def named_values(
    path: Path, variable: str, form: str, parse: Callable[[str], Value | None]
) -> Iterator[tuple[int, str, Value]]:
    """Read the lines of a file of keys.

    Args:
        path: Of the file.
        variable: The setting that names it, for errors.
        form: What a line is, for errors.
        parse: Makes a value of its text; None where it is none.

    Yields:
        Number of the line, name and value.

    Raises:
        SettingsError: The file cannot be read, or a line of it; no line is repeated.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError(f"{variable}: cannot read {path}: {reason}.") from None
    for number, line in enumerate(lines, 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        value = parse(words[1]) if len(words) == 2 else None  # noqa: PLR2004
        if value is None or not KEY_NAME.fullmatch(words[0]):
            raise SettingsError(
                f"{variable}: expected {form} in line {number} of {path}; received something else."
            )
        yield number, words[0], value
