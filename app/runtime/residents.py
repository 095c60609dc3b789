"""The models in service: which versions answer, and for which names.

What is resident is one immutable tuple that is replaced as a whole, so that a
request sees either all of the old state or all of the new. A request keeps the
residents that it found: one that is replaced meanwhile still answers it, and is
freed when the last such request is done.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from app.errors import UnknownModel
from app.model_card import ModelCard
from app.model_store import Refusal, StoredVersion
from app.references import References
from app.runtime.backend import Outputs, Pixels, Runner
from app.runtime.batcher import Batcher
from app.runtime.devices import Device
from app.runtime.engine import Turn

__all__ = ["Resident", "Residents", "split_reference"]


@dataclass(frozen=True, eq=False)
class Resident:
    """A version that answers.

    Attributes:
        version: Its place in the store and its card.
        backend: `litert` or `tensorflow`.
        device: Where that runs it.
        precision: `float32`, `int8`, `float16` or `bfloat16`.
        runners: One for each worker thread.
        has_heat_map: Whether it gives activation maps.
        batcher: Runs pictures of several workers together; None runs each alone.
        references: What similar paintings are chosen from; None where it has none.
    """

    version: StoredVersion
    backend: str
    device: Device
    precision: str
    runners: tuple[Runner, ...]
    has_heat_map: bool
    batcher: Batcher | None = None
    references: References | None = None

    def run(self, pixels: Pixels, turn: Turn) -> Outputs:
        """Run one picture's views in a worker thread.

        Args:
            pixels: uint8 [V, height, width, 3].
            turn: The worker's.
        """
        if self.batcher is not None:
            return self.batcher.run(pixels, turn.is_wanted)
        return self.runners[turn.worker](pixels)

    @property
    def card(self) -> ModelCard:
        """The version's card."""
        return self.version.card


class Residents:
    """What is resident now, and what was refused.

    Args:
        default: Reference of the default model, `name` or `name@version`.
        residents: Each version that answers.
        refused: Versions that failed to load.
    """

    def __init__(
        self, default: str, residents: Iterable[Resident], refused: Iterable[Refusal] = ()
    ) -> None:
        self.default = default
        self._current = _newest_first(residents)
        self._refused = tuple(refused)

    @property
    def current(self) -> tuple[Resident, ...]:
        """By name, and the newest version of each first."""
        return self._current

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """Versions that were tried and are not served."""
        return self._refused

    def get(self, reference: str | None = None) -> Resident:
        """Find what answers for a reference.

        Args:
            reference: `name` (the newest resident version) or `name@version`.
                Defaults to the default model.

        Raises:
            UnknownModel: Nothing resident has this name or version.
        """
        reference = reference or self.default
        name, version = split_reference(reference)
        current = self._current
        for resident in current:
            if resident.card.name == name and version in (None, resident.card.version):
                return resident
        known = [resident.version.reference for resident in current]
        raise UnknownModel(
            f"Expected one of the resident models {known}; received {reference!r}.", models=known
        )

    def replace(self, residents: Iterable[Resident], refused: Iterable[Refusal]) -> None:
        """Have others answer from now on.

        Args:
            residents: Each version that answers.
            refused: Versions that failed to load.
        """
        self._current = _newest_first(residents)
        self._refused = tuple(refused)


def split_reference(reference: str) -> tuple[str, str | None]:
    """Split `name@version`; the version is None where none is pinned."""
    name, _, version = reference.partition("@")
    return name, version or None


def _newest_first(residents: Iterable[Resident]) -> tuple[Resident, ...]:
    return tuple(sorted(residents, key=lambda each: (each.card.name, -int(each.card.version))))
