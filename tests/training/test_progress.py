"""What a person sees while a model is trained."""

import io
import re

from rich.console import Console

from training.progress import TrainingProgress, bar
from training.state import Epoch


def _run(resumed: int, *, validated: bool) -> str:
    stored = io.StringIO()
    with bar(Console(file=stored, width=100, force_terminal=True)) as progress:
        watcher = TrainingProgress(progress, 3, 40)
        if resumed:
            watcher.resumed(resumed)
        for number in range(resumed, 3):
            watcher.step(number, 20, 40, 1.25)
            loss, accuracy = (0.75, 0.625) if validated else (None, None)
            watcher.epoch(number, Epoch(1.25, 0.5, loss, accuracy, 4.0))
        progress.refresh()
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stored.getvalue())


def test_each_pass_leaves_a_line() -> None:
    """With what it came to, and the time left."""
    text = _run(0, validated=True)
    assert "pass  1/3  loss 1.250, accuracy 0.500; validation 0.750, 0.625; 4 s" in text
    assert "pass  3/3" in text
    assert "left" in text


def test_a_resumed_run_says_so_and_counts_what_is_left() -> None:
    """Two passes are behind it."""
    text = _run(2, validated=False)
    assert "Going on after pass 2 of 3." in text
    assert "20/40" in text
    assert "validation" not in text
