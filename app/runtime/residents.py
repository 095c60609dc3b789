"""The models in service: loaded, checked, warm.

What is resident is one immutable tuple that is replaced as a whole, so that a
request sees either all of the old state or all of the new.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np

from app.errors import IntegrityError, ModelError, UnknownModel
from app.model_card import KERAS_FILE, LITERT_FILE, ModelCard, golden_pictures
from app.model_store import ModelStore, Refusal, StoredVersion
from app.runtime.backend import LoadedModel, Runner
from app.runtime.devices import Device
from app.settings import ALL_MODELS

__all__ = ["Resident", "Residents", "load_resident", "load_residents", "split_reference"]

_log = logging.getLogger(__name__)

# How far from 1 the probabilities of one picture may sum in float32, or int8.
_SUM_TOLERANCE = 1e-2


@dataclass(frozen=True)
class Resident:
    """A version that answers.

    Attributes:
        version: Its place in the store and its card.
        backend: `litert` or `tensorflow`.
        device: Where that runs it.
        runners: One for each worker thread.
        has_heat_map: Whether it gives activation maps.
    """

    version: StoredVersion
    backend: str
    device: Device
    runners: tuple[Runner, ...]
    has_heat_map: bool

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
        self.refused = tuple(refused)

    @property
    def current(self) -> tuple[Resident, ...]:
        """By name, and the newest version of each first."""
        return self._current

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
        for resident in self._current:
            if resident.card.name == name and version in (None, resident.card.version):
                return resident
        known = [resident.version.reference for resident in self._current]
        raise UnknownModel(
            f"Expected one of the resident models {known}; received {reference!r}.", models=known
        )


def split_reference(reference: str) -> tuple[str, str | None]:
    """Split `name@version`; the version is None where none is pinned."""
    name, _, version = reference.partition("@")
    return name, version or None


def load_resident(version: StoredVersion, *, device: Device, threads: int) -> Resident:
    """Load one version, check its golden predictions and warm every runner.

    Args:
        version: From the store.
        device: Where it runs.
        threads: How many workers will run it.

    Raises:
        ModelError: It cannot be served; the message says why.
    """
    model = _load(version, device)
    runners = tuple(model.runner() for _ in range(threads))
    has_heat_map = _check(runners[0], version.card)
    blank = np.zeros((1, version.card.input.height, version.card.input.width, 3), np.uint8)
    for runner in runners:
        runner(blank)
    return Resident(version, model.backend, model.device, runners, has_heat_map)


def load_residents(
    store: ModelStore, references: Collection[str], *, default: str, device: Device, threads: int
) -> Residents:
    """Load the default model and all that are named.

    Where the newest version of a model is bad, the next older one answers.

    Args:
        store: Where they are.
        references: `name`, or `name@version`; `all` is every model of the store,
            and then bad ones are refused without stopping the others.
        default: Reference of the default model.
        device: Where they run.
        threads: How many workers will run each.

    Raises:
        ModelError: No version of the default model, or of one that is named, can be served.
    """
    named = dict.fromkeys(each for each in (default, *references) if each != ALL_MODELS)
    loading = _Loading(store, device, threads)
    for reference in named:
        failures = loading.load(reference)
        if failures is not None:
            raise ModelError(_nothing_to_serve(store, reference, failures))
    if ALL_MODELS in references:
        chosen = {split_reference(reference)[0] for reference in named}
        for name in store.names():
            if name not in chosen:
                loading.load(name)
    return Residents(default, loading.loaded.values(), loading.refused.values())


class _Loading:
    def __init__(self, store: ModelStore, device: Device, threads: int) -> None:
        self.loaded: dict[str, Resident] = {}
        self.refused: dict[str, Refusal] = {}
        self._store = store
        self._device = device
        self._threads = threads

    def load(self, reference: str) -> list[Refusal] | None:
        """Load the newest good version; where there is none, return what was refused."""
        name, pinned = split_reference(reference)
        failures: list[Refusal] = []
        for version in [pinned] if pinned else self._store.versions(name):
            key = f"{name}@{version}"
            if key in self.loaded:
                return None
            try:
                self.loaded[key] = load_resident(
                    self._store.open(name, version), device=self._device, threads=self._threads
                )
            except ModelError as error:
                _log.warning("refused %s: %s", key, error)
                failures.append(Refusal(name, version, str(error)))
                self.refused[key] = failures[-1]
            else:
                return None
        return failures


def _load(version: StoredVersion, device: Device) -> LoadedModel:
    files = version.card.files
    if LITERT_FILE in files and (device == "cpu" or KERAS_FILE not in files):
        from app.runtime.litert import LiteRtModel  # noqa: PLC0415

        return LiteRtModel(version)
    if KERAS_FILE not in files:
        raise ModelError(f"Expected {LITERT_FILE} or {KERAS_FILE} among its files; it has neither.")
    if find_spec("tensorflow") is None:
        raise ModelError(
            f"Expected {LITERT_FILE} among its files, or TensorFlow installed to run {KERAS_FILE}."
        )
    # TensorFlow is not to be imported where it is not needed: it takes seconds.
    from app.runtime.tensorflow import TensorFlowModel, claim_device  # noqa: PLC0415

    if device == "cpu":
        claim_device("cpu")
    return TensorFlowModel(version, device)


def _check(runner: Runner, card: ModelCard) -> bool:
    """Ask for the golden predictions; tell whether there are activation maps."""
    pictures = golden_pictures(card.input.spec)
    outputs = runner(pictures)
    found = outputs.probabilities
    expected_shape = (len(pictures), len(card.classes))
    if found.shape != expected_shape:
        raise IntegrityError(f"Expected probabilities {expected_shape}; received {found.shape}.")
    if not np.isfinite(found).all() or found.min() < -_SUM_TOLERANCE:
        raise IntegrityError("Expected probabilities; received negative or infinite values.")
    sums = found.sum(axis=1)
    if np.abs(sums - 1).max() > _SUM_TOLERANCE:
        raise IntegrityError(f"Expected probabilities that sum to 1; they sum to {sums.tolist()}.")
    if card.golden is not None:
        golden = np.asarray(card.golden.probabilities, np.float32)
        if golden.shape != expected_shape:
            raise IntegrityError(
                f"Expected golden predictions {expected_shape}; the card has {golden.shape}."
            )
        difference = float(np.abs(found - golden).max())
        if difference > card.golden.tolerance:
            raise IntegrityError(
                f"Expected the card's golden predictions within {card.golden.tolerance}; "
                f"received answers that differ by {difference:.4f}."
            )
    maps = outputs.activation_map
    return maps is not None and maps.ndim == 4 and maps.shape[-1] == len(card.classes)  # noqa: PLR2004


def _newest_first(residents: Iterable[Resident]) -> tuple[Resident, ...]:
    return tuple(sorted(residents, key=lambda each: (each.card.name, -int(each.card.version))))


def _nothing_to_serve(store: ModelStore, reference: str, failures: list[Refusal]) -> str:
    if failures:
        reasons = " ".join(f"{each.name}@{each.version}: {each.reason}" for each in failures)
        return f"No version of {reference} can be served. {reasons}"
    return (
        f"No version of {reference} stands in {store.root}; the models there are {store.names()}."
    )
