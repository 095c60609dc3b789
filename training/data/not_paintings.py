"""Pictures that are no paintings, in two halves that never meet.

The half `development` may be learnt from and tuned on; the half `report` is only
measured. A file's half is told by its own digest, so that it stays where it is when
files are renamed or others come; pictures made in code differ by their seeds.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.data.index import SUFFIXES
from training.data.made_pictures import KINDS, made_picture
from training.errors import DataError

__all__ = ["MADE_EACH", "Half", "NotPainting", "half_of", "made_pictures", "not_paintings"]

Half = Literal["development", "report"]

MADE_EACH = 10
"""Pictures of each kind that are made in code, unless another number is asked for."""


@dataclass(frozen=True)
class NotPainting:
    """One picture that is no painting.

    Attributes:
        name: Its file below the folder, or `made/<kind>/<number>`.
        kind: The folder that it lies in, such as `photo`, or how it was made.
        content: The bytes of its file.
    """

    name: str
    kind: str
    content: bytes


def half_of(content: bytes) -> Half:
    """The half of a file: even first digits of the sha256 are to develop on."""
    return "report" if int(hashlib.sha256(content).hexdigest()[0], 16) % 2 else "development"


def not_paintings(folder: Path, half: Half) -> tuple[NotPainting, ...]:
    """Read one half of a folder's pictures, in the order of their names.

    Args:
        folder: `DIR/<kind>/*.jpg`; deeper folders belong to the kind, and pictures right
            in DIR are of the kind `other`.
        half: Which half.

    Raises:
        DataError: There is no picture.
    """
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
    )
    if not paths:
        raise DataError(f"Expected pictures that are no paintings in {folder}; found none.")
    found = []
    for path in paths:
        content = path.read_bytes()
        if half_of(content) == half:
            below = path.relative_to(folder)
            kind = below.parts[0] if len(below.parts) > 1 else "other"
            found.append(NotPainting(below.as_posix(), kind, content))
    return tuple(found)


def made_pictures(half: Half, each: int = MADE_EACH) -> tuple[NotPainting, ...]:
    """Make one half's pictures in code: the same ones every time, and none in both halves.

    Args:
        half: Which half; another half has other seeds.
        each: How many of each kind.
    """
    return tuple(
        NotPainting(f"made/{kind}/{number}", kind, made_picture(kind, f"{half} {number}"))
        for kind in KINDS
        for number in range(each)
    )
