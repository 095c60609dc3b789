"""Collecting over a real socket, and after a real kill."""

import csv
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.collect.museum_answers import CONTACT, PERIOD_YEARS, Museums
from tests.training.collect.museum_server import Detour, Gate, museum_server
from tests.training.collect.virtual_time import VirtualClock
from training.collect.command import INTERRUPTED, OK, World, main
from training.data.index import read_index

ROOT = Path(__file__).parents[3]

PROGRAM = """
import sys
from tests.training.collect.museum_server import Detour
from training.collect.command import World, leave, main
from tests.training.collect.virtual_time import VirtualClock
world = World(transport=Detour(int(sys.argv[1])), clock=VirtualClock())
leave(main(sys.argv[2:], world=world))
"""


def options(folder: Path) -> list[str]:
    return ["--out", str(folder), "--per-period", "7", "--contact", CONTACT]


def collect(port: int, folder: Path) -> int:
    world = World(transport=Detour(port), clock=VirtualClock())
    return main(options(folder), console=Console(file=io.StringIO(), width=200), world=world)


def test_a_collection_over_http_is_a_data_set(tmp_path: Path) -> None:
    museums = Museums(each=2)
    with museum_server(museums) as port:
        assert collect(port, tmp_path) == OK
        asked = len(museums.log)
        assert collect(port, tmp_path) == OK
        assert len(museums.log) == asked, "a finished collection asks nothing again"
    index = read_index(tmp_path)
    assert Counter(each.class_name for each in index.examples) == dict.fromkeys(PERIOD_YEARS, 7)
    assert {each.split for each in index.examples} == {"train", "validation", "test"}
    assert set(Counter(museums.log).values()) == {1}


def test_a_transfer_that_breaks_off_is_asked_for_again(tmp_path: Path) -> None:
    museums = Museums(each=1)
    gate = Gate(through=9)
    with museum_server(museums, gate) as port:
        opener = threading.Thread(target=open_when_held, args=(gate,))
        opener.start()
        assert collect(port, tmp_path) == OK
        opener.join()
    assert gate.held > 0
    assert len(read_index(tmp_path).examples) == 28


@pytest.mark.parametrize(
    ("sent", "status", "through"),
    [
        (signal.SIGKILL, -signal.SIGKILL, 12),
        (signal.SIGKILL, -signal.SIGKILL, 40),
        (signal.SIGINT, INTERRUPTED, 40),
    ],
)
def test_a_killed_collection_goes_on_without_fetching_twice(
    sent: signal.Signals, status: int, through: int, tmp_path: Path
) -> None:
    museums = Museums(each=2)
    gate = Gate(through)
    with museum_server(museums, gate) as port:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(port), *options(tmp_path)],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
        )
        wait_until_quiet(gate, through, tmp_path)
        process.send_signal(sent)
        # Long before the requests that are held would time out.
        assert process.wait(20) == status
        before = list(gate.answered)
        gate.open()
        gate.answered.clear()
        assert collect(port, tmp_path) == OK
        repeated = Counter(before) & Counter(gate.answered)
    assert len(before) == through
    assert repeated == {}, "the bar is no request repeated"
    with (tmp_path / "manifest.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["period"] for row in rows) == dict.fromkeys(PERIOD_YEARS, 7)


def open_when_held(gate: Gate) -> None:
    """Open the gate once somebody stands before it: what was held breaks off unanswered."""
    deadline = time.monotonic() + 30
    while not gate.held and time.monotonic() < deadline:
        time.sleep(0.01)
    gate.open()


def wait_until_quiet(gate: Gate, through: int, folder: Path) -> None:
    """Until all that was let through is answered and written, and everybody else waits."""
    files, still_since = -1, time.monotonic()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        now = sum(1 for _ in folder.rglob("*"))
        if now != files or len(gate.answered) < through or not gate.held:
            files, still_since = now, time.monotonic()
        elif time.monotonic() - still_since > 0.4:
            return
        time.sleep(0.02)
    pytest.fail(f"answered {len(gate.answered)} of {through}; held {gate.held}")
