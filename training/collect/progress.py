"""What a person sees while museums are asked: a bar and an ETA per source, then a table."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from training.collect.shelf import Shelf
from training.collect.spans import PERIOD_NAMES


class Bars:
    """A bar per source. Its steps: a work listed is one, its picture another.

    Args:
        console: Where to draw.
        sources: Names of the sources.
    """

    def __init__(self, console: Console, sources: Sequence[str]) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<12}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("ETA"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[doing]}"),
            console=console,
            # A log file wants the table at the end and no moving bars.
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {
            name: self._progress.add_task(name, total=0, doing="") for name in sources
        }

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def expect(self, source: str, steps: int) -> None:
        """Add steps to what a source will take."""
        task = self._tasks[source]
        self._progress.update(task, total=(self._progress.tasks[task].total or 0) + steps)

    def done(self, source: str, steps: int = 1, doing: str = "") -> None:
        """Steps are done."""
        self._progress.update(self._tasks[source], advance=steps, doing=doing)


def account(shelves: Sequence[Shelf], kept: Mapping[tuple[str, str], int], heading: str) -> Table:
    """A table: per source, what was read, refused and kept of each period.

    Args:
        shelves: The sources.
        kept: Works by (source, period).
        heading: Its title.
    """
    table = Table(title=heading, title_justify="left")
    for name in ("source", "read", "refused", *PERIOD_NAMES, "boundary", "notes"):
        table.add_column(name, justify="left" if name in ("source", "notes") else "right")
    for shelf in shelves:
        name = shelf.source.name
        counts = [str(kept.get((name, period), 0)) for period in (*PERIOD_NAMES, "boundary")]
        notes = [f"{number} {reason.value}" for reason, number in shelf.refused.most_common(4)]
        if shelf.problem:
            notes.insert(0, f"GIVEN UP: {escape(shelf.problem)}")
        refused = str(sum(shelf.refused.values()))
        table.add_row(name, str(shelf.read), refused, *counts, "; ".join(notes))
    return table
