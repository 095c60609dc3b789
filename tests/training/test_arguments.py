"""The command line, read and written again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.arguments import Options, parse


def test_defaults() -> None:
    """Nothing given: ./data and the default recipe."""
    assert parse([]) == Options()
    assert parse([]).command() == "python -m training.run --data DIR"


def test_every_option_is_read() -> None:
    """And those that change the outcome are in the command, without a path of this machine."""
    options = parse(
        [
            "--data",
            "/here/data",
            "--recipe",
            "logistic",
            "--name",
            "mine",
            "--models-store",
            "/s",
            "--seed",
            "3",
            "--weights",
            "/w.pth",
            "--epochs",
            "2",
            "--batch",
            "4",
            "--pictures-per-pass",
            "9",
            "--size",
            "64",
            "--split-column",
            "fold",
            "--validation-share",
            "0.25",
            "--cache",
            "/c",
            "--cache-gigabytes",
            "0",
            "--threads",
            "1",
            "--devices",
            "2",
            "--precision",
            "mixed_float16",
            "--report-pictures",
        ]
    )
    assert options.models_store == Path("/s")
    assert options.report_pictures
    assert options.command() == (
        "python -m training.run --data DIR --recipe logistic --name mine --seed 3 --weights FILE"
        " --epochs 2 --batch 4 --pictures-per-pass 9 --size 64 --split-column fold"
        " --validation-share 0.25 --devices 2 --precision mixed_float16"
    )


def test_switches_are_in_the_command() -> None:
    """As they were given; what was not given is not."""
    line = "--data DIR --recipe logistic --no-refit --no-int8"
    assert parse(line.split()).command() == f"python -m training.run {line}"
    line = "--data DIR --references --thumbnails"
    assert parse(line.split()).command() == f"python -m training.run {line}"
    assert parse(["--refit"]).command() == "python -m training.run --data DIR --refit"
    shown = parse(["--show-data"])
    assert shown.show_data == Path("data-sample.png")
    assert shown.command() == parse([]).command()


@pytest.mark.parametrize(
    ("line", "compares"),
    [("", False), ("--recipe all", True), ("--repeats 2", True), ("--folds 3", True)],
)
def test_some_options_compare(line: str, compares: bool) -> None:
    """All recipes, several seeds, or several parts."""
    assert parse(line.split()).compares is compares


def test_what_the_other_recipes_take() -> None:
    """A backbone, the case's slips, random weights, a number of views."""
    line = (
        "--data DIR --recipe keras_applications --weights random --backbone vgg16 --faithful "
        "--views 5"
    )
    assert parse(line.split()).command() == f"python -m training.run {line}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--recipe nothing", "invalid choice"),
        ("--epochs 0", "above 0"),
        ("--validation-share 0.9", "at most 0.5"),
        ("--validation-share x", "invalid"),
        ("--name ../up", "lower-case"),
        ("--cache-gigabytes -1", "at least 0"),
        ("--seed -1", "at least 0"),
        ("--folds 1", "from 2 to 20"),
        ("--repeats 0", "above 0"),
        ("--thumbnails", "expected --references beside --thumbnails"),
    ],
)
def test_a_bad_option_ends_the_command(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With status 2 and what was expected."""
    with pytest.raises(SystemExit) as ended:
        parse(line.split())
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_help_does_not_import_tensorflow() -> None:
    """So it is there at once; measured by what was imported, not by a clock."""
    code = (
        "import sys\n"
        "from training.run import main\n"
        "try:\n    main(['--help'])\n"
        "except SystemExit:\n    pass\n"
        "print([m for m in ('tensorflow', 'keras', 'sklearn', 'matplotlib') if m in sys.modules])\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "100"},
    )
    assert "--pictures-per-pass" in result.stdout
    assert result.stdout.rstrip().endswith("[]")
