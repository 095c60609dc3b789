"""`vasari.Client` and `vasari.AsyncClient`: the same answers, the same problems, and patience."""

import asyncio
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import vasari
from tests.app.test_server import Process
from tests.images import encode, halves, jpeg, photograph, plain
from tests.models import NAME, write_version

Handler = Callable[[httpx.Request], httpx.Response]
Asking = Callable[..., Any]

KINDS = ["waiting", "awaiting"]


@pytest.fixture(params=KINDS)
def ask(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Asking:
    """Calls one method of either client, at an address or of a handler; notes its pauses."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("vasari.client.asyncio.sleep", note)

    def call(where: str | Handler, method: str, *given: Any, **options: Any) -> Any:
        settings: dict[str, Any] = {
            key: options.pop(key) for key in ("retries", "timeout") if key in options
        }
        address = where if isinstance(where, str) else "http://service/art"
        if not isinstance(where, str):
            settings["transport"] = httpx.MockTransport(where)
        if request.param == "waiting":
            with vasari.Client(address, **settings) as client:
                return getattr(client, method)(*given, **options)

        async def awaited() -> Any:
            async with vasari.AsyncClient(address, **settings) as client:
                return await getattr(client, method)(*given, **options)

        return asyncio.run(awaited())

    call.pauses = pauses  # type: ignore[attr-defined]
    return call


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of the real service."""
    store = tmp_path_factory.mktemp("models_store")
    write_version(store)
    process = Process(store, VASARI_THREADS="2")
    yield process.url
    process.end()


@pytest.mark.slow
def test_one_picture_in_all_its_forms(ask: Asking, address: str, tmp_path: Path) -> None:
    image = plain(48, 32, (250, 0, 0))
    data = encode(image)
    (tmp_path / "a.png").write_bytes(data)
    answers = [
        ask(address, "predict", each)
        for each in (data, tmp_path / "a.png", str(tmp_path / "a.png"), image)
    ]
    for answer in answers:
        assert isinstance(answer, vasari.Prediction)
        assert answer.model == vasari.ModelVersion(NAME, "1")
        assert answer.period == "medieval"
        assert answer.probabilities == answers[0].probabilities
        assert answer.confidence == answer.probabilities["medieval"]
        assert answer.years == (None, 1400)
        assert (answer.verdict, answer.reason_code) == ("confident", "clear")
        assert answer.image == vasari.ImageFacts(
            48, 32, "PNG", answer.image.bytes, exif_turned=False
        )
        assert answer.timings_ms.total > 0
        assert (answer.top, answer.heatmap, answer.similar) == ((), None, None)
    cmyk = ask(address, "predict", plain(48, 32, (0, 250, 250, 0), "CMYK"))
    assert (cmyk.image.format, cmyk.period) == ("TIFF", "medieval")


@pytest.mark.slow
def test_what_is_wanted_besides(ask: Asking, address: str) -> None:
    answer = ask(address, "predict", encode(halves()), model="tiny@1", top_k=2, heatmap="png")
    assert [entry.period for entry in answer.top] == ["post-renaissance", "medieval"] or answer.top
    assert (len(answer.top), answer.heatmap.rows, answer.heatmap.columns) == (2, 16, 16)
    assert len(answer.heatmap.maps["modern"]) == 16
    assert answer.heatmap.overlays["modern"].startswith("data:image/png")
    assert ask(address, "predict", encode(halves()), heatmap=True).heatmap.overlays in (None, {})


@pytest.mark.slow
def test_a_batch_keeps_its_order_and_its_problems(ask: Asking, address: str) -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250)]
    pictures = [encode(plain(colour=colour)) for colour in colours]
    answers = ask(address, "predict_batch", (each for each in [*pictures, b"text"]), size=2)
    assert [each.period for each in answers[:3]] == ["medieval", "renaissance", "post-renaissance"]
    assert isinstance(answers[3], vasari.Problem)
    assert (answers[3].code, answers[3].status) == ("unsupported_image", 415)
    assert ask(address, "predict_batch", []) == []


@pytest.mark.slow
def test_the_models_are_listed(ask: Asking, address: str) -> None:
    models = ask(address, "models")
    assert models.default == NAME
    (version,) = models.models
    assert (version.name, version.version, version.loaded) == (NAME, "1", True)
    assert version.classes[0] == "medieval"
    assert models.refused == ()


@pytest.mark.slow
def test_a_problem_is_raised_with_its_code(ask: Asking, address: str) -> None:
    with pytest.raises(vasari.Problem) as raised:
        ask(address, "predict", jpeg(photograph(40, 40)), model="none")
    assert (raised.value.code, raised.value.status) == ("unknown_model", 404)
    assert raised.value.members["models"] == ["tiny@1"]
    assert str(raised.value).startswith("unknown_model: Expected one of the resident models")
    again = pickle.loads(pickle.dumps(raised.value))  # noqa: S301
    assert again.members == raised.value.members


def busy(times: int, **headers: str) -> Handler:
    """A service that has no place so many times."""
    left = [times]

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.read() == b"picture"
        assert request.url.path == "/art/predict"
        if left[0]:
            left[0] -= 1
            document = {"title": "Too busy", "status": 503, "detail": "No.", "code": "overloaded"}
            return httpx.Response(503, json=document, headers=headers)
        return httpx.Response(404, json={"title": "", "status": 404, "detail": "", "code": "done"})

    return answer


@pytest.mark.parametrize(
    ("headers", "pauses"), [({"Retry-After": "7"}, [7.0, 7.0]), ({}, [1.0, 2.0])]
)
def test_a_busy_service_is_asked_again(
    ask: Any, headers: dict[str, str], pauses: list[float]
) -> None:
    with pytest.raises(vasari.Problem, match="done"):
        ask(busy(2, **headers), "predict", b"picture")
    assert ask.pauses == pauses


def test_but_not_for_ever(ask: Any) -> None:
    with pytest.raises(vasari.Problem, match="overloaded"):
        ask(busy(9, **{"Retry-After": "1000"}), "predict", b"picture", retries=2)
    assert ask.pauses == [60.0, 60.0]
    with pytest.raises(vasari.Problem, match="overloaded"):
        ask(busy(9), "predict", b"picture", retries=0)


def test_where_nobody_answers(ask: Asking) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    with pytest.raises(vasari.Unreachable, match="http://service/art/; none came: ReadTimeout"):
        ask(silent, "models")
    with pytest.raises(vasari.Unreachable, match=r"127\.0\.0\.1:1"):
        ask("http://127.0.0.1:1", "models", timeout=5)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, "<html>"),
        (502, "Bad Gateway"),
        (404, '{"detail": "Not Found"}'),
        (404, "[]"),
        (200, '{"default": 1, "models": [], "refused": []}'),
        (200, '{"models": [], "refused": []}'),
        (200, "[]"),
    ],
)
def test_somebody_else_answers(ask: Asking, status: int, body: str) -> None:
    with pytest.raises(vasari.UnexpectedAnswer, match=r"^Expected .*\.$"):
        ask(lambda _: httpx.Response(status, text=body), "models")


def test_a_batch_of_another_form(ask: Asking) -> None:
    with pytest.raises(vasari.UnexpectedAnswer):
        ask(lambda _: httpx.Response(200, json={}), "predict_batch", [b"picture"])


def test_every_model_at_once_is_not_asked(ask: Asking) -> None:
    with pytest.raises(ValueError, match="one model; received 'all'"):
        ask("http://127.0.0.1:1", "predict", b"picture", model="all")


def test_a_file_that_is_missing_is_the_callers_business(ask: Asking) -> None:
    with pytest.raises(FileNotFoundError):
        ask("http://127.0.0.1:1", "predict", "missing.jpg")
