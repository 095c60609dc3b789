"""Measure a stored version: `python -m training.evaluate MODEL --data DIR [--split test]`."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from app.imaging import prepare_pillow
from app.model_card import SIGNATURES_FILE, CardError, ModelCard, Retrieval, read_card
from training.amendment import amend
from training.cores import usable_cores
from training.data.index import Example, read_index
from training.data.inspection import inspect
from training.errors import DataError, OptionError, TrainingError
from training.evaluation import retrieval
from training.evaluation.paired import Comparison
from training.figures import Figure
from training.files import write_atomically
from training.measurement import BACKENDS, Measurement, check_comparable, compared, measured

__all__ = ["find", "main", "select"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status.

    Args:
        arguments: Without the program's name. Defaults to the process's own.
    """
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate",
        description="Measure a stored version on labelled pictures.",
    )
    add = parser.add_argument
    add("model", metavar="MODEL", help="NAME, NAME@VERSION, or a version's folder")
    add("--data", type=Path, default=Path("data"), metavar="DIR", help="as for training.run")
    add("--split", default="test", help="of the data's splits; `all` for every picture")
    add("--split-column", default="split", metavar="NAME", help="as for training.run")
    add("--models-store", type=Path, default=Path("models_store"), metavar="DIR")
    add("--backend", choices=sorted(BACKENDS), default="litert", help="default: litert")
    add(
        "--not-paintings",
        type=Path,
        metavar="DIR",
        help="pictures that are none, DIR/<kind>/*.jpg; half of them are measured",
    )
    add("--heatmaps", action="store_true", help="check the heat maps too, on some of the pictures")
    add("--against", metavar="MODEL", help="another version, compared picture by picture")
    add("--json", type=Path, metavar="FILE", help="write the figures there as well")
    add(
        "--update-card",
        action="store_true",
        help="write what was measured into the version's card; its report stays",
    )
    add("--cache", type=Path, default=Path(".cache"), metavar="DIR")
    given = parser.parse_args(arguments)
    prepare_pillow()
    console = Console()
    try:
        folder = find(given.model, given.models_store)
        card = read_card(folder)
        rival = None if given.against is None else find(given.against, given.models_store)
        if rival is not None:
            check_comparable(card, read_card(rival))
        examples = select(given.data, given.split, given.split_column, given.cache)
        found = measured(
            folder,
            card,
            examples,
            given.split,
            backend=given.backend,
            others=given.not_paintings,
            heatmaps=given.heatmaps,
        )
        show(found, card, console)
        similar = retrieval.measure(folder, card, examples)
        retrieval.show(similar, console)
        comparison = None
        if rival is not None:
            comparison = compared(found, rival, read_card(rival))
            show_comparison(comparison, given.against, console)
        if given.update_card:
            signatures = folder / SIGNATURES_FILE
            was_signed = signatures.exists()
            amend(folder, card, found)
            if was_signed and not signatures.exists():
                console.print(
                    f"The card of {card.name}@{card.version} has changed and is not signed any "
                    "more: sign it again by `python -m app signing sign`.",
                    highlight=False,
                )
        if given.json is not None:
            write_atomically(given.json, _as_json(found, card, similar, comparison))
    except (TrainingError, CardError) as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {error}", highlight=False)
        return 1
    return 0


def find(model: str, store: Path) -> Path:
    """The folder of a version, by name, name and version, or path.

    Raises:
        OptionError: There is none.
    """
    if (Path(model) / "card.json").is_file():
        return Path(model)
    name, _, version = model.partition("@")
    place = store / name
    known = sorted((each.name for each in place.glob("*") if each.name.isdecimal()), key=int)
    if not known or (version and version not in known):
        raise OptionError(f"Expected a version in {place}; received {model!r}, it has {known}.")
    return place / (version or known[-1])


def select(data: Path, split: str, split_column: str, cache: Path) -> tuple[Example, ...]:
    """The readable pictures of one split.

    Raises:
        DataError: There are none.
    """
    index = read_index(data, split_column=split_column)
    chosen = [each for each in index.examples if split in ("all", each.split)]
    readable = inspect(chosen, cache / "pictures.json", threads=usable_cores()).examples
    if not readable:
        raise DataError(f"Expected pictures of the split {split!r} in {data}; found none.")
    return readable


def show(found: Measurement, card: ModelCard, console: Console) -> None:
    """Print the tables."""
    m = found.metrics
    title = f"{card.name}@{card.version} on {m.split}, {m.pictures} pictures"
    table = Table(title=title, caption=f"answered by {BACKENDS[found.backend]}")
    table.add_column("")
    table.add_column("value", justify="right")
    table.add_column("95 % interval")
    table.add_column("pictures", justify="right")
    section = found.figures[0].section
    for each in found.figures:
        if each.section != section:
            table.add_section()
            section = each.section
        table.add_row(each.name, *_cells(each))
    console.print(table)
    confusion = Table(title="confusion: rows are true")
    confusion.add_column("")
    for name in card.class_names:
        confusion.add_column(name, justify="right")
    for name, row in zip(card.class_names, m.confusion, strict=True):
        confusion.add_row(name, *(str(count) for count in row))
    console.print(confusion)


def show_comparison(found: Comparison, other: str, console: Console) -> None:
    """Print how far this model and another are apart."""
    difference = found.difference
    console.print(
        f"Against {other}: balanced accuracy {difference.value:+.3f} "
        f"({difference.low:+.3f} to {difference.high:+.3f}); {found.only_first} pictures right "
        f"here alone, {found.only_second} there alone, McNemar p = {found.p_value:.3f}",
        highlight=False,
    )


def _cells(figure: Figure) -> tuple[str, str, str]:
    if figure.estimate is None:
        return "-", figure.skipped, ""
    digits = 1 if figure.unit in ("years", "milliseconds") else 3
    value, low, high = (
        f"{each:.{digits}f}"
        for each in (figure.estimate.value, figure.estimate.low, figure.estimate.high)
    )
    count = "" if figure.pictures is None else str(figure.pictures)
    return value, f"{low} to {high}", count


def _as_json(
    found: Measurement,
    card: ModelCard,
    similar: Sequence[Retrieval],
    comparison: Comparison | None,
) -> bytes:
    told = {
        "model": {"name": card.name, "version": card.version},
        "backend": found.backend,
        "split": found.metrics.split,
        "pictures": found.metrics.pictures,
        "figures": [
            {
                "section": each.section,
                "name": each.name,
                "unit": each.unit,
                **({} if each.estimate is None else each.estimate.model_dump()),
                "pictures": each.pictures,
                "skipped": each.skipped or None,
            }
            for each in found.figures
        ],
        "metrics": found.metrics.model_dump(),
        "dating": None if found.dating is None else found.dating.model_dump(),
        "similar": [each.model_dump() for each in similar],
        "comparison": None
        if comparison is None
        else {**asdict(comparison), "difference": comparison.difference.model_dump()},
    }
    return (json.dumps(told, indent=2) + "\n").encode()


if __name__ == "__main__":
    sys.exit(main())
