"""The JSON form of the answers, pinned: a change here breaks somebody's program."""

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.conftest import ClientFactory
from tests.images import encode, plain
from tests.models import FULL_CARD, litert_model, write_version

PREDICTION = {
    "model": {"name": str, "version": str},
    "period": str,
    "label": {"en": str, "zh": str},
    "years": [type(None), int],
    "confidence": float,
    "probabilities": {
        "medieval": float,
        "renaissance": float,
        "post-renaissance": float,
        "modern": float,
    },
    "verdict": str,
    "reason": str,
    "reason_code": str,
    "painting": type(None),
    "date": type(None),
    "image": {"width": int, "height": int, "format": str, "bytes": int, "exif_turned": bool},
    "timings_ms": {"queue": float, "decode": float, "inference": float, "total": float},
}


def form(value: Any) -> Any:
    """The value's shape: members in their order, and types."""
    if isinstance(value, dict):
        return {key: form(member) for key, member in value.items()}
    if isinstance(value, list):
        return [form(member) for member in value]
    return type(value)


def test_prediction_to_the_letter(client: TestClient) -> None:
    data = encode(plain())
    answer = client.post("/predict", content=data).json()
    assert form(answer) == PREDICTION
    assert list(answer) == list(PREDICTION)
    timings = answer.pop("timings_ms")
    assert min(timings.values()) >= 0
    assert answer == {
        "model": {"name": "tiny", "version": "1"},
        "period": "medieval",
        "label": {"en": "Medieval", "zh": "中世纪"},
        "years": [None, 1400],
        "confidence": 0.995527,
        "probabilities": {
            "medieval": 0.995527,
            "renaissance": 0.002566,
            "post-renaissance": 0.001875,
            "modern": 3.1e-05,
        },
        "verdict": "confident",
        "reason": "Medieval has 99.5 %, at least the 50 % that this model asks for.",
        "reason_code": "clear",
        "painting": None,
        "date": None,
        "image": {
            "width": 48,
            "height": 32,
            "format": "PNG",
            "bytes": len(data),
            "exif_turned": False,
        },
    }


def test_what_is_asked_for_comes_behind(client: TestClient) -> None:
    response = client.post(
        "/predict", content=encode(plain()), params={"top_k": 1, "heatmap": True}
    )
    answer = response.json()
    assert list(answer) == [*PREDICTION, "top", "heatmap"]
    assert form(answer["top"]) == [{"period": str, "probability": float}]
    assert list(answer["heatmap"]) == ["rows", "columns", "maps"]
    maps = answer["heatmap"]["maps"]
    assert form(maps["modern"]) == [[float] * 16] * 16
    assert response.headers["content-type"] == "application/json"


def test_a_model_with_all_five_outputs(store: Path, client_for: ClientFactory) -> None:
    write_version(store, "full", files={"model.tflite": litert_model(full=True)}, card=FULL_CARD)
    with client_for(model="full") as client:
        answer = client.post("/predict", content=encode(plain())).json()
    date = {"median": int, "interval": [int, int], "share": float}
    assert form(answer) == {**PREDICTION, "painting": float, "date": date}
    assert list(answer) == list(PREDICTION)
    assert answer["painting"] == pytest.approx(0.97735, abs=1e-5)
    assert answer["date"] == {"median": 1300, "interval": [1220, 1380], "share": 0.8}


def test_all_models_side_by_side(client: TestClient) -> None:
    answer = client.post("/predict", content=encode(plain()), params={"model": "all"}).json()
    assert form(answer) == {"predictions": [PREDICTION]}


def test_batch(client: TestClient) -> None:
    files = [("files", ("a.png", encode(plain()))), ("files", ("b.png", b"text"))]
    answer = client.post("/predict/batch", files=files).json()
    assert form(answer) == {
        "results": [
            {"filename": str, "prediction": PREDICTION},
            {
                "filename": str,
                "problem": {"type": str, "title": str, "status": int, "detail": str, "code": str},
            },
        ]
    }


def test_models(client: TestClient) -> None:
    entry = {
        "name": "tiny",
        "version": "1",
        "description": "",
        "created": None,
        "classes": ["medieval", "renaissance", "post-renaissance", "modern"],
        "default": True,
        "loaded": True,
        "backend": "litert",
        "device": "cpu",
        "precision": "float32",
        "heatmap": True,
    }
    assert client.get("/models").json() == {"default": "tiny", "models": [entry], "refused": []}
    assert client.get("/models/tiny").json() == {
        "name": "tiny",
        "version": "1",
        "versions": [entry],
    }


def test_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "live"}
    assert client.get("/readyz").json() == {
        "status": "ready",
        "device": "cpu",
        "models": ["tiny@1"],
    }
