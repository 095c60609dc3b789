"""The pictures that are sent: made in code, the same each time, as detailed as paintings."""

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image

__all__ = ["Sent", "pictures"]

# As long as those of browsers and curl: how fast its end is found depends on that.
_BOUNDARY = "----FormBoundary7MA4YWxkTrZu0gW5pQ"


@dataclass(frozen=True)
class Sent:
    """A picture and how it travels.

    Attributes:
        name: What the tables call it.
        data: The file's bytes.
        media_type: Such as `image/jpeg`.
    """

    name: str
    data: bytes
    media_type: str

    def raw(self, path: str = "/predict") -> bytes:
        """The HTTP request with the file as its body."""
        return _request(path, self.media_type, self.data)

    def form(self, path: str = "/predict", field: str = "file") -> bytes:
        """The HTTP request with the file in a multipart field."""
        head = (
            f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="a"\r\n'
            f"Content-Type: {self.media_type}\r\n\r\n"
        )
        body = head.encode() + self.data + f"\r\n--{_BOUNDARY}--\r\n".encode()
        return _request(path, f"multipart/form-data; boundary={_BOUNDARY}", body)


def pictures() -> dict[str, Sent]:
    """By a short name: `web` (800 pixels), `museum` (6 megapixels, 2 MB), `png`."""
    web = _canvas(800, 1000)
    return {
        "web": Sent("800-pixel JPEG", _encode(web, "JPEG", quality=85), "image/jpeg"),
        "museum": Sent(
            "6-megapixel JPEG", _encode(_canvas(2200, 2750), "JPEG", quality=88), "image/jpeg"
        ),
        "png": Sent("800-pixel PNG", _encode(web, "PNG"), "image/png"),
    }


def _canvas(width: int, height: int) -> Image.Image:
    """Soft patches of colour under a grain like that of canvas."""
    rng = np.random.default_rng(1)
    patches = rng.integers(20, 236, (height // 50, width // 50, 3), dtype=np.uint8)
    soft = Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC)
    # Grain of one and of two pixels: what a scan has, at which a JPEG of 6 MP weighs 2 MB.
    fine = rng.normal(0, 5, (height, width, 1))
    coarse = rng.normal(0, 8, (height // 2, width // 2, 1)).repeat(2, 0).repeat(2, 1)
    grained = np.asarray(soft, np.float32) + fine + coarse[:height, :width]
    return Image.fromarray(np.clip(grained, 0, 255).astype(np.uint8))


def _encode(image: Image.Image, image_format: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, image_format, **options)
    return buffer.getvalue()


def _request(path: str, media_type: str, body: bytes) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {media_type}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
