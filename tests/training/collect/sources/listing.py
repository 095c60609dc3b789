"""What a source makes of its museum's answers."""

from collections import Counter
from pathlib import Path
from typing import Any

import httpx

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import (
    Painting,
)
from tests.training.collect.virtual_time import client_of
from training.collect.labels import judge
from training.collect.licences import OPEN
from training.collect.sources import SOURCES
from training.collect.spans import SPANS, Span
from training.collect.work import Unread, Work

RENAISSANCE = SPANS[1]


def listed(
    museums: Museums, name: str, folder: Path, span: Span = RENAISSANCE
) -> tuple[dict[str, Work], list[Unread]]:
    """Works by number, and what could not be read, of one span."""
    client = client_of(httpx.MockTransport(museums), folder)
    entries = list(SOURCES[name].works(client, span, seed=1))
    client.close()
    works = {each.object_id: each for each in entries if isinstance(each, Work)}
    return works, [each for each in entries if isinstance(each, Unread)]


def outcome(museums: Museums, name: str, folder: Path, span: Span = RENAISSANCE) -> Counter[str]:
    """How many of each verdict."""
    works, unread = listed(museums, name, folder, span)
    counts: Counter[str] = Counter()
    for work in works.values():
        verdict = judge(work, OPEN)
        counts[verdict.refused.name if verdict.refused else verdict.period] += 1
    counts["UNREADABLE"] += len(unread)
    return +counts


def one(first: int = 1500, last: int = 1510, **extra: Any) -> Painting:
    return Painting(99999, first, last, "Sandro Botticelli", "Venus", extra=extra)
