"""Fetches pictures, looks at each as it arrives, and remembers what it saw.

    <folder>/pictures/<source>/<object>-<digest of its key>.<ext>
    <folder>/.collect/pictures/<source>/<the same>.json    what was found, or why it was refused

A picture whose note exists is not fetched again, nor is one that was refused.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import imagehash
import numpy as np
from PIL import Image

from app.imaging import ImageLimits, ImageProblem, decode
from training.collect.client import Client
from training.collect.errors import ChangedAnswerError, MissingAnswerError
from training.collect.shelf import Candidate
from training.collect.store import put
from training.collect.work import Work

MIN_SIDE = 256
"""Pixels of the shorter side; below it brushwork is gone."""

_LOOK = 512  # pixels at which a picture is looked at; more would tell nothing else
_GREY = 10.0  # largest difference between channels that a black and white scan shows
_BLANK = 3.0  # spread of brightness of a placeholder
_SUFFIXES = {
    "JPEG": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "TIFF": ".tif",
    "BMP": ".bmp",
    "GIF": ".gif",
}


@dataclass(frozen=True)
class Facts:
    """What was seen of a picture.

    Attributes:
        file: Path below the data folder, with forward slashes.
        image_url: The address that it came from.
        sha256: Of the file.
        phash: Perceptual hash, 64 bits as 16 hexadecimal digits.
        width: Pixels across.
        height: Pixels down.
    """

    file: str
    image_url: str
    sha256: str
    phash: str
    width: int
    height: int


@dataclass(frozen=True)
class Taken:
    """A picture that is on disk.

    Attributes:
        candidate: The work with its label.
        facts: What was seen of the picture.
    """

    candidate: Candidate
    facts: Facts


@dataclass(frozen=True)
class Spoilt:
    """A work whose picture cannot be used.

    Attributes:
        candidate: The work with its label.
        reason: What was expected and what came.
    """

    candidate: Candidate
    reason: str


class Gallery:
    """The pictures of one data folder.

    Args:
        folder: The data folder.
        client: Fetches.
    """

    def __init__(self, folder: Path, client: Client) -> None:
        self._folder = folder
        self._client = client

    def take(self, candidate: Candidate) -> Taken | Spoilt:
        """Have a work's picture: from the disk if it is there, else from the museum.

        Raises:
            NoAnswerError: Every try was refused; the picture may be had another day.
        """
        work = candidate.work
        name = _name(work)
        note = self._folder / ".collect" / "pictures" / work.source / f"{name}.json"
        known = self._noted(note) or self._found(work, name)
        if known is None:
            known = self._fetch(work, name)
        put(note, json.dumps(_as_note(known), indent=1).encode())
        if isinstance(known, str):
            return Spoilt(candidate, known)
        return Taken(candidate, known)

    def _noted(self, note: Path) -> Facts | str | None:
        try:
            known: dict[str, Any] = json.loads(note.read_bytes())
            if "refused" in known:
                return str(known["refused"])
            facts = Facts(**known)
            data = (self._folder / facts.file).read_bytes()
        except (OSError, ValueError, TypeError):
            return None
        # Somebody may have cropped or removed the file since: then it is fetched anew.
        return facts if hashlib.sha256(data).hexdigest() == facts.sha256 else None

    def _found(self, work: Work, name: str) -> Facts | None:
        """A picture whose note is missing: the run ended between the two."""
        for suffix in _SUFFIXES.values():
            path = self._path(work, name, suffix)
            if path.is_file():
                seen = self._looked_at(path.read_bytes(), work, name, work.image_urls[0])
                return seen if isinstance(seen, Facts) else None
        return None

    def _fetch(self, work: Work, name: str) -> Facts | str:
        reason = "no address"
        for url in work.image_urls:
            try:
                data = self._client.picture(url)
            except (ChangedAnswerError, MissingAnswerError) as error:
                reason = str(error)
                continue
            seen = self._looked_at(data, work, name, url)
            if isinstance(seen, Facts):
                put(self._folder / seen.file, data)
                return seen
            reason = seen
        return reason

    def _looked_at(self, data: bytes, work: Work, name: str, url: str) -> Facts | str:
        try:
            picture = decode(
                data, limits=ImageLimits(min_side=MIN_SIDE), reduce_to=(_LOOK // 2, _LOOK // 2)
            )
        except ImageProblem as problem:
            return str(problem)
        fault = fault_of(picture.image)
        if fault:
            return fault
        path = self._path(work, name, _SUFFIXES[picture.format])
        return Facts(
            file=path.relative_to(self._folder).as_posix(),
            image_url=url,
            sha256=hashlib.sha256(data).hexdigest(),
            phash=str(imagehash.phash(picture.image)),
            width=picture.width,
            height=picture.height,
        )

    def _path(self, work: Work, name: str, suffix: str) -> Path:
        return self._folder / "pictures" / work.source / f"{name}{suffix}"


def fault_of(image: Image.Image) -> str:
    """What is wrong with a decoded picture: grey by mistake, or blank; empty if nothing.

    Args:
        image: RGB.
    """
    small = np.asarray(image.resize((64, 64), Image.Resampling.BOX), dtype=np.float32)
    spread = float(small.mean(axis=2).std())
    if spread < _BLANK:
        return f"Expected a painting; received one colour (spread of brightness {spread:.1f})."
    colour = float(np.percentile(small.max(axis=2) - small.min(axis=2), 95))
    if colour < _GREY:
        return f"Expected colours; received black and white (channels differ by {colour:.1f})."
    return ""


def _name(work: Work) -> str:
    """A file name: readable, safe on every system, and never that of another work."""
    readable = re.sub(r"[^a-z0-9]+", "-", work.object_id.lower()).strip("-")[:60]
    return f"{readable or 'work'}-{hashlib.sha256(work.key.encode()).hexdigest()[:8]}"


def _as_note(known: Facts | str) -> dict[str, Any]:
    return {"refused": known} if isinstance(known, str) else asdict(known)
