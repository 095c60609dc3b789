"""`app.remote_pictures`: what is fetched, and all that is not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import Mock

import pytest

from app import remote_pictures
from app.errors import BodyTooLarge, Overloaded, Problem, UrlFailed, UrlNotAllowed
from app.remote_pictures import RemotePictures, is_public

PICTURE = b"\x89PNG and so on"


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",  # where clouds keep their secrets
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",  # 6to4 of 127.0.0.1
        "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
        "64:ff9b::a9fe:a9fe",
        "2001:0:7f00:1::",  # Teredo by a server at 127.0.0.1
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


Answer = Callable[[str], bytes]


def http(status: str = "200 OK", body: bytes = PICTURE, **headers: str) -> bytes:
    lines = {"content_type": "image/png", "content_length": str(len(body)), **headers}
    head = "".join(f"{name.replace('_', '-')}: {each}\r\n" for name, each in lines.items() if each)
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


class Museum:
    """A server on this machine, and what it was asked for."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._writers: list[asyncio.StreamWriter] = []
        self.asked: list[str] = []
        self.hosts: list[str] = []
        self.resolved: list[str] = []
        self.port = 0
        self.addresses: Sequence[str] = ("127.0.0.1",)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Museum"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.close()
            await asyncio.sleep(0)

    async def resolve(self, host: str, _port: int) -> Sequence[str]:
        self.resolved.append(host)
        return self.addresses

    def fetcher(self, **given: Any) -> RemotePictures:
        chosen: dict[str, Any] = {
            "seconds": 5.0,
            "most_bytes": 1000,
            "resolve": self.resolve,
            "is_allowed": lambda address: address == "127.0.0.1",
            **given,
        }
        return RemotePictures([f"http://museum.test:{self.port}"], **chosen)

    @property
    def url(self) -> str:
        return f"http://museum.test:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split()[1]
        self.asked.append(path)
        self.hosts += [each[6:] for each in head.splitlines() if each.lower().startswith("host: ")]
        answer = self._answer(path)
        writer.write(answer)
        await writer.drain()
        if answer:
            writer.close()


def fetch(answer: Answer, path: str = "/a.png", **given: Any) -> tuple[Any, Museum]:
    """The picture or the problem, and the museum after it."""
    museum = Museum(answer)

    async def scenario() -> Any:
        async with museum.open():
            counted: list[int] = []
            address = path if "://" in path else museum.url + path
            try:
                found = await museum.fetcher(**given).fetch(address, counted.append)
            except Problem as problem:
                return problem
            assert sum(counted) == len(found)
            return found

    return asyncio.run(scenario()), museum


def test_a_picture_is_fetched_under_its_hosts_name() -> None:
    found, museum = fetch(lambda _: http())
    assert found == PICTURE
    assert museum.asked == ["/a.png"]
    assert museum.hosts == [f"museum.test:{museum.port}"]


def test_a_name_is_resolved_once_and_what_was_checked_is_connected_to() -> None:
    """A name that answers otherwise the second time (DNS rebinding) is not asked again."""
    found, museum = fetch(lambda _: http())
    assert found == PICTURE
    assert museum.resolved == ["museum.test"]


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["127.0.0.1", "169.254.169.254"], ["::1"], []])
def test_one_address_that_is_not_allowed_is_too_many(addresses: list[str]) -> None:
    museum = Museum(lambda _: http())
    museum.addresses = addresses

    async def scenario() -> None:
        async with museum.open():
            with pytest.raises(UrlNotAllowed, match="public address") as raised:
                await museum.fetcher().fetch(f"{museum.url}/a", lambda _: None)
            assert not any(each in str(raised.value) for each in addresses)

    asyncio.run(scenario())
    assert museum.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "http://elsewhere.test/a.png",
        "http://museum.test/a.png",  # another port
        "https://museum.test/a.png",
        "http://127.0.0.1/",
        "file:///etc/passwd",
        "http://user@museum.test/",
    ],
)
def test_an_address_that_is_not_on_the_list(address: str) -> None:
    found, museum = fetch(lambda _: http(), address)
    assert isinstance(found, UrlNotAllowed)
    assert museum.resolved == []


def test_a_redirect_is_followed_on_the_list_only() -> None:
    def answer(path: str) -> bytes:
        return http() if path == "/b" else http("302 Found", b"", location="/b")

    assert fetch(answer)[0] == PICTURE
    for target in ("http://169.254.169.254/latest", "//elsewhere.test/", "file:///etc/passwd"):
        elsewhere = http("302 Found", b"", location=target)
        found, museum = fetch(Mock(return_value=elsewhere))
        assert isinstance(found, UrlNotAllowed)
        assert museum.asked == ["/a.png"]


def test_redirects_without_end() -> None:
    found, museum = fetch(lambda _: http("301 Moved", b"", location="/again"))
    assert isinstance(found, UrlFailed)
    assert len(museum.asked) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (http("404 Not Found"), "received 404"),
        (http("302 Found", b""), "received 302"),
        (http(content_type="text/html"), "received 'text/html'"),
        (http(content_type=""), "received ''"),
        (http(content_encoding="gzip"), "Content-Encoding"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "ProtocolError"),
        (http(content_length="100"), "ProtocolError"),  # cut short
    ],
)
def test_what_is_no_picture(answer: bytes, message: str) -> None:
    found, _ = fetch(lambda _: answer)
    assert isinstance(found, UrlFailed)
    assert message in str(found)


def test_more_bytes_than_a_picture_may_have() -> None:
    announced, _ = fetch(lambda _: http(body=b"x" * 1001))
    assert isinstance(announced, BodyTooLarge)
    endless, _ = fetch(lambda _: http(body=b"x" * 100_000, content_length=""))
    assert isinstance(endless, BodyTooLarge)


def test_a_host_that_never_answers() -> None:
    found, _ = fetch(lambda _: b"", seconds=0.1)
    assert isinstance(found, UrlFailed)
    assert "within 0.1 seconds" in str(found)


def test_a_host_that_is_not_there() -> None:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    found, _ = fetch(lambda _: http(), resolve=resolve)
    assert isinstance(found, UrlFailed)


def test_no_more_at_once_than_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_pictures, "_MOST_AT_ONCE", 0)
    found, _ = fetch(lambda _: http())
    assert isinstance(found, Overloaded)


def test_the_systems_own_names_are_not_public() -> None:
    """The whole way with nothing replaced: localhost is on the list, and still not fetched."""

    async def scenario() -> None:
        fetcher = RemotePictures(["http://localhost:9"], seconds=5, most_bytes=10)
        with pytest.raises(UrlNotAllowed, match="public address"):
            await fetcher.fetch("http://localhost:9/", lambda _: None)

    asyncio.run(scenario())
