"""Decoded pictures, reduced to what training needs, kept in memory up to a bound."""

import threading

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.imaging import InputSpec, decode, views
from training.data.index import Example

__all__ = ["Pictures", "serving_view"]


class Pictures:
    """Decodes pictures once and keeps the reduced pixels while there is room.

    Safe to be used from several threads.

    Args:
        longest: Pixels to which the longer side is reduced; None keeps every size.
        budget: Most bytes of pixels to keep.
    """

    def __init__(self, longest: int | None, budget: int = 1 << 30) -> None:
        self.longest = longest
        self._room = budget
        self._kept: dict[str, NDArray[np.uint8]] = {}
        self._lock = threading.Lock()

    def load(self, example: Example) -> Image.Image:
        """The upright RGB picture, not larger than `longest`.

        Raises:
            ImageProblem: It cannot be read.
        """
        key = str(example.path)
        with self._lock:
            kept = self._kept.get(key)
        if kept is not None:
            return Image.fromarray(kept)
        reduce_to = None if self.longest is None else (self.longest, self.longest)
        image = decode(example.path.read_bytes(), reduce_to=reduce_to).image
        if self.longest is not None and max(image.size) > self.longest:
            image.thumbnail((self.longest, self.longest), Image.Resampling.BICUBIC)
        pixels = np.asarray(image)
        with self._lock:
            if pixels.nbytes <= self._room and key not in self._kept:
                self._room -= pixels.nbytes
                self._kept[key] = pixels
        return image


def serving_view(example: Example, spec: InputSpec) -> NDArray[np.uint8]:
    """The whole picture exactly as the service feeds it to a model.

    Returns:
        uint8 [height, width, 3], RGB.

    Raises:
        ImageProblem: It cannot be read.
    """
    picture = decode(example.path.read_bytes(), reduce_to=(spec.width, spec.height))
    whole: NDArray[np.uint8] = views(picture, spec)[0]
    return whole
