"""The four periods as years that a museum can be asked for."""

from dataclasses import dataclass

from training.data.periods import PERIODS

FIRST_YEAR = 300
"""Earlier works are antiquity: a mummy portrait is no medieval painting."""

LAST_YEAR = 2030
"""Where `modern` ends for a question that needs an end."""


@dataclass(frozen=True)
class Span:
    """A period's years.

    Attributes:
        period: Its name.
        first: First year.
        last: Last year, inclusive.
    """

    period: str
    first: int
    last: int

    def holds(self, earliest: int, latest: int) -> bool:
        """Whether a whole range of years lies inside."""
        return self.first <= earliest and latest <= self.last


def _span(name: str, years: tuple[int | None, int | None]) -> Span:
    # A period names the first year after its last.
    first, after = years
    return Span(name, first or FIRST_YEAR, after - 1 if after else LAST_YEAR)


SPANS = tuple(_span(period.name, period.years) for period in PERIODS)
"""The periods in the order of time."""

PERIOD_NAMES = tuple(span.period for span in SPANS)
