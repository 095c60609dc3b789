"""Heat maps as pictures that can be laid over the one that was sent."""

import base64
import io

import numpy as np
from PIL import Image

from app.imaging import InputSpec
from app.prediction import HeatMap

__all__ = ["LONGEST", "overlays"]

LONGEST = 512
"""Pixels of an overlay's longer side, whatever the picture's size."""

_COLOUR = (255, 80, 0)

# Of a cell with the most evidence: the picture shows through.
_MOST_OPAQUE = 0.7

# So many steps look smooth, and a picture of them weighs a tenth of one with 256.
_STEPS = 32


def overlays(found: HeatMap, width: int, height: int, spec: InputSpec) -> dict[str, str]:
    """Draw each class's map, enlarged smoothly to the shape of the picture.

    Args:
        found: The maps; they cover what the model looked at.
        width: Of the picture; only its ratio to the height counts.
        height: Of the picture.
        spec: How the model looked at it: of a `crop` the margins stay empty, of a `pad`
            what was added is cut away.

    Returns:
        By class name, a data URL of a PNG, transparent where there is no evidence; its
        longer side has `LONGEST` pixels.
    """
    scale = LONGEST / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    seen = _seen(size, spec)
    offset = ((size[0] - seen[0]) // 2, (size[1] - seen[1]) // 2)
    return {name: _data_url(rows, size, seen, offset) for name, rows in found.maps.items()}


def _seen(size: tuple[int, int], spec: InputSpec) -> tuple[int, int]:
    """Size of what the model looked at, in pixels of the overlay."""
    if spec.resize == "squash":
        return size
    ratios = (size[0] / spec.width, size[1] / spec.height)
    ratio = min(ratios) if spec.resize == "crop" else max(ratios)
    return max(1, round(spec.width * ratio)), max(1, round(spec.height * ratio))


def _data_url(
    rows: list[list[float]], size: tuple[int, int], seen: tuple[int, int], offset: tuple[int, int]
) -> str:
    values = Image.fromarray(np.array(rows, np.float32))
    enlarged = np.asarray(values.resize(seen, Image.Resampling.BICUBIC))
    steps = (enlarged.clip(0, 1) * (_STEPS - 1)).round().astype(np.uint8)
    image = Image.new("P", size, 0)
    image.putpalette(_COLOUR * _STEPS)
    image.paste(Image.fromarray(steps), offset)
    opacity = bytes(round(255 * _MOST_OPAQUE * step / (_STEPS - 1)) for step in range(_STEPS))
    stored = io.BytesIO()
    image.save(stored, "PNG", transparency=opacity)
    return f"data:image/png;base64,{base64.b64encode(stored.getvalue()).decode()}"
