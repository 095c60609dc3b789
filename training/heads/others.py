"""What is no painting, shown to the head that tells."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.imaging import InputSpec, decode, views
from training.data.augmentation import Crops, generator
from training.data.not_paintings import NotPainting, made_pictures, not_paintings
from training.heads.painting import PaintingHead, Share, fit_painting_head

__all__ = ["Others"]

Model = Callable[[NDArray[np.uint8]], dict[str, NDArray[Any]]]
Floats = NDArray[np.float32]

_VIEWS_OF_FOUND, _VIEWS_OF_MADE = 12, 2
_WEIGHT_OF_FOUND, _WEIGHT_OF_MADE = 0.8, 0.2


class Others:
    """Pictures that are no paintings, of the half that may be learnt from.

    The found ones are few beside the paintings, so each is shown in many views.

    Args:
        folder: See `training.data.not_paintings.not_paintings`.
        spec: What the model is fed.
        seed: Of the views.
        threads: How many pictures at a time.

    Raises:
        DataError: There is no picture in the folder.
    """

    def __init__(self, folder: Path, spec: InputSpec, *, seed: int, threads: int) -> None:
        self.found = not_paintings(folder, "development")
        self.made = made_pictures("development")
        self._spec = spec
        self._seed = seed
        self._threads = threads

    def teach(self, model: Model, paintings: Floats) -> PaintingHead:
        """Teach what is a painting and what is none.

        Args:
            model: model.tflite of the network, with an embedding.
            paintings: [N, D], its embeddings of the pictures that it learnt from.
        """
        shares = [
            Share(self._embed(model, self.found, _VIEWS_OF_FOUND), _WEIGHT_OF_FOUND),
            Share(self._embed(model, self.made, _VIEWS_OF_MADE), _WEIGHT_OF_MADE),
        ]
        return fit_painting_head(paintings, [each for each in shares if len(each.embeddings)])

    def _embed(self, model: Model, pictures: Sequence[NotPainting], count: int) -> Floats:
        """The whole of each, and `count` augmented views."""
        augmentation = Crops()

        def ask(picture: NotPainting) -> list[NDArray[Any]]:
            decoded = decode(picture.content)
            digest = hashlib.sha256(picture.content).hexdigest()
            shown = [
                augmentation.view(decoded.image, self._spec, generator(self._seed, digest, view))
                for view in range(count)
            ]
            wholes = views(decoded, self._spec)
            return [model(each)["embedding"] for each in (*wholes, *shown)]

        with ThreadPoolExecutor(self._threads) as pool:
            rows = [row for found in pool.map(ask, pictures) for row in found]
        return np.array(rows, np.float32)
