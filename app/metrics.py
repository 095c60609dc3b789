"""What a process counts and times while it serves, for Prometheus.

    the envelope of requests   ->  requests and what they took
    every problem that is told ->  problems by their code
    the work on a picture      ->  its wait, decoding, inference, and what was answered
    the batcher                ->  rows of a forward pass

Each application has a registry of its own. To count costs a picture some 16
microseconds; what can be looked up is looked up at a scrape, by `app.api.metrics`.
"""

from collections.abc import Sequence
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)

from app.runtime.classification import Classified

__all__ = ["Metrics"]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_ROWS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_TENTHS = tuple(tenth / 10 for tenth in range(1, 11))


class Metrics:
    """The metrics of one application; docs/operations.md explains each.

    Attributes:
        registry: Holds them all.
    """

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        # A child that is looked up once costs a tenth of one that is looked up each time.
        self._requests = cache(
            Counter(
                "vasari_requests", "Requests, by answer.", ("route", "status"), registry=registry
            ).labels
        )
        self._request_seconds = cache(
            Histogram(
                "vasari_request_seconds",
                "From a request's head to its answer's end.",
                ("route",),
                buckets=_SECONDS,
                registry=registry,
            ).labels
        )
        self._problems = cache(
            Counter(
                "vasari_problems",
                "Problems told, by their stable code.",
                ("code",),
                registry=registry,
            ).labels
        )
        self._queue_seconds = Histogram(
            "vasari_queue_seconds",
            "A picture's wait for a worker thread.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._decode_seconds = Histogram(
            "vasari_decode_seconds",
            "From a picture's bytes to a model's input.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._inference_seconds = cache(
            Histogram(
                "vasari_inference_seconds",
                "From a model's input to what is answered, with the wait for a batch.",
                ("model",),
                buckets=_SECONDS,
                registry=registry,
            ).labels
        )
        self._batch_rows = Histogram(
            "vasari_batch_rows",
            "Rows of a forward pass on a GPU; a picture has a row for each of its views.",
            buckets=_ROWS,
            registry=registry,
        )
        self._predictions = cache(
            Counter(
                "vasari_predictions",
                "Answers about pictures.",
                ("model", "version", "period", "verdict"),
                registry=registry,
            ).labels
        )
        self._confidence = cache(
            Histogram(
                "vasari_confidence",
                "Calibrated probability of the period that was answered.",
                ("model",),
                buckets=_TENTHS,
                registry=registry,
            ).labels
        )
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            route: The route's template, never what the caller wrote.
            status: Of the answer; 0 where the caller left before there was one.
            seconds: What it took.
        """
        self._requests(route, status).inc()
        self._request_seconds(route).observe(seconds)

    def problem(self, code: str) -> None:
        """Count a problem that a caller is told, of a request or of a picture in a batch."""
        self._problems(code).inc()

    def batch(self, rows: int) -> None:
        """Count a forward pass of several rows."""
        self._batch_rows.observe(rows)

    def classified(self, found: Sequence[Classified]) -> None:
        """Count a picture.

        Args:
            found: What each model that was asked says of it.
        """
        if found:
            self._queue_seconds.observe(found[0].timings.queue)
        for each in found:
            card, prediction, timings = each.resident.card, each.prediction, each.timings
            self._decode_seconds.observe(timings.decode)
            self._inference_seconds(card.name).observe(timings.inference)
            self._confidence(card.name).observe(prediction.confidence)
            self._predictions(
                card.name, card.version, prediction.period.name, prediction.verdict
            ).inc()
