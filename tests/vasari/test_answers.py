"""`vasari.answers`: typed, and patient with other versions of the service."""

import dataclasses
from typing import Any

import pytest

from app.api import schemas
from vasari import answers
from vasari.answers import HeatMap, Models, Prediction, SimilarPainting, Version, read
from vasari.errors import UnexpectedAnswer

DOCUMENT: dict[str, Any] = schemas.PredictionAnswer.model_json_schema()["examples"][0]


def test_what_the_service_documents_is_read() -> None:
    document = DOCUMENT | {
        "date": {"median": 1652, "interval": [1590, 1710], "share": 0.8},
        "painting": 1,
        "top": [{"period": "modern", "probability": 0.5}],
        "heatmap": {"rows": 1, "columns": 2, "maps": {"modern": [[0, 0.5]]}, "overlays": {}},
        "similar": [{"rank": 1, "period": "modern", "similarity": 0.7, "artist": None}],
    }
    prediction = read(Prediction, document)
    assert prediction.date == answers.DateRange(1652, (1590, 1710), 0.8)
    assert prediction.painting == 1.0
    assert isinstance(prediction.painting, float)
    assert prediction.top == (answers.TopEntry("modern", 0.5),)
    assert prediction.heatmap == HeatMap(1, 2, {"modern": ((0.0, 0.5),)}, {})
    assert prediction.similar == (SimilarPainting(1, "modern", 0.7),)
    with pytest.raises(dataclasses.FrozenInstanceError):
        prediction.period = "medieval"  # type: ignore[misc]


def test_what_is_new_is_ignored_and_what_is_missing_has_its_default() -> None:
    old = {key: value for key, value in DOCUMENT.items() if key not in ("reason", "painting")}
    prediction = read(Prediction, old | {"news": 1})
    assert (prediction.reason, prediction.painting) == (None, None)


@pytest.mark.parametrize(
    "change",
    [
        {"confidence": "high"},
        {"confidence": True},
        {"years": [1]},
        {"image": None},
        {"probabilities": []},
        {"label": {"en": 1}},
    ],
)
def test_what_is_of_another_form_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(UnexpectedAnswer, match="Expected a Prediction"):
        read(Prediction, DOCUMENT | change)


@pytest.mark.parametrize(
    ("ours", "services"),
    [
        (Prediction, schemas.PredictionAnswer),
        (Version, schemas.VersionAnswer),
        (Models, schemas.ModelsAnswer),
        (HeatMap, schemas.HeatMapAnswer),
        (SimilarPainting, schemas.SimilarAnswer),
    ],
)
def test_no_field_of_the_service_is_left_out(ours: Any, services: Any) -> None:
    assert {each.name for each in dataclasses.fields(ours)} == set(services.model_fields)
