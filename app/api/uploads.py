"""Bodies to pictures: counted while they stream, kept in memory, never on disk."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from app.errors import BodyTooLarge, EmptyImage, InvalidRequest, NoImage, UnsupportedBody
from app.runtime.engine import Upload

__all__ = [
    "UploadedFile",
    "media_type",
    "read_pictures",
    "read_single_picture",
    "read_small_body",
    "stream_body",
]

_MULTIPART = "multipart/form-data"
_LONGEST_FILE_NAME = 255
# A form with more fields than pictures is somebody's mistake, or an attack.
_MOST_OTHER_PARTS = 32
_SMALL_BODY_BYTES = 8192


@dataclass(frozen=True)
class UploadedFile:
    """One file of a multipart body.

    Attributes:
        filename: As sent; None where none was.
        size: Bytes that came.
        data: The bytes, or None where they were more than one picture may have.
    """

    filename: str | None
    size: int
    data: bytes | None


async def read_single_picture(request: Request, upload: Upload, *, limit: int) -> bytes:
    """Read the picture of `POST /predict`: the multipart field `file`, or the raw body.

    Args:
        request: Its body is unread.
        upload: Accounts for the bytes.
        limit: Most bytes of the body.

    Raises:
        UnsupportedBody: The body is of another type.
        BodyTooLarge: It has more bytes.
        NoImage: It carries no picture.
        EmptyImage: The picture has no bytes.
        InvalidRequest: It is not well-formed, or carries several pictures.
        Overloaded: The engine holds all the bytes it may.
    """
    kind = media_type(request)
    if kind == _MULTIPART:
        files = await _read_multipart(request, upload, "file", limit=limit, most=1)
        data = files[0].data or b""
    elif kind in ("", "application/octet-stream") or kind.startswith("image/"):
        data = await _read_raw(request, upload, limit)
    else:
        raise UnsupportedBody(
            "Expected multipart/form-data with a field `file`, or the picture itself as "
            f"image/* or application/octet-stream; received {kind!r}."
        )
    if not data and not kind:
        raise NoImage("Expected a picture in the body; received no body.")
    if not data:
        raise EmptyImage("Expected the bytes of a picture; received 0 bytes.")
    return data


async def read_pictures(
    request: Request, upload: Upload, *, limit: int, file_limit: int, most: int
) -> list[UploadedFile]:
    """Read the pictures of `POST /predict/batch`: the multipart fields `files`.

    Args:
        request: Its body is unread.
        upload: Accounts for the bytes.
        limit: Most bytes of the body.
        file_limit: Most bytes of one picture; the bytes of a larger one are dropped.
        most: Most pictures.

    Raises:
        UnsupportedBody: The body is of another type.
        BodyTooLarge: It has more bytes, or more pictures.
        NoImage: It carries no picture.
        InvalidRequest: It is not well-formed.
        Overloaded: The engine holds all the bytes it may.
    """
    kind = media_type(request)
    if kind != _MULTIPART:
        raise UnsupportedBody(
            f"Expected multipart/form-data with fields `files`; received {kind!r}."
        )
    return await _read_multipart(
        request, upload, "files", limit=limit, most=most, file_limit=file_limit
    )


async def read_small_body(request: Request, upload: Upload) -> bytes:
    """Read a body that is no picture, of a few kilobytes at most.

    Raises:
        BodyTooLarge: It has more bytes.
        Overloaded: The engine holds all the bytes it may.
    """
    return await _read_raw(request, upload, _SMALL_BODY_BYTES)


def media_type(request: Request) -> str:
    """Tell the type of the body, in small letters and without its parameters.

    Raises:
        UnsupportedBody: The body is compressed.
    """
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        raise UnsupportedBody(f"Expected a body without Content-Encoding; received {encoding!r}.")
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def stream_body(request: Request, upload: Upload, limit: int) -> AsyncIterator[bytes]:
    """The body's chunks, each counted before it is kept.

    Raises:
        BodyTooLarge: It has more than `limit` bytes.
        Overloaded: The engine holds all the bytes it may.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise BodyTooLarge(f"Expected a body of at most {limit} bytes; received {announced}.")
    total = 0
    async for chunk in request.stream():
        total += len(chunk)
        if total > limit:
            raise BodyTooLarge(f"Expected a body of at most {limit} bytes; received more.")
        upload.grow(len(chunk))
        yield chunk


async def _read_raw(request: Request, upload: Upload, limit: int) -> bytes:
    return b"".join([chunk async for chunk in stream_body(request, upload, limit)])


async def _read_multipart(  # noqa: PLR0913
    request: Request,
    upload: Upload,
    field: str,
    *,
    limit: int,
    most: int,
    file_limit: int | None = None,
) -> list[UploadedFile]:
    _, options = parse_options_header(request.headers["content-type"])
    form = _Form(field, most=most, file_limit=limit if file_limit is None else file_limit)
    try:
        parser = form.parser(options.get(b"boundary", b""))
        async for chunk in stream_body(request, upload, limit):
            parser.write(chunk)
        parser.finalize()
    except FormParserError as error:
        raise InvalidRequest(f"Expected a well-formed multipart body; {error}.") from None
    if not form.is_complete:
        raise InvalidRequest("Expected a whole multipart body; received one that is cut short.")
    if not form.files:
        raise NoImage(f"Expected a file in the multipart field `{field}`; {form.received()}.")
    return form.files


class _Form:
    """Collects the files of one field from the parser's callbacks."""

    def __init__(self, field: str, *, most: int, file_limit: int) -> None:
        self.files: list[UploadedFile] = []
        self.is_complete = False
        self._field = field
        self._most = most
        self._file_limit = file_limit
        self._parts = 0
        self._other_fields: list[str] = []
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._disposition = ""
        self._file_name: str | None = None
        self._wanted = False
        self._data: list[memoryview] = []
        self._size = 0

    def parser(self, boundary: bytes) -> MultipartParser:
        """A parser that fills this form."""
        if not boundary:
            raise InvalidRequest(
                "Expected a boundary in the Content-Type multipart/form-data; received none."
            )
        return MultipartParser(
            boundary,
            {
                "on_part_begin": self._on_part_begin,
                "on_header_field": self._on_header_field,
                "on_header_value": self._on_header_value,
                "on_header_end": self._on_header_end,
                "on_headers_finished": self._on_headers_finished,
                "on_part_data": self._on_part_data,
                "on_part_end": self._on_part_end,
                "on_end": self._on_end,
            },
        )

    def received(self) -> str:
        """What came instead of a file, for a message."""
        if not self._other_fields:
            return "received no field"
        return f"received the fields {self._other_fields} without a file in it"

    def _on_part_begin(self) -> None:
        self._parts += 1
        if self._parts > self._most + _MOST_OTHER_PARTS:
            raise BodyTooLarge(
                f"Expected at most {self._most + _MOST_OTHER_PARTS} parts; received more."
            )
        self._disposition = ""
        self._data = []
        self._size = 0

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _on_header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value.decode("latin-1")
        self._header_name.clear()
        self._header_value.clear()

    def _on_headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = _text(options.get(b"name", b""))
        self._file_name = None
        self._wanted = name == self._field and b"filename" in options
        if not self._wanted:
            self._other_fields.append(name[:_LONGEST_FILE_NAME])
            return
        if len(self.files) == self._most:
            raise BodyTooLarge(
                f"Expected at most {self._most} of the field `{self._field}`; received more."
            )
        self._file_name = _text(options[b"filename"])[:_LONGEST_FILE_NAME] or None

    def _on_part_data(self, data: bytes, start: int, end: int) -> None:
        if not self._wanted:
            return
        self._size += end - start
        if self._size > self._file_limit:
            self._data.clear()
        else:
            self._data.append(memoryview(data)[start:end])

    def _on_part_end(self) -> None:
        if self._wanted:
            kept = None if self._size > self._file_limit else b"".join(self._data)
            self.files.append(UploadedFile(self._file_name, self._size, kept))
            self._data = []

    def _on_end(self) -> None:
        self.is_complete = True


def _text(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
