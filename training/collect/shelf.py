"""One museum's works, drawn as they are needed, with an account of what was refused."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from training.collect.artists import Hands
from training.collect.client import Client
from training.collect.errors import SourceError, StoppedError
from training.collect.labels import BOUNDARY, Reason, judge
from training.collect.sources.source import Source
from training.collect.spans import SPANS
from training.collect.work import Unread, Work


@dataclass(frozen=True)
class Candidate:
    """A work with its label.

    Attributes:
        work: The facts.
        period: A period, or `boundary`.
    """

    work: Work
    period: str


@dataclass
class Shelf:
    """Draws from one source.

    Args:
        source: The museum.
        client: Asks it.
        licences: What is accepted.
        seed: Of the order.

    Attributes:
        read: Records that were looked at.
        refused: How many were left out, by reason.
        boundary: Works across a boundary that were met on the way.
        problem: Why the source was given up; empty while it answers.
    """

    source: Source
    client: Client
    licences: Collection[str]
    seed: int
    read: int = 0
    refused: Counter[Reason] = field(default_factory=Counter)
    boundary: list[Candidate] = field(default_factory=list)
    problem: str = ""

    def __post_init__(self) -> None:
        self._works: dict[str, Iterator[Work | Unread]] = {
            span.period: self.source.works(self.client, span, self.seed) for span in SPANS
        }
        self._seen: set[str] = set()
        # Drawn for one period and found to belong to another that had not asked yet.
        self._ahead: dict[str, list[Candidate]] = {span.period: [] for span in SPANS}

    def is_open(self, period: str) -> bool:
        """Whether there may be more of a period."""
        return not self.problem and (period in self._works or bool(self._ahead[period]))

    def close(self, problem: str) -> None:
        """Give the source up for this run."""
        self.problem = self.problem or problem

    def draw(self, wanted: Mapping[str, int], hands: Hands) -> list[Candidate]:
        """Draw works until each period has what is wanted, or the source has no more.

        A source that fails keeps what it gave before and is closed with the reason.

        Args:
            wanted: How many of each period.
            hands: Whose works there are already; is counted on.
        """
        drawn: list[Candidate] = []
        try:
            for period, number in wanted.items():
                # One by one: what came before a failure is kept.
                for candidate in self._draw(period, number, hands):
                    drawn.append(candidate)  # noqa: PERF402
        except StoppedError:
            raise
        except SourceError as error:
            self.close(str(error))
        except Exception as error:  # noqa: BLE001 - one museum's surprise must not end the others
            self.close(f"its answers could not be read: {type(error).__name__}: {error}")
        return drawn

    def _draw(self, period: str, number: int, hands: Hands) -> Iterator[Candidate]:
        while number > 0:
            candidate = self._next(period)
            if candidate is None:
                return
            if hands.admit(candidate.work):
                number -= 1
                yield candidate

    def _next(self, period: str) -> Candidate | None:
        """The next work of a period; None when there is none, now or ever."""
        if self._ahead[period]:
            return self._ahead[period].pop(0)
        for entry in self._works.get(period, ()):
            candidate = self._judged(entry)
            if candidate is None:
                continue
            if candidate.period == period:
                return candidate
            self._ahead[candidate.period].append(candidate)
        self._works.pop(period, None)
        return None

    def _judged(self, entry: Work | Unread) -> Candidate | None:
        """The candidate that a record makes; None for what is refused, set aside or known."""
        key = f"{entry.source}:{entry.object_id}"
        if key in self._seen:
            return None
        self._seen.add(key)
        self.read += 1
        if isinstance(entry, Unread):
            self.refused[Reason.UNREADABLE] += 1
            return None
        verdict = judge(entry, self.licences)
        if verdict.refused is not None:
            self.refused[verdict.refused] += 1
            return None
        candidate = Candidate(entry, verdict.period)
        if verdict.period == BOUNDARY:
            self.boundary.append(candidate)
            return None
        return candidate
