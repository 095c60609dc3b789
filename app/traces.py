"""Traces for OpenTelemetry, where an address to send them to is set.

    POST /predict                    FastAPI's own span of a request
      picture                        from admission to what is said of it
        queue, decode, inference     drawn from the timings that metrics take as well

Spans are kept in a bounded queue and sent by a thread of their own: a collector that is slow
or gone costs spans, never a request. Nothing of a picture, its name, its address or its
answer is in them. Imported only where they are sent.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from fastapi.telemetry import TelemetryConfig

from app import __version__
from app.errors import Problem, SettingsError
from app.runtime.classification import Classified

__all__ = ["NO_TRACES", "PictureSpan", "Traces", "open_traces"]

NO_TRACES: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""For FastAPI, which would else send by itself where its own variables say so, logs too."""

_log = logging.getLogger(__name__)

_NEEDED = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")

# What watches the process asks every few seconds, and would fill every search for requests.
_LEFT_OUT = ("/healthz", "/readyz", "/metrics", "/v2/health/live", "/v2/health/ready")

# How long an orderly end may wait for a collector.
_PATIENCE = 3.0

_FAULT = 500


class PictureSpan:
    """The span of one picture.

    Args:
        tracer: Makes its stages.
        span: It.
    """

    def __init__(self, tracer: Any, span: Any) -> None:
        self._tracer = tracer
        self._span = span
        self._started = time.time_ns()

    def answered(self, found: Sequence[Classified]) -> None:
        """Draw the stages one after another from the picture's admission on.

        Args:
            found: What each model that was asked says of it.
        """
        if not (found and self._span.is_recording()):
            return
        at = self._stage("queue", self._started, found[0].timings.queue, {})
        for each in found:
            resident, timings = each.resident, each.timings
            named = {"vasari.model": resident.version.reference}
            at = self._stage("decode", at, timings.decode, named)
            ran = {"vasari.device": resident.device, "vasari.batch_rows": each.rows}
            at = self._stage("inference", at, timings.inference, named | ran)

    def failed(self, reason: str, *, is_ours: bool) -> None:
        """Say why there is no answer.

        Args:
            reason: A problem's code.
            is_ours: Whether the fault is the service's.
        """
        from opentelemetry.trace import StatusCode  # noqa: PLC0415

        self._span.set_attribute("error.type", reason)
        if is_ours:
            self._span.set_status(StatusCode.ERROR)

    def _stage(self, name: str, start: int, seconds: float, attributes: dict[str, Any]) -> int:
        end = start + round(seconds * 1e9)
        self._tracer.start_span(name, attributes=attributes, start_time=start).end(end)
        return end


class Traces:
    """The traces of one application.

    Args:
        endpoint: Of a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`.
    """

    def __init__(self, endpoint: str) -> None:
        from opentelemetry.sdk.resources import (  # noqa: PLC0415
            OTELResourceDetector,
            Resource,
        )
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

        self._endpoint = endpoint.rstrip("/") + "/v1/traces"
        own = Resource({"service.name": "vasari", "service.version": __version__})
        # What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say stands above.
        resource = own.merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracer = self._provider.get_tracer("vasari", __version__)
        self._exporter: Any = None

    @property
    def config(self) -> TelemetryConfig:
        """For FastAPI, which makes the span of each request."""
        return {**NO_TRACES, "tracing": True, "tracer_provider": self._provider, "exclude": _skips}

    def open(self) -> None:
        """Start to send."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        # Each try that failed and is made again is no news; that spans were lost is.
        logging.getLogger(OTLPSpanExporter.__module__).setLevel(logging.ERROR)
        self._exporter = OTLPSpanExporter(endpoint=self._endpoint)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))

    def close(self) -> None:
        """Send what is left, within some seconds."""
        ending = threading.Thread(target=self._provider.shutdown, daemon=True)
        ending.start()
        ending.join(_PATIENCE)
        if ending.is_alive():
            _log.warning("the last traces are lost: nobody took them within %g s", _PATIENCE)
            self._exporter.shutdown()  # no try is made again
            ending.join(1)

    def annotate(self, request_id: str) -> None:
        """Add to the current request's span what it has in log and answer."""
        from opentelemetry.trace import get_current_span  # noqa: PLC0415

        span = get_current_span()
        span.set_attribute("vasari.request_id", request_id)
        if "url.query" in (getattr(span, "attributes", None) or {}):
            span.set_attribute("url.query", "REDACTED")  # as the log, which has no query either

    @contextmanager
    def picture(self) -> Iterator[PictureSpan]:
        """Span the work on one picture."""
        with self._tracer.start_as_current_span(
            "picture", record_exception=False, set_status_on_exception=False
        ) as span:
            picture = PictureSpan(self._tracer, span)
            try:
                yield picture
            except Problem as problem:
                picture.failed(problem.code, is_ours=problem.status >= _FAULT)
                raise
            except asyncio.CancelledError:
                picture.failed("caller_left", is_ours=False)
                raise


def open_traces(endpoint: str) -> Traces | None:
    """Make what traces, where there is an address to send to.

    Args:
        endpoint: VASARI_TRACES_ENDPOINT, or empty.

    Raises:
        SettingsError: The packages of the extra `traces` are not installed.
    """
    if not endpoint:
        return None
    for name in _NEEDED:
        try:
            found = find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise SettingsError(
                "VASARI_TRACES_ENDPOINT: expected the packages of the extra `traces` "
                "(pip install 'vasari[traces]'); they are not installed."
            )
    return Traces(endpoint)


def _skips(scope: MutableMapping[str, Any]) -> bool:
    path: str = scope["path"].removeprefix(scope.get("root_path", ""))
    return path in _LEFT_OUT
