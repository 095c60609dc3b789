"""`app.imaging`: every picture becomes upright RGB, or a problem that says why not."""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageFile

from app.imaging import (
    FORMATS,
    BrokenImage,
    EmptyImage,
    ImageLimits,
    ImageTooLarge,
    ImageTooSmall,
    InputSpec,
    UnsupportedImage,
    decode,
    prepare_pillow,
    readable_formats,
    resize,
    views,
)
from tests.images import (
    BLUE,
    RED,
    animated_gif,
    bomb_png,
    encode,
    halves,
    jpeg,
    oriented,
    photograph,
    plain,
)


def mean_colour(data: bytes) -> tuple[int, ...]:
    pixels = np.asarray(decode(data).image, np.float64)
    return tuple(int(value) for value in pixels.mean(axis=(0, 1)).round())


def close(found: tuple[int, ...], expected: tuple[int, ...], by: int = 6) -> bool:
    return all(abs(a - b) <= by for a, b in zip(found, expected, strict=True))


@pytest.fixture
def _pillow_as_it_was() -> Iterator[None]:
    limit = Image.MAX_IMAGE_PIXELS
    with warnings.catch_warnings():
        yield
    Image.MAX_IMAGE_PIXELS = limit


@pytest.mark.parametrize("image_format", FORMATS)
def test_every_format_is_read(image_format: str) -> None:
    picture = decode(encode(plain(), image_format))
    assert (picture.format, picture.width, picture.height) == (image_format, 48, 32)
    assert picture.image.mode == "RGB"
    assert not picture.exif_turned
    assert close(picture.image.getpixel((5, 5)), RED)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "image_format"),
    [
        ("CMYK", "JPEG"),
        ("CMYK", "TIFF"),
        ("YCbCr", "TIFF"),
        ("LAB", "TIFF"),
        ("P", "PNG"),
        ("P", "GIF"),
        ("RGBA", "WEBP"),
        ("PA", "TIFF"),
    ],
)
def test_every_mode_becomes_the_same_colour(mode: str, image_format: str) -> None:
    assert close(mean_colour(encode(plain().convert(mode), image_format)), RED, by=12)


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_becomes_rgb(mode: str) -> None:
    grey = Image.new("L", (40, 40), 255).convert(mode)
    assert mean_colour(encode(grey)) == (255, 255, 255)


def test_cmyk_jpeg_is_converted_by_its_profile_where_it_has_one() -> None:
    """A profile that cannot be used leaves the plain conversion."""
    damaged = jpeg(plain().convert("CMYK"), icc_profile=b"not a profile")
    assert close(mean_colour(damaged), RED)


def test_an_embedded_profile_is_converted_to_srgb() -> None:
    """The profile swaps the red and blue primaries, and so must the picture."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = srgb.replace(b"rXYZ", b"****").replace(b"bXYZ", b"rXYZ").replace(b"****", b"bXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "XRGB".encode("utf-16-be"))
    assert mean_colour(encode(plain(), "PNG", icc_profile=srgb)) == RED
    assert close(mean_colour(encode(plain(), "PNG", icc_profile=swapped)), BLUE, by=30)


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_brightness(image_format: str) -> None:
    deep = Image.fromarray(np.full((32, 32), 0x8000, np.uint16))
    assert deep.mode == "I;16"
    assert close(mean_colour(encode(deep, image_format)), (128, 128, 128), by=1)


def test_dark_16_bit_grey_stays_dark() -> None:
    deep = Image.fromarray(np.full((32, 32), 200, np.uint16))
    assert mean_colour(encode(deep)) == (1, 1, 1)


def test_16_bit_colour_is_read() -> None:
    """Pillow keeps the high byte of each sample."""
    picture = decode(_png_16_bit_rgb())
    assert close(picture.image.getpixel((3, 3)), RED, by=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "expected"), [(0.5, 128), (128.0, 128), (32768.0, 128), (131072.0, 255)]
)
def test_floating_point_is_scaled_by_the_range_it_uses(value: float, expected: int) -> None:
    values = np.zeros((32, 32), np.float32)
    values[:, 16:] = value
    values[0, 0], values[0, 1] = np.nan, np.inf
    picture = decode(encode(Image.fromarray(values), "TIFF"))
    red, _, _ = picture.image.getpixel((20, 20))  # type: ignore[misc]
    assert red == expected


def test_alpha_is_laid_on_white() -> None:
    clear = plain(colour=(*RED, 0), mode="RGBA")
    half = plain(colour=(*RED, 128), mode="RGBA")
    assert mean_colour(encode(clear)) == (255, 255, 255)
    assert close(mean_colour(encode(half)), (237, 142, 137), by=2)


def test_a_transparent_palette_colour_is_laid_on_white() -> None:
    palette = plain().quantize(4)
    index = palette.getpixel((0, 0))
    assert mean_colour(encode(palette, "PNG", transparency=index)) == (255, 255, 255)


def test_of_an_animation_the_first_frame_counts() -> None:
    assert close(mean_colour(animated_gif()), RED)
    apng = encode(plain(), "PNG", save_all=True, append_images=[plain(colour=BLUE)])
    assert close(mean_colour(apng), RED)
    pages = encode(plain(), "TIFF", save_all=True, append_images=[plain(colour=BLUE)])
    assert close(mean_colour(pages), RED)


def test_a_jpeg_with_a_second_picture_behind_it_is_a_jpeg() -> None:
    picture = decode(encode(plain(), "MPO", save_all=True, append_images=[plain(colour=BLUE)]))
    assert picture.format == "JPEG"
    assert close(picture.image.getpixel((5, 5)), RED)  # type: ignore[arg-type]


@pytest.mark.parametrize("image_format", ["PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(orientation: int, image_format: str) -> None:
    """The pixels are those of the upright picture, whatever way the file stores them."""
    options = {"lossless": True} if image_format == "WEBP" else {}
    upright = halves()
    exif_file = oriented(upright, orientation, image_format)
    picture = decode(exif_file)
    assert (picture.width, picture.height) == upright.size == picture.image.size
    assert picture.exif_turned == (orientation != 1)
    if image_format != "WEBP":
        assert np.array_equal(np.asarray(picture.image), np.asarray(upright))
    else:
        plain_file = decode(encode(upright, "WEBP", **options)).image
        difference = np.abs(np.asarray(picture.image, int) - np.asarray(plain_file, int))
        assert np.median(difference) <= 8


@pytest.fixture(params=["AVIF", "HEIF"])
def boxed(request: pytest.FixtureRequest) -> str:
    """A format whose codec is not everywhere."""
    if request.param not in readable_formats():
        pytest.skip(f"no codec for {request.param} is installed here")
    return str(request.param)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_telephones_picture_is_turned_upright_once(orientation: int, boxed: str) -> None:
    """Where the container notes how to turn it, and the EXIF block as well."""
    upright = halves(96, 64)
    picture = decode(oriented(upright, orientation, boxed))
    assert (picture.format, picture.width, picture.height) == (boxed, 96, 64)
    assert picture.exif_turned == (orientation != 1 and boxed == "AVIF")
    difference = np.abs(np.asarray(picture.image, int) - np.asarray(upright, int))
    assert np.median(difference) <= 8


def test_a_telephones_picture_may_be_transparent_grey_large_or_broken(boxed: str) -> None:
    assert close(mean_colour(encode(plain(colour=(0, 0, 0, 0), mode="RGBA"), boxed)), (255,) * 3)
    assert close(mean_colour(encode(plain(colour=90, mode="L"), boxed)), (90, 90, 90))
    data = encode(photograph(97, 81), boxed)  # odd sides are padded inside
    assert decode(data).image.size == (97, 81)
    with pytest.raises(ImageTooLarge):
        decode(data, limits=ImageLimits(max_pixels=97 * 80))
    for end in (len(data) // 2, len(data) - 100):
        with pytest.raises((BrokenImage, UnsupportedImage)):
            decode(data[:end])


def test_of_several_telephone_pictures_the_first_counts(boxed: str) -> None:
    several = encode(plain(), boxed, save_all=True, append_images=[plain(colour=BLUE)] * 3)
    assert close(mean_colour(several), RED)


def test_an_orientation_that_makes_no_sense_is_ignored() -> None:
    picture = decode(oriented(halves(), 9))
    assert not picture.exif_turned
    assert picture.image.size == (48, 32)


def test_damaged_exif_does_not_cost_the_picture() -> None:
    picture = decode(encode(plain(), "PNG", exif=b"Exif\x00\x00MM\x00*garbage"))
    assert not picture.exif_turned


def test_a_jpeg_is_decoded_no_larger_than_needed() -> None:
    data = jpeg(photograph(1600, 2000))
    assert decode(data).image.size == (1600, 2000)
    reduced = decode(data, reduce_to=(224, 224))
    assert reduced.image.size == (800, 1000)
    assert (reduced.width, reduced.height) == (1600, 2000)
    assert decode(data, reduce_to=(50, 50)).image.size == (200, 250)
    assert decode(encode(photograph(900, 900)), reduce_to=(50, 50)).image.size == (900, 900)


def test_a_sideways_jpeg_is_reduced_by_its_upright_size() -> None:
    upright = photograph(800, 1600)
    sideways = oriented(upright, 6, "JPEG")
    picture = decode(sideways, reduce_to=(100, 400))
    assert picture.image.size == (400, 800)
    assert (picture.width, picture.height) == (800, 1600)


def test_reducing_hardly_changes_what_a_model_sees() -> None:
    spec = InputSpec(64, 64)
    data = jpeg(photograph(1600, 2000))
    whole = views(decode(data), spec).astype(int)
    reduced = views(decode(data, reduce_to=(64, 64)), spec).astype(int)
    assert np.abs(whole - reduced).mean() < 2


def test_no_bytes() -> None:
    with pytest.raises(EmptyImage, match="received 0 bytes"):
        decode(b"")


@pytest.mark.parametrize(
    "data",
    [
        b"hello, world",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"P6 32 32 255\n" + bytes(32 * 32 * 3),
        encode(plain(), "ICO"),
        encode(plain(), "PCX"),
    ],
)
def test_other_formats_reach_no_parser(data: bytes) -> None:
    with pytest.raises(UnsupportedImage, match="Expected a picture"):
        decode(data)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
def test_a_picture_that_is_cut_short_is_broken(image_format: str) -> None:
    data = encode(photograph(200, 200), image_format)
    with pytest.raises((BrokenImage, UnsupportedImage)):
        decode(data[: len(data) // 2])


def test_a_jpeg_that_is_cut_short_is_called_broken() -> None:
    data = jpeg()
    with pytest.raises(BrokenImage, match="decoding failed"):
        decode(data[: len(data) // 2])


@pytest.mark.parametrize("size", [(1, 1), (1, 20_000), (20_000, 15)])
def test_too_few_pixels(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooSmall, match=f"at least 16 pixels; received {size[0]} x {size[1]}"):
        decode(encode(plain(*size)))


def test_a_bomb_is_refused_by_its_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 80_000_000)
    data = bomb_png()
    assert len(data) < 1000
    with pytest.raises(ImageTooLarge, match="100000000 pixels"):
        decode(data)


@pytest.mark.usefixtures("_pillow_as_it_was")
def test_a_bomb_is_refused_by_our_limit_once_pillow_has_none() -> None:
    prepare_pillow()
    with pytest.raises(ImageTooLarge, match="received 20000 x 10000"):
        decode(bomb_png())
    with pytest.raises(ImageTooLarge, match="sides of at most 100"):
        decode(encode(plain(101, 20)), limits=ImageLimits(max_side=100))


def test_too_little_memory_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_memory(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image, "open", no_memory)
    with pytest.raises(ImageTooLarge, match="more memory"):
        decode(b"picture")


def test_views_are_the_whole_and_its_mirror() -> None:
    picture = decode(encode(halves(64, 64)))
    both = views(picture, InputSpec(32, 48, views=("whole", "mirror")))
    assert both.shape == (2, 32, 48, 3)
    assert both.dtype == np.uint8
    assert np.array_equal(both[1], both[0][:, ::-1])
    assert not np.array_equal(both[1], both[0])


def test_squash_ignores_the_aspect_ratio_and_crop_and_pad_keep_it() -> None:
    wide = Image.new("RGB", (90, 30), (0, 0, 0))
    wide.paste((255, 255, 255), (30, 0, 60, 30))
    brightness = {
        rule: float(np.asarray(resize(wide, InputSpec(30, 30, resize=rule))).mean())
        for rule in ("squash", "crop", "pad")
    }
    assert brightness["squash"] == pytest.approx(85, abs=3)
    assert brightness["crop"] == pytest.approx(255, abs=3)
    padded = np.asarray(resize(wide, InputSpec(30, 30, resize="pad")))
    assert tuple(padded[0, 0]) == (85, 85, 85)


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic", "lanczos"])
def test_each_interpolation_is_antialiased(interpolation: str) -> None:
    stripes = Image.fromarray(np.tile(np.array([0, 255], np.uint8), (256, 128))).convert("RGB")
    spec = InputSpec(32, 32, interpolation=interpolation)  # type: ignore[arg-type]
    small = np.asarray(resize(stripes, spec))
    assert small.std() < 12


def _png_16_bit_rgb() -> bytes:
    """Pillow cannot write one, so it is put together here."""
    side = 24
    row = b"\x00" + b"".join(struct.pack(">H", value * 257) for value in RED) * side
    buffer = io.BytesIO(b"\x89PNG\r\n\x1a\n")
    buffer.seek(0, io.SEEK_END)
    for kind, body in (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 16, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(row * side)),
        (b"IEND", b""),
    ):
        checked = kind + body
        buffer.write(
            struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))
        )
    return buffer.getvalue()


def test_imaging_needs_no_file(tmp_path: Path) -> None:
    """Decoding leaves nothing behind in the working folder."""
    decode(jpeg())
    assert list(tmp_path.iterdir()) == []


def test_a_jpeg_is_decoded_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece would be a wait for Python's lock, beside the threads of a service."""
    pieces: list[int] = []

    class Counting(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            found = super().read(size)
            pieces.append(len(found))
            return found

    noise = np.random.default_rng(1).integers(0, 256, (700, 700, 3), dtype=np.uint8)
    data = jpeg(Image.fromarray(noise), quality=95)
    monkeypatch.setattr("app.imaging.io.BytesIO", Counting)
    decode(data)
    assert len(data) > 4 * ImageFile.MAXBLOCK
    assert pieces[-1] == len(data)
