"""`app.runtime.tensorflow`, on the CPU through the code that a GPU runs; parity with LiteRT."""

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from fastapi.testclient import TestClient

from app import service
from app.errors import IntegrityError
from app.main import create_app
from app.model_card import golden_pictures
from app.model_store import ModelStore, StoredVersion
from app.runtime import loader
from app.runtime import tensorflow as module
from app.runtime.litert import LiteRtModel
from app.runtime.tensorflow import TensorFlowModel, claim_device, gpu_count
from app.settings import Settings, usable_cores
from tests.images import jpeg, photograph
from tests.keras_models import (
    foreign_network,
    keras_file,
    litert_file,
    network,
    random_pictures,
)
from tests.models import FULL_CARD, NAME, expected_probabilities, write_version


@pytest.fixture(scope="session")
def exported() -> dict[str, bytes]:
    """One model in both forms."""
    model = network(full=True)
    return {"model.keras": keras_file(model), "model.tflite": litert_file(model)}


@pytest.fixture
def version(tmp_path: Path, exported: dict[str, bytes]) -> StoredVersion:
    write_version(tmp_path, files=exported)
    return ModelStore(tmp_path).open(NAME, "1")


def test_both_backends_give_the_same_outputs(version: StoredVersion) -> None:
    pictures = np.concatenate([golden_pictures(version.card.input.spec), random_pictures(4)])
    ours = TensorFlowModel(version, "cpu").runner()(pictures)
    lite = LiteRtModel(version).runner()(pictures)
    assert np.abs(ours.probabilities - lite.probabilities).max() < 2e-3
    assert ours.probabilities.std() > 0.01
    assert ours.embedding is not None
    assert lite.embedding is not None
    assert np.abs(ours.embedding - lite.embedding).max() < 1e-4
    assert ours.activation_map is not None
    assert lite.activation_map is not None
    assert np.abs(ours.activation_map - lite.activation_map).max() < 1e-4
    assert ours.painting is not None
    assert lite.painting is not None
    assert np.abs(ours.painting - lite.painting).max() < 1e-4
    assert ours.years is not None
    assert lite.years is not None
    assert np.abs(ours.years - lite.years).max() < 1e-4


@pytest.mark.parametrize("half", [None, "float16", "bfloat16"])
@pytest.mark.parametrize("xla", [False, True])
def test_half_precision_and_xla_answer_as_the_plain_model_does(
    version: StoredVersion, half: str | None, xla: bool, caplog: pytest.LogCaptureFixture
) -> None:
    pictures = random_pictures(3)
    plain = TensorFlowModel(version, "cpu").runner()(pictures)
    faster = TensorFlowModel(version, "cpu", half=half, xla=xla)
    assert caplog.text == ""
    assert faster.precision == (half or "float32")
    outputs = faster.runner()(pictures)
    for name, values in outputs.named().items():
        assert values.dtype == np.float32
        np.testing.assert_allclose(values, plain.named()[name], atol=0.05)
    if half is not None:
        assert np.abs(outputs.probabilities - plain.probabilities).max() > 0


def test_what_answers_otherwise_in_half_precision_is_served_in_float32(
    version: StoredVersion, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_DIFFERENCE_IN_HALF", 0.0)
    found = TensorFlowModel(version, "cpu", half="bfloat16")
    assert found.precision == "float32"
    assert "is served in float32, not bfloat16, in which its answers differ by" in caplog.text
    pictures = random_pictures(2)
    plain = TensorFlowModel(version, "cpu").runner()(pictures)
    np.testing.assert_array_equal(found.runner()(pictures).probabilities, plain.probabilities)


def test_what_cannot_be_built_in_half_precision_is_served_in_float32(
    version: StoredVersion, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: Any) -> None:
        raise ValueError("no such layer")

    monkeypatch.setattr(module, "_in_half", refuse)
    assert TensorFlowModel(version, "cpu", half="float16", xla=True).precision == "float32"
    assert "not float16 with XLA: no such layer" in caplog.text


def test_both_backends_give_the_same_json(tmp_path: Path, exported: dict[str, bytes]) -> None:
    """The same version, served once from each of its files."""
    lite_only = {"model.tflite": exported["model.tflite"]}
    write_version(tmp_path, name="lite", files=lite_only, card=FULL_CARD)
    full_only = {"model.keras": exported["model.keras"]}
    write_version(tmp_path, name="full", files=full_only, card=FULL_CARD)
    settings = Settings(
        models_store=tmp_path, model="lite", models=("full",), threads=1, device="cpu"
    )
    with TestClient(create_app(settings)) as client:
        backends = {
            each["name"]: each["backend"] for each in client.get("/models").json()["models"]
        }
        assert backends == {"lite": "litert", "full": "tensorflow"}
        data = jpeg(photograph(300, 200))
        full, lite = client.post(
            "/predict", content=data, params={"model": "all", "heatmap": True, "top_k": 4}
        ).json()["predictions"]
    for name, probability in lite["probabilities"].items():
        assert full["probabilities"][name] == pytest.approx(probability, abs=2e-3)
    for name, rows in lite["heatmap"]["maps"].items():
        np.testing.assert_allclose(full["heatmap"]["maps"][name], rows, atol=0.01)
    assert full["painting"] == pytest.approx(lite["painting"], abs=1e-3)
    assert full["date"]["median"] == pytest.approx(lite["date"]["median"], abs=1)
    for member in ("period", "label", "years", "verdict", "reason_code", "image"):
        assert full[member] == lite[member]
    assert list(full) == list(lite)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 11])
def test_padding_changes_no_answer(version: StoredVersion, count: int) -> None:
    runner = TensorFlowModel(version, "cpu", sizes=(1, 4)).runner()
    pictures = random_pictures(count)
    together = runner(pictures).probabilities
    alone = np.concatenate([runner(pictures[row : row + 1]).probabilities for row in range(count)])
    assert together.shape == (count, 4)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_every_size_of_batch_is_compiled_at_load(version: StoredVersion) -> None:
    model = TensorFlowModel(version, "cpu")
    assert tuple(model._concrete) == model.batch_sizes == module.BATCH_SIZES
    assert model.backend == "tensorflow"
    assert model.device == "cpu"


@pytest.mark.parametrize(
    ("most", "sizes"),
    [(1, (1,)), (2, (1, 2)), (3, (1, 2, 3)), (8, (1, 2, 4, 8)), (20, (1, 2, 4, 8, 16, 20))],
)
def test_sizes_of_batches(most: int, sizes: tuple[int, ...]) -> None:
    assert module.batch_sizes(most) == sizes


def test_a_foreign_model_with_a_minimal_card_works(tmp_path: Path) -> None:
    """Float pixels in, one output of any name, no label, no years, no golden predictions."""
    card = {"classes": [{"name": name} for name in ("old", "older", "new", "newer")]}
    write_version(
        tmp_path, name="mine", files={"model.keras": keras_file(foreign_network())}, card=card
    )
    settings = Settings(models_store=tmp_path, model="mine", threads=2, device="cpu")
    with TestClient(create_app(settings)) as client:
        answer = client.post("/predict", content=jpeg(), params={"heatmap": True}).json()
        assert answer["period"] in ("old", "older", "new", "newer")
        assert answer["label"] == {"en": answer["period"]}
        assert answer["years"] == [None, None]
        assert answer["heatmap"] is None
        (entry,) = client.get("/models").json()["models"]
        assert (entry["backend"], entry["heatmap"]) == ("tensorflow", False)
    stored = ModelStore(tmp_path).open("mine", "1")
    pictures = random_pictures(2)
    found = TensorFlowModel(stored, "cpu").runner()(pictures)
    np.testing.assert_allclose(found.probabilities, expected_probabilities(pictures), atol=1e-4)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: b"not a zip file", r"model\.keras: "),
        (lambda: keras_file(network(side=32)), r"Expected model\.keras to take one input"),
        (lambda: keras_file(_unsafe()), r"model\.keras: .*[Ll]ambda"),
        (lambda: keras_file(_two_unnamed_outputs()), "output called probabilities"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, make: Any, reason: str) -> None:
    write_version(tmp_path, files={"model.keras": make()})
    stored = ModelStore(tmp_path).open(NAME, "1")
    with pytest.raises(IntegrityError, match=reason):
        loader.load_resident(stored, device="cpu", threads=1)


def test_an_altered_file_is_not_even_opened(
    version: StoredVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    (version.folder / "model.keras").write_bytes(b"altered")
    monkeypatch.setattr(keras.models, "load_model", lambda *_, **__: pytest.fail("opened"))
    with pytest.raises(IntegrityError, match="sha256"):
        TensorFlowModel(version, "cpu")


def test_a_gpu_gets_the_keras_file_even_where_there_is_a_litert_file(
    version: StoredVersion,
) -> None:
    """The same code on the CPU, for there is no GPU here."""
    resident = loader.load_resident(version, device="gpu", threads=1)
    assert (resident.backend, resident.device) == ("tensorflow", "gpu")
    assert resident.batcher is not None
    lite_only = StoredVersion(
        version.folder,
        version.card.model_copy(
            update={"files": {"model.tflite": version.card.files["model.tflite"]}}
        ),
    )
    resident = loader.load_resident(lite_only, device="gpu", threads=1)
    assert (resident.backend, resident.device) == ("litert", "cpu")
    assert resident.batcher is None


def test_what_a_gpu_serves_by_batches_is_what_a_cpu_serves_one_by_one(
    tmp_path: Path, exported: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole service, made to believe in a GPU; TensorFlow runs on the CPU all the same."""
    write_version(tmp_path, files=exported)
    pictures = [jpeg(photograph(60 + 7 * number, 50)) for number in range(24)]
    given: dict[str, Any] = {
        "models_store": tmp_path,
        "model": NAME,
        "max_batch": 4,
        "reload_seconds": 0,
    }
    with TestClient(create_app(Settings(**given, device="cpu"))) as client:
        alone = [client.post("/predict", content=each).json() for each in pictures]
    monkeypatch.setattr(service, "choose_device", lambda _: "gpu")
    sizes: list[int] = []
    real = TensorFlowModel._run

    def counted(model: TensorFlowModel, pixels: Any) -> Any:
        sizes.append(len(pixels))
        return real(model, pixels)

    monkeypatch.setattr(TensorFlowModel, "_run", counted)
    with TestClient(create_app(Settings(**given))) as client:
        assert client.get("/readyz").json()["device"] == "gpu"
        assert client.app.state.service.engine.threads == 2 * usable_cores()  # type: ignore[attr-defined]
        assert set(sizes) >= {1, 2, 4}  # warmed before it is ready
        sizes.clear()

        def ask(data: bytes) -> Any:
            return client.post("/predict", content=data).json()

        with ThreadPoolExecutor(12) as callers:
            together = list(callers.map(ask, pictures))
    for one, other in zip(alone, together, strict=True):
        assert one["image"] == other["image"]
        for period, probability in one["probabilities"].items():
            assert other["probabilities"][period] == pytest.approx(probability, abs=2e-3)
    assert sum(sizes) == len(pictures)
    assert max(sizes) <= 4


def test_a_replaced_keras_model_is_freed(version: StoredVersion) -> None:
    resident = loader.load_resident(version, device="gpu", threads=1)
    model = weakref.ref(resident.runners[0].__self__)  # type: ignore[attr-defined]
    assert model() is not None
    del resident
    gc.collect()
    assert model() is None


class _FakeConfig:
    """tf.config of a machine with one GPU."""

    def __init__(self) -> None:
        self.visible = ["GPU:0"]
        self.grown: list[str] = []
        self.experimental = self

    def list_physical_devices(self, _: str) -> list[str]:
        return ["GPU:0"]

    def get_visible_devices(self, _: str) -> list[str]:
        return self.visible

    def set_visible_devices(self, devices: list[str], _: str) -> None:
        self.visible = devices

    def set_memory_growth(self, gpu: str, *, enable: bool) -> None:
        assert enable
        self.grown.append(gpu)


def test_a_gpu_grows_its_memory_and_the_cpu_hides_it(monkeypatch: pytest.MonkeyPatch) -> None:
    config = _FakeConfig()
    monkeypatch.setattr(tf, "config", config)
    assert gpu_count() == 1
    claim_device("gpu")
    assert config.grown == ["GPU:0"]
    assert config.visible == ["GPU:0"]
    claim_device("cpu")
    claim_device("cpu")
    assert config.visible == []


def _unsafe() -> Any:
    pixels = keras.Input((16, 16, 3), dtype="uint8")
    return keras.Model(pixels, keras.layers.Lambda(lambda values: values)(pixels))


def _two_unnamed_outputs() -> Any:
    model = network()
    return keras.Model(
        model.input, {"one": model.output["probabilities"], "two": model.output["embedding"]}
    )
