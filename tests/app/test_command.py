"""`python -m app`: flags, the list of models, and one sentence where it cannot start."""

import io
import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app import __version__, server
from app.__main__ import main
from app.settings import Settings
from tests.models import write_version


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """The settings that the server would have been started with."""
    found: list[Settings] = []
    monkeypatch.setattr(server, "serve", found.append)
    return found


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ("127.0.0.1", 8000)),
        (["serve"], ("127.0.0.1", 8000)),
        (["--port", "8123"], ("127.0.0.1", 8123)),
        (["--port", "0"], ("127.0.0.1", 0)),
        (["serve", "--host", "0.0.0.0", "--port", "8124"], ("0.0.0.0", 8124)),  # noqa: S104
        (["--port", "8125", "serve"], ("127.0.0.1", 8125)),
    ],
)
def test_flags(served: list[Settings], arguments: list[str], expected: tuple[str, int]) -> None:
    assert main(arguments) == 0
    assert [(each.host, each.port) for each in served] == [expected]


def test_a_variable_counts_where_there_is_no_flag(
    served: list[Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VASARI_PORT", "9000")
    monkeypatch.setattr(sys, "argv", ["app"])
    assert main() == 0
    assert served[0].port == 9000


def test_an_interrupt_while_it_loads_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Settings) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serve", interrupted)
    assert main([]) == 130


def test_a_setting_that_cannot_be_used_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VASARI_DEVICE", "abacus")
    assert main(["models"]) == 2
    assert capsys.readouterr().err.startswith("vasari: VASARI_DEVICE: ")


def test_the_models_are_listed(
    store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    estimate = {"value": 0.71234, "low": 0.6, "high": 0.8}
    measured = {
        "split": "test",
        "pictures": 9,
        "accuracy": estimate,
        "balanced_accuracy": estimate,
    }
    write_version(store, version="2", card={"metrics": {"test": measured}})
    write_version(store, version="3", card={"format_version": 8})
    monkeypatch.setenv("VASARI_MODELS_STORE", str(store))
    assert main(["models"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "tiny@2  model.tflite, report.html  balanced accuracy: 0.712 (test)",
        "tiny@1  model.tflite, report.html  balanced accuracy: not measured",
        "tiny@3  refused: Expected format_version 1 in card.json; received 8.",
    ]


def test_an_empty_store_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VASARI_MODELS_STORE", str(tmp_path))
    assert main(["models"]) == 0
    assert capsys.readouterr().out == f"No model stands in {tmp_path}.\n"


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"VASARI_PORT": "eighty"}, "VASARI_PORT: "),
        ({"VASARI_MODEL": "missing"}, "No version of missing stands in "),
        ({"VASARI_HOST": "no.such.host.invalid"}, "Cannot listen on no.such.host.invalid:0 "),
        ({"VASARI_TRUSTED_KEYS": "missing"}, "VASARI_TRUSTED_KEYS: cannot read missing: No such"),
        ({"VASARI_HOST": "192.0.2.1"}, "Cannot listen on 192.0.2.1:0 "),
    ],
)
def test_where_it_cannot_start_it_says_why_in_one_sentence(
    store: Path, variables: dict[str, str], sentence: str
) -> None:
    ended = _run(store, **variables)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"vasari: {sentence}")
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


@pytest.mark.slow
def test_a_gpu_that_is_not_there_stops_the_start(store: Path) -> None:
    """With TensorFlow installed and without, where there is no GPU."""
    ended = _run(store, VASARI_DEVICE="gpu", CUDA_VISIBLE_DEVICES="", TF_CPP_MIN_LOG_LEVEL="3")
    assert ended.returncode == 2
    (sentence,) = [each for each in ended.stderr.splitlines() if each.startswith("vasari: ")]
    assert sentence.startswith("vasari: VASARI_DEVICE=gpu")
    assert "Traceback" not in ended.stderr


def _run(store: Path, **variables: str) -> Any:
    environment = {
        "PATH": os.environ["PATH"],
        "VASARI_MODELS_STORE": str(store),
        "VASARI_MODEL": "tiny",
        "VASARI_PORT": "0",
        "VASARI_DEVICE": "cpu",
        **{key: value for key, value in os.environ.items() if key.startswith("COV")},
        **variables,
    }
    return subprocess.run(
        [sys.executable, "-m", "app"],
        cwd=Path(__file__).parents[2],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_command_that_fails_leaves_the_callers_log_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It may be called from a program that logs on, by handlers with streams of their own."""
    stream = io.StringIO()
    closing = logging.StreamHandler(stream)
    monkeypatch.setattr(closing, "close", stream.close)
    monkeypatch.setenv("VASARI_DEVICE", "abacus")
    assert main(["models"]) == 2
    assert not stream.closed
