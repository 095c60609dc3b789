"""The real service, started as its own process on a free port."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.error import URLError

ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 60


@contextmanager
def running(log: Path, **settings: str) -> Iterator[str]:
    """`python -m app` with these VASARI_* settings; gives the page's address once it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    variables = {f"VASARI_{name.upper()}": value for name, value in settings.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("VASARI_")}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=ROOT,
            env={**kept, **variables, "VASARI_PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = f"http://127.0.0.1:{port}/"
        end = time.monotonic() + _PATIENCE_SECONDS
        while not _ready(address):
            assert process.poll() is None, log.read_text("utf-8")
            assert time.monotonic() < end, log.read_text("utf-8")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(_PATIENCE_SECONDS)


def _ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}readyz", timeout=5):  # noqa: S310 - our own http
            return True
    except (URLError, OSError):
        return False


@contextmanager
def behind_a_proxy(address: str, path: str) -> Iterator[str]:
    """The service at a sub-path, as behind a proxy that takes the path away."""
    host = address.removeprefix("http://").rstrip("/")

    class Proxy(BaseHTTPRequestHandler):
        def _pass_on(self) -> None:
            if not self.path.startswith(path):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            connection = http.client.HTTPConnection(host, timeout=30)
            connection.request(
                self.command, f"/{self.path.removeprefix(path)}", body, dict(self.headers)
            )
            answer = connection.getresponse()
            content = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)
            connection.close()

        do_GET = do_POST = _pass_on  # noqa: N815 - the base class asks for these names

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{path}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
