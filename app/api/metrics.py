"""GET /metrics: what is counted, and what can be looked up, in Prometheus's form."""

from collections.abc import Iterable, Iterator

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from app import __version__
from app.api.dependencies import RunningService
from app.api.problems import problem_responses
from app.colleagues import Colleagues
from app.errors import InternalError, NotReady
from app.service import Service

__all__ = ["ServiceState", "router", "tell"]

router = APIRouter(tags=["health"])


@router.get(
    "/metrics",
    summary="What is counted and timed",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus's text format, or OpenMetrics where it is asked for",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
        **problem_responses(NotReady, InternalError),
    },
)
def metrics(request: Request, service: RunningService) -> Response:
    """For Prometheus; of several processes, each under its own label `worker`."""
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    colleagues: Colleagues | None = request.app.state.colleagues
    families = _own_families(service)
    if colleagues is not None:
        told = {colleagues.place: generate_latest(families), **colleagues.ask()}
        families = _Families(_side_by_side(told))
    return Response(encode(families), media_type=content_type)


def tell(service: Service) -> bytes:
    """What one process tells of itself, as text."""
    return generate_latest(_own_families(service))


class ServiceState(Collector):
    """What is looked up at a scrape.

    Args:
        service: Whose state.
    """

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterable[Metric]:
        """The state now."""
        service = self._service
        engine, settings = service.engine, service.settings
        for name, words, value in (
            ("vasari_ready", "1 where work is accepted.", service.is_ready),
            ("vasari_queue_pictures", "Pictures that wait for a worker thread.", engine.waiting),
            ("vasari_queue_limit_pictures", "How many may wait.", settings.queue_items),
            ("vasari_upload_bytes", "Bytes of uploads that are held.", engine.held_bytes),
            ("vasari_upload_limit_bytes", "How many may be held.", settings.queue_bytes),
            ("vasari_threads", "Worker threads.", engine.threads),
            (
                "vasari_models_refused",
                "Versions in the store that failed to load.",
                len(service.residents.refused),
            ),
        ):
            yield GaugeMetricFamily(name, words, value=float(value))
        loaded = GaugeMetricFamily(
            "vasari_model_loaded",
            "1 for each version that answers.",
            labels=("model", "version", "backend", "device"),
        )
        for resident in service.residents.current:
            card = resident.card
            loaded.add_metric((card.name, card.version, resident.backend, resident.device), 1)
        yield loaded
        build = GaugeMetricFamily("vasari_build", "1, with what runs.", labels=("version",))
        build.add_metric((__version__,), 1)
        yield build


class _Families(CollectorRegistry):
    """Families that were collected already, in the form that the encoders take."""

    def __init__(self, families: Iterable[Metric]) -> None:
        super().__init__()
        self._found = list(families)

    def collect(self) -> Iterator[Metric]:
        return iter(self._found)


def _own_families(service: Service) -> _Families:
    """All of this process, but for the times at which counters began: they double the series."""
    families = list(service.metrics.registry.collect())
    for family in families:
        family.samples = [each for each in family.samples if not each.name.endswith("_created")]
    return _Families(families)


def _side_by_side(told: dict[int, bytes]) -> Iterable[Metric]:
    """Bring what several processes tell into one text, with the label `worker`."""
    together: dict[str, Metric] = {}
    for place, text in sorted(told.items()):
        for family in text_string_to_metric_families(text.decode()):
            into = together.setdefault(
                family.name, Metric(family.name, family.documentation, family.type, family.unit)
            )
            for each in family.samples:
                into.samples.append(each._replace(labels={**each.labels, "worker": str(place)}))
    return together.values()
