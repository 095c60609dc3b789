"""Starts the same training again and again, and kills it at random moments.

    python -m tests.training.killing FOLDER SEED KILLS

FOLDER has `data`; `store`, `cache` and `output` are made in it. TensorFlow, whose
import takes most of such a run's time, is imported once: each run is a fork.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

from training import comparison, session  # noqa: F401 - imported once, before the forks
from training.run import main


def start(root: Path) -> int:
    """Fork a run of the command; returns its process's number."""
    child = os.fork()
    if child:
        return child
    output = os.open(root / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 1)
    os.dup2(output, 2)
    line = "--recipe logistic --size 16 --epochs 40 --refit --cache-gigabytes 0 --threads 1"
    places = {"data": "data", "models-store": "store", "cache": "cache"}
    named = [word for option, name in places.items() for word in (f"--{option}", str(root / name))]
    os._exit(main([*line.split(), *named]))


def ended(child: int) -> bool:
    """Whether the run has come to its end by itself."""
    return os.waitpid(child, os.WNOHANG)[0] != 0


def kill(child: int, after: float, root: Path, first: str) -> bool:
    """Kill so many seconds after a file of this pattern is there; at once after the start for none.

    Returns:
        Whether it still lived.
    """
    limit = time.monotonic() + 60
    while first and not list(root.glob(first)):
        if ended(child):
            return False
        assert time.monotonic() < limit, f"no {first} was written"
        time.sleep(0.001)
    end = time.monotonic() + after
    while time.monotonic() < end:
        if ended(child):
            return False
        time.sleep(0.001)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


MOMENTS = (
    ("", 1.5),  # reading the pictures, or in the passes
    ("store/*/.writing-*", 1.2),  # writing the models
    ("store/*/.writing-*/report.html", 0.05),  # the card, the disk, the rename, the state
)
"""What is waited for, and the most seconds from then on."""


def run(root: Path, seed: int, kills: int) -> None:
    """Kill that many runs; then let one that goes on after some pass come to its end."""
    chance = random.Random(seed)  # noqa: S311 - moments, no secrets
    killed = 0
    while killed < kills:
        first, most = MOMENTS[killed % len(MOMENTS)]
        killed += kill(start(root), chance.uniform(0, most), root, first)
    assert kill(start(root), 0, root, "cache/runs/*/*/state.npz")
    (root / "output").rename(root / "output-of-the-killed")
    _, status = os.waitpid(start(root), 0)
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    run(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
