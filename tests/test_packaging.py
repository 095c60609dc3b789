"""The project's own files: what is pinned, what is committed, what a fresh clone needs."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _committed() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False, text=True
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if (path := ROOT / name).is_file()]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_pin_has_a_hash_and_no_index_address(lock: Path) -> None:
    text = lock.read_text("utf-8")
    pins = re.findall(r"(?ms)^[a-z0-9][\w.-]*(?:\[[\w,-]+\])?==.*?(?=^\S|\Z)", text)
    assert len(pins) > 10
    assert [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin] == []
    assert "://" not in text
    assert "index-url" not in text


def test_serving_needs_no_tensorflow() -> None:
    pins = (ROOT / "requirements" / "serve.txt").read_text("utf-8")
    assert not re.search(r"^(tensorflow|keras|scikit-learn|matplotlib)", pins, re.MULTILINE)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_the_locks_agree_on_what_serves(lock: Path) -> None:
    """What is tested is what is served: one version of each serving package in every lock."""

    def pins(path: Path) -> set[str]:
        return set(re.findall(r"^[a-z0-9][\w.-]*==[^\s;]+", path.read_text("utf-8"), re.MULTILINE))

    assert pins(ROOT / "requirements" / "serve.txt") <= pins(lock)


def test_the_package_is_as_the_documents_name_it() -> None:
    project = _pyproject()["project"]
    assert project["name"] == "vasari"
    assert project["requires-python"] == ">=3.11"
    assert set(project["optional-dependencies"]) == {
        "training",
        "gpu",
        "parquet",
        "client",
        "heif",
        "traces",
        "scale",
        "dev",
    }


def test_every_direct_dependency_has_its_reason() -> None:
    project = _pyproject()["project"]
    extras = project["optional-dependencies"]
    wanted = project["dependencies"] + extras["training"] + extras["traces"]
    reasons = (ROOT / "docs" / "design.md").read_text("utf-8")
    names = [re.split(r"[\[<>=!~]", requirement)[0] for requirement in wanted]
    assert [name for name in names if f"{name}" not in reasons] == []


def test_the_repository_stays_small() -> None:
    """A clone is quick: each file below 30 MB, all of them below 60 MB."""
    sizes = {path: path.stat().st_size for path in _committed()}
    assert [path.name for path, size in sizes.items() if size > 30e6] == []
    assert sum(sizes.values()) < 60e6


def test_nothing_of_a_machine_is_committed() -> None:
    """No home folder, and no picture of a training set: only the page's own pictures."""
    pictures = [
        path.relative_to(ROOT).as_posix()
        for path in _committed()
        if path.suffix.lower() in {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"}
    ]
    assert [name for name in pictures if not name.startswith("docs/images/")] == []


def test_what_serves_can_be_listed_in_one_file(tmp_path: Path) -> None:
    """`make sbom`: CycloneDX, with each pin and its hashes."""
    target = tmp_path / "sbom.json"
    subprocess.run(
        ["make", "-o", ".venv-dev/.installed", "sbom", f"SBOM={target}"], cwd=ROOT, check=True
    )
    document = json.loads(target.read_text("utf-8"))
    assert document["bomFormat"] == "CycloneDX"
    text = (ROOT / "requirements" / "serve.txt").read_text("utf-8")
    pins = set(re.findall(r"^([a-z0-9][\w.-]*)==", text, re.MULTILINE))
    assert {each["name"] for each in document["components"]} == pins


def test_an_audit_that_reaches_nobody_stops_nobody() -> None:
    done = subprocess.run(
        [sys.executable, "requirements/audit.py", "requirements/serve.txt"],
        cwd=ROOT,
        env={
            **os.environ,
            "HTTPS_PROXY": "http://127.0.0.1:9",
            "PIP_INDEX_URL": "",
            "NO_PROXY": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.startswith("pip-audit could not ask its database")


def test_nothing_is_locked_that_is_younger_than_a_week() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "COOLDOWN ?= 7 days\nLOCK := --exclude-newer '$(COOLDOWN)'" in makefile
