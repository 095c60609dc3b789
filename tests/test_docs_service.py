"""docs/http.md and docs/operations.md leave out no endpoint, field, setting or code."""

import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.api import schemas
from app.settings import PREFIX, Settings
from tests.app.api.problems import STATUS

DOCS = Path(__file__).parents[1] / "docs"
HTTP = (DOCS / "http.md").read_text(encoding="utf-8")
OPERATIONS = (DOCS / "operations.md").read_text(encoding="utf-8")
DESIGN = (DOCS / "design.md").read_text(encoding="utf-8")
SETTINGS = sorted(PREFIX + name.upper() for name in Settings.model_fields)


@pytest.mark.parametrize("variable", SETTINGS)
def test_every_setting_is_explained(variable: str) -> None:
    assert re.search(rf"^\| `{variable}` \| .+ \| .+ \|$", OPERATIONS, re.MULTILINE)
    assert f"`{variable}`" in DESIGN


def test_no_setting_is_explained_that_does_not_exist() -> None:
    mentioned = set(re.findall(r"VASARI_[A-Z_]*[A-Z]", HTTP + OPERATIONS + DESIGN))
    assert mentioned == set(SETTINGS)


@pytest.mark.parametrize(("code", "status"), sorted(STATUS.items()))
def test_every_code_is_explained_with_its_status(code: str, status: int) -> None:
    assert f"| `{code}` | {status} |" in HTTP


def test_no_code_is_explained_that_does_not_exist() -> None:
    assert set(re.findall(r"^\| `(\w+)` \| \d+ \|", HTTP, re.MULTILINE)) == set(STATUS)


def test_every_problem_that_is_ours_is_an_operators_business() -> None:
    for code in (code for code, status in STATUS.items() if status >= 500):
        assert f"| `{code}` |" in OPERATIONS


def test_every_address_is_explained(client: TestClient) -> None:
    for path, operations in client.get("/openapi.json").json()["paths"].items():
        for method in operations:
            assert re.search(rf"{method.upper()} {re.escape(path)}`|`{re.escape(path)}`", HTTP)


def test_every_parameter_is_explained(client: TestClient) -> None:
    for operations in client.get("/openapi.json").json()["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", []):
                assert f"`{parameter['name']}`" in HTTP or f"{{{parameter['name']}}}" in HTTP


@pytest.mark.parametrize(
    "model",
    [
        schemas.PredictionAnswer,
        schemas.BatchEntry,
        schemas.VersionAnswer,
        schemas.RefusedAnswer,
        schemas.ModelAnswer,
        schemas.ImageAnswer,
        schemas.TimingsAnswer,
        schemas.HeatMapAnswer,
        schemas.SimilarAnswer,
        schemas.DateAnswer,
    ],
)
def test_every_field_is_explained(model: type[BaseModel]) -> None:
    for name in model.model_fields:
        assert re.search(rf'[`"]{name}[`"]', HTTP), name
