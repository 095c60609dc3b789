"""How often a work of the same artist is among the nearest references, against chance."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from app.model_card import LITERT_FILE, REFERENCES_FILE, ModelCard, Retrieval
from training.collect.artists import normal_name
from training.cores import usable_cores
from training.data.index import Example
from training.evaluation.intervals import wilson
from training.networks.lite import LiteModel
from training.references import References, embed, read

__all__ = ["leave_one_out", "look_up", "measure", "show", "strangers"]

Floats = NDArray[np.float32]
Names = NDArray[np.str_]
Flags = NDArray[np.bool_]

_NEAREST = (1, 5, 10)
_MOST_QUERIES = 2000

_COPY = 0.98
"""From this similarity on two pictures are taken for copies, and one does not find the other."""


def measure(folder: Path, card: ModelCard, examples: Sequence[Example]) -> tuple[Retrieval, ...]:
    """Measure a stored version's references; nothing where it has none.

    Args:
        folder: Of the version.
        card: Its card.
        examples: Labelled pictures, of which those with an artist are looked up.

    Raises:
        OptionError: The file is missing, or its digest is not the card's.
    """
    if REFERENCES_FILE not in card.files or LITERT_FILE not in card.files:
        return ()
    references = read(folder, card)
    named = [each for each in examples if each.artist]
    found = leave_one_out(references)
    if named:
        model = LiteModel(folder / LITERT_FILE)
        embeddings = embed(model, named, card.input.spec, usable_cores())
        found += strangers(references, embeddings, named)
    return found


def leave_one_out(references: References) -> tuple[Retrieval, ...]:
    """Look references up among all others, and among those of other sources.

    The model learnt from all of them, but was never told an artist. Among works of
    other sources a source's lighting and cropping cannot help to find the artist.
    """
    artists = _names([each.get("artist") for each in references.facts])
    sources = np.array([each.get("source", "") for each in references.facts])
    vectors = references.unit_vectors
    step = -(-len(vectors) // _MOST_QUERIES)
    rows = np.arange(0, len(vectors), step)
    places = np.arange(len(vectors))
    kinds: dict[str, Callable[[int, Floats], Flags]] = {
        "references, each among the others": lambda at, _: places != rows[at],
        "references, each among those of other sources": lambda at, _: sources != sources[rows[at]],
    }
    found: tuple[Retrieval, ...] = ()
    for among, allowed in kinds.items():
        found += look_up(
            vectors[rows], vectors, artists[rows], artists, among=among, allowed=allowed
        )
    return found


def strangers(
    references: References, embeddings: Floats, examples: Sequence[Example]
) -> tuple[Retrieval, ...]:
    """Look pictures up; their copies among the references are left out.

    Args:
        references: Of the model.
        embeddings: float32 [M, D], the model's of each picture.
        examples: The pictures.
    """
    return look_up(
        references.reduce(embeddings),
        references.unit_vectors,
        _names([each.artist for each in examples]),
        _names([each.get("artist") for each in references.facts]),
        among="these pictures, each among the references",
        allowed=lambda _, similarities: similarities < _COPY,
    )


def look_up(
    queries: Floats,
    vectors: Floats,
    asked: Names,
    known: Names,
    *,
    among: str,
    allowed: Callable[[int, Floats], Flags],
) -> tuple[Retrieval, ...]:
    """Count how often one by the same artist is among the 1, 5 and 10 nearest.

    Args:
        queries: float32 [M, K], of length 1.
        vectors: float32 [N, K], the references', of length 1.
        asked: [M], the queries' artists; empty where unknown.
        known: [N], the references' artists.
        among: What is said of it.
        allowed: Query's number and its similarities, float32 [N], to bool [N]: which
            references it is looked up among.

    Returns:
        One for each number of nearest; none where no artist has another work.
    """
    hits, chances = [], []
    for number, artist in enumerate(asked):
        if not artist:
            continue
        similarities = vectors @ queries[number]
        mask = allowed(number, similarities)
        same = (known == artist) & mask
        if not same.any():
            continue
        order = np.argsort(np.where(mask, -similarities, np.inf), kind="stable")
        hits.append([bool(same[order[:count]].any()) for count in _NEAREST])
        total, right = int(mask.sum()), int(same.sum())
        chances.append([_chance(total, right, count) for count in _NEAREST])
    return tuple(
        Retrieval(
            among=among,
            nearest=count,
            queries=len(hits),
            found=wilson(sum(row[place] for row in hits), len(hits)),
            chance=float(np.mean([row[place] for row in chances])),
        )
        for place, count in enumerate(_NEAREST if hits else ())
    )


def show(found: Sequence[Retrieval], console: Console) -> None:
    """Print the table, where anything was measured."""
    if not found:
        return
    table = Table(title="similar paintings: one of the same artist among the nearest")
    for column in ("looked up", "works", "nearest", "found", "95 % interval", "by chance"):
        table.add_column(column, justify="left" if column == "looked up" else "right")
    for each in found:
        share = each.found
        table.add_row(
            each.among,
            str(each.queries),
            str(each.nearest),
            f"{share.value:.3f}",
            f"{share.low:.3f} to {share.high:.3f}",
            f"{each.chance:.3f}",
        )
    console.print(table)


def _names(artists: Sequence[str | None]) -> Names:
    return np.array([normal_name(each) if each else "" for each in artists], dtype=np.str_)


def _chance(total: int, right: int, count: int) -> float:
    """The probability that `count` drawn from `total` without return hold one that is right."""
    missed = 1.0
    for drawn in range(min(count, total)):
        missed *= max(total - right - drawn, 0) / (total - drawn)
    return 1 - missed
