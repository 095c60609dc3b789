"""Pictures made in code that are no paintings: noise, text, plain colours, gradients, screens.

A kind and a seed give the same picture each time, with the same NumPy and Pillow.
Letters are those of the font inside Pillow.
"""

import hashlib
import io
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

__all__ = ["KINDS", "made_picture"]

Colour = tuple[int, int, int]

_SHORTEST, _LONGEST = 224, 640
_SYLLABLES = (
    "ra",
    "ne",
    "to",
    "li",
    "ma",
    "sen",
    "vor",
    "ti",
    "quo",
    "da",
    "pel",
    "un",
    "is",
    "ar",
    "con",
)


def made_picture(kind: str, seed: str) -> bytes:
    """Make one picture.

    Args:
        kind: One of `KINDS`.
        seed: Any text; another text makes another picture.

    Returns:
        A JPEG or PNG file, RGB, each side of 224 to 640 pixels. Half are JPEG, so that
        the lack of its traces tells nothing.
    """
    digest = hashlib.sha256(f"{kind} {seed}".encode()).digest()
    rng = np.random.default_rng(np.frombuffer(digest, np.uint32))
    width, height = (int(side) for side in rng.integers(_SHORTEST, _LONGEST + 1, 2))
    image = KINDS[kind](rng, width, height)
    stored = io.BytesIO()
    if _chance(rng, 0.5):
        image.save(stored, "JPEG", quality=int(rng.integers(50, 96)))
    else:
        image.save(stored, "PNG")
    return stored.getvalue()


def _noise(rng: Generator, width: int, height: int) -> Image.Image:
    """Uniform or normal, grey or coloured, fine or coarse."""
    channels = int(rng.choice([1, 3]))
    cell = int(rng.choice([1, 1, 2, 4, 8, 16]))
    size = (-(-height // cell), -(-width // cell), channels)
    if _chance(rng, 0.5):
        values = rng.integers(0, 256, size).astype(np.float64)
    else:
        values = rng.normal(rng.integers(60, 196, channels), rng.uniform(20, 80), size)
    coarse = np.broadcast_to(values, (*size[:2], 3)).clip(0, 255).astype(np.uint8)
    image = Image.fromarray(np.ascontiguousarray(coarse))
    smooth = Image.Resampling.BICUBIC if _chance(rng, 0.3) else Image.Resampling.NEAREST
    return image.resize((width, height), smooth)


def _text(rng: Generator, width: int, height: int) -> Image.Image:
    """A page: perhaps a heading, then lines in one or two columns, black on white or not."""
    ink, paper = _contrast(rng)
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    size = int(rng.integers(10, 26))
    margin = int(rng.integers(10, 40))
    top = margin
    if _chance(rng, 0.5):
        draw.text((margin, top), _words(rng, 3).title(), ink, _font(size * 2))
        top += size * 3
    columns = int(rng.integers(1, 3)) if width > 2 * _SHORTEST else 1
    room = (width - margin * (columns + 1)) // columns
    for column in range(columns):
        _paragraphs(draw, rng, (margin + column * (room + margin), top, room, height), size, ink)
    return image


def _plain(rng: Generator, width: int, height: int) -> Image.Image:
    """One colour, often with a bar or a border of another."""
    image = Image.new("RGB", (width, height), _colour(rng))
    draw = ImageDraw.Draw(image)
    shape = rng.choice(["none", "bar", "border"])
    if shape == "bar":
        left, upper = int(rng.integers(0, width // 2)), int(rng.integers(0, height // 2))
        draw.rectangle((left, upper, left + width // 2, upper + height // 3), _colour(rng))
    elif shape == "border":
        edge = int(rng.integers(5, 50))
        draw.rectangle((0, 0, width - 1, height - 1), outline=_colour(rng), width=edge)
    return image


def _gradient(rng: Generator, width: int, height: int) -> Image.Image:
    """From one colour to another, along a line or from a point."""
    rows, columns = np.mgrid[0:height, 0:width] / max(width, height)
    if _chance(rng, 0.5):
        angle = rng.uniform(0, 2 * np.pi)
        way = np.cos(angle) * columns + np.sin(angle) * rows
    else:
        way = np.hypot(columns - rng.uniform(0, 1), rows - rng.uniform(0, 1))
    part = ((way - way.min()) / np.ptp(way))[..., None]
    first, second = np.array(_colour(rng)), np.array(_colour(rng))
    pixels: NDArray[np.float64] = first + (second - first) * part
    return Image.fromarray(pixels.astype(np.uint8))


def _screen(rng: Generator, width: int, height: int) -> Image.Image:
    """A window: title bar, side bar, text, buttons and a chart or a blurred picture."""
    ink, paper = _contrast(rng)
    accent = _colour(rng)
    image = Image.new("RGB", (width, height), paper)
    draw = ImageDraw.Draw(image)
    bar, side = int(rng.integers(20, 36)), int(rng.integers(50, 90))
    draw.rectangle((0, 0, width, bar), accent)
    draw.text((10, bar // 4), _words(rng, 2).title(), paper, _font(bar // 2))
    for place in range(3):
        centre = width - 14 - 16 * place
        draw.ellipse((centre - 5, bar // 2 - 5, centre + 5, bar // 2 + 5), _colour(rng))
    shade = tuple((each * 9 + other) // 10 for each, other in zip(paper, ink, strict=True))
    draw.rectangle((0, bar, side, height), shade)
    for row in range(bar + 10, height - 12, 22):
        draw.rectangle((8, row, 18, row + 10), _colour(rng))
        draw.text((22, row), _words(rng, 1), ink, _font(10))
    middle = (bar + height) // 2
    _paragraphs(draw, rng, (side + 10, bar + 10, width - side - 20, middle), 11, ink)
    inside = (side + 12, middle + 6, width - 12, height - 40)
    if _chance(rng, 0.5):
        _chart(draw, rng, inside, ink)
    else:
        box = (inside[2] - inside[0], max(8, inside[3] - inside[1]))
        blur = _noise(rng, *box).filter(ImageFilter.GaussianBlur(6))
        image.paste(blur, inside[:2])
    for place in range(int(rng.integers(1, 4))):
        left = side + 12 + place * 76
        draw.rounded_rectangle((left, height - 32, left + 66, height - 10), 6, accent)
        draw.text((left + 8, height - 28), _words(rng, 1), paper, _font(12))
    return image


KINDS: dict[str, Callable[[Generator, int, int], Image.Image]] = {
    "noise": _noise,
    "text": _text,
    "plain": _plain,
    "gradient": _gradient,
    "screen": _screen,
}
"""How each kind is made, from a generator, a width and a height."""


def _chart(
    draw: ImageDraw.ImageDraw, rng: Generator, box: tuple[int, int, int, int], ink: Colour
) -> None:
    left, upper, right, lower = box
    draw.line((left, upper, left, lower, right, lower), ink)
    colour, step = _colour(rng), max(6, (right - left) // 10)
    for place in range(left + 4, right - step, step):
        top = int(rng.integers(upper, max(upper + 1, lower)))
        draw.rectangle((place, top, place + step - 3, lower), colour)


def _paragraphs(
    draw: ImageDraw.ImageDraw,
    rng: Generator,
    box: tuple[int, int, int, int],
    size: int,
    ink: Colour,
) -> None:
    """Lines of words from the left, the top, of a width, down to a bottom."""
    left, top, width, bottom = box
    font = _font(size)
    line_height = round(size * 1.4)
    for upper in range(top, bottom - line_height, line_height):
        if _chance(rng, 0.1):  # the end of a paragraph
            continue
        line = _words(rng, 2 + width // (size * 3))
        while line and draw.textlength(line, font) > width:
            line = line[:-1]
        draw.text((left, upper), line, ink, font)


def _chance(rng: Generator, share: float) -> bool:
    return bool(rng.random() < share)


def _words(rng: Generator, count: int) -> str:
    lengths = rng.integers(1, 5, count)
    return " ".join("".join(rng.choice(_SYLLABLES, length)) for length in lengths)


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _colour(rng: Generator) -> Colour:
    red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
    return red, green, blue


def _contrast(rng: Generator) -> tuple[Colour, Colour]:
    """Ink and paper: dark on light, or now and then light on dark."""
    dark, light = rng.integers(0, 60, 3), rng.integers(215, 256, 3)
    ink: Colour = (int(dark[0]), int(dark[1]), int(dark[2]))
    paper: Colour = (int(light[0]), int(light[1]), int(light[2]))
    return (paper, ink) if _chance(rng, 0.2) else (ink, paper)
