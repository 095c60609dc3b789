"""A collector of traces: a real HTTP server that decodes what it is sent."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)


@dataclass(frozen=True)
class Span:
    """A span as it came."""

    name: str
    scope: str
    kind: int
    trace: str
    identity: str
    parent: str
    start: int
    end: int
    is_error: bool
    attributes: dict[str, Any]
    resource: dict[str, Any]
    events: int

    @property
    def seconds(self) -> float:
        """From start to end."""
        return (self.end - self.start) / 1e9


class Collector:
    """What was sent, decoded and as it came.

    Args:
        status: Of every answer.
    """

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.bodies: list[bytes] = []
        self.paths: list[str] = []
        self.url = ""

    @property
    def spans(self) -> list[Span]:
        """All that came so far, each parent before its children."""
        found = [span for body in self.bodies for span in _decoded(body)]
        return sorted(found, key=lambda each: (each.start, -each.end))

    def named(self, name: str) -> list[Span]:
        """Those of a name."""
        return [each for each in self.spans if each.name == name]

    def wait_for(self, name: str) -> Span:
        """Wait until a span of a name is there."""
        end = time.monotonic() + 20
        while not self.named(name):
            assert time.monotonic() < end, [each.name for each in self.spans]
            time.sleep(0.02)
        return self.named(name)[0]


@contextmanager
def collector(status: int = 200, gate: threading.Event | None = None) -> Iterator[Collector]:
    """Run a collector.

    Args:
        status: Of every answer.
        gate: Where it is given, no answer before it is set.
    """
    found = Collector(status)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if gate is not None:
                gate.wait(30)
            found.paths.append(self.path)
            found.bodies.append(body)
            self.send_response(found.status)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        if gate is not None:
            gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _decoded(body: bytes) -> Iterator[Span]:
    for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
        of = _values(resource.resource.attributes)
        for scope in resource.scope_spans:
            for each in scope.spans:
                yield Span(
                    name=each.name,
                    scope=scope.scope.name,
                    kind=each.kind,
                    trace=each.trace_id.hex(),
                    identity=each.span_id.hex(),
                    parent=each.parent_span_id.hex(),
                    start=each.start_time_unix_nano,
                    end=each.end_time_unix_nano,
                    is_error=each.status.code == 2,
                    attributes=_values(each.attributes),
                    resource=of,
                    events=len(each.events),
                )


def _values(attributes: Any) -> dict[str, Any]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}
