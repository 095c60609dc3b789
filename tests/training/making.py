"""Paintings made in code, and folders of them."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

COLOURS = {
    "medieval": (200, 160, 40),
    "renaissance": (150, 70, 60),
    "post-renaissance": (60, 50, 40),
    "modern": (50, 110, 220),
}


def painting(seed: int, colour: tuple[int, int, int] = (128, 128, 128)) -> Image.Image:
    """Soft patches about a colour, no two seeds alike; 72 x 90 pixels."""
    rng = np.random.default_rng(seed)
    patches = np.clip(np.array(colour) + rng.normal(0, 60, (8, 8, 3)), 0, 255).astype(np.uint8)
    return Image.fromarray(patches).resize((72, 90), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, quality: int = 92) -> bytes:
    """The bytes of a file."""
    stored = io.BytesIO()
    image.save(stored, "JPEG", quality=quality)
    return stored.getvalue()


def write(path: Path, data: bytes) -> Path:
    """Write a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def folder(
    root: Path, classes: Sequence[str] = ("medieval", "modern"), count: int = 8, start: int = 0
) -> Path:
    """DIR/<class>/<n>.jpg; the classes differ in colour, and no two numbers are alike."""
    for place, name in enumerate(classes):
        colour = COLOURS.get(name, (90, 90, 90))
        for number in range(start, start + count):
            data = jpeg(painting(1000 * place + number, colour))
            write(root / name / f"{number:03}.jpg", data)
    return root


def manifest(root: Path, rows: Sequence[dict[str, str]]) -> Path:
    """manifest.csv with these rows, and a picture for each file that is not there."""
    columns = sorted({column for row in rows for column in row})
    root.mkdir(parents=True, exist_ok=True)
    with (root / "manifest.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    for number, row in enumerate(rows):
        if not (root / row["file"]).exists():
            write(root / row["file"], jpeg(painting(number, COLOURS.get(row["period"], (9, 9, 9)))))
    return root
