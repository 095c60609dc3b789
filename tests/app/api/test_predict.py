"""POST /predict: every good picture, and every bad one."""

import asyncio
import base64
import io
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from app.main import create_app
from app.settings import Settings
from tests.app.api.problems import assert_problem
from tests.app.patience import until
from tests.images import (
    BLUE,
    animated_gif,
    bomb_png,
    encode,
    halves,
    jpeg,
    oriented,
    photograph,
    plain,
)
from tests.models import FULL_CARD, litert_model, write_version

ClientFactory = Callable[..., AbstractContextManager[TestClient]]
MULTIPART = "multipart/form-data; boundary=b"


def predict(client: TestClient, data: bytes, **query: Any) -> dict[str, Any]:
    response = client.post("/predict", content=data, params=query)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def test_a_field_and_a_body_give_the_same_answer(client: TestClient) -> None:
    data = jpeg()
    as_field = client.post("/predict", files={"file": ("a.jpg", data, "image/jpeg")}).json()
    for content_type in ("image/jpeg", "image/x-anything", "application/octet-stream", None):
        headers = {"Content-Type": content_type} if content_type else {}
        as_body = client.post("/predict", content=data, headers=headers).json()
        for answer in (as_field, as_body):
            answer["timings_ms"] = None
        assert as_body == as_field


@pytest.mark.parametrize(
    ("colour", "period"),
    [
        ((255, 0, 0), "medieval"),
        ((0, 255, 0), "renaissance"),
        ((0, 0, 255), "post-renaissance"),
        ((0, 0, 0), "modern"),
    ],
)
def test_the_answer_is_the_models(
    client: TestClient, colour: tuple[int, int, int], period: str
) -> None:
    answer = predict(client, encode(plain(colour=colour)))
    assert answer["period"] == period
    assert answer["confidence"] == max(answer["probabilities"].values()) > 0.9
    assert answer["verdict"] == "confident"


@pytest.mark.parametrize(
    ("name", "data", "period"),
    [
        ("animated GIF: its first frame", animated_gif(), "medieval"),
        ("CMYK", jpeg(plain().convert("CMYK")), "medieval"),
        ("palette", encode(plain(colour=BLUE).quantize(8)), "post-renaissance"),
        ("grey", encode(plain(colour=10, mode="L")), "modern"),
        ("16 bit", encode(plain(colour=1000, mode="I;16")), "modern"),
        ("alpha on white: no longer dark", encode(plain(colour=(0, 0, 0, 0), mode="RGBA")), None),
    ],
)
def test_odd_pictures_are_read(
    client: TestClient, name: str, data: bytes, period: str | None
) -> None:
    answer = predict(client, data)
    assert name
    if period is None:
        assert answer["period"] != "modern"
    else:
        assert answer["period"] == period


def test_a_picture_turned_by_exif_answers_like_the_upright_one(client: TestClient) -> None:
    upright = predict(client, encode(halves(64, 96)))
    for orientation in range(2, 9):
        turned = predict(client, oriented(halves(64, 96), orientation))
        assert turned["probabilities"] == upright["probabilities"]
        assert turned["image"] == {
            **upright["image"],
            "bytes": turned["image"]["bytes"],
            "exif_turned": True,
        }


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("unsupported_image", b"this is a text that somebody named painting.jpg"),
        ("broken_image", jpeg()[:2000]),
        ("image_too_small", encode(plain(1, 1))),
        ("image_too_small", encode(plain(1, 20_000))),
        ("image_too_large", bomb_png()),
        ("image_too_large", bomb_png(40_000, 100)),
    ],
)
def test_bad_pictures_are_problems(client: TestClient, code: str, data: bytes) -> None:
    assert_problem(client.post("/predict", content=data), code)
    assert_problem(client.post("/predict", files={"file": ("painting.jpg", data)}), code)


def test_no_picture(client: TestClient) -> None:
    assert_problem(client.post("/predict"), "no_image")
    assert_problem(client.post("/predict", files={"picture": ("a.jpg", jpeg())}), "no_image")
    assert_problem(
        client.post("/predict", data={"file": "text"}, files={"x": ("a", b"")}), "no_image"
    )
    empty = client.post("/predict", content=b"--b--\r\n", headers={"Content-Type": MULTIPART})
    assert "received no field" in assert_problem(empty, "no_image")["detail"]


def test_an_empty_picture(client: TestClient) -> None:
    assert_problem(client.post("/predict", files={"file": ("a.jpg", b"")}), "empty_image")
    assert_problem(
        client.post("/predict", content=b"", headers={"Content-Type": "image/png"}), "empty_image"
    )


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/mixed", "?"],
)
def test_another_type_of_body(client: TestClient, content_type: str) -> None:
    response = client.post("/predict", content=jpeg(), headers={"Content-Type": content_type})
    assert repr(content_type) in assert_problem(response, "unsupported_body")["detail"]
    batch = client.post("/predict/batch", content=b"", headers={"Content-Type": content_type})
    assert_problem(batch, "unsupported_body")


def test_a_compressed_body(client: TestClient) -> None:
    response = client.post("/predict", content=jpeg(), headers={"Content-Encoding": "gzip"})
    assert_problem(response, "unsupported_body")


def test_a_body_that_is_too_large(client_for: ClientFactory) -> None:
    with client_for(max_body_bytes=10_000) as client:
        big = bytes(10_001)
        assert_problem(client.post("/predict", content=big), "body_too_large")
        assert_problem(client.post("/predict", files={"file": ("a.jpg", big)}), "body_too_large")


def test_two_pictures_where_one_is_expected(client: TestClient) -> None:
    files = [("file", ("a.jpg", jpeg())), ("file", ("b.jpg", jpeg()))]
    assert_problem(client.post("/predict", files=files), "body_too_large")


def test_top_k(client: TestClient) -> None:
    answer = predict(client, jpeg(), top_k=2)
    ranked = sorted(answer["probabilities"].items(), key=lambda each: -each[1])[:2]
    assert answer["top"] == [{"period": name, "probability": share} for name, share in ranked]
    assert len(predict(client, jpeg(), top_k=99)["top"]) == 4
    assert "top" not in predict(client, jpeg())


@pytest.mark.parametrize(
    ("parameter", "value"), [("top_k", "0"), ("top_k", "few"), ("heatmap", "maybe")]
)
def test_a_parameter_that_makes_no_sense(client: TestClient, parameter: str, value: str) -> None:
    response = client.post("/predict", content=jpeg(), params={parameter: value})
    problem = assert_problem(response, "invalid_request")
    assert problem["errors"][0]["parameter"] == parameter
    assert problem["errors"][0]["received"] == value
    assert parameter in problem["detail"]


def test_heat_map(client: TestClient) -> None:
    """The red half speaks for medieval, where it is."""
    image = plain(64, 64, (0, 0, 0))
    image.paste((255, 0, 0), (0, 0, 32, 64))
    found = predict(client, encode(image), heatmap=True)["heatmap"]
    assert (found["rows"], found["columns"]) == (16, 16)
    medieval = np.array(found["maps"]["medieval"])
    assert medieval[:, :7].min() > 0.5
    assert medieval[:, 9:].max() == 0
    assert set(found["maps"]) == {"medieval", "renaissance", "post-renaissance", "modern"}
    assert "heatmap" not in predict(client, encode(image))


def test_heat_map_as_overlays(client: TestClient) -> None:
    """Beside the grid: a picture for each period, of the picture's shape."""
    image = plain(64, 32, (0, 0, 0))
    image.paste((255, 0, 0), (0, 0, 32, 32))
    data = encode(image)
    found = predict(client, data, heatmap="png")["heatmap"]
    grid = predict(client, data, heatmap="true")["heatmap"]
    assert "overlays" not in grid
    assert {key: found[key] for key in grid} == grid
    assert list(found["overlays"]) == list(found["maps"])
    start = "data:image/png;base64,"
    assert all(each.startswith(start) for each in found["overlays"].values())
    stored = base64.b64decode(found["overlays"]["medieval"].removeprefix(start))
    overlay = np.asarray(Image.open(io.BytesIO(stored)).convert("RGBA"))[..., 3]
    assert overlay.shape == (256, 512)
    assert overlay[:, :220].min() > 80
    assert overlay[:, 300:].max() == 0


@pytest.mark.parametrize(("value", "asked"), [("True", True), ("1", True), ("off", False)])
def test_words_for_yes_and_no(client: TestClient, value: str, asked: bool) -> None:
    assert ("heatmap" in predict(client, jpeg(), heatmap=value)) is asked


def test_heat_map_of_a_model_without_one(store: Path, client_for: ClientFactory) -> None:
    bare = {"model.tflite": litert_model(signature=False)}
    write_version(store, name="bare", files=bare)
    with client_for(model="bare") as client:
        assert predict(client, jpeg(), heatmap=True)["heatmap"] is None
        assert predict(client, jpeg(), heatmap="png")["heatmap"] is None


def test_what_is_no_painting_is_told(store: Path, client_for: ClientFactory) -> None:
    """White is none, whatever its period; dark green is one, of two periods about as probable."""
    write_version(store, "full", files={"model.tflite": litert_model(full=True)}, card=FULL_CARD)
    with client_for(model="full") as client:
        white = predict(client, encode(plain(colour=(255, 255, 255))))
        assert (white["verdict"], white["reason_code"]) == ("not_a_painting", "not_a_painting")
        assert white["painting"] < 0.05
        assert white["reason"].startswith("It does not look like a painting: 1.7 % where")
        assert sum(white["probabilities"].values()) == pytest.approx(1, abs=1e-5)
        green = predict(client, encode(plain(colour=(0, 85, 0))))
        assert (green["verdict"], green["reason_code"]) == ("uncertain", "close")
        assert green["painting"] > 0.95
        assert "Renaissance" in green["reason"]
        assert "Modern" in green["reason"]


def test_models_are_chosen_by_name_and_version(store: Path, client_for: ClientFactory) -> None:
    write_version(store, version="2")
    write_version(store, name="large", side=32)
    with client_for(models="tiny@1,large") as client:
        for query, expected in {
            None: ("tiny", "2"),
            "tiny": ("tiny", "2"),
            "tiny@1": ("tiny", "1"),
            "large": ("large", "1"),
        }.items():
            answer = predict(client, jpeg(), **({"model": query} if query else {}))
            assert answer["model"] == {"name": expected[0], "version": expected[1]}
        everyone = predict(client, jpeg(), model="all", top_k=1)["predictions"]
        assert [f"{each['model']['name']}@{each['model']['version']}" for each in everyone] == [
            "large@1",
            "tiny@2",
            "tiny@1",
        ]
        alone = predict(client, jpeg(), model="tiny@1", top_k=1)
        assert everyone[2]["probabilities"] == alone["probabilities"]
        for unknown in ("nobody", "tiny@3", "large@2"):
            response = client.post("/predict", content=jpeg(), params={"model": unknown})
            problem = assert_problem(response, "unknown_model")
            assert problem["models"] == ["large@1", "tiny@2", "tiny@1"]


def test_a_version_that_is_known_but_not_resident(store: Path, client_for: ClientFactory) -> None:
    write_version(store, version="2")
    with client_for() as client:
        response = client.post("/predict", content=jpeg(), params={"model": "tiny@1"})
        problem = assert_problem(response, "unknown_model")
        assert "Expected one of the resident models ['tiny@2']" in problem["detail"]


def test_overload_is_told_before_the_body_is_read(
    settings_for: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = create_app(settings_for())
    with TestClient(app) as client:
        monkeypatch.setattr(app.state.service.engine, "queue_items", 0)
        for path in ("/predict", "/predict/batch"):
            response = client.post(path, files={"file": ("a.jpg", jpeg())})
            assert_problem(response, "overloaded")
            assert int(response.headers["Retry-After"]) >= 1


def test_too_many_bytes_at_once(settings_for: Callable[..., Settings]) -> None:
    app = create_app(settings_for())
    with TestClient(app) as client:
        app.state.service.engine.queue_bytes = 100
        assert_problem(client.post("/predict", content=jpeg()), "overloaded")
        assert app.state.service.engine.held_bytes == 0


def test_a_late_answer_is_a_problem(client_for: ClientFactory) -> None:
    with client_for(deadline_seconds=0.001) as client:
        response = client.post("/predict", content=encode(photograph(2000, 2000)))
        assert_problem(response, "deadline_exceeded")


def test_when_the_caller_leaves_the_work_is_given_up(
    settings_for: Callable[..., Settings],
) -> None:
    """The work of a caller who has left never starts."""
    app = create_app(settings_for(threads=1))
    sent: list[Any] = []
    ran: list[str] = []

    async def scenario() -> None:
        async with app.router.lifespan_context(app):
            engine = app.state.service.engine
            release = asyncio.Event()
            loop = asyncio.get_running_loop()

            def block(_: object) -> None:
                ran.append("first")
                asyncio.run_coroutine_threadsafe(release.wait(), loop).result(10)

            first = asyncio.create_task(engine.run(block))
            await until(lambda: bool(ran))
            messages: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
            await messages.put({"type": "http.request", "body": jpeg(), "more_body": False})
            scope = {
                "type": "http",
                "method": "POST",
                "path": "/predict",
                "raw_path": b"/predict",
                "query_string": b"",
                "headers": [],
                "root_path": "",
                "scheme": "http",
                "server": ("test", 80),
            }

            async def send(message: Any) -> None:
                sent.append(message)

            request = asyncio.create_task(app(scope, messages.get, send))
            await until(lambda: engine.waiting == 1)
            await messages.put({"type": "http.disconnect"})
            await request
            assert engine.waiting == 0
            assert engine.held_bytes == 0
            release.set()
            await first

    asyncio.run(scenario())
    assert sent == []
