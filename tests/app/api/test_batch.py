"""POST /predict/batch: one entry for each picture, a bad one too."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from fastapi.testclient import TestClient

from tests.app.api.problems import assert_problem
from tests.images import BLUE, encode, jpeg, plain
from tests.models import write_version

ClientFactory = Callable[..., AbstractContextManager[TestClient]]


def test_a_batch_has_one_entry_for_each_picture_in_order(client: TestClient) -> None:
    files = [
        ("files", ("red.png", encode(plain()))),
        ("files", ("notes.txt", b"hello, world")),
        ("files", ("empty.jpg", b"")),
        ("files", ("蓝.png", encode(plain(colour=BLUE)))),
        ("other", ("ignored.png", encode(plain()))),
    ]
    response = client.post("/predict/batch", files=files, params={"top_k": 1})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [each["filename"] for each in results] == ["red.png", "notes.txt", "empty.jpg", "蓝.png"]
    assert [set(each) - {"filename"} for each in results] == [
        {"prediction"},
        {"problem"},
        {"problem"},
        {"prediction"},
    ]
    assert results[0]["prediction"]["top"][0]["period"] == "medieval"
    assert results[1]["problem"]["code"] == "unsupported_image"
    assert results[2]["problem"]["code"] == "empty_image"
    assert results[3]["prediction"]["period"] == "post-renaissance"


def test_a_batch_asks_every_model(store: Path, client_for: ClientFactory) -> None:
    write_version(store, name="other")
    with client_for(models="all") as client:
        response = client.post(
            "/predict/batch", files=[("files", ("a.jpg", jpeg()))], params={"model": "all"}
        )
        (entry,) = response.json()["results"]
        assert set(entry) == {"filename", "predictions"}
        assert len(entry["predictions"]) == 2


def test_the_limits_of_a_batch(client_for: ClientFactory) -> None:
    data = encode(plain())
    with client_for(max_batch_files=3, max_body_bytes=5000, max_batch_bytes=20_000) as client:
        four = [("files", (f"{number}.png", data)) for number in range(4)]
        problem = assert_problem(client.post("/predict/batch", files=four), "body_too_large")
        assert "at most 3" in problem["detail"]
        large = [("files", ("large.png", bytes(6000))), ("files", ("small.png", data))]
        first, second = client.post("/predict/batch", files=large).json()["results"]
        assert first["problem"]["code"] == "body_too_large"
        assert first["problem"]["detail"].endswith("at most 5000 bytes; received 6000.")
        assert second["prediction"]["period"] == "medieval"
        huge = [("files", ("huge.png", bytes(20_000)))]
        assert_problem(client.post("/predict/batch", files=huge), "body_too_large")
        assert_problem(client.post("/predict/batch", files=[("x", ("a", b"1"))]), "no_image")


def test_a_large_batch_does_not_refuse_its_own_pictures(client_for: ClientFactory) -> None:
    files = [("files", (f"{number}.png", encode(plain()))) for number in range(40)]
    with client_for(queue_items=2) as client:
        results = client.post("/predict/batch", files=files).json()["results"]
    assert all("prediction" in each for each in results)
