"""The pictures of one split, with what is known of each."""

from dataclasses import dataclass

from training.data.index import Example
from training.data.inspection import Facts

__all__ = ["Part"]


@dataclass(frozen=True)
class Part:
    """The pictures of one split.

    Attributes:
        examples: With `split` set.
        facts: Of each.
    """

    examples: tuple[Example, ...]
    facts: tuple[Facts, ...]

    @property
    def digests(self) -> tuple[str, ...]:
        """sha256 of each file."""
        return tuple(each.sha256 for each in self.facts)

    def joined(self, other: "Part") -> "Part":
        """Both parts' pictures, these first."""
        return Part(self.examples + other.examples, self.facts + other.facts)
