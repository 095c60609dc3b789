"""`Metrics`: what is counted, each application for itself."""

from pathlib import Path

from app.imaging import ImageLimits
from app.metrics import Metrics
from app.model_store import ModelStore
from app.runtime.classification import Classification
from app.runtime.engine import Turn
from app.runtime.loader import Loader, load_residents
from tests.images import jpeg
from tests.models import NAME


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def test_a_picture_is_counted_once_and_each_answer_about_it(store: Path) -> None:
    residents = load_residents(Loader(ModelStore(store), "cpu", 1), (), default=NAME)
    found = Classification(jpeg(), residents.current, ImageLimits())(Turn(0, 0.5))
    metrics = Metrics()
    metrics.classified([found[0], found[0]])
    metrics.classified([])
    prediction = found[0].prediction
    assert value(metrics, "vasari_queue_seconds_count") == 1
    assert value(metrics, "vasari_queue_seconds_sum") == 0.5
    assert value(metrics, "vasari_decode_seconds_count") == 2
    assert value(metrics, "vasari_inference_seconds_count", model=NAME) == 2
    assert value(metrics, "vasari_confidence_sum", model=NAME) == 2 * prediction.confidence
    labels = {"period": prediction.period.name, "verdict": prediction.verdict}
    assert value(metrics, "vasari_predictions_total", model=NAME, version="1", **labels) == 2


def test_requests_problems_and_batches() -> None:
    metrics = Metrics()
    metrics.request("/predict", 200, 0.02)
    metrics.request("/predict", 503, 0.001)
    metrics.problem("overloaded")
    metrics.batch(8)
    assert value(metrics, "vasari_requests_total", route="/predict", status="200") == 1
    assert value(metrics, "vasari_requests_total", route="/predict", status="503") == 1
    assert value(metrics, "vasari_request_seconds_bucket", route="/predict", le="0.025") == 2
    assert value(metrics, "vasari_problems_total", code="overloaded") == 1
    assert value(metrics, "vasari_batch_rows_sum") == 8


def test_two_share_nothing() -> None:
    first, second = Metrics(), Metrics()
    first.problem("overloaded")
    assert value(second, "vasari_problems_total", code="overloaded") is None
