"""Asks each museum for two works and says what changed since its file was written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from app.imaging import ImageProblem, decode
from training.collect.client import Client
from training.collect.errors import MissingAnswerError, SourceError, StoppedError
from training.collect.labels import period_of
from training.collect.licences import UNKNOWN
from training.collect.pictures import fault_of
from training.collect.sources.source import Source
from training.collect.spans import SPANS, Span
from training.collect.work import Unread, Work

WORKS = 2
_LOOKED_AT = 50  # records among which two must be readable


@dataclass(frozen=True)
class Finding:
    """What a museum answered.

    Attributes:
        source: Its name.
        titles: Of the works that it gave.
        changes: What is not as documented; empty when all is well.
    """

    source: str
    titles: tuple[str, ...]
    changes: tuple[str, ...]


def self_check(sources: Sequence[Source], client: Client, seed: int = 0) -> Iterator[Finding]:
    """Ask every source, one after the other.

    Args:
        sources: The museums.
        client: Asks; its store should be empty, or old answers are checked.
        seed: Of the order in which works are looked at.
    """
    # The Renaissance: every museum here has it, and few enough of it to list quickly.
    span = SPANS[1]
    for source in sources:
        yield _check(source, client, span, seed)


def _check(source: Source, client: Client, span: Span, seed: int) -> Finding:
    works: list[Work] = []
    unread: list[Unread] = []
    changes: list[str] = []
    try:
        for entry in islice(source.works(client, span, seed), _LOOKED_AT):
            if isinstance(entry, Unread):
                unread.append(entry)
            elif entry.image_urls and entry.licence != UNKNOWN:
                works.append(entry)
            if len(works) == WORKS:
                break
    except StoppedError:
        raise
    except SourceError as error:
        changes.append(str(error))
    except Exception as error:  # noqa: BLE001 - a check must report whatever it meets
        changes.append(f"its answers could not be read: {type(error).__name__}: {error}")
    if not changes and len(works) < WORKS:
        example = f"; for example {unread[0].object_id}: {unread[0].reason}" if unread else ""
        changes.append(
            f"expected {WORKS} works with an open picture among {_LOOKED_AT} records; "
            f"received {len(works)}, and {len(unread)} unreadable{example}"
        )
    for work in works:
        changes += _oddities(work, client)
    return Finding(source.name, tuple(work.title for work in works), tuple(changes))


def _oddities(work: Work, client: Client) -> Iterator[str]:
    for name in ("title", "artist", "page", "kind"):
        if not getattr(work, name):
            yield f"{work.object_id}: expected a {name}; received none"
    refused = period_of(work.earliest, work.latest).refused
    if refused is not None:
        yield f"{work.object_id}: {refused.value} ({work.earliest} to {work.latest})"
    try:
        picture = decode(client.picture(work.image_urls[0]))
        fault = fault_of(picture.image)
        if fault:
            yield f"{work.object_id}: {fault}"
    except (SourceError, MissingAnswerError, ImageProblem) as error:
        yield f"{work.object_id}: {error}"
