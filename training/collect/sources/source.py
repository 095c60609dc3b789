"""What a museum's file must offer, and how it reads records that may be broken."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol, TypeVar

from training.collect.client import Client
from training.collect.errors import ChangedAnswerError
from training.collect.pace import Manners
from training.collect.spans import Span
from training.collect.work import Unread, Work

T = TypeVar("T")

# What reading a record of another form raises, one way or another.
_BROKEN = (AttributeError, IndexError, KeyError, TypeError, ValueError)


class Source(Protocol):
    """One museum.

    Attributes:
        name: What `--source` calls it.
        museum: What people call it.
        manners: Rate and concurrency of every host that it is asked on.
    """

    @property
    def name(self) -> str: ...  # noqa: D102 - above

    @property
    def museum(self) -> str: ...  # noqa: D102 - above

    @property
    def manners(self) -> Mapping[str, Manners]: ...  # noqa: D102 - above

    def works(self, client: Client, span: Span, seed: int) -> Iterator[Work | Unread]:
        """Every painting that may lie in a span of years, in an order made by the seed.

        Asks no more than it has yielded needs, so that a caller who has enough just
        stops. Yields works of neighbouring years too: the label rules decide.

        Raises:
            SourceError: The museum refuses, or its answers have changed.
        """
        ...


def seeded(items: Iterable[T], identify: Callable[[T], object], seed: int) -> list[T]:
    """The items in an order that is random, yet the same for one seed.

    Each item's place depends on itself alone: a catalogue that grew by ten works keeps
    the order of the others, and a resumed run finds what it knows.
    """

    def place(item: T) -> bytes:
        return hashlib.sha256(f"{seed}:{_name(item, identify)}".encode()).digest()

    return sorted(items, key=place)


def read_each(
    source: str,
    records: Iterable[Any],
    identify: Callable[[Any], object],
    parse: Callable[[Any], Work],
) -> Iterator[Work | Unread]:
    """Read records one by one; a broken one costs itself and not its neighbours."""
    for record in records:
        try:
            yield parse(record)
        except _BROKEN as error:
            yield Unread(source, _name(record, identify), f"{type(error).__name__}: {error}")


def _name(record: T, identify: Callable[[T], object]) -> str:
    """The number of a record, which may be too broken to have one."""
    try:
        return str(identify(record))
    except _BROKEN:
        return "unnumbered"


def member(answer: Any, *path: str | int, of: str) -> Any:
    """What stands at a path of an answer.

    Raises:
        ChangedAnswerError: It is not there; says what was expected and what came.
    """
    found = answer
    for step in path:
        try:
            found = found[step]
        except (KeyError, IndexError, TypeError):
            names = sorted(found) if isinstance(found, dict) else type(found).__name__
            raise ChangedAnswerError(
                f"{of}: expected {'.'.join(map(str, path))}; received {names}."
            ) from None
    return found


def records(answer: Any, *path: str | int, of: str) -> list[Any]:
    """The list at a path of an answer.

    Raises:
        ChangedAnswerError: There is none.
    """
    found = member(answer, *path, of=of)
    if not isinstance(found, list):
        raise ChangedAnswerError(
            f"{of}: expected a list at {'.'.join(map(str, path))}; received {type(found).__name__}."
        )
    return found


def text(value: Any) -> str:
    """A text of a record, in one line; empty where there is none."""
    if isinstance(value, list):
        return ", ".join(filter(None, map(text, value)))
    return " ".join(str(value).split()) if value is not None else ""


def year(value: Any) -> int | None:
    """A whole year of a record; None where there is none.

    Raises:
        ValueError: There is something, and it is no year.
    """
    if value is None or value == "" or isinstance(value, bool):
        return None
    return int(value)
