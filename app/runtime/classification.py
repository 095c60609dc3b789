"""The work on one picture: decode once, cut the views, ask each model."""

import time
from dataclasses import dataclass

from app.errors import DeadlineExceeded
from app.imaging import ImageLimits, Picture, decode, views
from app.overlay import overlays
from app.prediction import HeatMap, Prediction, heat_map, predict
from app.references import Neighbour
from app.runtime.engine import Turn
from app.runtime.residents import Resident

__all__ = ["Classification", "Classified", "ImageFacts", "Timings"]


@dataclass(frozen=True)
class Timings:
    """Where the time went, in seconds.

    Attributes:
        queue: Waiting for a worker.
        decode: From bytes to the views.
        inference: The model's forward pass.
    """

    queue: float
    decode: float
    inference: float

    @property
    def total(self) -> float:
        """From admission to the answer."""
        return self.queue + self.decode + self.inference


@dataclass(frozen=True)
class ImageFacts:
    """What is said of the file, once its pixels are gone.

    Attributes:
        width: Pixels across of the upright picture.
        height: Pixels down of the upright picture.
        format: Such as `JPEG`.
        bytes: Size of the file.
        exif_turned: Whether the EXIF orientation turned or mirrored it.
    """

    width: int
    height: int
    format: str
    bytes: int
    exif_turned: bool


@dataclass(frozen=True)
class Classified:
    """What one model says of one picture.

    Attributes:
        resident: The model.
        image: The picture's file.
        prediction: The answer.
        heat_map: Where its evidence lies; None if not asked for, or the model cannot tell.
        overlays: The same drawn, see `app.overlay`; None if not asked for, or likewise.
        timings: Where the time went.
        rows: How many were in the forward pass, those of other callers too.
        similar: Similar paintings, best first; None if not asked for, or the model has no
            references.
    """

    resident: Resident
    image: ImageFacts
    prediction: Prediction
    heat_map: HeatMap | None
    overlays: dict[str, str] | None
    timings: Timings
    rows: int
    similar: list[Neighbour] | None = None


@dataclass(frozen=True)
class Classification:
    """Work for `Engine.run`.

    Args:
        data: The picture's file.
        residents: The models to ask.
        limits: What is refused.
        with_heat_map: Whether to explain; left out, it costs nothing.
        with_overlays: Whether to draw the explanation as well.
        similar: How many similar paintings to look up; None looks up none.
        picture: What `data` has been decoded to already. Defaults to decoding it.
    """

    data: bytes
    residents: tuple[Resident, ...]
    limits: ImageLimits
    with_heat_map: bool = False
    with_overlays: bool = False
    similar: int | None = None
    picture: Picture | None = None

    def __call__(self, turn: Turn) -> list[Classified]:
        """Run in a worker thread.

        Raises:
            ImageProblem: The picture cannot be used.
            DeadlineExceeded: Nobody waits for the answer any more.
        """
        # An answer must not depend on which other models are asked: a picture is
        # decoded again for each size of input, and only then.
        pictures: dict[tuple[int, int], Picture] = {}
        return [self._ask(resident, turn, pictures) for resident in self.residents]

    def _ask(
        self, resident: Resident, turn: Turn, pictures: dict[tuple[int, int], Picture]
    ) -> Classified:
        started = time.perf_counter()
        spec = resident.card.input.spec
        size = (spec.width, spec.height)
        if size not in pictures:
            pictures[size] = self.picture or decode(self.data, limits=self.limits, reduce_to=size)
        picture = pictures[size]
        pixels = views(picture, spec)
        decoded = time.perf_counter()
        if not turn.is_wanted():
            raise DeadlineExceeded("Expected an answer in time; it is too late.")
        outputs = resident.run(pixels, turn)
        explained, drawn = None, None
        if self.with_heat_map and resident.has_heat_map and outputs.activation_map is not None:
            explained = heat_map(outputs.activation_map, resident.card)
            if self.with_overlays:
                drawn = overlays(explained, picture.width, picture.height, spec)
        similar = None
        references, embedding = resident.references, outputs.embedding
        if self.similar is not None and references is not None and embedding is not None:
            similar = references.nearest(embedding, self.similar)
        prediction = predict(
            outputs.probabilities, resident.card, painting=outputs.painting, years=outputs.years
        )
        timings = Timings(turn.waited, decoded - started, time.perf_counter() - decoded)
        facts = ImageFacts(
            picture.width, picture.height, picture.format, len(self.data), picture.exif_turned
        )
        rows = outputs.rows or len(pixels)
        return Classified(resident, facts, prediction, explained, drawn, timings, rows, similar)
