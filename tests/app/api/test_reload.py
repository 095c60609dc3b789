"""New versions put in service while requests go on: no failure, and no mixed answer."""

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from fastapi.testclient import TestClient

from app.service import Service
from tests.images import encode, plain
from tests.models import CLASSES, litert_model, write_version
from tests.signing import Signer

ClientFactory = Callable[..., AbstractContextManager[TestClient]]


def publish(store: Path, version: int) -> None:
    """As training does: written in a hidden place, then renamed; it knows one answer only."""
    bias = [0.0] * 4
    bias[version % 4] = 90
    hidden = store / ".writing"
    folder = write_version(
        hidden, version=str(version), files={"model.tflite": litert_model(bias=bias)}
    )
    folder.rename(store / "tiny" / str(version))


def service_of(client: TestClient) -> Service:
    service: Service = client.app.state.service  # type: ignore[attr-defined]
    return service


def wait_for(client: TestClient, version: int) -> None:
    end = time.monotonic() + 60
    while client.get("/models/tiny").json()["version"] != str(version):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_versions_are_swapped_under_load_and_no_request_fails(
    store: Path, client_for: ClientFactory
) -> None:
    picture = encode(plain(colour=(90, 90, 90)))
    wrong: list[str] = []
    seen: set[str] = set()
    done = threading.Event()
    with client_for(reload_seconds=0.02, queue_items=200) as client:

        def call() -> None:
            while not done.is_set():
                response = client.post("/predict", content=picture)
                answer = response.json()
                version = answer.get("model", {}).get("version", "")
                seen.add(version)
                expected = CLASSES[int(version or 0) % 4]["name"]
                if version != "1" and answer.get("period") != expected:
                    wrong.append(response.text)

        callers = [threading.Thread(target=call) for _ in range(4)]
        for caller in callers:
            caller.start()
        for version in range(2, 8):
            publish(store, version)
            wait_for(client, version)
        done.set()
        for caller in callers:
            caller.join()
        assert wrong == []
        assert {"2", "3", "4", "5", "6"} <= seen


def test_a_bad_version_is_listed_until_a_good_one_comes(
    store: Path, client_for: ClientFactory
) -> None:
    with client_for(reload_seconds=0.02) as client:
        write_version(store, version="2", card={"golden": {"probabilities": [[0.25] * 4] * 3}})
        end = time.monotonic() + 60
        while not client.get("/models").json()["refused"]:
            assert time.monotonic() < end
            time.sleep(0.01)
        (refusal,) = client.get("/models").json()["refused"]
        assert (refusal["name"], refusal["version"]) == ("tiny", "2")
        assert "golden predictions" in refusal["reason"]
        assert client.get("/models/tiny").json()["version"] == "1"
        publish(store, 3)
        wait_for(client, 3)
        assert client.get("/models").json()["refused"] == []
        assert client.get("/readyz").json()["models"] == ["tiny@3"]


def test_a_new_version_answers_once_it_is_signed_and_the_old_one_until_then(
    store: Path, tmp_path: Path, client_for: ClientFactory
) -> None:
    studio = Signer("studio")
    studio.sign(store / "tiny" / "1")
    trusted = studio.trust(tmp_path / "trusted")
    picture = encode(plain(colour=(90, 90, 90)))
    with client_for(reload_seconds=0.02, trusted_keys=trusted) as client:
        publish(store, 2)
        end = time.monotonic() + 60
        while not service_of(client).residents.refused:
            assert time.monotonic() < end
            time.sleep(0.01)
        (refusal,) = client.get("/models").json()["refused"]
        assert (refusal["name"], refusal["version"]) == ("tiny", "2")
        assert refusal["reason"].startswith("Expected card.sig with a signature by one of")
        assert client.get("/models/tiny/2").status_code == 404
        assert client.get("/models/tiny/2/report").status_code == 404
        assert client.post("/predict", content=picture).json()["model"]["version"] == "1"
        index = client.post("/v2/repository/index").json()
        assert [each["state"] for each in index] == ["READY", "UNAVAILABLE"]
        studio.sign(store / "tiny" / "2")
        wait_for(client, 2)
        assert client.get("/models").json()["refused"] == []
