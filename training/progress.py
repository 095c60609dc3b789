"""What a person sees while a model is trained."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from training.state import Epoch

__all__ = ["TrainingProgress", "bar"]


def bar(console: Console) -> Progress:
    """A progress bar with the time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(elapsed_when_finished=False),
        console=console,
        transient=True,
    )


class TrainingProgress:
    """Draws the passes of a run; a `training.fitting.Watcher`.

    Args:
        progress: Started by the caller.
        epochs: How many passes there will be.
        views: How many pictures a pass shows.
    """

    def __init__(self, progress: Progress, epochs: int, views: int) -> None:
        self._progress = progress
        self._epochs = epochs
        self._views = views
        self._resumed_after = 0
        self._task = progress.add_task("training", total=epochs * views)

    def resumed(self, done: int) -> None:
        """Say after which pass the run goes on."""
        self._progress.console.print(f"Going on after pass {done} of {self._epochs}.")
        self._progress.reset(self._task, total=(self._epochs - done) * self._views)
        self._resumed_after = done

    def step(self, epoch: int, views: int, total: int, loss: float) -> None:
        """Move the bar."""
        self._progress.update(
            self._task,
            completed=(epoch - self._resumed_after) * total + views,
            description=f"pass {epoch + 1}/{self._epochs} loss {loss:.3f}",
        )

    def epoch(self, number: int, result: Epoch) -> None:
        """Print a line that stays."""
        line = (
            f"pass {number + 1:>2}/{self._epochs}"
            f"  loss {result.loss:.3f}, accuracy {result.accuracy:.3f}"
        )
        if result.validation_loss is not None:
            line += f"; validation {result.validation_loss:.3f}, {result.validation_accuracy:.3f}"
        self._progress.console.print(f"{line}; {result.seconds:.0f} s", highlight=False)
