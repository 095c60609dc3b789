"""What can go wrong about a table or a file; what is wrong with a picture is in app.errors."""

from typing import ClassVar

from app.errors import VasariError

__all__ = ["TableError", "UnreadableFile"]


class TableError(VasariError):
    """The table, or an argument, cannot be used; the run does not start, or stops."""


class UnreadableFile(VasariError):  # noqa: N818  named like the problems of pictures
    """A file, a folder or an archive's member cannot be read; its row says so."""

    code: ClassVar[str] = "unreadable_file"
