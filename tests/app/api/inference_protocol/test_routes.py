"""The addresses below /v2, by hand: both spellings, every form of a body, the one error form."""

import base64
import gzip
import json
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.api.inference_protocol import description
from app.api_keys import add_key
from tests.conftest import ClientFactory
from tests.images import encode, jpeg, plain
from tests.models import NAME, SIDE, write_version

INFER = f"/v2/models/{NAME}/infer"
HEADER = "Inference-Header-Content-Length"


def request_with(**given: Any) -> dict[str, Any]:
    picture = {
        "name": "image",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"content_type": "base64"},
        "data": [base64.b64encode(jpeg(plain())).decode()],
    }
    return {"inputs": [{**picture, **given}]}


def assert_error(response: Any, status: int, words: str) -> None:
    assert response.status_code == status, response.text
    assert list(response.json()) == ["error"]
    assert words in response.json()["error"]
    assert ("retry-after" in response.headers) == (status == 503)


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_both_spellings_of_the_root(client: TestClient, path: str) -> None:
    response = client.get(path, follow_redirects=False)
    assert response.status_code == 200
    assert response.json()["name"] == "vasari"


def test_health_and_models(client: TestClient) -> None:
    assert client.get("/v2/health/live").json() == {"live": True}
    assert client.get("/v2/health/ready").json() == {"ready": True, "live": True}
    assert client.get("/v2/models").json() == {"models": [NAME]}
    assert client.get(f"/v2/models/{NAME}/versions/1/ready").json()["ready"] is True
    assert client.get(f"/v2/models/{NAME}/versions/1").json()["versions"] == ["1"]


def test_json_in_and_json_out(client: TestClient) -> None:
    answer = client.post(INFER, json={"id": "a", **request_with()}).json()
    assert (answer["model_name"], answer["model_version"], answer["id"]) == (NAME, "1", "a")
    named = {each["name"]: each for each in answer["outputs"]}
    assert named["label"] == {
        "name": "label",
        "datatype": "BYTES",
        "shape": [1],
        "data": ["medieval"],
    }
    same = client.post("/predict", content=jpeg(plain())).json()["probabilities"]
    assert named["probabilities"]["data"] == list(same.values())


def test_the_whole_body_may_be_one_picture(client: TestClient) -> None:
    response = client.post(INFER, content=jpeg(plain()), headers={HEADER: "0"})
    length = int(response.headers[HEADER])
    outputs = json.loads(response.content[:length])["outputs"]
    sizes = [each["parameters"]["binary_data_size"] for each in outputs]
    assert sum(sizes) == len(response.content) - length
    assert response.content[length:][sizes[0] :].startswith(struct.pack("<I", 8) + b"medieval")


@pytest.mark.parametrize("nested", [True, False])
def test_pixels_as_numbers(client: TestClient, nested: bool) -> None:
    row = [[250, 0, 0]] * SIDE
    data: Any = [[row] * SIDE] if nested else [250, 0, 0] * SIDE * SIDE
    given = {"name": "pixels", "datatype": "UINT8", "shape": [1, SIDE, SIDE, 3], "data": data}
    outputs = client.post(INFER, json={"inputs": [given]}).json()["outputs"]
    assert outputs[1]["data"] == ["medieval"]


def test_pixels_are_seen_by_all_views(store: Path, client_for: ClientFactory) -> None:
    """A model that looks at the mirror image too does so for pixels."""
    write_version(
        store,
        "views",
        card={"input": {"height": SIDE, "width": SIDE, "views": ["whole", "mirror"]}},
    )
    given = {"name": "pixels", "datatype": "UINT8", "shape": [1, SIDE, SIDE, 3]}
    data = [250, 0, 0] * SIDE * SIDE
    with client_for(models="views") as client:
        answer = client.post("/v2/models/views/infer", json={"inputs": [{**given, "data": data}]})
    assert answer.json()["outputs"][1]["data"] == ["medieval"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "other"}, "Expected the input 'image' or 'pixels'"),
        ({"datatype": "FP32"}, "Expected the datatype BYTES"),
        ({"shape": [2]}, "Expected 2 texts"),
        ({"shape": [0]}, "inputs.0.shape.0"),
        ({"data": ["%%%"]}, "Expected base64"),
        ({"data": [5]}, "Expected 1 texts"),
        ({"data": None}, "Expected data"),
        ({"data": [[[[[["a"]]]]]]}, "Expected 1 texts"),
        ({"parameters": {"shared_memory_region": "x"}}, "shared memory"),
        ({"parameters": {"binary_data_size": 5}}, "from 0 to 0; received '5'"),
        ({"name": "pixels"}, "Expected the datatype UINT8"),
        ({"name": "pixels", "datatype": "UINT8", "shape": [1, 4, 4, 3]}, "Expected the shape"),
        (
            {"name": "pixels", "datatype": "UINT8", "shape": [1, SIDE, SIDE, 3]},
            f"Expected {SIDE * SIDE * 3} whole numbers",
        ),
        (
            {
                "name": "pixels",
                "datatype": "UINT8",
                "shape": [1, SIDE, SIDE, 3],
                "data": [256] * SIDE * SIDE * 3,
            },
            "from 0 to 255",
        ),
    ],
)
def test_an_input_that_cannot_be_used(
    client: TestClient, change: dict[str, Any], words: str
) -> None:
    assert_error(client.post(INFER, json=request_with(**change)), 400, words)


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        ([{"name": "other"}], "Expected one of the outputs"),
        ([{"name": "label", "parameters": {"classification": 1}}], "classification of"),
        ([{"name": "probabilities", "parameters": {"classification": "2"}}], "number of classes"),
    ],
)
def test_an_output_that_is_not_there(client: TestClient, outputs: Any, words: str) -> None:
    assert_error(client.post(INFER, json={**request_with(), "outputs": outputs}), 400, words)


@pytest.mark.parametrize(
    ("body", "headers", "status", "words"),
    [
        (b"", {}, 400, "Expected JSON"),
        (b"{", {}, 400, "Expected JSON"),
        (b"[" * 4000, {}, 400, "Expected JSON"),
        (b"{}", {}, 400, "inputs: Field required"),
        (b"[]", {}, 400, "Expected an inference request"),
        (b'{"inputs": []}', {}, 400, "inputs: "),
        (b"{}", {HEADER: "3"}, 400, "from 0 to 2; received '3'"),
        (b"{}", {HEADER: "-1"}, 400, "received '-1'"),
        (b"text", {HEADER: "0"}, 400, "unsupported_image"),
        (b"", {HEADER: "0"}, 400, "empty_image"),
        (b"x", {"Content-Encoding": "br"}, 400, "gzip or deflate, or none; received 'br'"),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400, "Expected a body of gzip"),
        (gzip.compress(b"{}", mtime=0)[:-9], {"Content-Encoding": "gzip"}, 400, "cut short"),
        (gzip.compress(bytes(20_000), mtime=0), {"Content-Encoding": "gzip"}, 413, "when inflated"),
        (zlib.compress(bytes(20_000)), {"Content-Encoding": "deflate"}, 413, "when inflated"),
        (bytes(20_000), {}, 413, "at most 10000 bytes"),
        (b" " * 6000 + b"{}", {}, 413, "at most 5000 bytes of JSON"),
    ],
)
def test_a_body_that_cannot_be_used(
    client_for: ClientFactory, body: bytes, headers: dict[str, str], status: int, words: str
) -> None:
    with client_for(max_batch_bytes=10_000, max_body_bytes=5000, queue_bytes=10**6) as client:
        assert_error(client.post(INFER, content=body, headers=headers), status, words)
        assert client.app.state.service.engine.held_bytes == 0  # type: ignore[attr-defined]


def test_bytes_behind_the_json_must_be_those_announced(client: TestClient) -> None:
    def post(rest: bytes, size: int) -> Any:
        given: dict[str, Any] = {"name": "image", "datatype": "BYTES", "shape": [1]}
        given["parameters"] = {"binary_data_size": size}
        text = json.dumps({"inputs": [given]}).encode()
        return client.post(INFER, content=text + rest, headers={HEADER: str(len(text))})

    picture = encode(plain())
    blob = struct.pack("<I", len(picture)) + picture
    assert post(blob, len(blob)).status_code == 200
    assert_error(post(blob + b"x", len(blob)), 400, "behind the JSON")
    assert_error(post(blob, len(blob) - 1), 400, "behind the JSON")
    assert_error(post(blob[:-1], len(blob) - 1), 400, "Expected 1 elements")
    assert_error(post(b"", 0), 400, "Expected 1 elements")


def test_bodies_may_be_compressed(client: TestClient) -> None:
    text = json.dumps(request_with()).encode()
    for encoding, body in (("gzip", gzip.compress(text)), ("deflate", zlib.compress(text))):
        response = client.post(INFER, content=body, headers={"Content-Encoding": encoding})
        assert response.json()["outputs"][1]["data"] == ["medieval"]


def test_a_picture_may_be_as_large_as_for_predict(client_for: ClientFactory) -> None:
    data = base64.b64encode(bytes(2000)).decode()
    with client_for(max_body_bytes=1999 + 1000, max_batch_bytes=9000) as client:
        assert client.post(INFER, json=request_with(data=[data])).status_code == 400
    with client_for(max_body_bytes=1024 * 3, max_batch_bytes=9000) as client:
        blob = bytes(3073)
        response = client.post(INFER, content=blob, headers={HEADER: "0"})
        assert_error(response, 413, "a picture of at most 3072 bytes")


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/v2/models/none", 404, "unknown_model"),
        ("GET", f"/v2/models/{NAME}/versions/9", 404, "unknown_model"),
        ("GET", "/v2/models/none/stats", 404, "unknown_model"),
        ("GET", "/v2/models/none/config", 404, "unknown_model"),
        ("POST", "/v2/models/none/infer", 404, "unknown_model"),
        ("GET", "/v2/nowhere", 404, "not_found"),
        ("GET", "/v2/models/none?version=1", 404, "unknown_model"),
        ("PUT", "/v2/nowhere/else", 404, "not_found"),
    ],
)
def test_what_is_not_there(
    client: TestClient, method: str, path: str, status: int, words: str
) -> None:
    assert_error(client.request(method, path), status, words)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", INFER, "POST"),
        ("GET", f"/v2/models/{NAME}/versions/1/infer", "POST"),
        ("DELETE", "/v2", "GET"),
        ("TRACE", "/v2/", "GET"),
        ("POST", "/v2/models/stats", "GET"),
        ("POST", "/v2/health/live", "GET"),
        ("GET", "/v2/repository/index", "POST"),
    ],
)
def test_an_address_that_takes_other_methods(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    assert_error(response, 405, f"method_not_allowed: Expected {allowed} for")
    assert response.headers["allow"] == allowed


def test_a_version_stands_in_the_path_and_not_in_the_query(client: TestClient) -> None:
    assert client.get(f"/v2/models/{NAME}?version=9").json()["versions"] == ["1"]


@pytest.mark.parametrize("text", ["\\ud800", "a\\udfff"])
def test_half_a_surrogate_is_no_text(client: TestClient, text: str) -> None:
    """JSON can spell it, and no answer could hold it."""
    body = json.dumps({"id": "I", **request_with(parameters={}, data=["D"])})
    for place in ("I", "D"):
        response = client.post(INFER, content=body.replace(f'"{place}"', f'"{text}"', 1))
        assert_error(response, 400, "Expected JSON; ")


@pytest.mark.parametrize(
    "change",
    [{"shape": ["1"]}, {"shape": "1"}, {"name": 5}, {"parameters": None}, {"shape": [1.5]}],
)
def test_what_looks_like_the_type_that_is_asked_for_is_none(
    client: TestClient, change: dict[str, Any]
) -> None:
    assert_error(client.post(INFER, json=request_with(**change)), 400, "inputs.0.")


def test_strangers_and_eager_callers_are_told_in_this_form_too(
    client_for: ClientFactory, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"
    key = add_key(keys, "museum")
    with client_for(api_keys_file=keys, rate_limit="1/hour") as client:
        response = client.post(INFER, json=request_with())
        assert_error(response, 401, "unauthorized: ")
        assert response.headers["www-authenticate"].startswith("Basic")
        with_key = {"X-API-Key": key}
        assert client.post(INFER, json=request_with(), headers=with_key).status_code == 200
        again = client.post(INFER, json=request_with(), headers=with_key)
        assert (again.status_code, again.headers["retry-after"]) == (429, "3600")
        assert again.json()["error"].startswith("rate_limited: ")
        assert client.get("/v2/health/live").status_code == 200
        paths = client.get("/openapi.json", headers=with_key).json()["paths"]
        asked = {
            path for path, each in paths.items() if all("security" in of for of in each.values())
        }
        assert {"/v2", "/v2/models", "/v2/models/{name}/infer"} <= asked
        assert not {"/v2/health/live", "/v2/health/ready", "/healthz"} & asked


def test_an_unexpected_failure_is_told_in_this_form_too(
    client_for: ClientFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(description, "server", fail)
    with client_for() as client:
        assert_error(client.get("/v2"), 500, "internal_error: The service failed")


def test_a_busy_service_says_when_to_come_again(client_for: ClientFactory) -> None:
    with client_for(queue_items=1) as client:
        client.app.state.service.engine.queue_items = 0  # type: ignore[attr-defined]
        assert_error(client.post(INFER, json=request_with()), 503, "overloaded")


def test_the_index_tells_of_what_does_not_answer(store: Path, client_for: ClientFactory) -> None:
    write_version(store, "other", "3")
    write_version(store, "broken", card={"format_version": 8})
    with client_for() as client:
        index = client.post("/v2/repository/index").json()
        states = {(each["name"], each["version"]): each["state"] for each in index}
        assert states == {
            ("broken", "1"): "UNAVAILABLE",
            ("other", "3"): "UNAVAILABLE",
            (NAME, "1"): "READY",
        }
        assert "format_version" in index[0]["reason"]
        ready = client.post("/v2/repository/index", json={"ready": True}).json()
        assert [each["name"] for each in ready] == [NAME]
        assert_error(client.post("/v2/repository/index", content=b"[]"), 400, "Expected no body")


def test_statistics_count_every_door(client: TestClient) -> None:
    client.post("/predict", content=jpeg(plain()))
    client.post("/predict", content=b"text")
    (of,) = client.get("/v2/models/stats").json()["model_stats"]
    assert of["inference_count"] == of["inference_stats"]["success"]["count"] == 1
    assert of["inference_stats"]["fail"]["count"] == 1
    assert client.get(f"/v2/models/{NAME}/stats").json()["model_stats"] == [of]


def test_its_problems_are_counted(client: TestClient) -> None:
    client.get("/v2/models/none")
    assert 'vasari_problems_total{code="unknown_model"} 1.0' in client.get("/metrics").text
