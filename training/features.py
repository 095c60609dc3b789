"""From draws to batches: decode, augment, run the frozen stem, and remember its answer.

    Draw -> Pictures.load -> Augmentation.view -> stem (LiteRT) -> float16 features

Threads work ahead of the training step by a few batches. The stem's answers are
kept on disk, one file a view, named by the digest of everything they depend on
(picture, view, preprocessing, weights), so that a second run reads them.
"""

import contextlib
import hashlib
import itertools
import json
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from app.imaging import InputSpec
from training.data.augmentation import Augmentation, generator
from training.data.index import Example
from training.data.pictures import Pictures, serving_view
from training.data.sampling import Draw
from training.networks.conversion import convert
from training.networks.lite import LiteModel

__all__ = ["FeatureCache", "Features", "Stem"]


class Stem:
    """The frozen part of a network, for one picture at a time from any thread.

    It is converted when it is first asked: where all its answers are remembered, never.

    Args:
        model: float32 images -> features.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._lite: LiteModel | None = None
        self._lock = threading.Lock()
        digest = hashlib.sha256(_without_names(model).encode())
        for array in model.get_weights():
            digest.update(np.ascontiguousarray(array).tobytes())
        self.digest = digest.hexdigest()

    def __call__(self, view: NDArray[Any]) -> NDArray[np.float16]:
        """Features of one view, without the batch axis."""
        with self._lock:
            if self._lite is None:
                self._lite = LiteModel(convert(self._model))
        features: NDArray[np.float16] = self._lite(view)["output"].astype(np.float16)
        return features


def _without_names(model: keras.Model) -> str:
    """A model's structure as JSON, its layers numbered.

    Keras counts up the names of nameless layers while a process lives, so that the
    same network is named otherwise the second time that it is built.
    """
    structure = json.loads(model.to_json())
    numbers: dict[str, str] = {}

    def number(value: object) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("name"), str):
                numbers.setdefault(value["name"], f"#{len(numbers)}")
            for each in value.values():
                number(each)
        elif isinstance(value, list):
            for each in value:
                number(each)

    def numbered(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: numbered(each) for key, each in value.items()}
        if isinstance(value, list):
            return [numbered(each) for each in value]
        return numbers.get(value, value) if isinstance(value, str) else value

    number(structure)
    return json.dumps(numbered(structure))


class FeatureCache:
    """Features on disk, one file each, up to a number of bytes; then no more are kept.

    Those of this run are also kept in memory, up to another number of bytes: views
    that are shown in turn are not read from the disk in every pass.

    Args:
        folder: Where; None keeps nothing on the disk.
        budget: Most bytes in the folder.
        memory: Most bytes in memory.
    """

    def __init__(
        self, folder: Path | None, budget: int = 2 << 30, *, memory: int = 256 << 20
    ) -> None:
        self._folder = folder
        self._room = budget
        self._memory = memory
        self._near: dict[str, NDArray[np.float16]] = {}
        if folder is not None and folder.is_dir():
            self._room -= sum(each.stat().st_size for each in folder.glob("*/*.npy"))

    def get(self, key: str) -> NDArray[np.float16] | None:
        """What was kept under the key; None if nothing was, or not all of it."""
        if key in self._near:
            return self._near[key]
        if self._folder is None:
            return None
        try:
            kept: NDArray[np.float16] = np.load(self._path(key), allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        self._keep_near(key, kept)
        return kept

    def put(self, key: str, features: NDArray[np.float16]) -> None:
        """Keep features while there is room, on the disk too."""
        self._keep_near(key, features)
        if self._folder is None or features.nbytes > self._room:
            return
        self._room -= features.nbytes
        path = self._path(key)
        beside = path.with_name(f".{secrets.token_hex(6)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                np.save(file, features)
            beside.replace(path)
        except OSError:  # most likely a full disk, which what must be written is to tell of
            self._room = 0
            with contextlib.suppress(OSError):
                beside.unlink(missing_ok=True)

    def _keep_near(self, key: str, features: NDArray[np.float16]) -> None:
        # Threads may pass the bound by a view each; nothing depends on it to the byte.
        if features.nbytes <= self._memory:
            self._memory -= features.nbytes
            self._near[key] = features

    def _path(self, key: str) -> Path:
        return Path(self._folder or "", key[:2], f"{key[2:]}.npy")


@dataclass(frozen=True)
class Features:
    """Makes batches of what a network's trunk is fed.

    Attributes:
        examples: The pictures that draws number.
        digests: sha256 of each.
        pictures: Decodes them.
        spec: The size of a view.
        augmentation: Makes views; None shows the whole picture.
        stem: The frozen part; None feeds the trunk the view itself.
        cache: Remembers the stem's answers.
        seed: The run's.
        threads: How many work ahead.
    """

    examples: Sequence[Example]
    digests: Sequence[str]
    pictures: Pictures
    spec: InputSpec
    augmentation: Augmentation | None
    stem: Stem | None
    cache: FeatureCache
    seed: int
    threads: int = 2

    def batches(
        self, draws: Sequence[Draw], size: int
    ) -> Iterator[tuple[NDArray[Any], NDArray[np.int64]]]:
        """Yield (features [n, ...], positions [n]) in the order of the draws.

        The last batch may be smaller.
        """
        groups = [draws[start : start + size] for start in range(0, len(draws), size)]
        with ThreadPoolExecutor(self.threads) as pool:
            ahead: deque[list[Future[NDArray[Any]]]] = deque()
            waiting = iter(groups)

            def order(count: int) -> None:
                for group in itertools.islice(waiting, count):
                    ahead.append([pool.submit(self.drawn, draw) for draw in group])

            order(_BATCHES_AHEAD)
            try:
                for group in groups:
                    arrays = [future.result() for future in ahead.popleft()]
                    order(1)
                    yield np.stack(arrays), np.array([draw.position for draw in group])
            finally:
                for future in itertools.chain.from_iterable(ahead):
                    future.cancel()

    def drawn(self, draw: Draw) -> NDArray[Any]:
        """The features of one augmented view."""
        if self.stem is None:
            return self._view(draw)
        if self.augmentation is None:
            return self.whole(draw.position)
        parts = (self.seed, draw.view), self.spec, self.augmentation, self.pictures.longest
        return self._remembered(draw.position, parts, self.stem, lambda: self._view(draw))

    def whole(self, position: int) -> NDArray[Any]:
        """The features of the whole picture, as it is served."""

        def view() -> NDArray[Any]:
            return serving_view(self.examples[position], self.spec)

        if self.stem is None:
            return view()
        parts = "whole", self.spec, None, None
        return self._remembered(position, parts, self.stem, view)

    def _view(self, draw: Draw) -> NDArray[Any]:
        example = self.examples[draw.position]
        if self.augmentation is None:
            return serving_view(example, self.spec)
        rng = generator(self.seed, self.digests[draw.position], draw.view)
        return self.augmentation.view(self.pictures.load(example), self.spec, rng)

    def _remembered(
        self, position: int, parts: object, stem: Stem, view: Callable[[], NDArray[Any]]
    ) -> NDArray[np.float16]:
        """The stem's answer to a view, which is only made if the answer is not known."""
        known = repr((self.digests[position], parts, stem.digest))
        key = hashlib.sha256(known.encode()).hexdigest()
        kept = self.cache.get(key)
        if kept is None:
            kept = stem(view())
            self.cache.put(key, kept)
        return kept


_BATCHES_AHEAD = 3
