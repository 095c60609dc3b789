"""Opens every picture once: can it be read, what are its digest and its perceptual hash?

What was found is kept in a JSON file by name, size and time of change, so that a
second run opens nothing again.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import imagehash

from app.imaging import ImageProblem, decode
from training.data.index import Example
from training.files import write_atomically

__all__ = ["Facts", "Inspection", "inspect"]

_ENOUGH_FOR_A_HASH = (64, 64)


@dataclass(frozen=True)
class Facts:
    """What one file is.

    Attributes:
        sha256: Digest of its bytes.
        phash: 64-bit perceptual hash, as 16 hexadecimal digits.
        width: Pixels across, upright.
        height: Pixels down, upright.
    """

    sha256: str
    phash: str
    width: int
    height: int


@dataclass(frozen=True)
class Inspection:
    """What all files are.

    Attributes:
        examples: Those that can be read.
        facts: Of each of them, in the same order.
        unreadable: (file, reason) of the others.
    """

    examples: tuple[Example, ...]
    facts: tuple[Facts, ...]
    unreadable: tuple[tuple[str, str], ...]


def inspect(
    examples: Sequence[Example],
    cache: Path,
    *,
    threads: int = 2,
    advance: Callable[[], None] = lambda: None,
) -> Inspection:
    """Open every picture, or remember what was found the last time.

    Args:
        examples: From `read_index`.
        cache: The JSON file to remember in.
        threads: How many pictures are opened at a time.
        advance: Called after each picture.
    """
    remembered = _remembered(cache)

    def look(example: Example) -> tuple[str, Facts | str]:
        key = _key(example.path)
        facts = Facts(**remembered[key]) if key in remembered else _open(example.path)
        advance()
        return key, facts

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(look, examples))
    fresh = {key: asdict(each) for key, each in found if isinstance(each, Facts)}
    if not fresh.keys() <= remembered.keys():
        text = json.dumps(remembered | fresh, separators=(",", ":"))
        write_atomically(cache, text.encode())
    readable = [(e, f) for e, (_, f) in zip(examples, found, strict=True) if isinstance(f, Facts)]
    return Inspection(
        tuple(example for example, _ in readable),
        tuple(facts for _, facts in readable),
        tuple((e.file, f) for e, (_, f) in zip(examples, found, strict=True) if isinstance(f, str)),
    )


def _key(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}"


def _open(path: Path) -> Facts | str:
    try:
        data = path.read_bytes()
        picture = decode(data, reduce_to=_ENOUGH_FOR_A_HASH)
    except OSError as error:
        return error.strerror or type(error).__name__
    except ImageProblem as problem:
        return problem.detail
    digest = hashlib.sha256(data).hexdigest()
    return Facts(digest, str(imagehash.phash(picture.image)), picture.width, picture.height)


def _remembered(cache: Path) -> dict[str, dict[str, Any]]:
    try:
        remembered: dict[str, dict[str, Any]] = json.loads(cache.read_text())
    except (OSError, ValueError):
        return {}
    return remembered
