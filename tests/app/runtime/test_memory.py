"""`app.runtime.memory`: what was freed goes back to the system."""

import re
import subprocess
import sys

import pytest

# Sixty megabytes in blocks that glibc takes from an arena of the thread's own, and in
# between small ones that stay, so that nothing but a trim gives the pages back.
PROGRAM = """
import pathlib, re, sys, threading
from app.runtime.memory import release_memory

kept = []

def work():
    large = []
    for _ in range(1000):
        large.append(bytearray(60_000))
        kept.append(bytearray(600))

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])

thread = threading.Thread(target=work)
thread.start()
thread.join()
before = resident()
can = release_memory()
print(can, before - resident())
"""


# glibc learns from the first large piece that is freed to keep the next ones.
LARGE = """
import pathlib, re, sys, threading
from app.runtime.memory import map_large_pieces

can = map_large_pieces() if sys.argv[1] == "mapped" else True
kept = []

def work():
    bytearray(30_000_000)
    large = []
    for _ in range(10):
        large.append(bytearray(b"x") * 12_000_000)
        kept.append(bytearray(60_000))

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", pathlib.Path("/proc/self/status").read_text())[1])

before = resident()
thread = threading.Thread(target=work)
thread.start()
thread.join()
print(can, resident() - before)
"""


def test_large_pieces_go_back_at_once() -> None:
    if sys.platform != "linux":
        pytest.skip("needs /proc")
    left = []
    for how in ("mapped", "as it is"):
        done = subprocess.run(
            [sys.executable, "-c", LARGE, how], check=True, capture_output=True, text=True
        )
        can, kilobytes = done.stdout.split()
        if can == "False":
            pytest.skip("this C library keeps what it has")
        left.append(int(kilobytes))
    assert left[0] < 20_000
    assert left[1] > 60_000


def test_free_pages_between_others_are_given_back() -> None:
    if sys.platform != "linux":
        pytest.skip("needs /proc")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    found = re.fullmatch(r"(True|False) (-?\d+)\n", done.stdout)
    assert found is not None
    if found[1] == "False":
        pytest.skip("this C library keeps what it has")
    assert int(found[2]) > 30_000
