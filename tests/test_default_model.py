"""The model that the project ships: whole, small, true to its card, right about paintings."""

import csv
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.model_store import ModelStore
from app.settings import Settings

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"

needs_data = pytest.mark.skipif(
    not (DATA / "manifest.csv").is_file(),
    reason="the labelled paintings are not beside this checkout (../shared/data)",
)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    """The service as a newcomer gets it: every setting at its default but the folder."""
    with TestClient(create_app(Settings(models_store=ROOT / "models_store"))) as opened:
        yield opened


@pytest.fixture(scope="module")
def paintings() -> list[tuple[Path, str]]:
    with (DATA / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == "test"]
    return [(DATA / row["file"], row["period"]) for row in rows]


def _versions() -> list[tuple[str, str]]:
    store = ModelStore(ROOT / "models_store")
    return [(name, version) for name in store.names() for version in store.versions(name)]


def test_there_is_one() -> None:
    assert Settings().model in {name for name, _ in _versions()}


@pytest.mark.parametrize(("name", "version"), _versions())
def test_every_version_is_whole_and_says_how_it_was_made(name: str, version: str) -> None:
    stored = ModelStore(ROOT / "models_store").open(name, version)
    card = stored.card
    for file in card.files:
        stored.read(file)  # compares the digest
    assert {"model.keras", "model.tflite", "report.html"} <= set(card.files)
    assert sum(entry.size or 0 for entry in card.files.values()) <= 60 * 2**20
    assert card.class_names == ("medieval", "renaissance", "post-renaissance", "modern")
    assert card.recipe is not None
    assert card.recipe.command.startswith("python -m training.run")
    assert card.parity is not None
    assert card.parity.max_absolute_difference <= 2e-3
    for estimate in (card.metrics["test"].accuracy, card.metrics["test"].balanced_accuracy):
        assert 0 < estimate.low < estimate.value < estimate.high < 1
    assert not any(part in card.model_dump_json() for part in ('"/', "file://", ":\\\\"))


@needs_data
def test_the_card_tells_the_truth(client: TestClient, paintings: list[tuple[Path, str]]) -> None:
    """What the service answers to the test paintings gives the card's own figures."""
    name = client.get("/models").json()["default"]
    answering = client.get(f"/models/{name}").json()
    version = answering["version"]
    right, verdicts = defaultdict(list), []
    for start in range(0, len(paintings), 32):
        part = paintings[start : start + 32]
        files = [("files", (path.name, path.read_bytes())) for path, _ in part]
        results = client.post("/predict/batch", files=files).json()["results"]
        for (_, period), result in zip(part, results, strict=True):
            right[period].append(result["prediction"]["period"] == period)
            verdicts.append(result["prediction"]["verdict"])
    card = client.get(f"/models/{name}/{version}").json()
    told = card["metrics"]["test"]
    answers = next(each for each in answering["versions"] if each["version"] == version)
    in_8_bits = answers["precision"] == "int8"
    expected = told["balanced_accuracy"]["value"]
    if in_8_bits:
        expected = card["int8"]["splits"]["test"]["int8"]
    balanced = float(np.mean([np.mean(each) for each in right.values()]))
    assert told["pictures"] == len(paintings)
    assert expected == pytest.approx(balanced, abs=0.005)
    for period, hits in right.items():
        assert told["recall"][period]["value"] == pytest.approx(
            np.mean(hits), abs=0.05 if in_8_bits else 0.015
        )
    if told.get("refused") is not None:
        refused = verdicts.count("not_a_painting") / len(verdicts)
        assert told["refused"]["value"] == pytest.approx(refused, abs=0.01)


@needs_data
def test_no_painting_of_the_data_is_in_the_project() -> None:
    """Reports show no picture, and no file of a version holds one."""
    for name, version in _versions():
        folder = ROOT / "models_store" / name / version
        assert "data:image/jpeg" not in (folder / "report.html").read_text("utf-8")
        assert json.loads((folder / "card.json").read_text("utf-8"))["name"] == name
