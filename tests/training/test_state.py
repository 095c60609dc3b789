"""The state of a run comes back as it was."""

from pathlib import Path

import numpy as np

from training.state import Epoch, RunState, State


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Weights, optimizer and history, the last one written; then it is forgotten."""
    run = RunState(tmp_path / "runs" / "abc")
    assert run.read() is None
    epoch = Epoch(1.5, 0.25, None, None, 3.0)
    weights = [np.arange(6, dtype=np.float32).reshape(2, 3), np.ones(1, np.float32)]
    run.write(State([], [], []))
    run.write(State(weights, [np.array(7)], [epoch, Epoch(1.0, 0.5, 0.9, 0.6, 2.0)]))
    found = run.read()
    assert found is not None
    for expected, received in zip(weights, found.weights, strict=True):
        np.testing.assert_array_equal(expected, received)
    assert int(found.optimizer[0]) == 7
    assert found.history[0] == epoch
    assert len(found.history) == 2
    run.forget()
    assert run.read() is None
