"""Odd and broken pictures, made in code: the same from the same seed.

benchmarks/odd_pictures.py sends thousands of them, the tests a few of each kind.
"""

import io
import random
import struct
import zlib
from collections.abc import Iterator

from PIL import Image

from app.imaging import readable_formats
from tests.images import bomb_png, encode, jpeg, photograph, plain

__all__ = ["odd_pictures"]

_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB", "HSV", "I", "F",
          "I;16", "La", "RGBa")  # fmt: skip
_KILOBYTE = 1024


def odd_pictures(seed: int, flips: int) -> Iterator[tuple[str, bytes]]:
    """Make them all, each with the name of its kind.

    Args:
        seed: Of the bytes that are flipped.
        flips: How many broken copies of each good file.
    """
    good = dict(_every_format_and_mode())
    yield from ((f"format {name}", data) for name, data in good.items())
    yield from _special()
    yield from _bombs()
    yield from _polyglots()
    rng = random.Random(seed)  # noqa: S311  the same each time is the point
    for name, data in _carriers():
        for end in range(0, len(data), _KILOBYTE):
            yield f"truncated {name}", data[:end]
        for _ in range(flips):
            yield f"flipped {name}", _flipped(data, rng)


def _every_format_and_mode() -> Iterator[tuple[str, bytes]]:
    Image.init()
    readable_formats()  # makes HEIF known, where it is
    picture = photograph(40, 32)
    for image_format in sorted(Image.SAVE):
        for mode in _MODES:
            try:
                image = Image.new(mode, (40, 32)) if mode in ("La", "RGBa", "RGBX", "PA") else (
                    picture.convert("L").convert(mode) if mode == "I;16" else picture.convert(mode)
                )  # fmt: skip
                buffer = io.BytesIO()
                image.save(buffer, image_format)
            except Exception:  # noqa: BLE001, S112  Pillow cannot write this one, nor could anybody
                continue
            yield f"{image_format} {mode}", buffer.getvalue()


def _carriers() -> Iterator[tuple[str, bytes]]:
    """Good files of some kilobytes, to be broken."""
    picture = photograph(96, 80)
    yield "JPEG", jpeg(picture)
    yield "JPEG progressive", jpeg(picture, progressive=True)
    yield "PNG", encode(picture)
    yield "WEBP", encode(picture, "WEBP")
    yield "WEBP lossless", encode(picture, "WEBP", lossless=True)
    yield "GIF", encode(picture.quantize(32), "GIF")
    yield "BMP", encode(photograph(40, 32), "BMP")
    for compression in ("raw", "tiff_lzw", "tiff_deflate", "jpeg", "packbits"):
        yield f"TIFF {compression}", encode(picture, "TIFF", compression=compression)
    for image_format in _in_boxes():
        yield image_format, encode(picture, image_format)


def _special() -> Iterator[tuple[str, bytes]]:
    picture = photograph(64, 48)
    yield "nothing", b""
    yield "one byte", b"\xff"
    yield "zeros", bytes(100_000)
    yield "text", b"not a picture at all\n" * 100
    yield "CMYK with Adobe's marker", jpeg(picture.convert("CMYK"))
    yield "16 bit", encode(Image.new("I;16", (64, 48), 40_000))
    yield "float", encode(Image.new("F", (64, 48), 0.5), "TIFF")
    yield "float without a number", encode(Image.new("F", (64, 48), float("nan")), "TIFF")
    yield "float without an end", encode(Image.new("F", (64, 48), float("inf")), "TIFF")
    frames = [plain(64, 48, (each, 0, 0)) for each in range(0, 250, 5)]
    yield "APNG", encode(frames[0], save_all=True, append_images=frames[1:])
    yield "TIFF of many pages", encode(frames[0], "TIFF", save_all=True, append_images=frames[1:])
    yield "WEBP that moves", encode(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    yield "GIF that moves", encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    exif = Image.Exif()
    exif[0x010E] = "x" * 60_000
    yield "huge EXIF", jpeg(picture, exif=exif)
    yield "EXIF of nonsense", jpeg(picture, exif=b"Exif\0\0" + bytes(range(256)) * 200)
    yield "EXIF that points at itself", jpeg(picture, exif=_circular_exif())
    for orientation in (0, 9, 65535):
        turned = Image.Exif()
        turned[0x0112] = orientation
        yield f"orientation {orientation}", jpeg(picture, exif=turned)
    yield "huge ICC", jpeg(picture, icc_profile=bytes(3_000_000))
    yield "ICC of nonsense", encode(picture, icc_profile=b"acsp" * 1000)
    for size in ((1, 1), (15, 400), (16, 16), (30_001, 1), (1, 30_001)):
        yield f"size {size}", encode(plain(*size))
    yield "zero pixels", _png(0, 0, b"")
    yield "zero rows", _png(64, 0, b"")
    yield "negative size", _bmp(-64, -(2**31))
    yield "scans without end", _many_scans(2000)
    yield (
        "GIF without end",
        b"GIF89a" + struct.pack("<HHBBB", 64, 64, 0, 0, 0) + b"!\xfe\x01x" * 9999,
    )
    yield "TIFF that points at itself", b"II*\0\x08\0\0\0" + b"\0\0\x08\0\0\0"
    yield "TIFF with tags without number", b"II*\0\x08\0\0\0\xff\xff" + bytes(12) * 65_535
    yield "text block that unpacks to much", _png_with(b"zTXt", b"c\0\0" + _packed_zeros())
    yield "profile that unpacks to much", _png_with(b"iCCP", b"p\0\0" + _packed_zeros())
    yield "wrong extension in its words", b"\x89PNG\r\n\x1a\n" + jpeg(picture)


def _bombs() -> Iterator[tuple[str, bytes]]:
    yield "bomb PNG", bomb_png()
    yield "bomb PNG of rows", _png(9_000, 9_000, zlib.compress(bytes(9_001 * 2_000), 9))
    yield "bomb PNG of 2^31", bomb_png(2**31 - 1, 2**31 - 1)
    head = jpeg(plain(64, 48))
    at = head.index(b"\xff\xc0") + 5
    yield "bomb JPEG", head[:at] + struct.pack(">HH", 65_000, 65_000) + head[at + 4 :]
    yield "bomb GIF", b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0, 0, 0) + encode(
        plain(64, 48).quantize(2), "GIF"
    )[13:]  # fmt: skip
    yield "bomb BMP", _bmp(30_000, 30_000)
    webp = bytearray(encode(plain(64, 48), "WEBP", lossless=True))
    webp[21:25] = struct.pack("<I", (16_383 - 0) | (16_383 << 14))
    yield "bomb WEBP", bytes(webp)
    tiff = bytearray(encode(plain(64, 48), "TIFF"))
    for tag in (256, 257):
        place = tiff.find(struct.pack("<HHI", tag, 4, 1))
        if place < 0:
            place = tiff.find(struct.pack("<HHI", tag, 3, 1))
        tiff[place + 2 : place + 12] = struct.pack("<HII", 4, 1, 60_000)
    yield "bomb TIFF", bytes(tiff)
    for image_format in _in_boxes():
        small = encode(photograph(96, 80), image_format)
        yield f"bomb {image_format}", _with_announced_size(small, 60_000, 60_000)
        # Within the limits, and not what follows.
        yield f"larger than it is {image_format}", _with_announced_size(small, 9000, 9000)
        yield f"zero pixels {image_format}", _with_announced_size(small, 0, 0)
        yield f"size beyond 31 bits {image_format}", _with_announced_size(small, 2**31, 2**31)


def _in_boxes() -> list[str]:
    """Those of ISO's container that are read here."""
    return [each for each in readable_formats() if each in ("AVIF", "HEIF")]


def _with_announced_size(data: bytes, width: int, height: int) -> bytes:
    """A picture in ISO's container, of another size by its boxes `ispe`."""
    first, *others = data.split(b"ispe")
    size = struct.pack(">II", width, height)
    return b"ispe".join([first, *(each[:4] + size + each[12:] for each in others)])


def _polyglots() -> Iterator[tuple[str, bytes]]:
    good = jpeg(photograph(64, 48))
    yield "JPEG and ZIP", good + b"PK\x03\x04" + bytes(500) + b"PK\x05\x06" + bytes(18)
    yield "JPEG and HTML", good + b"<script>alert(1)</script>" * 50
    yield "GIF and script", b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)"
    yield "PDF and JPEG", b"%PDF-1.7\n" + good
    yield "SVG", b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48"/>'
    yield "PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 48\nshowpage\n"
    yield "pickle", b"\x80\x04\x95\x1f\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93\x94."
    yield "JPEG in a BMP", encode(photograph(40, 32), "BMP")[:54] + good


def _flipped(data: bytes, rng: random.Random) -> bytes:
    broken = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 8, 64))):
        # The head is where a parser can be led astray; half of the flips go there.
        place = rng.randrange(min(len(broken), rng.choice((64, len(broken)))))
        broken[place] = rng.choice((0, 0xFF, 0x7F, 0x80, rng.randrange(256)))
    return bytes(broken)


def _png(width: int, height: int, packed: bytes) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, body) for kind, body in ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    )


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_with(kind: bytes, body: bytes) -> bytes:
    good = encode(plain(64, 48))
    return good[:33] + _chunk(kind, body) + good[33:]


def _packed_zeros() -> bytes:
    return zlib.compress(bytes(200_000_000), 9)


def _bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


def _many_scans(count: int) -> bytes:
    """A progressive JPEG with so many passes that say nothing."""
    good = jpeg(photograph(2000, 1500), progressive=True)
    last = good.rindex(b"\xff\xda")
    empty = b"\xff\xda\x00\x08\x01\x01\x00\x01\x05\x00"
    return good[:last] + empty * count + good[last:]


def _circular_exif() -> bytes:
    entry = struct.pack("<HHII", 0x8769, 4, 1, 8)
    return b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 1) + entry + struct.pack("<I", 8)
