"""Tells a comparison: one table on the screen, one HTML file that needs nothing beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

from training.data.preparation import Prepared
from training.report.plots import intervals
from training.report.templates import fill
from training.results import Result, Row, published

__all__ = ["Comparison", "render", "table"]


@dataclass(frozen=True)
class Comparison:
    """What a comparison came to.

    Attributes:
        rows: A recipe each, the most accurate first.
        runs: Every run.
        left_out: Why a recipe could not run here, by its name.
        command: That does the same again.
        prepared: The data.
    """

    rows: Sequence[Row]
    runs: Sequence[Result]
    left_out: Mapping[str, str]
    command: str
    prepared: Prepared

    @property
    def judged(self) -> str:
        """Which pictures judged, in words."""
        first = self.runs[0]
        folded = any(each.fold is not None for each in self.runs)
        pictures = f"{self.rows[0].pictures:,} pictures"
        if folded:
            return f"{pictures}, each when it was not learnt from, by artist"
        return f"{pictures} of {first.split}"


def table(comparison: Comparison) -> Table:
    """For the screen, eighty columns wide: shares in percent."""
    found = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False)
    found.add_column("recipe", overflow="fold")
    for name in ("accuracy %", "bal. %", "params", "MB", "train", "ms", "case %"):
        found.add_column(name, justify="right", no_wrap=True)
    for row in comparison.rows:
        accuracy = row.accuracy
        spread = "" if row.spread is None else f" ±{100 * row.spread:.1f}"
        found.add_row(
            row.recipe,
            f"{100 * accuracy.value:.1f} "
            f"({100 * accuracy.low:.0f}-{100 * accuracy.high:.0f}){spread}",
            f"{100 * row.balanced_accuracy.value:.1f}",
            _short(row.parameters),
            f"{row.size / 1e6:.1f}",
            f"{row.seconds:.0f} s",
            f"{row.milliseconds:.1f}",
            _case(row.recipe),
        )
    for recipe in comparison.left_out:
        found.add_row(recipe, "could not run", *[""] * 5, _case(recipe))
    return found


def _case(recipe: str) -> str:
    reported = published(recipe)
    return "" if reported is None else f"{100 * reported.value:.2f}"


def _short(count: int) -> str:
    million = 1_000_000
    return f"{count / million:.1f}M" if count >= million else f"{count / 1000:.1f}k"


def render(comparison: Comparison) -> str:
    """For a browser."""
    return fill(
        "comparison.html.j2",
        rows=comparison.rows,
        runs=comparison.runs,
        left_out={
            recipe: (reason, published(recipe)) for recipe, reason in comparison.left_out.items()
        },
        command=comparison.command,
        prepared=comparison.prepared,
        judged=comparison.judged,
        folded=any(each.fold is not None for each in comparison.runs),
        plot=intervals(
            [(row.recipe, row.accuracy, row.published) for row in comparison.rows],
            1 / len(comparison.prepared.classes),
        ),
    )
