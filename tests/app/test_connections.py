"""`app.connections`: the real process among callers who are silent, slow, odd and many."""

import resource
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from app.connections import _MOST_UNREAD, raise_descriptor_limit
from tests.app.test_server import Process
from tests.images import encode, jpeg
from tests.models import write_version

HEAD = b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: image/jpeg\r\n"
IDLE = "0.5"


@contextmanager
def opened(store: Path, before: Sequence[str] = (), **variables: str) -> Iterator[Process]:
    chosen = {"VASARI_IDLE_SECONDS": IDLE, "VASARI_BODY_SECONDS": "1", "VASARI_THREADS": "1"}
    process = Process(store, before, **{**chosen, **variables})
    try:
        yield process
    finally:
        code, log = process.end()
        assert code == 0
        assert "Traceback" not in log


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    store = tmp_path_factory.mktemp("models_store")
    write_version(store)
    with opened(store, VASARI_MAX_CONNECTIONS="40") as process:
        yield process


def is_served(process: Process) -> bool:
    return httpx.post(f"{process.url}/predict", content=jpeg(), timeout=30).status_code == 200


def what_comes(connection: socket.socket) -> bytes:
    """All until the other side closes; a reset counts as closing."""
    connection.settimeout(20)
    received = b""
    with suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received += piece
    return received


def is_cut_off(send: Callable[[], None]) -> bool:
    """Send until the other side has closed; at most a minute."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            send()
        except (ConnectionResetError, BrokenPipeError):
            return True
        time.sleep(0.05)
    return False


pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "sent", [b"", b"GET", b"GET / HTTP/1.1\r\nHost: t", b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"]
)
def test_a_silence_ends(process: Process, sent: bytes) -> None:
    """Without a request, in the middle of one, and after one."""
    with socket.create_connection(process.address, timeout=20) as connection:
        connection.sendall(sent)
        assert is_served(process)
        assert what_comes(connection).startswith(b"HTTP/1.1 200" if b"healthz" in sent else b"")


def test_a_head_that_drips_does_not_buy_time(process: Process) -> None:
    with socket.create_connection(process.address, timeout=20) as connection:
        assert is_cut_off(partial(connection.sendall, b"X"))


def test_a_body_that_drips_gets_its_answer_and_is_closed(process: Process) -> None:
    with socket.create_connection(process.address, timeout=20) as connection:
        connection.sendall(HEAD + b"Content-Length: 100000\r\n\r\nx")
        assert is_served(process)
        answer = what_comes(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"code":"body_timeout"' in answer


@pytest.mark.parametrize("chunked", [False, True])
def test_a_long_body_comes_whole_and_in_order(process: Process, *, chunked: bool) -> None:
    """Of several times what is held unread; a PNG, whose every part has a checksum."""
    noise = np.random.default_rng(1).integers(0, 256, (900, 900, 3), dtype=np.uint8)
    data = encode(Image.fromarray(noise))
    assert len(data) > 4 * _MOST_UNREAD
    content = (data[at : at + 50_000] for at in range(0, len(data), 50_000)) if chunked else data
    answer = httpx.post(f"{process.url}/predict", content=content, timeout=30).json()
    assert answer["image"]["bytes"] == len(data)


def test_an_answer_that_is_not_read_is_given_up(process: Process) -> None:
    """Requests in a row, and nobody who reads: buffers fill, and then the connection goes."""
    request = b"GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n"
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(20)
        connection.connect(process.address)
        assert is_cut_off(partial(connection.sendall, request * 20))
    assert is_served(process)


def test_more_connections_than_there_may_be_push_the_silent_out(process: Process) -> None:
    with ExitStack() as stack:
        crowd = [
            stack.enter_context(socket.create_connection(process.address, timeout=20))
            for _ in range(200)
        ]
        assert is_served(process)
        assert all(what_comes(each) == b"" for each in crowd)


DRIPPING = HEAD + b"Content-Length: 100000\r\n\r\nx"


@pytest.mark.parametrize("sent", [(DRIPPING,), (b"", HEAD, DRIPPING)], ids=["bodies", "all kinds"])
def test_a_crowd_that_wants_nothing_keeps_nobody_out(store: Path, sent: tuple[bytes, ...]) -> None:
    """Twice as many as there may be; bodies that drip make room too."""
    patient = {"VASARI_IDLE_SECONDS": "60", "VASARI_BODY_SECONDS": "60"}
    with (
        opened(store, VASARI_MAX_CONNECTIONS="350", **patient) as process,
        ExitStack() as stack,
    ):
        assert is_served(process)
        before = process.resident_megabytes()
        crowd = []
        for number in range(700):
            connection = socket.create_connection(process.address, timeout=20)
            crowd.append(stack.enter_context(connection))
            with suppress(OSError):  # those beyond may be closed already
                connection.sendall(sent[number % len(sent)])
        time.sleep(1.5)  # from when on a body that has not come drips
        for _ in range(5):
            assert is_served(process)
            for connection in crowd[:200]:
                with suppress(OSError):
                    connection.sendall(b"x")
        assert process.resident_megabytes() - before < 100


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: t\r\nX: " + b"x" * 2_000_000 + b"\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nHost: t\r\n" + b"X: y\r\n" * 300_000 + b"\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200), b"400"),
        (b"GARBAGE\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
        (HEAD + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", b"400"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n", b"400"),
    ],
)
def test_what_is_no_request_is_told_so(process: Process, sent: bytes, status: bytes) -> None:
    with socket.create_connection(process.address, timeout=20) as connection:
        with suppress(OSError):
            connection.sendall(sent)
        answer = what_comes(connection)
    # Where it is closed with bytes unread, the system may drop the answer on its way.
    assert answer == b"" or answer.split()[1] == status, answer[:100]
    assert is_served(process)


@pytest.mark.parametrize("until", [10, len(HEAD), len(HEAD) + 20, len(HEAD) + 200])
def test_a_caller_may_leave_at_any_point(process: Process, until: int) -> None:
    picture = jpeg()
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(picture) + picture
    for linger in (True, False):
        connection = socket.create_connection(process.address, timeout=20)
        if not linger:  # a reset in place of an orderly end
            off = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, off)
        connection.sendall(request[:until])
        connection.close()
    whole = socket.create_connection(process.address, timeout=20)
    whole.sendall(request)
    whole.close()  # before the answer
    assert is_served(process)


def test_few_descriptors_are_never_used_up(store: Path) -> None:
    """More connections than the system allows: the silent ones go before none can be taken."""
    few = ("sh", "-c", 'ulimit -n 600; exec "$0" "$@"')
    with opened(store, before=few, VASARI_IDLE_SECONDS="20") as process, ExitStack() as stack:
        for _ in range(700):
            stack.enter_context(socket.create_connection(process.address, timeout=20))
        assert is_served(process)
        assert is_served(process)


def test_as_many_descriptors_are_asked_for_as_connections_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: chosen.append(limits))
    for limits, expected, connections in (
        ((1024, 4096), (2256, 4096), 2000),
        ((1024, 2000), (2000, 2000), 1744),
        ((100, 100), (100, 100), 50),
        ((1024, resource.RLIM_INFINITY), (2256, resource.RLIM_INFINITY), 2000),
    ):
        monkeypatch.setattr(resource, "getrlimit", lambda _, found=limits: found)
        assert raise_descriptor_limit(2000) == connections
        assert chosen.pop() == expected
    for enough in ((4096, 4096), (resource.RLIM_INFINITY, resource.RLIM_INFINITY)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, found=enough: found)
        assert raise_descriptor_limit(2000) == 2000
    assert chosen == []
