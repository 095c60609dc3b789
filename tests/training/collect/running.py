"""The command against museums made of code."""

import csv
import io
from collections import Counter
from pathlib import Path

import httpx
from rich.console import Console

from tests.training.collect.museum_answers import CONTACT, PERIOD_YEARS, Museums
from tests.training.collect.virtual_time import VirtualClock
from training.collect.command import World, main

PERIODS = tuple(PERIOD_YEARS)


def run(
    museums: Museums, folder: Path, *more: str, contact: str | None = CONTACT
) -> tuple[int, str]:
    """The command against the museums: exit status and what it said."""
    said = Console(file=io.StringIO(), width=240)
    arguments = ["--out", str(folder), *more]
    if contact is not None:
        arguments += ["--contact", contact]
    world = World(transport=httpx.MockTransport(museums), clock=VirtualClock())
    status = main(arguments, console=said, world=world)
    assert isinstance(said.file, io.StringIO)
    return status, said.file.getvalue()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def repeated(museums: Museums) -> int:
    """Requests that were made more than once."""
    return sum(number - 1 for number in Counter(museums.log).values())


def pictures_asked(museums: Museums) -> int:
    return sum(httpx.URL(url).path.endswith(".jpg") for url in museums.log)
