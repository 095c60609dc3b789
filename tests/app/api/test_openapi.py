"""The OpenAPI document: both forms of the body, and an example of every answer."""

import re

from fastapi.testclient import TestClient


def test_both_forms_of_the_body_are_documented(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/predict"]["post"]
    content = operation["requestBody"]["content"]
    assert set(content) == {"multipart/form-data", "image/*", "application/octet-stream"}
    form = content["multipart/form-data"]["schema"]
    assert form["required"] == ["file"]
    assert form["properties"]["file"]["format"] == "binary"
    names = {each["name"] for each in operation["parameters"]}
    assert names == {"model", "top_k", "heatmap", "similar"}


def test_the_batch_is_documented(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/predict/batch"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["properties"]["files"]["type"] == "array"


def test_answers_have_examples(client: TestClient) -> None:
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("PredictionAnswer", "PredictionsAnswer", "BatchAnswer", "VersionAnswer"):
        assert schemas[name]["examples"]
    assert schemas["PredictionAnswer"]["examples"][0]["period"] == "renaissance"


def test_every_operation_has_words(client: TestClient) -> None:
    for path in client.get("/openapi.json").json()["paths"].values():
        for operation in path.values():
            assert operation["summary"]
            assert operation["description"]


def test_every_operation_documents_problems_and_no_other_form_of_error(
    client: TestClient,
) -> None:
    response = client.get("/openapi.json")
    assert "HTTPValidationError" not in response.text
    assert "ProblemDocument" in response.json()["components"]["schemas"]
    for path in response.json()["paths"].values():
        for operation in path.values():
            for status, answer in operation["responses"].items():
                form = "application/problem+json"
                is_protocol = operation["tags"] == ["Open Inference Protocol"]
                assert (form in answer["content"]) == (status != "200" and not is_protocol)


def test_below_v2_every_operation_documents_the_protocols_errors(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    below = {path: each for path, each in document["paths"].items() if path.startswith("/v2")}
    assert len(below) == 19
    for path, operations in below.items():
        named = set(re.findall(r"{(\w+)}", path))
        for operation in operations.values():
            given = operation.get("parameters", [])
            assert {each["name"] for each in given if each["in"] == "path"} == named
            assert {each["in"] for each in given} <= {"path", "header"}
            for status, answer in operation["responses"].items():
                if status != "200":
                    (content,) = answer["content"].values()
                    assert content["schema"] == {"$ref": "#/components/schemas/ErrorAnswer"}


def test_the_example_of_a_request_to_infer_is_answered(client: TestClient) -> None:
    operation = client.get("/openapi.json").json()["paths"]["/v2/models/{name}/infer"]["post"]
    content = operation["requestBody"]["content"]
    assert set(content) == {"application/json", "application/octet-stream"}
    answer = client.post("/v2/models/tiny/infer", json=content["application/json"]["example"])
    assert answer.status_code == 200
    assert "$ref" not in str(content)


def test_docs_are_served(client: TestClient) -> None:
    response = client.get("/docs")
    assert response.status_code == 200
    assert "openapi.json" in response.text
