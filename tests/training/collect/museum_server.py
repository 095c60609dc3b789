"""The museums on a real socket of this machine, and the way there."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from tests.training.collect.museum_answers import Museums


class Detour(httpx.BaseTransport):
    """Sends every request to 127.0.0.1, with the host that was meant as first part of the path."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._inner = httpx.HTTPTransport()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        meant = request.url
        here = meant.copy_with(
            scheme="http",
            host="127.0.0.1",
            port=self._port,
            raw_path=f"/{meant.host}".encode() + meant.raw_path,
        )
        headers = request.headers.copy()
        headers["Host"] = here.netloc.decode()
        sent = httpx.Request("GET", here, headers=headers, extensions=request.extensions)
        return self._inner.handle_request(sent)

    def close(self) -> None:
        self._inner.close()


class Gate:
    """Lets a number of requests through, and holds the others until it is opened."""

    def __init__(self, through: int | None = None) -> None:
        self._left = through
        self._opened = threading.Event()
        self._lock = threading.Lock()
        self.answered: list[str] = []
        self.held = 0

    def open(self) -> None:
        with self._lock:
            self._left = None
        self._opened.set()

    def passes(self, url: str) -> bool:
        """Whether to answer; False after having been held."""
        with self._lock:
            if self._left is None or self._left > 0:
                self._left = None if self._left is None else self._left - 1
                self.answered.append(url)
                return True
            self.held += 1
        self._opened.wait(60)
        return False


@contextmanager
def museum_server(museums: Museums, gate: Gate | None = None) -> Iterator[int]:
    """Serve the museums; yields the port."""
    guard = gate or Gate()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20  # one packet an answer: two would wait for each other

        def do_GET(self) -> None:
            _, host, path = self.path.split("/", 2)
            url = f"https://{host}/{path}"
            if not guard.passes(url):
                self.close_connection = True
                return
            answer = museums(httpx.Request("GET", url))
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in ("content-length", "content-encoding"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        guard.open()
        server.shutdown()
        thread.join()
        server.server_close()
