"""Chatter of C++ libraries is dropped, errors are not, and the terminal comes back."""

import os
import threading

import pytest

from training.terminal import quiet


def test_what_is_written_to_the_descriptor_is_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    """Only meanwhile, also when several threads are quiet at once."""

    def chatter() -> None:
        with quiet():
            os.write(2, b"chatter")

    threads = [threading.Thread(target=chatter) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    os.write(2, b"heard")
    assert capfd.readouterr().err == "heard"


def test_a_failure_is_not_dropped() -> None:
    """It raises, and the terminal is back."""
    with pytest.raises(ValueError, match="loud"), quiet():
        raise ValueError("loud")
