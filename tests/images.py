"""Pictures made in code: good ones, odd ones and broken ones, as the bytes of a file."""

import io
import struct
import zlib
from typing import Any

from PIL import Image

RED = (220, 30, 20)
BLUE = (20, 30, 220)

ORIENTATION = 0x0112

# What must be done to an upright picture so that the orientation tag turns it back.
_STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def plain(width: int = 48, height: int = 32, colour: Any = RED, mode: str = "RGB") -> Image.Image:
    """One colour all over."""
    return Image.new(mode, (width, height), colour)


def halves(width: int = 48, height: int = 32) -> Image.Image:
    """Red above and blue below; its left lower quarter green, so that every turn shows."""
    image = plain(width, height)
    image.paste(BLUE, (0, height // 2, width, height))
    image.paste((20, 200, 40), (0, height // 2, width // 2, height))
    return image


def photograph(width: int = 800, height: int = 1000) -> Image.Image:
    """A picture with detail, the same each time."""
    grey = Image.effect_mandelbrot((width, height), (-2.0, -1.2, 0.8, 1.2), 60)
    return Image.merge("RGB", (grey, grey.rotate(180), grey.transpose(_STORED[2])))


def encode(image: Image.Image, image_format: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file."""
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def jpeg(image: Image.Image | None = None, **options: Any) -> bytes:
    """A JPEG of `photograph()`, or of another picture."""
    return encode(image or photograph(), "JPEG", **{"quality": 90, **options})


def oriented(upright: Image.Image, orientation: int, image_format: str = "PNG") -> bytes:
    """A file that stores a picture turned, and says so in EXIF."""
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = upright.transpose(_STORED[orientation]) if orientation in _STORED else upright
    return encode(stored, image_format, exif=exif.tobytes())  # pillow-heif looks into bytes only


def animated_gif() -> bytes:
    """Two frames: red, then blue."""
    return encode(plain(), "GIF", save_all=True, append_images=[plain(colour=BLUE)], duration=100)


def bomb_png(width: int = 20_000, height: int = 10_000) -> bytes:
    """A picture of 200 megapixels in a few bytes: the header alone says so."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\x00" * 4096)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
