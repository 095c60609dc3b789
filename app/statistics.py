"""What each version has answered since the process began, and how long it took."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.runtime.classification import Classified
from app.runtime.residents import Resident

__all__ = ["Duration", "Statistics", "VersionStatistics"]

_NANOSECONDS = 1e9


@dataclass
class Duration:
    """How often something was done, and its nanoseconds together."""

    count: int = 0
    ns: int = 0

    def add(self, seconds: float) -> None:
        """Once more."""
        self.count += 1
        self.ns += round(seconds * _NANOSECONDS)


@dataclass
class VersionStatistics:
    """Of one version.

    Attributes:
        success: Pictures that were answered, from admission to answer.
        fail: Pictures that were not; of the time nothing is known.
        queue: Waiting for a worker.
        decode: From bytes to the model's input.
        inference: The model, and reading its answer.
    """

    success: Duration = field(default_factory=Duration)
    fail: Duration = field(default_factory=Duration)
    queue: Duration = field(default_factory=Duration)
    decode: Duration = field(default_factory=Duration)
    inference: Duration = field(default_factory=Duration)


class Statistics:
    """Counts on the event loop, for all versions that are asked."""

    def __init__(self) -> None:
        self._versions: dict[str, VersionStatistics] = {}

    def of(self, resident: Resident) -> VersionStatistics:
        """What one version has done so far."""
        return self._versions.setdefault(resident.version.reference, VersionStatistics())

    def classified(self, answers: Sequence[Classified]) -> None:
        """Count what was answered."""
        for answer in answers:
            of, timings = self.of(answer.resident), answer.timings
            of.success.add(timings.total)
            of.queue.add(timings.queue)
            of.decode.add(timings.decode)
            of.inference.add(timings.inference)

    def failed(self, residents: Sequence[Resident]) -> None:
        """Count a picture that was not."""
        for resident in residents:
            self.of(resident).fail.add(0)
