"""docs/collect.md names every option, column, source, licence and file."""

import re
from pathlib import Path

import pytest

from training.collect.collection import ACCOUNT, BOUNDARY_MANIFEST, MANIFEST
from training.collect.licences import LICENCES
from training.collect.manifest import COLUMNS
from training.collect.options import parser
from training.collect.sources import SOURCES

PAGE = (Path(__file__).parents[3] / "docs" / "collect.md").read_text(encoding="utf-8")
OPTIONS = re.findall(r"(--[a-z-]+)", parser().format_help())


@pytest.mark.parametrize("name", [*SOURCES, *LICENCES, *COLUMNS])
def test_every_name_is_explained(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("option", sorted(set(OPTIONS) - {"--help"}))
def test_every_option_is_explained(option: str) -> None:
    assert f"`{option}" in PAGE


@pytest.mark.parametrize("file", [MANIFEST, BOUNDARY_MANIFEST, ACCOUNT])
def test_every_file_is_explained(file: str) -> None:
    assert file in PAGE


@pytest.mark.parametrize(
    "excluded", ["Harvard", "MoMA", "Tate", "CMOA", "WikiArt", "WGA", "Europeana"]
)
def test_what_is_left_out_is_named(excluded: str) -> None:
    assert excluded in PAGE


def test_the_page_says_that_nothing_was_run_live() -> None:
    assert "No live museum was reached" in PAGE
