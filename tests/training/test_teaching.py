"""From what was learnt to what is stored: refusing, dating, and calibrating across sources."""

import io
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import pytest
from rich.console import Console

from app.model_card import Input, ModelCard, read_card
from tests.training.making import jpeg, manifest, painting, write
from training import session
from training.arguments import parse
from training.data.periods import PERIODS
from training.data.sampling import Sampling
from training.errors import DataError
from training.heads import painting as painting_head
from training.networks.frozen import frozen_network
from training.networks.lite import LiteModel
from training.networks.network import Network
from training.recipes.recipe import Optimizer, Recipe
from training.session import train

LINE = "--recipe logistic --threads 2 --refit --calibration-folds 2"


@dataclass(frozen=True, kw_only=True)
class Tiny(Recipe):
    """A frozen convolution below a new last layer: the least network with an embedding."""

    def network(self, classes: int, *, weights: Path | None, seed: int) -> Network:  # noqa: ARG002
        keras.utils.set_random_seed(seed)
        pixels = keras.Input((32, 32, 3))
        backbone = keras.Model(pixels, keras.layers.Conv2D(12, 5, 4, activation="relu6")(pixels))
        return frozen_network(backbone, "unit", 32, classes, seed)


RECIPE = Tiny(
    name="tiny",
    description="A tiny network.",
    input=Input(height=32, width=32),
    epochs=2,
    batch=32,
    augmentation=None,
    sampling=Sampling(),
    optimizer=Optimizer(rate=0.01),
    label_smoothing=0.0,
    longest=None,
)


def _data(root: Path) -> Path:
    """Dated pictures of a large and two small sources, and some that are no paintings."""
    rows = []
    for place, period in enumerate(PERIODS):
        first = period.years[0] or 1300
        for n in range(40):
            source = "large" if n < 28 else "one" if n < 34 else "another"
            split = "test" if n % 10 == 9 else "train"
            file, year = f"{place}-{n}.jpg", str(first + 3 * n)
            rows.append(
                {
                    "file": file,
                    "period": period.name,
                    "source": source,
                    "split": split,
                    "year": year,
                }
            )
    manifest(root / "data", rows)
    for number in range(12):
        write(root / "others" / "photo" / f"{number}.jpg", jpeg(painting(9000 + number, (0, 0, 0))))
    return root


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ModelCard, str]:
    root = _data(tmp_path_factory.mktemp("teaching"))
    places = ("data", root / "data"), ("not-paintings", root / "others"), ("cache", root / "cache")
    named = [part for name, place in places for part in (f"--{name}", str(place))]
    console = Console(file=io.StringIO(), record=True, width=200)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(painting_head, "LEAST_PAINTINGS", 10)
        patch.setattr(session, "load", lambda _: RECIPE)
        options = parse([*LINE.split(), *named, "--models-store", str(root / "store")])
        version = train(options, console)
    return version, read_card(version), console.export_text()


def test_the_stored_model_refuses_and_dates(stored: tuple[Path, ModelCard, str]) -> None:
    """In its file for LiteRT, with the card that says what its outputs are."""
    version, card, _ = stored
    assert card.dating is not None
    assert {1400, 1600, 1860} <= set(card.dating.edges)
    assert card.thresholds.painting is not None
    answers = LiteModel(version / "model.tflite")(np.zeros((32, 32, 3), np.uint8))
    assert answers["painting"].shape == (1,)
    assert answers["years"].shape == (len(card.dating.edges) - 1,)
    assert card.limitations[0].startswith("Refuses what does not look like a painting")


def test_what_the_heads_come_to_is_in_the_card_and_the_report(
    stored: tuple[Path, ModelCard, str],
) -> None:
    """Measured on the test pictures, and on others that the heads were not taught by."""
    version, card, _ = stored
    assert card.dating is not None
    assert (card.dating.split, card.dating.pictures) == ("test", 16)
    assert card.dating.mean_absolute_error is not None
    assert card.dating.coverage is not None
    metrics = card.metrics["test"]
    assert metrics.auroc is not None
    assert metrics.refused is not None
    assert metrics.caught is not None
    assert 50 <= (metrics.not_paintings or 0) < 62
    report = (version / "report.html").read_text("utf-8")
    assert "Painting or not" in report
    assert "<h2>When</h2>" in report


def test_each_source_is_answered_by_a_fit_that_had_not_seen_it(
    stored: tuple[Path, ModelCard, str],
) -> None:
    """And the calibration is fitted on the answers to both."""
    _, card, told = stored
    assert "each answered by a fit that had seen nothing of its source" in card.calibration.method
    assert "Fit 2, whole sources held out of train: " in told
    assert card.recipe is not None
    assert "--calibration-folds 2" in card.recipe.command
    assert "--not-paintings DIR" in card.recipe.command


def test_a_folder_without_pictures_is_refused_before_anything_is_trained(tmp_path: Path) -> None:
    """With the folder's name."""
    root = _data(tmp_path)
    (root / "empty").mkdir()
    line = [*LINE.split(), "--data", str(root / "data"), "--not-paintings", str(root / "empty")]
    options = parse([*line, "--cache", str(root / "cache"), "--models-store", str(root / "store")])
    with pytest.raises(DataError, match="no paintings in"):
        train(options, Console(quiet=True))
