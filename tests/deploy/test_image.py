"""A built image, run as an operator would: no rights, nothing to write to, an orderly end.

    deploy/build-without-daemon.sh cpu
    VASARI_IMAGE=localhost/vasari:cpu python -m pytest tests/deploy/test_image.py

Building takes minutes and a registry, so these tests take an image that exists.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.images import jpeg, photograph

IMAGE = os.environ.get("VASARI_IMAGE", "")
ENGINE = shutil.which("podman") or shutil.which("docker") or ""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not IMAGE, reason="VASARI_IMAGE names no image"),
    pytest.mark.skipif(not ENGINE, reason="neither podman nor docker is installed"),
]

# Unpacked, all layers together.
MOST_BYTES = {"cpu": 350e6}


def _engine(*words: str, check: bool = True) -> str:
    done = subprocess.run([ENGINE, *words], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return done.stdout.strip()


class Container:
    """The image, running on a free port of the loopback interface."""

    def __init__(self, *flags: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.name = _engine(
            *("run", "--detach", "--network=host", "--cap-drop=all", "--memory=2g"),
            *("--security-opt=no-new-privileges", "--read-only", *flags),
            *("--env", f"VASARI_PORT={port}", "--env", "VASARI_HOST=127.0.0.1", IMAGE),
        ).splitlines()[-1]

    def await_ready(self) -> None:
        for _ in range(600):
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        pytest.fail(_engine("logs", self.name, check=False))

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in it."""
        command = [ENGINE, "exec", self.name, *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def container() -> Iterator[Container]:
    strict = ["--read-only-tmpfs=false"] if Path(ENGINE).name == "podman" else []
    container = Container(*strict)
    try:
        container.await_ready()
        yield container
    finally:
        _engine("rm", "--force", container.name)


def _facts() -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(_engine("image", "inspect", IMAGE))[0]
    return facts


def test_it_is_as_small_as_promised() -> None:
    most = MOST_BYTES.get(IMAGE.rpartition(":")[2])
    if most is None:
        pytest.skip("nothing is promised of this target's size")
    assert _facts()["Size"] <= most


def test_it_tells_what_it_is() -> None:
    labels = _facts()["Config"]["Labels"]
    for name in ("title", "description", "licenses", "version", "revision", "created"):
        assert labels[f"org.opencontainers.image.{name}"]


def test_it_answers_with_nothing_to_write_to(container: Container) -> None:
    answer = httpx.post(f"{container.url}/predict", content=jpeg(photograph())).json()
    assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert container.run("touch", "/srv/vasari/written").returncode != 0
    assert container.run("touch", "/tmp/written").returncode != 0  # noqa: S108  there is none


def test_it_has_no_rights(container: Container) -> None:
    assert container.run("id", "-u").stdout.strip() == "10001"
    status = container.run("cat", "/proc/1/status").stdout
    assert "CapEff:\t0000000000000000" in status


def test_no_file_of_it_could_be_written_by_its_user(container: Container) -> None:
    found = container.run("find", "/srv", "/opt", "-writable", "-not", "-type", "l").stdout
    assert found == ""


def test_it_has_neither_tensorflow_nor_training_code(container: Container) -> None:
    if not IMAGE.endswith(":cpu"):
        pytest.skip("said of the cpu image only")
    for module in ("tensorflow", "keras", "training"):
        assert container.run("python", "-c", f"import {module}").returncode != 0


def test_its_health_check_says_that_it_is_well(container: Container) -> None:
    facts = _facts()
    command = (facts.get("Healthcheck") or facts["Config"]["Healthcheck"])["Test"]
    assert command[0] == "CMD"
    assert container.run(*command[1:]).returncode == 0


def test_its_command_does_more_than_serve() -> None:
    assert "vasari" in _engine("run", "--rm", "--network=none", IMAGE, "models")


def test_the_stop_signal_ends_it_in_order() -> None:
    container = Container()
    try:
        container.await_ready()
        _engine("stop", "--time=20", container.name)
        state = json.loads(_engine("inspect", container.name))[0]["State"]
        assert state["ExitCode"] == 0
    finally:
        _engine("rm", "--force", container.name)
