"""The format of card.json: the contract between training and the service.

`training.export` writes a card, `app.model_store` reads it; whatever the service
must know about a model stands here and nowhere in code keyed on its name. A
minimal card, enough to serve a foreign Keras model, is

    {
      "format_version": 1, "name": "mine", "version": "1",
      "classes": [{"name": "old"}, {"name": "new"}],
      "input": {"height": 224, "width": 224},
      "files": {"model.keras": {"sha256": "..."}}
    }
"""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from app.errors import CardError
from app.imaging import InputSpec

__all__ = [
    "CARD_FILE",
    "FORMAT_VERSION",
    "KERAS_FILE",
    "LITERT_FILE",
    "LITERT_INT8_FILE",
    "REFERENCES_FILE",
    "REPORT_FILE",
    "SIGNATURES_FILE",
    "Calibration",
    "CardError",
    "Dating",
    "Estimate",
    "FileEntry",
    "GoldenPrediction",
    "Input",
    "Int8",
    "Metrics",
    "ModelCard",
    "Parity",
    "PeriodClass",
    "Recipe",
    "ReferenceFacts",
    "Retrieval",
    "SplitAgreement",
    "Thresholds",
    "TrainingData",
    "golden_pictures",
    "parse_card",
    "read_card",
    "read_card_bytes",
]

FORMAT_VERSION = 1
CARD_FILE = "card.json"
SIGNATURES_FILE = "card.sig"
KERAS_FILE = "model.keras"
LITERT_FILE = "model.tflite"
REFERENCES_FILE = "references.npz"
LITERT_INT8_FILE = "model_int8.tflite"
REPORT_FILE = "report.html"

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class _Part(BaseModel):
    # A newer training may add facts; an older service ignores what it does not know.
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class PeriodClass(_Part):
    """One class, in the order of the model's outputs.

    Attributes:
        name: The folder's and the answer's name, such as `post-renaissance`.
        label: What people read, by language code. Defaults to the name in English.
        years: First year and the year after the last; None is open.
    """

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    label: dict[str, str] = {}
    years: tuple[int | None, int | None] = (None, None)


class Input(_Part):
    """What the model is fed; see `app.imaging.InputSpec` for the meaning of each field."""

    height: Annotated[int, Field(ge=8, le=2048)]
    width: Annotated[int, Field(ge=8, le=2048)]
    resize: Literal["squash", "crop", "pad"] = "squash"
    interpolation: Literal["bilinear", "bicubic", "lanczos"] = "bicubic"
    views: Annotated[tuple[Literal["whole", "mirror"], ...], Field(min_length=1)] = ("whole",)

    @property
    def spec(self) -> InputSpec:
        """The same, for `app.imaging`."""
        return InputSpec(**self.model_dump())


class FileEntry(_Part):
    """A file of the version: its digest, and its size in bytes where recorded."""

    sha256: Sha256
    size: int | None = None


class Calibration(_Part):
    """How raw probabilities become honest ones.

    The bias is added to the logarithm of the raw probabilities, the sum divided by the
    temperature, and the softmax taken of that: vector scaling with one temperature for
    all classes (Guo et al. 2017, arXiv:1706.04599).

    Attributes:
        temperature: 1 leaves them alone.
        bias: By class name; a class that is missing has 0.
        method: How it was fitted, in words.
    """

    temperature: Annotated[float, Field(gt=0, le=100)] = 1.0
    bias: dict[str, float] = {}
    method: str = "none"


class Thresholds(_Part):
    """When an answer is called sure.

    Attributes:
        confident: Least calibrated probability of the first class for the
            verdict `confident`; below it the verdict is `uncertain`.
        painting: Least output `painting` for a picture to be taken for a painting;
            below it the verdict is `not_a_painting`. None: the model cannot tell.
    """

    confident: Annotated[float, Field(ge=0, le=1)] = 0.5
    painting: Annotated[float, Field(ge=0, le=1)] | None = None


class Estimate(_Part):
    """A measured share with its 95 % interval, each from 0 to 1."""

    value: float
    low: float
    high: float


def _rising(edges: tuple[int, ...]) -> tuple[int, ...]:
    if any(later <= earlier for earlier, later in pairwise(edges)):
        raise ValueError("expected years that rise from one edge to the next")
    return edges


class Dating(_Part):
    """What the bins of the output `years` are, and how well they date.

    Attributes:
        edges: B + 1 whole years; bin b holds the years from `edges[b]` up to, and
            without, `edges[b + 1]`.
        method: How it was taught, in words.
        mean_absolute_error: Years between the median and the middle of the museum's
            dating, in the mean.
        coverage: Share of the dated pictures the middle of whose dating lies in the
            80 % interval.
        pictures: How many pictures that was measured on: those dated to 50 years or less.
        split: Which pictures, such as `test`.
    """

    edges: Annotated[tuple[int, ...], Field(min_length=2), AfterValidator(_rising)]
    method: str
    mean_absolute_error: float | None = None
    coverage: Estimate | None = None
    pictures: int | None = None
    split: str | None = None


class Metrics(_Part):
    """What was measured on one split.

    Attributes:
        split: Which pictures, such as `test`.
        pictures: How many.
        accuracy: Share that is right.
        balanced_accuracy: Mean of the classes' recalls.
        recall: By class name.
        precision: By class name.
        expected_calibration_error: In 15 bins of equal width, calibrated.
        confusion: Rows are the true classes, columns the predicted ones.
        by_source: Accuracy by source, where sources are known.
        expected_calibration_error_interval: Its 95 % interval.
        off_by_more: Share whose answer is further off than the neighbouring class,
            where the classes follow each other in time.
        answered: Share called `confident`.
        answered_accuracy: Share of those that is right.
        auroc: Of the output `painting`, these pictures against `not_paintings`.
        refused: Share called `not_a_painting`, though it is one.
        caught: Share of `not_paintings` called `not_a_painting`.
        not_paintings: How many pictures that are no paintings `auroc` and `caught`
            were measured on.
    """

    split: str
    pictures: int
    accuracy: Estimate
    balanced_accuracy: Estimate
    recall: dict[str, Estimate] = {}
    precision: dict[str, Estimate] = {}
    expected_calibration_error: float | None = None
    confusion: list[list[int]] = []
    by_source: dict[str, Estimate] = {}
    expected_calibration_error_interval: tuple[float, float] | None = None
    off_by_more: Estimate | None = None
    answered: Estimate | None = None
    answered_accuracy: Estimate | None = None
    auroc: Estimate | None = None
    refused: Estimate | None = None
    caught: Estimate | None = None
    not_paintings: int | None = None


class Recipe(_Part):
    """How to repeat the training: no absolute path in it.

    Attributes:
        name: Of the recipe.
        command: That does the same.
        seed: Of everything random.
        hyperparameters: Every field of the recipe that the card does not hold elsewhere.
        seconds: All passes of all fits, those before an interruption too.
    """

    name: str
    command: str
    seed: int
    hyperparameters: dict[str, Any] = {}
    seconds: float | None = None


class TrainingData(_Part):
    """What it was trained on: counts, and a digest over the pictures' digests."""

    digest: str
    counts: dict[str, dict[str, int]] = {}
    sources: dict[str, int] = {}
    dropped: dict[str, int] = {}


class Parity(_Part):
    """How far model.tflite answers from model.keras."""

    pictures: int
    max_absolute_difference: float
    same_class: float


class Retrieval(_Part):
    """How often a work of the same artist is among the nearest references.

    Attributes:
        among: Which works were looked up, and among which.
        nearest: How many of the nearest were looked at.
        queries: Works that were looked up: those of which there is another by their artist.
        found: Share of them with one by their artist among the nearest.
        chance: The same share, were as many drawn blindly.
    """

    among: str
    nearest: int
    queries: int
    found: Estimate
    chance: float


class ReferenceFacts(_Part):
    """The paintings that similar ones are chosen from; they stand in references.npz.

    Attributes:
        works: How many.
        dimensions: Numbers to which each embedding was reduced.
        thumbnails: How many of them have a small picture.
        method: How they were chosen and reduced, in words.
        same_artist: What was measured.
    """

    works: int
    dimensions: int
    thumbnails: int = 0
    method: str = ""
    same_artist: tuple[Retrieval, ...] = ()


class GoldenPrediction(_Part):
    """Raw probabilities of `golden_pictures`, to be found again when the version is loaded."""

    probabilities: list[list[float]]
    tolerance: float = 5e-3


class SplitAgreement(_Part):
    """How far model_int8.tflite answers from model.tflite on the pictures of one split.

    Attributes:
        pictures: How many.
        float32: Balanced accuracy of model.tflite, 0 to 1.
        int8: Balanced accuracy of model_int8.tflite, 0 to 1.
        same_class: Share of pictures to which both answer the same class.
    """

    pictures: int
    float32: float
    int8: float
    same_class: float


class Int8(_Part):
    """What became of the model in 8 bits.

    Attributes:
        pictures: Training pictures that the ranges of its numbers were taken from.
        method: What is in 8 bits and what is not, in words.
        size: Bytes of model_int8.tflite, which is not kept where it loses too much.
        splits: Measured on the pictures that judge the model, by split; empty where
            there are none.
        is_default: Whether it is served where no setting says otherwise.
        golden: What model_int8.tflite answers to `golden_pictures`.
    """

    pictures: int
    method: str
    size: int
    splits: dict[str, SplitAgreement] = {}
    is_default: bool = False
    golden: GoldenPrediction | None = None

    @property
    def loss(self) -> float | None:
        """Most balanced accuracy that is lost on a split; None where none was measured."""
        return max((each.float32 - each.int8 for each in self.splits.values()), default=None)


class ModelCard(_Part):
    """All that is known of one version of one model."""

    format_version: Literal[1]
    name: Name
    version: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
    task: str = "painting-period"
    description: str = ""
    created: str | None = None
    classes: Annotated[tuple[PeriodClass, ...], Field(min_length=2)]
    input: Input
    calibration: Calibration = Calibration()
    thresholds: Thresholds = Thresholds()
    dating: Dating | None = None
    metrics: dict[str, Metrics] = {}
    data: TrainingData | None = None
    recipe: Recipe | None = None
    libraries: dict[str, str] = {}
    limitations: tuple[str, ...] = ()
    parity: Parity | None = None
    references: ReferenceFacts | None = None
    golden: GoldenPrediction | None = None
    int8: Int8 | None = None
    parameters: int | None = None
    files: dict[FileName, FileEntry]

    @property
    def class_names(self) -> tuple[str, ...]:
        """In the order of the model's outputs."""
        return tuple(each.name for each in self.classes)


def read_card(folder: Path) -> ModelCard:
    """Read and check the card of one version.

    Args:
        folder: models_store/<name>/<version>.

    Raises:
        CardError: There is none, it is not JSON of this form, or its format
            version is not one that this release reads.
    """
    return parse_card(read_card_bytes(folder))


def read_card_bytes(folder: Path) -> bytes:
    """Read the card of one version as it lies there, which is what signatures are of.

    Args:
        folder: models_store/<name>/<version>.

    Raises:
        CardError: There is none.
    """
    try:
        return (folder / CARD_FILE).read_bytes()
    except OSError as error:
        raise CardError(f"Expected {CARD_FILE} in {folder.name}; {error.strerror}.") from None


def parse_card(content: bytes) -> ModelCard:
    """Check the content of card.json.

    Raises:
        CardError: It is not JSON of this form, or its format version is not one that this
            release reads.
    """
    try:
        card = ModelCard.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or CARD_FILE
        if where == "format_version":
            raise CardError(
                f"Expected format_version {FORMAT_VERSION} in {CARD_FILE}; "
                f"received {first['input']!r}."
            ) from None
        raise CardError(f"{CARD_FILE}: {where}: {first['msg']}.") from None
    if len(set(card.class_names)) != len(card.classes):
        raise CardError(f"Expected distinct class names; received {list(card.class_names)}.")
    unknown = sorted(set(card.calibration.bias) - set(card.class_names))
    if unknown:
        raise CardError(
            f"Expected calibration.bias of the classes {list(card.class_names)}; "
            f"received {unknown}."
        )
    return card


def golden_pictures(spec: InputSpec) -> NDArray[np.uint8]:
    """Make the pictures that every version is asked about when it is loaded.

    Made by integer arithmetic alone, so that every machine makes the same ones.

    Returns:
        uint8 [3, height, width, 3]: stripes, a gradient, and hashed noise.
    """
    rows, columns = np.indices((spec.height, spec.width), dtype=np.int64)
    stripes = ((rows // 8 + columns // 16) % 2)[..., None] * np.array([200, 120, 40]) + 20
    gradient = np.stack(
        [rows * 255 // spec.height, columns * 255 // spec.width, (rows + columns) % 256], axis=-1
    )
    # Knuth's multiplicative hash; the middle bits of the product look like noise.
    hashed = (rows * 73_856_093 + columns * 19_349_663) * 2_654_435_761
    noise = np.stack([(hashed >> shift) & 0xFF for shift in (11, 17, 23)], axis=-1)
    return np.stack([stripes, gradient, noise]).astype(np.uint8)
