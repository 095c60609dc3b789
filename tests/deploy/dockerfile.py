"""A Dockerfile read into its stages: enough of its grammar to ask what an image is given."""

import re
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Stage", "read_stages"]

ROOT = Path(__file__).parents[2]


@dataclass
class Stage:
    """One `FROM` and what follows it.

    Attributes:
        name: After `AS`.
        parent: Another stage's name, or an image.
        instructions: Word and rest of each, in order, continuation lines joined.
    """

    name: str
    parent: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all_of(self, word: str) -> list[str]:
        """What follows an instruction's word, each time that it stands here."""
        return [rest for each, rest in self.instructions if each == word]


def read_stages(path: Path = ROOT / "Dockerfile") -> dict[str, Stage]:
    """Read the stages of a Dockerfile, by name and in order."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]
    stages: dict[str, Stage] = {}
    stage: Stage | None = None
    for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            parent, _, name = rest.partition(" AS ")
            stage = stages[name] = Stage(name, parent)
        elif word and stage is not None:
            stage.instructions.append((word, rest))
    return stages
