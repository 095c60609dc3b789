"""From the museums to an answer: collect, train, serve, and ask for similar paintings."""

import io
from base64 import b64decode
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from rich.console import Console

from app.main import create_app
from app.model_card import read_card
from app.settings import Settings
from tests.training.collect.museum_answers import CONTACT, Museums
from tests.training.collect.museum_server import Detour, museum_server
from tests.training.collect.running import rows_of
from tests.training.collect.virtual_time import VirtualClock
from training.collect import command
from training.run import main as train

BY = "https://creativecommons.org/licenses/by/4.0/"


def _collect(folder: Path) -> int:
    """Seven museums on a real socket; the Danish one asks to be named."""
    museums = Museums(each=1)
    museums.smk = [replace(each, extra={"rights": BY}) for each in museums.smk]
    line = ["--out", str(folder), "--per-period", "7", "--contact", CONTACT]
    line += ["--licence", "cc0", "--licence", "pdm", "--licence", "cc-by"]
    with museum_server(museums) as port:
        world = command.World(transport=Detour(port), clock=VirtualClock())
        return command.main(line, console=Console(file=io.StringIO()), world=world)


def _ask(client: TestClient, path: Path) -> dict[str, Any]:
    response = client.post("/predict?similar=20", content=path.read_bytes())
    assert response.status_code == 200
    answer: dict[str, Any] = response.json()
    return answer


@pytest.mark.slow
def test_what_museums_give_is_learnt_served_and_named(tmp_path: Path) -> None:
    """Every fact of a similar painting is the manifest's; a picture of it only where it is free."""
    data, store = tmp_path / "data", tmp_path / "store"
    assert _collect(data) == command.OK
    works = {row["file"]: row for row in rows_of(data / "manifest.csv")}
    licences = {row["licence"] for row in works.values()}
    assert licences == {"cc0", "pdm", "cc-by"}

    line = ["--data", str(data), "--models-store", str(store), "--cache", str(tmp_path / "cache")]
    line += ["--name", "museums", "--size", "32", "--epochs", "1", "--cache-gigabytes", "0"]
    assert train([*line, "--references", "--thumbnails"]) == 0
    learnt = {file: row for file, row in works.items() if row["split"] != "test"}
    free = [row for row in learnt.values() if row["licence"] != "cc-by"]
    card = read_card(store / "museums" / "1")
    assert card.references is not None
    assert card.references.works == len(learnt)
    assert card.references.thumbnails == len(free)
    assert (card.files["references.npz"].size or 0) < 20_000 * len(learnt)

    settings = Settings(models_store=store, model="museums", device="cpu", deadline_seconds=300)
    with TestClient(create_app(settings)) as client:
        for file, row in list(learnt.items())[::5]:
            answer = _ask(client, data / file)
            assert answer["model"] == {"name": "museums", "version": "1"}
            first = answer["similar"][0]
            facts = ("artist", "title", "year", "period", "source", "page", "licence")
            assert {name: first[name] for name in facts} == {name: row[name] for name in facts}
            assert first["similarity"] > 0.8, "8 bits, or the reference is another"
        for each in answer["similar"]:
            assert (each["thumbnail"] is not None) == (each["licence"] != "cc-by")
        shown = client.get("/models/museums/1").json()["references"]
        assert shown["works"] == len(learnt)
    assert {each["licence"] for each in answer["similar"]} > {"cc-by"}
    thumbnail = next(each["thumbnail"] for each in answer["similar"] if each["thumbnail"])
    with Image.open(io.BytesIO(b64decode(thumbnail.partition(",")[2]))) as image:
        assert image.format == "JPEG"
        assert max(image.size) == 192
