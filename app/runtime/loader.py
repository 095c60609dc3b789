"""From the store to memory: load a version, check what it answers, and warm it.

A version that fails is refused with its reason, once: it is tried again when its
files have changed.
"""

import logging
import time
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from typing import Any, Literal

import numpy as np

from app.errors import IntegrityError, ModelError
from app.model_card import (
    KERAS_FILE,
    LITERT_FILE,
    LITERT_INT8_FILE,
    REFERENCES_FILE,
    GoldenPrediction,
    ModelCard,
    golden_pictures,
)
from app.model_store import Fingerprint, ModelStore, Refusal, StoredVersion
from app.references import References
from app.runtime.backend import LoadedModel, Outputs, Runner
from app.runtime.batcher import Batcher, Batching
from app.runtime.devices import Device
from app.runtime.residents import Resident, Residents, split_reference
from app.settings import ALL_MODELS

__all__ = ["Loader", "Precision", "load_resident", "load_residents"]

Precision = Literal["auto", "float32", "int8", "float16", "bfloat16"]

_log = logging.getLogger(__name__)

# How far from 1 the probabilities of one picture may sum in float32, or int8.
_SUM_TOLERANCE = 1e-2


def load_resident(  # noqa: PLR0913
    version: StoredVersion,
    *,
    device: Device,
    threads: int,
    batching: Batching | None = None,
    precision: Precision = "auto",
    xla: bool = False,
    pause_seconds: float = 0.0,
) -> Resident:
    """Load one version, check its golden predictions and warm every runner.

    Args:
        version: From the store.
        device: Where it runs.
        threads: How many workers will run it.
        batching: How pictures are put together on a GPU. Defaults to `Batching()`.
        precision: Of its numbers, where it has them so. Defaults to what its card
            found good enough.
        xla: Whether TensorFlow compiles it with XLA.
        pause_seconds: Between making one runner and the next. LiteRT holds Python's
            lock meanwhile, for some 30 ms, and in the pauses requests go on.

    Raises:
        ModelError: It cannot be served; the message says why.
    """
    batching = batching or Batching()
    model = _load(version, device, batching, precision, xla=xla)
    runners = tuple(_make_runners(model, threads, pause_seconds))
    has_heat_map = _check(runners[0], version.card, model.golden)
    references = _references(version, runners[0])
    spec = version.card.input
    for size in model.batch_sizes:
        blank = np.zeros((size, spec.height, spec.width, 3), np.uint8)
        for runner in dict.fromkeys(runners):
            runner(blank)
    batcher = Batcher(runners[0], batching) if model.device == "gpu" else None
    return Resident(
        version,
        model.backend,
        model.device,
        model.precision,
        runners,
        has_heat_map,
        batcher,
        references,
    )


class Loader:
    """Loads versions of one store, and remembers which of them were bad.

    Args:
        store: Where they are.
        device: Where they run.
        threads: How many workers will run each.
        batching: How pictures are put together on a GPU. Defaults to `Batching()`.
        precision: Of the models' numbers; see `load_resident`.
        xla: Likewise.
    """

    def __init__(  # noqa: PLR0913
        self,
        store: ModelStore,
        device: Device,
        threads: int,
        batching: Batching | None = None,
        precision: Precision = "auto",
        *,
        xla: bool = False,
    ) -> None:
        self.store = store
        self._device = device
        self._threads = threads
        self._batching = batching
        self._precision = precision
        self._xla = xla
        self._refused: dict[tuple[str, str], tuple[Fingerprint, Refusal]] = {}

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """What was refused and is still of interest."""
        return tuple(refusal for _, refusal in self._refused.values())

    def is_refused(self, name: str, version: str) -> bool:
        """Whether a version was refused and its files are still the same."""
        known = self._refused.get((name, version))
        return known is not None and known[0] == self.store.fingerprint(name, version)

    def forget(self, name: str, below: int) -> None:
        """Drop a model's refusals that matter no more.

        Args:
            name: The model.
            below: Of versions before this one, and of those that are gone.
        """
        there = self.store.versions(name)
        for each, version in list(self._refused):
            if each == name and (int(version) < below or version not in there):
                del self._refused[each, version]

    def load(self, name: str, version: str, *, pause_seconds: float = 0.0) -> Resident | Refusal:
        """Load a version, or refuse it.

        Args:
            name: The model.
            version: Of it.
            pause_seconds: See `load_resident`.
        """
        # Taken first: a file that changes while it is read makes it worth another try.
        fingerprint = self.store.fingerprint(name, version)
        started = time.perf_counter()
        told: dict[str, Any] = {"model": name, "version": version, "outcome": "refused"}
        try:
            stored = self.store.open(name, version)
            resident = load_resident(
                stored,
                device=self._device,
                threads=self._threads,
                batching=self._batching,
                precision=self._precision,
                xla=self._xla,
                pause_seconds=pause_seconds,
            )
        except ModelError as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001  a model must not end the service, whatever it does
            _log.exception("loading %s@%s failed", name, version)
            reason = f"Expected a model that loads; {type(error).__name__}: {error}"
        else:
            self._refused.pop((name, version), None)
            told |= {"outcome": "loaded", "seconds": _seconds_since(started)}
            told |= {"card_sha256": stored.card_sha256, "signed_by": stored.signed_by}
            by = f", signed by {stored.signed_by}" if stored.signed_by else ""
            _log.info("loaded %s@%s%s", name, version, by, extra={"members": told})
            return resident
        told["seconds"] = _seconds_since(started)
        _log.warning("refused %s@%s: %s", name, version, reason, extra={"members": told})
        refusal = Refusal(name, version, reason)
        self._refused[name, version] = (fingerprint, refusal)
        return refusal


def _seconds_since(started: float) -> float:
    return round(time.perf_counter() - started, 3)


def load_residents(loader: Loader, references: Collection[str], *, default: str) -> Residents:
    """Load the default model and all that are named.

    Where the newest version of a model is bad, the next older one answers.

    Args:
        loader: Loads them.
        references: `name`, or `name@version`; `all` is every model of the store,
            and then bad ones are refused without stopping the others.
        default: Reference of the default model.

    Raises:
        ModelError: No version of the default model, or of one that is named, can be served.
    """
    named = dict.fromkeys(each for each in (default, *references) if each != ALL_MODELS)
    loaded: dict[str, Resident] = {}
    for reference in named:
        failures = _load_newest(loader, reference, loaded)
        if failures is not None:
            raise ModelError(_nothing_to_serve(loader.store, reference, failures))
    if ALL_MODELS in references:
        chosen = {split_reference(reference)[0] for reference in named}
        for name in loader.store.names():
            if name not in chosen:
                _load_newest(loader, name, loaded)
    return Residents(default, loaded.values(), loader.refused)


def _load_newest(
    loader: Loader, reference: str, loaded: dict[str, Resident]
) -> list[Refusal] | None:
    """Load the newest good version; where there is none, return what was refused."""
    name, pinned = split_reference(reference)
    failures: list[Refusal] = []
    for version in [pinned] if pinned else loader.store.versions(name):
        key = f"{name}@{version}"
        if key in loaded:
            return None
        found = loader.load(name, version)
        if isinstance(found, Resident):
            loaded[key] = found
            return None
        failures.append(found)
    return failures


def _make_runners(model: LoadedModel, count: int, pause_seconds: float) -> Iterator[Runner]:
    for number in range(count):
        if number and pause_seconds:
            time.sleep(pause_seconds)
        yield model.runner()


def _load(
    version: StoredVersion, device: Device, batching: Batching, precision: Precision, *, xla: bool
) -> LoadedModel:
    files = version.card.files
    if LITERT_FILE in files and (device == "cpu" or KERAS_FILE not in files):
        from app.runtime.litert import LiteRtModel  # noqa: PLC0415

        return LiteRtModel(version, _litert_precision(version.card, precision))
    if KERAS_FILE not in files:
        raise ModelError(f"Expected {LITERT_FILE} or {KERAS_FILE} among its files; it has neither.")
    if find_spec("tensorflow") is None:
        raise ModelError(
            f"Expected {LITERT_FILE} among its files, or TensorFlow installed to run {KERAS_FILE}."
        )
    # TensorFlow is not to be imported where it is not needed: it takes seconds.
    from app.runtime.tensorflow import (  # noqa: PLC0415
        TensorFlowModel,
        batch_sizes,
        claim_device,
    )

    half = precision if precision in ("float16", "bfloat16") else None
    if device == "cpu":
        claim_device("cpu")
        return TensorFlowModel(version, device, half=half, xla=xla)
    return TensorFlowModel(version, device, batch_sizes(batching.most), half=half, xla=xla)


def _litert_precision(card: ModelCard, wanted: Precision) -> Literal["float32", "int8"]:
    if wanted not in ("auto", "int8") or LITERT_INT8_FILE not in card.files:
        return "float32"
    if wanted == "int8" or (card.int8 is not None and card.int8.is_default):
        return "int8"
    return "float32"


def _check(runner: Runner, card: ModelCard, expected: GoldenPrediction | None) -> bool:
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
    if expected is not None:
        golden = np.asarray(expected.probabilities, np.float32)
        if golden.shape != expected_shape:
            raise IntegrityError(
                f"Expected golden predictions {expected_shape}; the card has {golden.shape}."
            )
        difference = float(np.abs(found - golden).max())
        if difference > expected.tolerance:
            raise IntegrityError(
                f"Expected the card's golden predictions within {expected.tolerance}; "
                f"received answers that differ by {difference:.4f}."
            )
    _check_further(outputs, card, len(pictures))
    maps = outputs.activation_map
    return maps is not None and maps.ndim == 4 and maps.shape[-1] == len(card.classes)  # noqa: PLR2004


def _check_further(outputs: Outputs, card: ModelCard, count: int) -> None:
    """Hold the outputs `painting` and `years` to what the card promises of them."""
    wanted = {}
    if card.thresholds.painting is not None:
        wanted["painting"] = (count, 1)
    if card.dating is not None:
        wanted["years"] = (count, len(card.dating.edges) - 1)
    named = outputs.named()
    for name, shape in wanted.items():
        values = named.get(name)
        if values is None or values.shape != shape:
            raise IntegrityError(
                f"Expected an output {name} {shape}, as the card says; "
                f"received {None if values is None else values.shape}."
            )
        if not np.isfinite(values).all() or values.min() < -_SUM_TOLERANCE:
            raise IntegrityError(f"Expected {name} of probabilities; received others.")


def _references(version: StoredVersion, runner: Runner) -> References | None:
    """Read what similar paintings are chosen from; None where the version has none."""
    if REFERENCES_FILE not in version.card.files:
        return None
    references = References(version.read(REFERENCES_FILE))
    embedding = runner(golden_pictures(version.card.input.spec)).embedding
    found = None if embedding is None else embedding.shape[1]
    if found != references.embedding_size:
        raise IntegrityError(
            f"Expected embeddings of {references.embedding_size} numbers, as {REFERENCES_FILE} "
            f"has; the model's have {found}."
        )
    return references


def _nothing_to_serve(store: ModelStore, reference: str, failures: list[Refusal]) -> str:
    if failures:
        reasons = " ".join(f"{each.name}@{each.version}: {each.reason}" for each in failures)
        return f"No version of {reference} can be served. {reasons}"
    return (
        f"No version of {reference} stands in {store.root}; the models there are {store.names()}."
    )
