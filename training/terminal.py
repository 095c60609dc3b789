"""Keeps C++ libraries' chatter off the terminal, on which progress is drawn."""

import contextlib
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

__all__ = ["quiet"]


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Drop what is written to the second file descriptor meanwhile.

    TensorFlow and LiteRT write there past Python. A failure still raises.
    """
    # One at a time: two that save and restore in turn would lose the terminal.
    with _LOCK:
        sys.stderr.flush()
        saved = os.dup(2)
        try:
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), 2)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)


_LOCK = threading.Lock()
