"""What a running service holds: opened at start-up, closed at the end, reached by every route."""

from dataclasses import dataclass

from app.errors import Problem
from app.imaging import ImageLimits, prepare_pillow
from app.metrics import Metrics
from app.model_store import ModelStore, open_store
from app.runtime.batcher import Batching
from app.runtime.classification import Classification, Classified
from app.runtime.devices import Device, choose_device
from app.runtime.engine import Engine
from app.runtime.loader import Loader, load_residents
from app.runtime.residents import Residents
from app.runtime.watcher import Watcher
from app.settings import Settings
from app.statistics import Statistics
from app.traces import Traces

__all__ = ["Service", "open_service", "thread_count"]


@dataclass(frozen=True)
class Service:
    """The parts of a running service.

    Attributes:
        settings: As read at start-up.
        store: Where models come from.
        device: Where they run.
        residents: Those that answer.
        engine: What runs them.
        watcher: What puts new versions in service.
        limits: Which pictures are refused.
        metrics: What is counted.
        statistics: What each version has answered.
        traces: What sends traces; None sends none.
    """

    settings: Settings
    store: ModelStore
    device: Device
    residents: Residents
    engine: Engine
    watcher: Watcher
    limits: ImageLimits
    metrics: Metrics
    statistics: Statistics
    traces: Traces | None = None

    async def classify(self, work: Classification) -> list[Classified]:
        """Have a picture worked on, and count it.

        Raises:
            Problem: Whatever `Engine.run` raises.
        """
        if self.traces is None:
            return await self._classify(work)
        with self.traces.picture() as span:
            found = await self._classify(work)
            span.answered(found)
            return found

    async def _classify(self, work: Classification) -> list[Classified]:
        try:
            found = await self.engine.run(work)
        except Problem:
            self.statistics.failed(work.residents)
            raise
        self.metrics.classified(found)
        self.statistics.classified(found)
        return found

    @property
    def is_ready(self) -> bool:
        """Whether every configured model is loaded and warm, and work is accepted."""
        return self.engine.is_open

    def close(self) -> None:
        """Finish what was admitted and end the threads."""
        self.engine.close()
        self.watcher.close(self.settings.deadline_seconds)


def open_service(
    settings: Settings, metrics: Metrics | None = None, traces: Traces | None = None
) -> Service:
    """Choose the device, load the models and start the threads.

    Args:
        settings: As read at start-up.
        metrics: Where to count. Defaults to new ones.
        traces: What sends traces. Defaults to none.

    Raises:
        DeviceError: The device that was asked for is not there.
        ModelError: A configured model cannot be served.
    """
    device = choose_device(settings.device)
    store = open_store(settings)
    threads = thread_count(settings, device)
    metrics = metrics or Metrics()
    batching = Batching(settings.max_batch, settings.batch_delay_ms / 1000, metrics.batch)
    loader = Loader(store, device, threads, batching, settings.precision, xla=settings.xla)
    residents = load_residents(loader, settings.models, default=settings.model)
    prepare_pillow()
    engine = Engine(
        threads=threads,
        queue_items=settings.queue_items,
        queue_bytes=settings.queue_bytes,
        deadline_seconds=settings.deadline_seconds,
    )
    engine.start()
    watcher = Watcher(loader, residents, settings.models, settings.reload_seconds)
    watcher.start()
    limits = ImageLimits(max_pixels=settings.max_pixels)
    return Service(
        settings,
        store,
        device,
        residents,
        engine,
        watcher,
        limits,
        metrics,
        Statistics(),
        traces,
    )


def thread_count(settings: Settings, device: Device) -> int:
    """How many workers a process has: what is set, or its share of the cores."""
    if "threads" in settings.model_fields_set:
        return settings.threads
    share = max(1, settings.threads // max(1, settings.workers))
    # While some sleep until the GPU has answered, others keep the cores decoding.
    return 2 * share if device == "gpu" else share
