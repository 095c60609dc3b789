"""Bytes to pixels, in the one way that training and serving share.

    bytes -> decode() -> Picture -> views() -> uint8 [V, height, width, 3]

Needs Pillow and numpy and nothing else. What a model wants (size, resize rule,
views) is an `InputSpec` and travels in its card.
"""

import importlib
import io
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageFile, ImageOps, UnidentifiedImageError, features

from app.errors import (
    BrokenImage,
    EmptyImage,
    ImageProblem,
    ImageTooLarge,
    ImageTooSmall,
    UnsupportedImage,
)

__all__ = [
    "FORMATS",
    "BrokenImage",
    "EmptyImage",
    "ImageLimits",
    "ImageProblem",
    "ImageTooLarge",
    "ImageTooSmall",
    "InputSpec",
    "Picture",
    "UnsupportedImage",
    "decode",
    "prepare_pillow",
    "readable_formats",
    "views",
]

Pixels = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF")
"""What is read everywhere; with `readable_formats` the only parsers that bytes ever reach."""

_RESAMPLING = {
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}

# An exact filter on the last factor of two, cheap box averaging above it: the
# value at which Pillow's documentation calls the result indistinguishable.
_REDUCING_GAP = 2.0


@dataclass(frozen=True)
class ImageLimits:
    """What is refused before a pixel is decoded.

    Args:
        max_pixels: Most pixels (width times height) of the stored picture.
        max_side: Longest side in pixels.
        min_side: Shortest side in pixels; below it there is nothing to tell from.
    """

    max_pixels: int = 100_000_000
    max_side: int = 30_000
    min_side: int = 16


@dataclass(frozen=True)
class InputSpec:
    """What a model wants to be fed; part of its card.

    Args:
        height: Rows of a view.
        width: Columns of a view.
        resize: `squash` ignores the aspect ratio, `crop` cuts the centre to the
            view's aspect ratio first, `pad` keeps everything and fills with the
            picture's mean colour.
        interpolation: `bilinear`, `bicubic` or `lanczos`, each antialiased.
        views: Names of the views whose probabilities are averaged: `whole`,
            `mirror` (the whole, flipped left to right).
    """

    height: int
    width: int
    resize: Literal["squash", "crop", "pad"] = "squash"
    interpolation: Literal["bilinear", "bicubic", "lanczos"] = "bicubic"
    views: tuple[Literal["whole", "mirror"], ...] = ("whole",)


@dataclass(frozen=True)
class Picture:
    """A decoded picture and what is known of the file it came from.

    Attributes:
        image: RGB, upright; for a JPEG possibly already reduced (see `decode`).
        width: Pixels across of the upright picture, as stored in the file.
        height: Pixels down of the upright picture, as stored in the file.
        format: One of `readable_formats()`.
        exif_turned: Whether the EXIF orientation turned or mirrored it; of HEIF its container does.
    """

    image: Image.Image
    width: int
    height: int
    format: str
    exif_turned: bool


@cache
def readable_formats() -> tuple[str, ...]:
    """Name the formats that are read here: `FORMATS`, and AVIF and HEIF with their codecs.

    Pillow is built with AVIF nearly everywhere; HEIF comes with the package pillow-heif.
    """
    found = list(FORMATS)
    if features.check("avif"):
        # Several pictures are decoded at once already: one is not to take every core.
        avif = importlib.import_module("PIL.AvifImagePlugin")
        setattr(avif, "DEFAULT_MAX_THREADS", 1)  # noqa: B010  it is not in its type stubs
        found.append("AVIF")
    if find_spec("pillow_heif") is not None:
        importlib.import_module("pillow_heif").register_heif_opener(
            decode_threads=1, thumbnails=False, depth_images=False, aux_images=False
        )
        found.append("HEIF")
    return tuple(found)


def prepare_pillow() -> None:
    """Make this process ready to decode in many threads; programs call it once.

    Pillow loads its codecs at the first picture, not thread-safely; it warns of what
    `ImageLimits` refuses anyway, and of tags that do not matter here; and its own
    limit of pixels would stand below a larger `ImageLimits.max_pixels`.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")
    Image.MAX_IMAGE_PIXELS = None
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "JPEG")
    decode(buffer.getvalue())


def decode(
    data: bytes,
    *,
    limits: ImageLimits | None = None,
    reduce_to: tuple[int, int] | None = None,
) -> Picture:
    """Decode the first frame of a picture to upright RGB.

    Alpha is composited on white, 16-bit and floating-point values are scaled to
    8 bits, CMYK and embedded colour profiles are converted to sRGB.

    Args:
        data: The file's bytes.
        limits: What to refuse. Defaults to `ImageLimits()`.
        reduce_to: (width, height) of the largest view that will be taken. A JPEG
            is then decoded at the smallest of 1/1, 1/2, 1/4 and 1/8 of its size
            that still has twice that many pixels each way. Defaults to the full
            size.

    Raises:
        EmptyImage: There are no bytes.
        UnsupportedImage: The bytes are of none of `readable_formats()`.
        ImageTooLarge, ImageTooSmall: The header announces a size outside `limits`.
        BrokenImage: The bytes are damaged or cut short.
    """
    limits = limits or ImageLimits()
    if not data:
        raise EmptyImage("Expected the bytes of a picture; received 0 bytes.")
    try:
        with Image.open(io.BytesIO(data), formats=readable_formats()) as image:
            _check_scans(image, data, limits)
            # In one piece: for each of Pillow's own 64 KB a thread would need Python's lock.
            image.decodermaxblock = len(data)
            return _decode_opened(image, limits, reduce_to)
    except UnidentifiedImageError:
        raise UnsupportedImage(
            f"Expected a picture ({', '.join(readable_formats())}); received {len(data)} bytes "
            f"that begin with {data[:12]!r}."
        ) from None
    except Image.DecompressionBombError as error:
        raise ImageTooLarge(
            f"Expected at most {limits.max_pixels} pixels; received more: {error}"
        ) from None
    except ImageProblem:
        raise
    except MemoryError:
        raise ImageTooLarge("The picture needs more memory than is free to be decoded.") from None
    except Exception as error:  # noqa: BLE001  Pillow raises nearly everything on damaged bytes
        raise BrokenImage(
            f"Expected a complete picture; decoding failed: {error or type(error).__name__}."
        ) from None


def views(picture: Picture, spec: InputSpec) -> Pixels:
    """Cut the views that a model is fed.

    Returns:
        uint8 [V, height, width, 3], RGB from 0 to 255, in the order of `spec.views`.
    """
    whole = np.asarray(resize(picture.image, spec), dtype=np.uint8)
    cut = {"whole": whole, "mirror": whole[:, ::-1]}
    return np.stack([cut[name] for name in spec.views])


def resize(image: Image.Image, spec: InputSpec) -> Image.Image:
    """Bring an RGB image to the size of one view by the spec's resize rule."""
    size = (spec.width, spec.height)
    resample = _RESAMPLING[spec.interpolation]
    if spec.resize == "crop":
        return ImageOps.fit(image, size, method=resample)
    if spec.resize == "pad":
        colour = _mean_colour(image)
        return ImageOps.pad(image, size, method=resample, color=colour)
    return image.resize(size, resample, reducing_gap=_REDUCING_GAP)


def _decode_opened(
    image: ImageFile.ImageFile, limits: ImageLimits, reduce_to: tuple[int, int] | None
) -> Picture:
    _check_size(image.size, limits)
    # Cameras store a second picture behind the first one; to everybody it is a JPEG.
    format_name = "JPEG" if image.format == "MPO" else str(image.format)
    width, height = image.size
    # Pillow turns TIFF upright by itself and announces the upright size. HEIF's container does
    # so, for which EXIF counts as a note: pillow-heif sets it to 1.
    turned = _orientation(image)
    orientation = 1 if format_name == "TIFF" else turned
    sideways = orientation in _SIDEWAYS
    if sideways:
        width, height = height, width
    if reduce_to is not None and format_name == "JPEG":
        across, down = reversed(reduce_to) if sideways else reduce_to
        # Only the size may change here: a mode would convert CMYK without its profile.
        image.draft(image.mode, (2 * across, 2 * down))
    image.load()
    rgb = _to_rgb(image)
    if orientation != 1:
        rgb = rgb.transpose(_TRANSPOSE[orientation])
    return Picture(rgb, width, height, format_name, turned != 1)


def _check_size(size: Sequence[int], limits: ImageLimits) -> None:
    width, height = size
    if width * height > limits.max_pixels or max(size) > limits.max_side:
        raise ImageTooLarge(
            f"Expected at most {limits.max_pixels} pixels and sides of at most "
            f"{limits.max_side}; received {width} x {height}."
        )
    if min(size) < limits.min_side:
        raise ImageTooSmall(
            f"Expected sides of at least {limits.min_side} pixels; received {width} x {height}."
        )


def _check_scans(image: ImageFile.ImageFile, data: bytes, limits: ImageLimits) -> None:
    """Refuse a progressive JPEG of so many passes that decoding it would not end.

    Each pass goes over all of the picture again, and a pass of nothing takes a few bytes.
    """
    if not image.info.get("progressive"):
        return
    scans = data.count(_START_OF_SCAN)
    width, height = image.size
    most = max(_SCANS, _SCANS * limits.max_pixels // max(1, width * height))
    if scans > min(most, _MOST_SCANS):
        raise ImageTooLarge(
            f"Expected a progressive JPEG of at most {min(most, _MOST_SCANS)} scans at this "
            f"size; received {scans}."
        )


_START_OF_SCAN = b"\xff\xda"
_SCANS = 12  # encoders make about ten
_MOST_SCANS = 500

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 when there is none or it makes no sense."""
    orientation = None
    with suppress(Exception):  # damaged EXIF must not cost the caller the picture
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    return orientation if orientation in _TRANSPOSE else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I") or image.mode == "F":
        return _from_deep(image)
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return _from_profile(image) or image.convert("RGB")


def _from_deep(image: Image.Image) -> Image.Image:
    """Scale 16-bit, 32-bit and floating-point grey to 8 bits by the range its values use."""
    values = np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)
    top = float(values.max(initial=0))
    # A float picture is commonly in 0..1, a 16-bit one in 0..65535; "I" may hold either depth.
    full = 1.0 if top <= 1.0 and image.mode == "F" else 255.0 if top <= 255.0 else 65535.0  # noqa: PLR2004
    if image.mode.startswith("I;16"):
        full = 65535.0
    scaled = np.clip(values * (255.0 / max(full, top if top > full else 0)), 0, 255)
    return Image.fromarray(scaled.round().astype(np.uint8)).convert("RGB")


def _from_profile(image: Image.Image) -> Image.Image | None:
    """Convert by the embedded colour profile; None where there is none that can be used."""
    profile = image.info.get("icc_profile")
    if not profile or image.mode not in ("RGB", "CMYK", "L"):
        return None
    with suppress(Exception):  # a damaged profile: the pixels are still worth having
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.profileToProfile(
            image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    return None


def _mean_colour(image: Image.Image) -> tuple[int, int, int]:
    red, green, blue = image.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))  # type: ignore[misc]
    return int(red), int(green), int(blue)
