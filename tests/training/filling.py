"""Trains on a disk that is full at one moment after the other, and at last has room.

    unshare -rm python -m tests.training.filling FOLDER KILOBYTES...

FOLDER has `data`. A file system in memory is mounted on FOLDER/disk, which has the store, the
cache and what is written for a while; it is given so many kilobytes for one run after the
other. Of each a line is told: kilobytes, exit code, versions in the store, whether passes of
an earlier run were gone on from; what the runs print is in FOLDER/output-KILOBYTES.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from training import comparison, session  # noqa: F401 - imported once, before the forks
from training.run import main


def run(root: Path, kilobytes: int) -> int:
    """Fork a run of the command; returns its exit code."""
    output_path = root / f"output-{kilobytes}"
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    output = os.open(output_path, os.O_WRONLY | os.O_CREAT)
    os.dup2(output, 1)
    os.dup2(output, 2)
    temporary = root / "disk" / "temporary"
    temporary.mkdir(exist_ok=True)
    tempfile.tempdir = str(temporary)
    line = "--recipe logistic --size 16 --epochs 20 --cache-gigabytes 1 --threads 1"
    places = {"data": "data", "models-store": "disk/store", "cache": "disk/cache"}
    named = [word for option, name in places.items() for word in (f"--{option}", str(root / name))]
    os._exit(main([*line.split(), *named]))


def fill(root: Path, sizes: list[int]) -> None:
    """Run once for each size."""
    disk = root / "disk"
    disk.mkdir()
    for number, kilobytes in enumerate(sizes):
        how = "remount,size" if number else "size"
        mount = ["mount", "-t", "tmpfs", "-o", f"{how}={kilobytes}k", "tmpfs", str(disk)]
        subprocess.run(mount, check=True)
        code = run(root, kilobytes)
        versions = len(list(disk.glob("store/*/[0-9]*/card.json")))
        hidden = len(list(disk.glob("store/*/.writing-*")))
        print(kilobytes, code, versions, hidden, flush=True)  # noqa: T201


if __name__ == "__main__":
    fill(Path(sys.argv[1]), [int(each) for each in sys.argv[2:]])
