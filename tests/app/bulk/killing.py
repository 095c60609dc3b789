"""Starts the same `classify` again and again, and kills it when its table has grown a little.

    python -m tests.app.bulk.killing FOLDER TABLE SEED KILLS

FOLDER has `scans` and `models_store`. What the command imports is imported once: each run
is a fork. Some runs are killed at once after the start, and those of a Parquet table
while it is packed, too.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import pyarrow.parquet  # noqa: F401 - imported once, before the forks

import app.bulk.command  # noqa: F401
from app.__main__ import main

ROWS_GROWN = 35
BYTES_A_ROW = 200


def start(root: Path, table: Path) -> int:
    """Fork a run of the command; returns its process's number."""
    child = os.fork()
    if child:
        return child
    output = os.open(root / "output", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(output, 2)
    os.chdir(root)
    words = ["classify", "scans", "--out", str(table), "--model", "tiny", "--threads", "2"]
    os._exit(main([*words, "--models-store", "models_store", "--sort-into", "sorted"]))


def grown(table: Path) -> int:
    """The bytes of rows that stand."""
    rows = table.with_name(f"{table.name}.rows") if table.suffix == ".parquet" else table
    return rows.stat().st_size if rows.exists() else 0


def kill(child: int, table: Path, growth: int) -> bool:
    """Kill a run when its table has so many bytes more; tells whether it still lived."""
    wanted = grown(table) + growth
    while grown(table) < wanted:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.0005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def run(root: Path, table: Path, seed: int, kills: int) -> None:
    """Kill that many runs, then let one come to its end."""
    chance = random.Random(seed)  # noqa: S311 - moments, no secrets
    killed = 0
    for number in range(kills):
        most = 0 if number % 5 == 0 else ROWS_GROWN * BYTES_A_ROW
        child = start(root, table)
        time.sleep(chance.uniform(0, 0.1) if not most else 0)
        killed += kill(child, table, chance.randint(0, most))
    _, status = os.waitpid(start(root, table), 0)
    sys.stdout.write(f"{killed} killed\n")
    sys.exit(os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    run(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
