"""Nothing that is sent is written to disk or logged: the real process is looked at from outside.

Each picture carries marks, in its name, in its bytes and in its metadata; afterwards no file
that the process could write to and no line of its log holds one, and while a picture is still
arriving no file is open for writing.
"""

import os
import secrets
import socket
import stat
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.app.test_server import Process
from tests.images import encode, jpeg, photograph

pytestmark = pytest.mark.slow


def files_open_for_writing(process: int) -> list[str]:
    """Regular files that a process has open and could write to."""
    found = []
    for each in Path(f"/proc/{process}/fd").iterdir():
        try:
            state, target = each.stat(), each.readlink()
            info = Path(f"/proc/{process}/fdinfo/{each.name}").read_text("ascii")
        except OSError:
            continue
        flags = int(info.split("flags:")[1].split()[0], 8)
        if stat.S_ISREG(state.st_mode) and flags & os.O_ACCMODE != os.O_RDONLY:
            found.append(str(target))
    return found


def test_nothing_that_is_sent_is_written_or_logged(store: Path, tmp_path: Path) -> None:
    room = tmp_path / "room"
    for name in ("temporary", "home"):
        (room / name).mkdir(parents=True)
    process = Process(
        store,
        VASARI_LOG_LEVEL="debug",
        VASARI_THREADS="1",
        TMPDIR=str(room / "temporary"),
        HOME=str(room / "home"),
        XDG_CACHE_HOME=str(room / "home"),
    )
    before = set(files_open_for_writing(process.workers[0]))
    mark = secrets.token_hex(16)
    exif = Image.Exif()
    exif[0x010E] = mark  # its description
    marked = jpeg(photograph(400, 300), exif=exif, comment=mark.encode())
    large = encode(photograph(2500, 2500), "BMP") + mark.encode()
    files = [("files", (f"{mark}.jpg", marked)), ("files", (f"{mark}.txt", mark.encode()))]
    with httpx.Client(base_url=process.url, timeout=60) as client:
        answers = [
            client.post("/predict", content=marked),
            client.post("/predict", files={"file": (f"{mark}.jpg", marked)}),
            client.post("/predict", files={"file": (f"{mark}.bmp", large)}),
            client.post("/predict/batch", files=files),
            client.post("/predict", content=mark.encode()),
            client.post("/predict", content=marked[: len(marked) // 2]),
            client.post("/predict", content=b"--x\r\n" + mark.encode()),
        ]
    assert [each.status_code for each in answers] == [200, 200, 200, 200, 415, 422, 415]

    with socket.create_connection(process.address, timeout=10) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: image/bmp\r\n"
            b"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % len(large)
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(large[: len(large) // 2])
        during = set(files_open_for_writing(process.workers[0]))
    assert during == before

    code, log = process.end()
    assert code == 0
    assert "POST /predict 200" in log
    assert mark not in log
    written = [each for each in room.rglob("*") if each.is_file()]
    assert written == []
