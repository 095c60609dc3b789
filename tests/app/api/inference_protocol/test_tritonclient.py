"""Triton's own client against the real service: what it lists, infers, and is refused."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from tests.app.test_server import Process
from tests.images import encode, plain
from tests.models import NAME, SIDE, expected_probabilities, write_version

pytestmark = pytest.mark.slow

CLASSES = ["medieval", "renaissance", "post-renaissance", "modern"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    store = tmp_path_factory.mktemp("models_store")
    write_version(store)
    process = Process(store, VASARI_THREADS="2")
    with triton.InferenceServerClient(process.url.removeprefix("http://")) as opened:
        yield opened
    process.end()


def image_input(*pictures: bytes | str, binary: bool = True) -> Any:
    given = triton.InferInput("image", [len(pictures)], "BYTES")
    given.set_data_from_numpy(np.array(pictures, object), binary_data=binary)
    return given


def pixel_input(pixels: Any, *, binary: bool = True) -> Any:
    given = triton.InferInput("pixels", list(pixels.shape), "UINT8")
    given.set_data_from_numpy(pixels, binary_data=binary)
    return given


def test_it_lives_and_is_ready(client: Any) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(NAME)
    assert client.is_model_ready(NAME, "1")
    assert not client.is_model_ready("none")


def test_it_describes_itself(client: Any) -> None:
    server = client.get_server_metadata()
    assert server["name"] == "vasari"
    assert {"binary_tensor_data", "classification", "statistics"} <= set(server["extensions"])
    model = client.get_model_metadata(NAME)
    assert (model["name"], model["versions"], model["platform"]) == (NAME, ["1"], "litert")
    assert model["inputs"] == [
        {"name": "image", "datatype": "BYTES", "shape": [-1]},
        {"name": "pixels", "datatype": "UINT8", "shape": [-1, SIDE, SIDE, 3]},
    ]
    assert [each["name"] for each in model["outputs"]] == ["probabilities", "label", "verdict"]
    config = client.get_model_config(NAME, "1")
    assert (config["name"], config["max_batch_size"]) == (NAME, 64)
    assert config["input"][0]["data_type"] == "TYPE_STRING"


def test_the_repository_is_listed(client: Any) -> None:
    assert client.get_model_repository_index() == [
        {"name": NAME, "version": "1", "state": "READY", "reason": ""}
    ]
    client.load_model(NAME)
    with pytest.raises(InferenceServerException, match="VASARI_MODELS"):
        client.load_model("none")
    with pytest.raises(InferenceServerException, match="stays as it is"):
        client.unload_model(NAME)


@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_pictures_are_inferred_from_their_bytes(client: Any, compression: str | None) -> None:
    pictures = [encode(plain(colour=colour)) for colour in ((250, 0, 0), (0, 0, 250))]
    result = client.infer(
        NAME, [image_input(*pictures)], request_id="7", request_compression_algorithm=compression
    )
    answer = result.get_response()
    assert (answer["id"], answer["model_name"], answer["model_version"]) == ("7", NAME, "1")
    assert result.as_numpy("label").tolist() == [b"medieval", b"post-renaissance"]
    assert result.as_numpy("verdict").tolist() == [b"confident"] * 2
    probabilities = result.as_numpy("probabilities")
    assert probabilities.shape == (2, 4)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("binary", [True, False])
def test_a_tensor_of_pixels_is_inferred(client: Any, binary: bool) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
    wanted = [triton.InferRequestedOutput("probabilities", binary_data=binary)]
    result = client.infer(NAME, [pixel_input(pixels, binary=binary)], "1", outputs=wanted)
    found = result.as_numpy("probabilities")
    np.testing.assert_allclose(found, expected_probabilities(pixels), atol=1e-4)
    assert result.as_numpy("label") is None


def test_classes_are_told_as_text(client: Any) -> None:
    wanted = [triton.InferRequestedOutput("probabilities", class_count=2)]
    result = client.infer(NAME, [image_input(encode(plain()))], outputs=wanted)
    rows = result.as_numpy("probabilities")
    assert rows.shape == (1, 2)
    for text in rows[0]:
        value, index, label = text.decode().split(":")
        assert 0 <= float(value) <= 1
        assert CLASSES[int(index)] == label
    assert rows[0][0].decode().endswith(":0:medieval")


def test_what_was_inferred_is_counted(client: Any) -> None:
    def counted() -> Any:
        (of,) = client.get_inference_statistics(NAME, "1")["model_stats"]
        return of

    before = counted()
    client.infer(NAME, [image_input(encode(plain()), encode(plain()))])
    with pytest.raises(InferenceServerException):
        client.infer(NAME, [image_input(b"text")])
    after = counted()
    assert after["inference_count"] - before["inference_count"] == 2
    gained = {
        name: after["inference_stats"][name]["count"] - before["inference_stats"][name]["count"]
        for name in ("success", "fail", "compute_infer", "queue")
    }
    assert gained == {"success": 2, "fail": 1, "compute_infer": 2, "queue": 2}
    assert after["inference_stats"]["success"]["ns"] > before["inference_stats"]["success"]["ns"]
    assert client.get_inference_statistics()["model_stats"] == [after]


@pytest.mark.parametrize(
    ("name", "given", "status", "sentence"),
    [
        ("none", image_input(b"x"), "404", "unknown_model"),
        (NAME, image_input(b"text"), "400", "unsupported_image"),
        (NAME, image_input("text", binary=False), "400", "unsupported_image"),
        (NAME, pixel_input(np.zeros((1, 8, 8, 3), np.uint8)), "400", "Expected the shape"),
        (NAME, image_input(*[b""] * 65), "413", "at most 64 pictures"),
    ],
)
def test_what_is_wrong_is_told_in_a_form_that_the_client_reads(
    client: Any, name: str, given: Any, status: str, sentence: str
) -> None:
    with pytest.raises(InferenceServerException, match=sentence) as raised:
        client.infer(name, [given])
    assert raised.value.status() == status


def test_what_is_not_offered_is_told_so_too(client: Any) -> None:
    with pytest.raises(InferenceServerException, match="an address of the protocol"):
        client.get_trace_settings()
