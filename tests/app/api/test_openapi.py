"""The OpenAPI document: both forms of the body, and an example of every answer."""

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
                assert (form in answer["content"]) == (status != "200")


def test_docs_are_served(client: TestClient) -> None:
    response = client.get("/docs")
    assert response.status_code == 200
    assert "openapi.json" in response.text
