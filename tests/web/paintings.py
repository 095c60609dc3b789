"""Paintings made in code: what the tests show to the page, and its pictures to the reader."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

_FIELDS = ((196, 62, 44), (38, 72, 130), (226, 168, 48), (60, 118, 96), (110, 52, 92), (30, 30, 36))
# What makes the tests' small model sure of each period, or of none, or doubt that it is painted.
TINTS = {
    "medieval": (225, 40, 30),
    "renaissance": (40, 190, 50),
    "post-renaissance": (40, 50, 215),
    "modern": (12, 10, 14),
    "close": (190, 190, 30),
    "uncertain": (128, 128, 128),
    "blank": (255, 255, 255),
}

# From the far hills to the ground at one's feet.
_DUSK = ((120, 130, 140), (96, 112, 92), (74, 84, 50), (48, 44, 26))


def landscape(
    width: int = 800,
    height: int = 600,
    seed: int = 7,
    tint: tuple[int, int, int] | None = None,
) -> Image.Image:
    """Hills at sunset, in visible strokes.

    Args:
        width: In pixels.
        height: In pixels.
        seed: Of the hills and the strokes.
        tint: A colour to glaze it with, so that the tests' model knows its answer.
    """
    rng = np.random.default_rng(seed)
    down = np.linspace(0, 1, height)[:, None, None]
    across = np.linspace(0, 1, width)[None, :, None]
    colours = np.array([236, 196, 140]) * down * 1.5 + np.array([92, 120, 150]) * (1 - down * 1.5)
    colours = np.broadcast_to(colours, (height, width, 3))
    for depth, colour in enumerate(_DUSK):
        waves = [
            np.sin(2 * np.pi * wave * across * (1 + depth * 0.3) + rng.uniform(0, 6)) / wave
            for wave in range(1, 6)
        ]
        ridge = 0.52 + 0.11 * depth + (0.05 - 0.008 * depth) * np.sum(waves, axis=0)
        colours = np.where(down > ridge, np.array(colour) * (1 - 0.35 * (down - ridge)), colours)
    sun = np.exp(-(((across - 0.7) * width / height) ** 2 + (down - 0.34) ** 2) / 0.004)
    colours = colours * (1 - sun) + np.array([255, 240, 200]) * sun
    if tint is not None:
        colours = 0.15 * colours + 0.85 * np.array(tint)
    return _strokes(colours, rng)


def composition(width: int = 760, height: int = 620, seed: int = 5) -> Image.Image:
    """Fields of colour that overlap, with lines through them, on a ground of strokes."""
    rng = np.random.default_rng(seed)
    picture = _strokes(np.full((height, width, 3), (226, 214, 188), float), rng)
    for _ in range(26):
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        radius, turn, corners = rng.uniform(30, 170), rng.uniform(0, 6), int(rng.integers(3, 6))
        around = turn + np.arange(corners) * 2 * np.pi / corners
        points = np.stack([x + radius * np.cos(around), y + radius * np.sin(around)], axis=1)
        field = Image.new("L", picture.size)
        ImageDraw.Draw(field).polygon([(float(a), float(b)) for a, b in points], fill=205)
        picture.paste(_FIELDS[int(rng.integers(len(_FIELDS)))], mask=field)
    brush = ImageDraw.Draw(picture)
    for _ in range(14):
        start, end = rng.uniform(0, (width, height), (2, 2))
        brush.line([*start, *end], (28, 24, 26), int(rng.integers(2, 8)))
    return picture.filter(ImageFilter.SMOOTH)


def save(path: Path, picture: Image.Image) -> Path:
    """Write a picture, as a JPEG unless its name says otherwise."""
    picture.save(path, quality=88)
    return path


def _strokes(colours: np.ndarray, rng: np.random.Generator) -> Image.Image:
    height, width, _ = colours.shape
    picture = Image.fromarray(colours.clip(0, 255).astype(np.uint8))
    brush = ImageDraw.Draw(picture)
    for _ in range(width * height // 50):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        red, green, blue = (colours[y, x] + rng.normal(0, 12, 3)).clip(0, 255).astype(int)
        angle, length = rng.normal(0, 0.5), rng.integers(6, 22)
        end = (x + length * np.cos(angle), y + length * np.sin(angle))
        brush.line([(x, y), end], (int(red), int(green), int(blue)), int(rng.integers(2, 6)))
    return picture.filter(ImageFilter.SMOOTH)
