"""Reads the pictures that the options name, and says what they are.

Without TensorFlow, whose start takes seconds: what is wrong with the data is told before.
"""

from rich.console import Console

from training.arguments import Options
from training.cores import usable_cores
from training.data.index import read_index
from training.data.inspection import inspect
from training.data.preparation import Prepared, prepare
from training.progress import bar

__all__ = ["read_dataset", "summarise"]


def read_dataset(options: Options, console: Console) -> Prepared:
    """Find the pictures, open each once, and divide them.

    Args:
        options: What was asked for.
        console: Where progress is shown.

    Raises:
        DataError: They cannot be trained on.
    """
    index = read_index(options.data, split_column=options.split_column)
    with bar(console) as progress:
        task = progress.add_task("reading pictures", total=len(index.examples))
        inspection = inspect(
            index.examples,
            options.cache / "pictures.json",
            threads=options.threads or usable_cores(),
            advance=lambda: progress.advance(task),
        )
    return prepare(index, inspection, share=options.validation_share, seed=options.seed)


def summarise(prepared: Prepared, title: str, console: Console) -> None:
    """Say in a line what is trained on; then what was left out, and what to be wary of."""
    counts = prepared.facts.counts
    sizes = ", ".join(f"{sum(each.values()):,} {split}" for split, each in counts.items())
    console.print(
        f"[bold]{title}[/] on {sizes} pictures of {len(prepared.classes)} classes "
        f"({', '.join(prepared.class_names)}); validation: {prepared.held_out}.",
        highlight=False,
    )
    dropped = {name: count for name, count in prepared.facts.dropped.items() if count}
    if dropped:
        listed = ", ".join(f"{name.replace('_', ' ')}: {n}" for name, n in dropped.items())
        console.print(f"Left out: {listed}.", highlight=False)
    for file, reason in prepared.unreadable:
        console.print(f"  skipped {file}: {reason}", highlight=False, markup=False)
    for warning in prepared.warnings:
        console.print(f"[yellow]Note:[/] {warning}", highlight=False)
