"""Answers kept on disk, so that no question is asked twice.

<folder>/<host>/<sha256 of the question>.body
<folder>/<host>/<sha256 of the question>.json   written last: its presence makes the body count
<folder>/partial/                               unfinished; emptied when a run begins
"""

import hashlib
import json
import os
import secrets
import tempfile
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from training.files import digest_file

T = TypeVar("T")


@dataclass(frozen=True)
class Kept:
    """An answer on disk.

    Attributes:
        status: The HTTP status: 200, or 404 and 410 for what is known not to be there.
        body: The file with the body.
    """

    status: int
    body: Path


class AnswerStore:
    """The HTTP cache of one collection.

    Answers do not grow old by themselves: a resumed run must see the catalogue that
    it began with. Deleting the folder asks anew.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._partial = folder / "partial"
        self._partial.mkdir(parents=True, exist_ok=True)
        for left in self._partial.iterdir():
            with suppress(FileNotFoundError):
                left.unlink()

    def find(self, url: str, accept: str) -> Kept | None:
        """The answer kept for a question; None when there is none, or it was damaged."""
        body, facts = self._places(url, accept)
        try:
            known = json.loads(facts.read_bytes())
            status, size, digest = known["status"], known["size"], known["sha256"]
            if body.stat().st_size != size or digest_file(body) != digest:
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return Kept(status, body)

    def keep(
        self,
        url: str,
        accept: str,
        chunks: Iterable[bytes],
        *,
        status: int = 200,
        check: Callable[[Path], T],
    ) -> T:
        """Write an answer, all or nothing.

        Args:
            url: The question.
            accept: The form asked for; part of the question.
            chunks: The body.
            status: The HTTP status.
            check: Reads the finished body; what it raises keeps the answer out.

        Returns:
            What `check` returned.
        """
        body, facts = self._places(url, accept)
        handle, name = tempfile.mkstemp(dir=self._partial)
        draft = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
            found = check(draft)
            known = {
                "url": url,
                "status": status,
                "size": draft.stat().st_size,
                "sha256": digest_file(draft),
            }
            body.parent.mkdir(parents=True, exist_ok=True)
            draft.replace(body)
        finally:
            draft.unlink(missing_ok=True)
        put(facts, json.dumps(known, indent=1).encode())
        return found

    def _places(self, url: str, accept: str) -> tuple[Path, Path]:
        name = hashlib.sha256(f"{accept}\n{url}".encode()).hexdigest()
        # A port's colon is not a name that every file system takes.
        folder = self._folder / urlsplit(url).netloc.replace(":", "_")
        return folder / f"{name}.body", folder / f"{name}.json"


def put(path: Path, data: bytes) -> None:
    """Write a file whole or not at all, without waiting for the disk.

    For what carries its own digest, thousands of times: should the power fail, a file
    that did not reach the disk is noticed by its digest and fetched again.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
