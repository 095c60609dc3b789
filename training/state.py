"""The state of a run after each pass, so that a run that was cut short goes on."""

import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.files import write_atomically

__all__ = ["Epoch", "RunState", "State"]

_FILE = "state.npz"


@dataclass(frozen=True)
class Epoch:
    """What one pass came to.

    Attributes:
        loss: Mean over the training views of the pass.
        accuracy: Of the same, while the weights changed.
        validation_loss: After the pass; None without validation pictures.
        validation_accuracy: Likewise.
        seconds: How long it took.
    """

    loss: float
    accuracy: float
    validation_loss: float | None
    validation_accuracy: float | None
    seconds: float


@dataclass(frozen=True)
class State:
    """All that the rest of a run depends on.

    Attributes:
        weights: The network's, in its order.
        optimizer: The optimizer's variables, in its order.
        history: The passes so far.
    """

    weights: Sequence[NDArray[Any]]
    optimizer: Sequence[NDArray[Any]]
    history: Sequence[Epoch]


class RunState:
    """Keeps the state of one run in a folder of its own.

    Args:
        folder: Named by the digest of everything the run depends on.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self) -> State | None:
        """The last state that was written; None at the start of a run."""
        try:
            with np.load(self.folder / _FILE, allow_pickle=False) as kept:
                history = [Epoch(**each) for each in json.loads(str(kept["history"]))]
                weights = [kept[f"w{n}"] for n in range(int(kept["weights"]))]
                optimizer = [kept[f"o{n}"] for n in range(int(kept["optimizer"]))]
        except FileNotFoundError:
            return None
        return State(weights, optimizer, history)

    def write(self, state: State) -> None:
        """Replace the state as a whole."""
        arrays: dict[str, Any] = {f"w{n}": each for n, each in enumerate(state.weights)}
        arrays |= {f"o{n}": each for n, each in enumerate(state.optimizer)}
        history = json.dumps([asdict(each) for each in state.history])
        stored = io.BytesIO()
        np.savez(
            stored,
            history=history,
            weights=len(state.weights),
            optimizer=len(state.optimizer),
            **arrays,
        )
        write_atomically(self.folder / _FILE, stored.getvalue())

    def forget(self) -> None:
        """Remove the state: the run is complete, and the same command starts a new one."""
        shutil.rmtree(self.folder, ignore_errors=True)
