"""Random views of a picture, repeatable from a seed.

`Crops` varies what differs between sources (framing, resolution, colour,
compression) so that a model cannot learn the source; `Affine` is the case's
`ImageDataGenerator` with the meaning that Keras gives each parameter.
"""

import io
import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

from app.imaging import InputSpec, resize

__all__ = ["Affine", "Augmentation", "Crops", "generator"]


class Augmentation(Protocol):
    """Makes one random view of a picture."""

    def view(self, image: Image.Image, spec: InputSpec, rng: np.random.Generator) -> NDArray[Any]:
        """A view of the spec's size: uint8 or float32 `[height, width, 3]`, 0 to 255."""
        ...


def generator(seed: int, digest: str, view: int) -> np.random.Generator:
    """The random numbers of one view, whatever was drawn before.

    Args:
        seed: The run's.
        digest: Of the picture's bytes, as hexadecimal digits.
        view: Which view of this picture.
    """
    return np.random.default_rng([seed, view, int(digest[:16], 16)])


@dataclass(frozen=True)
class Crops:
    """Crops, flips, loss of resolution, colour and JPEG compression.

    Attributes:
        least_area: Smallest share of the picture's area in a crop; the largest is 1.
        aspect: Most that a crop's aspect ratio differs from the picture's, as a factor.
        flip: Share of views that are mirrored.
        blurred: Share of views that lose resolution.
        least_side: Pixels of the shorter side that are left at least.
        coloured: Share of views whose colours are changed.
        colour: Most change of brightness, contrast and saturation, as a share.
        tint: Most change of a single channel, as a share.
        grey: Share of views without colour.
        compressed: Share of views that pass through JPEG.
        qualities: Lowest and highest quality of JPEG.
    """

    least_area: float = 0.25
    aspect: float = 4 / 3
    flip: float = 0.5
    blurred: float = 0.5
    least_side: int = 72
    coloured: float = 0.8
    colour: float = 0.3
    tint: float = 0.1
    grey: float = 0.05
    compressed: float = 0.5
    qualities: tuple[int, int] = (30, 95)

    def view(self, image: Image.Image, spec: InputSpec, rng: np.random.Generator) -> NDArray[Any]:
        """uint8 `[height, width, 3]`."""
        view = image.crop(self._box(image.size, rng))
        if rng.random() < self.flip:
            view = ImageOps.mirror(view)
        if rng.random() < self.blurred:
            view = self._blur(view, spec, rng)
        view = resize(view, spec)
        if rng.random() < self.coloured:
            view = self._colour(view, rng)
        if rng.random() < self.grey:
            view = ImageOps.grayscale(view).convert("RGB")
        if rng.random() < self.compressed:
            view = _through_jpeg(view, int(rng.integers(*self.qualities, endpoint=True)))
        return np.asarray(view)

    def _box(self, size: tuple[int, int], rng: np.random.Generator) -> tuple[int, int, int, int]:
        area = rng.uniform(self.least_area, 1)
        stretch = math.exp(rng.uniform(-1, 1) * math.log(self.aspect))
        width = min(size[0], max(1, round(size[0] * math.sqrt(area * stretch))))
        height = min(size[1], max(1, round(size[1] * math.sqrt(area / stretch))))
        left = int(rng.integers(size[0] - width, endpoint=True))
        top = int(rng.integers(size[1] - height, endpoint=True))
        return left, top, left + width, top + height

    def _blur(self, view: Image.Image, spec: InputSpec, rng: np.random.Generator) -> Image.Image:
        full = min(spec.width, spec.height)
        least = min(self.least_side, full)
        side = int(rng.integers(least, full, endpoint=True))
        factor = side / min(view.size)
        if factor >= 1:
            return view
        return view.resize(
            (max(1, round(view.width * factor)), max(1, round(view.height * factor))),
            Image.Resampling.BILINEAR,
        )

    def _colour(self, view: Image.Image, rng: np.random.Generator) -> Image.Image:
        kinds = (ImageEnhance.Brightness, ImageEnhance.Contrast, ImageEnhance.Color)
        for place in rng.permutation(len(kinds)):
            view = kinds[place](view).enhance(1 + rng.uniform(-self.colour, self.colour))
        gains = 1 + rng.uniform(-self.tint, self.tint, 3)
        ramp = np.arange(256)
        table = np.clip(ramp[None] * gains[:, None], 0, 255).round().astype(int)
        return view.point(table.ravel().tolist())


def _through_jpeg(view: Image.Image, quality: int) -> Image.Image:
    stored = io.BytesIO()
    view.save(stored, "JPEG", quality=quality)
    return Image.open(stored, formats=("JPEG",)).convert("RGB")


@dataclass(frozen=True)
class Affine:
    """Turns, shifts, shears and zooms as Keras's `ImageDataGenerator` does.

    Attributes:
        rotation: Most degrees either way.
        shift: Most shift each way, as a share of the side.
        shear: Most degrees of shear.
        zoom: The two sides are scaled by factors from 1 - zoom to 1 + zoom each.
        flip: Share of views that are mirrored.
    """

    rotation: float = 30.0
    shift: float = 0.2
    shear: float = 0.5
    zoom: float = 0.2
    flip: float = 0.5

    def view(self, image: Image.Image, spec: InputSpec, rng: np.random.Generator) -> NDArray[Any]:
        """float32 `[height, width, 3]`, 0 to 255; outside the picture its edge is repeated."""
        pixels = np.asarray(resize(image, spec), dtype=np.float32)
        theta = math.radians(rng.uniform(-self.rotation, self.rotation))
        down = rng.uniform(-self.shift, self.shift) * spec.height
        across = rng.uniform(-self.shift, self.shift) * spec.width
        shear = math.radians(rng.uniform(-self.shear, self.shear))
        zooms = rng.uniform(1 - self.zoom, 1 + self.zoom, 2)
        matrix = affine_matrix(theta, (across, down), shear, (float(zooms[0]), float(zooms[1])))
        view = warp(pixels, matrix)
        return view[:, ::-1] if rng.random() < self.flip else view


def affine_matrix(
    theta: float, shift: tuple[float, float], shear: float, zoom: tuple[float, float]
) -> NDArray[np.float64]:
    """Where a view's (row, column) lies in the picture, about the centre; [3, 3].

    Args:
        theta: Radians of rotation.
        shift: Pixels across and down.
        shear: Radians of shear.
        zoom: Factors across and down.
    """
    sine, cosine = math.sin(theta), math.cos(theta)
    rotation = np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    translation = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]])
    shearing = np.array([[1, -math.sin(shear), 0], [0, math.cos(shear), 0], [0, 0, 1]])
    zooming = np.diag([zoom[0], zoom[1], 1.0])
    matrix: NDArray[np.float64] = rotation @ translation @ shearing @ zooming
    # Keras composes in (x, y); arrays count rows first.
    return matrix[[1, 0, 2]][:, [1, 0, 2]]


def warp(pixels: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Sample a picture bilinearly by an affine matrix; beyond the edge the edge is repeated."""
    height, width = pixels.shape[:2]
    # Keras turns about the middle between pixel centres; half a pixel off theirs.
    middle = np.array([height / 2 - 0.5, width / 2 - 0.5])
    turned = matrix[:2, :2]
    moved = matrix[:2, 2] + middle - turned @ middle
    # Pillow fills with black beyond the edge: as much edge as the corners reach is put there.
    corners = np.array([[0, 0, height - 1, height - 1], [0, width - 1, 0, width - 1]])
    reached = turned @ corners + moved[:, None]
    before = np.ceil(np.maximum(0, -reached.min(axis=1))).astype(int) + _MARGIN
    after = reached.max(axis=1) - (height - 1, width - 1)
    after = np.ceil(np.maximum(0, after)).astype(int) + _MARGIN
    padded = np.pad(pixels, [*zip(before, after, strict=True), (0, 0)], mode="edge")
    (y_down, y_across), (x_down, x_across) = turned
    y, x = moved + before
    # Pillow counts x first, and from a pixel's corner, not its centre.
    x += 0.5 - 0.5 * (x_across + x_down)
    y += 0.5 - 0.5 * (y_across + y_down)
    coefficients = (x_across, x_down, x, y_across, y_down, y)
    # A channel at a time in floating point: in bytes Pillow rounds down.
    channels = [
        Image.fromarray(padded[..., channel]).transform(
            (width, height), Image.Transform.AFFINE, coefficients, Image.Resampling.BILINEAR
        )
        for channel in range(pixels.shape[2])
    ]
    return np.stack([np.asarray(each) for each in channels], axis=-1)


_MARGIN = 2
