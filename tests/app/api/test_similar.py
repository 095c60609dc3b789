"""`similar=n`: the most similar of what the model learnt from, with what is known of each."""

import io
import threading
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.service import Service
from tests.app.api.problems import assert_problem
from tests.conftest import ClientFactory
from tests.models import litert_model, references_arrays, references_file, write_version

GIOTTO = {
    "artist": "Giotto",
    "title": "Kiss of Judas",
    "year": "1305",
    "period": "medieval",
    "source": "met",
    "page": "https://museum.example/1",
    "licence": "cc0",
}
FACTS = [GIOTTO, {"artist": "Titian", "period": "renaissance"}, {"period": "modern"}]
COLOURS = [(250, 20, 20), (20, 250, 20), (20, 20, 250)]
SMALL = b"\xff\xd8a small picture\xff\xd9"


def write_with_references(store: Path, version: str, facts: Any = None) -> Path:
    """A version of the tiny model, whose embedding is the mean colour."""
    arrays = references_arrays(facts or FACTS, COLOURS, [SMALL, b"", b""])
    files = {"model.tflite": litert_model(), "references.npz": references_file(arrays)}
    return write_version(store, version=version, files=files)


def picture(*colour: int) -> bytes:
    stored = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(stored, "PNG")
    return stored.getvalue()


def ask(client: TestClient, query: str, *colour: int) -> Any:
    return client.post(f"/predict?{query}", content=picture(*(colour or (250, 60, 30))))


@pytest.fixture
def client(store: Path, client_for: ClientFactory) -> Any:
    write_with_references(store, "2")
    with client_for() as opened:
        yield opened


def test_the_most_similar_come_first_with_their_facts(client: TestClient) -> None:
    found = ask(client, "similar=2").json()["similar"]
    assert [each["rank"] for each in found] == [1, 2]
    first = found[0]
    assert {key: first[key] for key in GIOTTO} == GIOTTO
    assert first["similarity"] == pytest.approx(1, abs=0.05)
    assert b64decode(first["thumbnail"].removeprefix("data:image/jpeg;base64,")) == SMALL
    assert found[1]["artist"] == "Titian"
    assert found[1]["title"] is None
    assert found[1]["thumbnail"] is None
    assert found[1]["similarity"] < first["similarity"]


def test_there_are_no_more_than_the_model_has(client: TestClient) -> None:
    assert len(ask(client, "similar=20").json()["similar"]) == 3
    assert ask(client, "similar=0").json()["similar"] == []


def test_nothing_is_said_that_was_not_asked_for(client: TestClient) -> None:
    assert "similar" not in ask(client, "top_k=1").json()


@pytest.mark.parametrize("count", ["-1", "21", "many"])
def test_a_number_out_of_range_is_told(client: TestClient, count: str) -> None:
    problem = assert_problem(ask(client, f"similar={count}"), "invalid_request")
    assert problem["errors"][0]["parameter"] == "similar"


def test_a_model_without_references_says_null(client_for: ClientFactory, store: Path) -> None:
    with client_for() as plain:
        assert ask(plain, "similar=3").json()["similar"] is None
    write_version(store, name="other")
    write_with_references(store, "2")
    with client_for(models="all") as both:
        answers = ask(both, "similar=1&model=all").json()["predictions"]
    found = {each["model"]["name"]: each["similar"] for each in answers}
    assert found["other"] is None
    assert found["tiny"][0]["artist"] == "Giotto"


def test_a_batch_answers_for_each_picture(client: TestClient) -> None:
    files = [
        ("files", (name, picture(*colour))) for name, colour in zip("ab", COLOURS, strict=False)
    ]
    results = client.post("/predict/batch?similar=1", files=files).json()["results"]
    artists = [each["prediction"]["similar"][0]["artist"] for each in results]
    assert artists == ["Giotto", "Titian"]


def test_every_worker_thread_searches_the_same_list(client: TestClient) -> None:
    """One copy a version; answers do not depend on which worker gives them."""
    (resident,) = client.app.state.service.residents.current  # type: ignore[attr-defined]
    references = resident.references
    assert len(resident.runners) == 2
    threads, nearest = set(), references.nearest

    def noted(*given: Any) -> Any:
        threads.add(threading.get_ident())
        return nearest(*given)

    references.nearest = noted
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(client, "similar=3").json()["similar"], range(32)))
    assert len(threads) == 2
    assert all(each == answers[0] for each in answers)


def test_a_new_version_brings_its_own_references(client: TestClient, store: Path) -> None:
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    write_with_references(store, "3", [{"artist": "Duccio", "period": "medieval"}, *FACTS[1:]])
    service.watcher.look(forced=True)
    answer = ask(client, "similar=1").json()
    assert answer["model"]["version"] == "3"
    assert answer["similar"][0]["artist"] == "Duccio"
    write_version(store, version="4")
    service.watcher.look(forced=True)
    assert ask(client, "similar=1").json()["similar"] is None
