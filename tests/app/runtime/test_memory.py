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
