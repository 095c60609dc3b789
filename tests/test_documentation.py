"""Every command that the documents show is run here, as its reader would run it.

A command is a line of a ```sh block in the README, CONTRIBUTING or docs. One server is
started by the README's own `make serve`; `curl` goes to it. What trains is given four
small folders of pictures made here and a store of its own. What would run this test
again, or for an hour, is checked by `make`'s own dry run; what needs a container engine
is skipped, with that reason, where there is none.
"""

import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)


def _commands() -> list[tuple[str, str]]:
    found = []
    for document in DOCUMENTS:
        for block in _BLOCK.findall(document.read_text("utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                command = line.split(" #")[0].strip()
                if command and not command.startswith("#"):
                    found.append((document.name, command))
    return sorted(set(found))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reader's folder: a painting, another, and folders of pictures to train on."""
    here = tmp_path_factory.mktemp("reader")
    rng = np.random.default_rng(7)

    def painting(path: Path, colour: int) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        ground = np.full((96, 80, 3), 40 + 40 * colour) + rng.integers(0, 60, (96, 80, 3))
        strokes = rng.integers(0, 255, (12, 10, 3)).repeat(8, 0).repeat(8, 1) // 2
        Image.fromarray(((ground + strokes) % 256).astype(np.uint8)).save(path)

    painting(here / "painting.jpg", 2)
    painting(here / "another.png", 1)
    for place, period in enumerate(("medieval", "renaissance", "post-renaissance", "modern")):
        for number in range(8):
            painting(here / "paintings" / period / f"{number}.png", place)
    painting(here / "more" / "scans" / "1.tif", 3)
    with zipfile.ZipFile(here / "scans.zip", "w") as archive:
        archive.write(here / "another.png", "scans/another.png")
    (here / "list.csv").write_text("title,path\nAnother,another.png\n", encoding="utf-8")
    return here


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The service, started by the README's first command."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    environment = {key: value for key, value in os.environ.items() if key[:7] != "VASARI_"}
    server = subprocess.Popen(
        ["make", "serve", f"PORT={port}"], cwd=ROOT, env=environment, start_new_session=True
    )
    try:
        for _ in range(1200):
            if server.poll() is not None:
                pytest.fail(f"`make serve` ended with {server.returncode}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=60)


def _curl(command: str, here: Path, request: pytest.FixtureRequest) -> None:
    port = request.getfixturevalue("port")
    command = command.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    done = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail-with-body", *shlex.split(command)[1:]],
        cwd=here,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _small(arguments: list[str], here: Path) -> list[str]:
    """The same arguments, for the reader's small folder and a store that is thrown away."""
    store = here / "models_store"
    if not store.exists():
        shutil.copytree(ROOT / "models_store", store)
    there = {"data": here / "paintings", "paintings": here / "paintings"}
    arguments = [str(there.get(argument, argument)) for argument in arguments]
    return [*arguments, "--models-store", str(store)]


def _training(command: str, here: Path, _: pytest.FixtureRequest) -> None:
    if command.startswith("make "):
        arguments = shlex.split(shlex.split(command)[-1].removeprefix("ARGS="))
        arguments = [*_small(arguments, here), "--epochs", "1"]
        words = ["make", "train", f"ARGS={shlex.join(arguments)}"]
    else:
        module, *arguments = shlex.split(command)[2:]
        arguments = _small(arguments, here)
        if module == "training.run":
            arguments += ["--epochs", "1"]
        words = [sys.executable, "-m", module, *arguments]
    # What these lines cover is measured by the tests of training; here it would only cost time.
    environment = {key: value for key, value in os.environ.items() if key[:9] != "COVERAGE_"}
    done = subprocess.run(
        words, cwd=ROOT, env=environment, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _classify(command: str, here: Path, _: pytest.FixtureRequest) -> None:
    words = shlex.split(command)
    if words[0] == "make":
        arguments = shlex.split(words[2].removeprefix("ARGS="))
        placed = [each if each.startswith("-") else str(here / each) for each in arguments]
        words[2] = f"ARGS={shlex.join(placed)}"
    else:
        words[0] = sys.executable
    environment = {key: value for key, value in os.environ.items() if key[:9] != "COVERAGE_"}
    environment |= {"PYTHONPATH": str(ROOT), "VASARI_MODELS_STORE": str(ROOT / "models_store")}
    done = subprocess.run(
        words,
        cwd=ROOT if words[0] == "make" else here,
        env=environment,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _dry(command: str, *_: object) -> None:
    done = subprocess.run(["make", "-n", *shlex.split(command)[1:]], cwd=ROOT, check=False)
    assert done.returncode == 0


def _serve(command: str, _: Path, request: pytest.FixtureRequest) -> None:
    _dry(command)
    request.getfixturevalue("port")


def _docker(command: str, *_: object) -> None:
    if subprocess.run(["docker", "info"], capture_output=True, check=False).returncode:
        pytest.skip("no container engine runs here")
    words = shlex.split(command)
    until = words.index("up")
    subprocess.run([*words[:until], "config", "--quiet"], cwd=ROOT, check=True)


_RUNNERS = (
    (r"make serve\b", _serve),
    (r"make train\b", _training),
    (r"make (test|lint|bench|format|lock|browser|help)\b", _dry),
    (r"curl ", _curl),
    (r"(make|python -m app) classify\b", _classify),
    (r"python -m training\.(run|evaluate)\b", _training),
    (r"docker compose ", _docker),
)


_PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
_WITH_PYTHON = [each.name for each in DOCUMENTS if _PYTHON.search(each.read_text("utf-8"))]


@pytest.mark.slow
@pytest.mark.parametrize("document", _WITH_PYTHON)
def test_documented_python_works(document: str, here: Path, port: int) -> None:
    (path,) = [each for each in DOCUMENTS if each.name == document]
    for block in _PYTHON.findall(path.read_text("utf-8")):
        done = subprocess.run(
            [sys.executable, "-c", block.replace("127.0.0.1:8000", f"127.0.0.1:{port}")],
            cwd=here,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            check=False,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout


@pytest.mark.slow
@pytest.mark.parametrize(("document", "command"), _commands())
def test_a_documented_command_works(
    document: str, command: str, here: Path, request: pytest.FixtureRequest
) -> None:
    for pattern, run in _RUNNERS:
        if re.match(pattern, command):
            run(command, here, request)
            return
    pytest.fail(f"{document} shows a command that no test runs: {command}")


def _form(value: object) -> object:
    """The keys and types of a JSON value, without its figures."""
    if isinstance(value, dict):
        return {key: _form(each) for key, each in value.items()}
    return "number" if isinstance(value, int | float) else type(value).__name__


@pytest.mark.slow
@pytest.mark.parametrize("document", ["README.md", "docs/design.md"])
def test_a_documented_answer_has_the_form_of_a_real_one(
    document: str, here: Path, port: int
) -> None:
    text = (ROOT / document).read_text("utf-8")
    shown = re.search(r'^( *)\{\n\s+"model": .*?^\1\}', text, re.MULTILINE | re.DOTALL)
    assert shown is not None
    answer = httpx.post(
        f"http://127.0.0.1:{port}/predict", content=(here / "painting.jpg").read_bytes()
    )
    assert _form(json.loads(shown[0])) == _form(answer.json())


def test_the_readme_shows_the_commands_of_a_newcomer() -> None:
    shown = {command for document, command in _commands() if document == "README.md"}
    assert {"make serve", "make test"} <= shown
    assert any(command.startswith("curl ") for command in shown)


def test_every_link_inside_the_documents_leads_somewhere() -> None:
    broken = [
        f"{document.name}: {target}"
        for document in DOCUMENTS
        for target in re.findall(r"\]\(([^)#]+)", document.read_text("utf-8"))
        if "://" not in target and not (document.parent / target).exists()
    ]
    assert broken == []
