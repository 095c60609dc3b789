"""`app.api.uploads`: bodies are counted while they stream, and forms are read strictly."""

import asyncio
import builtins
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from app.api.uploads import UploadedFile, read_pictures, read_single_picture
from app.errors import BodyTooLarge, InvalidRequest, NoImage, Overloaded
from app.runtime.engine import Engine
from tests.images import jpeg

CHUNK = bytes(64 * 1024)
BOUNDARY = "multipart/form-data; boundary=b"


class Stream:
    """A body in chunks, which counts those that were taken."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self.taken = 0

    async def receive(self) -> dict[str, Any]:
        self.taken += 1
        chunk = next(self._chunks, None)
        return {"type": "http.request", "body": chunk or b"", "more_body": chunk is not None}

    def request(self, **headers: str) -> Request:
        lines = [
            (name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()
        ]
        return Request({"type": "http", "headers": lines}, self.receive)


def endless() -> Iterator[bytes]:
    while True:
        yield CHUNK


def single(stream: Stream, *, limit: int = 10**6, queue: int = 10**9, **headers: str) -> bytes:
    engine = Engine(threads=1, queue_items=1, queue_bytes=queue, deadline_seconds=1)

    async def read() -> bytes:
        with engine.upload() as upload:
            return await read_single_picture(stream.request(**headers), upload, limit=limit)

    try:
        return asyncio.run(read())
    finally:
        assert engine.held_bytes == 0


def many(body: bytes, *, most: int = 3, file_limit: int = 100, **headers: str) -> list[Any]:
    engine = Engine(threads=1, queue_items=1, queue_bytes=10**9, deadline_seconds=1)
    pieces = iter([body[start : start + 7] for start in range(0, len(body), 7)])

    async def read() -> list[UploadedFile]:
        request = Stream(pieces).request(**({"content_type": BOUNDARY} | headers))
        with engine.upload() as upload:
            return await read_pictures(
                request, upload, limit=10**6, file_limit=file_limit, most=most
            )

    return asyncio.run(read())


def part(name: str, content: str, *, filename: str | None = None) -> str:
    tail = f'; filename="{filename}"' if filename is not None else ""
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{tail}\r\n\r\n{content}\r\n'


def test_an_announced_length_over_the_limit_is_refused_before_a_byte_is_read() -> None:
    stream = Stream(endless())
    with pytest.raises(BodyTooLarge, match="at most 1000000 bytes; received 100000000"):
        single(stream, content_length="100000000")
    assert stream.taken == 0


@pytest.mark.parametrize("content_type", ["image/jpeg", BOUNDARY])
def test_an_endless_body_is_read_to_the_limit_and_no_further(content_type: str) -> None:
    head = part("file", "", filename="a.jpg").encode()
    stream = Stream(iter([head, *(CHUNK for _ in range(1600))]))
    with pytest.raises(BodyTooLarge, match="received more"):
        single(stream, content_type=content_type)
    assert stream.taken * len(CHUNK) < 10**6 + 3 * len(CHUNK)


def test_a_lying_content_length_does_not_help() -> None:
    with pytest.raises(BodyTooLarge):
        single(Stream(endless()), content_length="10")
    with pytest.raises(BodyTooLarge):
        single(Stream(endless()), content_length="many")


def test_bytes_beyond_what_the_engine_holds_are_refused() -> None:
    with pytest.raises(Overloaded):
        single(Stream(endless()), queue=200_000)


def test_nothing_is_written_to_disk(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even of a picture of many megabytes, sent as a form."""
    big = jpeg() + bytes(8 * 2**20)

    def no_file(*arguments: Any, **_: Any) -> None:
        raise AssertionError(f"a temporary file was opened: {arguments}")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, no_file)
    opened: list[str] = []
    real_open: Callable[..., Any] = builtins.open

    def watched(file: Any, mode: str = "r", *rest: Any, **more: Any) -> Any:
        if set(mode) & set("wax+"):
            opened.append(str(file))
        return real_open(file, mode, *rest, **more)

    monkeypatch.setattr(builtins, "open", watched)
    assert client.post("/predict", files={"file": ("a.jpg", big)}).status_code == 200
    assert client.post("/predict", content=big).status_code == 200
    assert opened == []


def test_files_are_read_whatever_the_chunks() -> None:
    body = part("files", "one", filename="a.jpg") + part("files", "\r\n--two", filename="")
    body += part("text", "ignored") + "--b--\r\n"
    assert many(body.encode()) == [
        UploadedFile("a.jpg", 3, b"one"),
        UploadedFile(None, 7, b"\r\n--two"),
    ]


def test_a_file_over_the_limit_of_one_picture_is_counted_and_dropped() -> None:
    body = part("files", "x" * 101, filename="big") + part("files", "y" * 100, filename="fits")
    assert many((body + "--b--").encode()) == [
        UploadedFile("big", 101, None),
        UploadedFile("fits", 100, b"y" * 100),
    ]


def test_names_of_files_are_text_of_a_sane_length() -> None:
    latin = b'--b\r\nContent-Disposition: form-data; name="files"; filename="\xe9.jpg"\r\n\r\nx\r\n'
    long = part("files", "x", filename="n" * 999).encode()
    first, second = many(latin + long + b"--b--")
    assert first.filename == "é.jpg"
    assert second.filename == "n" * 255


def test_a_field_that_is_not_a_file() -> None:
    with pytest.raises(NoImage, match=r"`files`; received the fields \['files'\] without a file"):
        many((part("files", "text") + "--b--").encode())


def test_too_many_files_and_too_many_parts() -> None:
    with pytest.raises(BodyTooLarge, match="at most 3 of the field `files`"):
        many((part("files", "x", filename="a") * 4 + "--b--").encode())
    with pytest.raises(BodyTooLarge, match="at most 35 parts"):
        many((part("other", "x") * 36 + "--b--").encode())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not a form",
        b"--b\r\n",
        b"--b\r\nContent-Disposition: form-data; name=files; filename=a\r\n\r\ncut short",
        b"--b\r\nno colon here\r\n\r\nx\r\n--b--",
        b"--b\r\n" + b"X: " + b"y" * 10_000 + b"\r\n\r\nx\r\n--b--",
        b"--other\r\n\r\nx\r\n--other--",
    ],
)
def test_a_form_that_is_not_well_formed(body: bytes) -> None:
    with pytest.raises(InvalidRequest, match="multipart body"):
        many(body)


def test_a_part_without_a_name_is_no_picture() -> None:
    with pytest.raises(NoImage):
        many(b"--b\r\nX-Other: 1\r\n\r\nx\r\n--b--\r\n")


@pytest.mark.parametrize("boundary", ["", "; boundary=", "; boundary=" + "b" * 999])
def test_a_form_without_a_usable_boundary(boundary: str) -> None:
    with pytest.raises(InvalidRequest, match=r"[Bb]oundary"):
        many(b"", content_type="multipart/form-data" + boundary)
