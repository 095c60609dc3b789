"""The run: draw from every museum, keep an even share, fetch pictures, write the manifest.

    rounds:  shares -> Shelf.draw (all museums at once) -> one cap per artist
             -> Gallery.take (all museums at once) -> manifest.csv -> again for what is missing

Each step waits for all museums before the next begins. That costs little, and it makes
the choice depend on the answers alone and never on who answered first: a run that was
interrupted chooses the same works when it is resumed.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from training.collect.artists import Hands
from training.collect.client import Client
from training.collect.clock import Clock
from training.collect.errors import HostRefusesError, NoAnswerError, StoppedError
from training.collect.groups import grouped
from training.collect.labels import BOUNDARY
from training.collect.licences import OPEN
from training.collect.manifest import write_manifest
from training.collect.pictures import Gallery, Spoilt, Taken
from training.collect.progress import Bars
from training.collect.selection import shares
from training.collect.shelf import Candidate, Shelf
from training.collect.sources.source import Source
from training.collect.spans import PERIOD_NAMES
from training.files import write_atomically

T = TypeVar("T")

MANIFEST = "manifest.csv"
BOUNDARY_MANIFEST = "boundary.csv"
ACCOUNT = "collection.json"

_GRACE = 3.0  # seconds that an interrupted run gives its threads


@dataclass(frozen=True)
class Plan:
    """What is asked for.

    Args:
        folder: The data folder.
        sources: The museums, the preferred first.
        per_period: Works of each period.
        per_artist: Most works of one artist.
        boundary: Most works whose years lie across a boundary.
        licences: What is accepted.
        seed: Of every order and choice.
        dry_run: List and count, fetch no picture, write no manifest.
    """

    folder: Path
    sources: Sequence[Source]
    per_period: int = 500
    per_artist: int = 5
    boundary: int = 100
    licences: Sequence[str] = OPEN
    seed: int = 0
    dry_run: bool = False


@dataclass
class Collection:
    """A run and what it has come to.

    Args:
        plan: What is asked for.
        client: Asks.
        clock: Is stopped when the run is.
        bars: Shows how far each source is.

    Attributes:
        shelves: By source, with what was read and refused.
        taken: Pictures on disk, of the four periods and of the boundary.
        spoilt: Works whose pictures could not be used.
    """

    plan: Plan
    client: Client
    clock: Clock
    bars: Bars
    shelves: dict[str, Shelf] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    spoilt: list[Spoilt] = field(default_factory=list)
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        for source in self.plan.sources:
            self.shelves[source.name] = Shelf(
                source, self.client, self.plan.licences, self.plan.seed
            )
        self._hands = Hands(self.plan.per_artist)
        self._gallery = Gallery(self.plan.folder, self.client)

    def run(self) -> None:
        """Collect until every period is full or no museum has more.

        Raises:
            KeyboardInterrupt: Somebody stopped it. Nothing fetched is lost.
        """
        while wanted := self._wanted():
            self._hang(self._admitted(self._drawn(wanted)))
            self._write()
        self._hang(self._across())
        self._write()

    def _wanted(self) -> dict[str, dict[str, int]]:
        """What to draw next, by source and period; empty when there is no more to do."""
        wanted: dict[str, dict[str, int]] = {}
        for period in PERIOD_NAMES:
            kept = {name: self.kept[name, period] for name in self.shelves}
            missing = self.plan.per_period - sum(kept.values())
            sources = [name for name, shelf in self.shelves.items() if shelf.is_open(period)]
            for name, number in shares(missing, kept, sources).items():
                wanted.setdefault(name, {})[period] = number
        return wanted

    def _drawn(self, wanted: Mapping[str, Mapping[str, int]]) -> dict[str, list[Candidate]]:
        def draw(name: str) -> list[Candidate]:
            number = sum(wanted[name].values())
            self.bars.expect(name, 2 * number)
            # Each museum counts on a copy: what others draw meanwhile must not matter.
            drawn = self.shelves[name].draw(wanted[name], self._hands.copy())
            self.bars.done(name, len(drawn), "listed")
            # What it has not is not waited for.
            self.bars.expect(name, -2 * (number - len(drawn)))
            return drawn

        return self._at_once(draw, list(wanted))

    def _admitted(self, drawn: Mapping[str, list[Candidate]]) -> dict[str, list[Candidate]]:
        """Apply the cap per artist over all museums, in the order of the sources."""
        return {
            name: [each for each in candidates if self._hands.admit(each.work)]
            for name, candidates in drawn.items()
        }

    def _across(self) -> dict[str, list[Candidate]]:
        """The boundary works that were met on the way, as even a share of each source."""
        hands = Hands(self.plan.per_artist)
        met = {
            name: [each for each in shelf.boundary if hands.admit(each.work)]
            for name, shelf in self.shelves.items()
            if not shelf.problem
        }
        number: dict[str, int] = dict.fromkeys(met, 0)
        for _ in range(self.plan.boundary):
            more = [name for name in met if number[name] < len(met[name])]
            for name in shares(1, number, more):
                number[name] += 1
        return {name: met[name][: number[name]] for name in met}

    def _hang(self, chosen: Mapping[str, list[Candidate]]) -> None:
        """Fetch the chosen works' pictures; in a dry run, count them."""
        if self.plan.dry_run:
            for name, candidates in chosen.items():
                self.kept.update((name, each.period) for each in candidates)
            return

        def fetch(name: str) -> list[Taken | Spoilt]:
            return self._fetch(name, chosen[name])

        for name, results in self._at_once(fetch, list(chosen)).items():
            for result in results:
                if isinstance(result, Taken):
                    self.taken.append(result)
                    self.kept[name, result.candidate.period] += 1
                else:
                    self.spoilt.append(result)
                    if result.candidate.period != BOUNDARY:
                        self._hands.release(result.candidate.work)

    def _fetch(self, name: str, candidates: Sequence[Candidate]) -> list[Taken | Spoilt]:
        shelf = self.shelves[name]

        def take(candidate: Candidate) -> Taken | Spoilt:
            try:
                return self._gallery.take(candidate)
            except NoAnswerError as error:
                # Once a host refuses for good no more is asked of it; what is on disk counts.
                if isinstance(error, HostRefusesError):
                    shelf.close(str(error))
                return Spoilt(candidate, str(error))
            except (OSError, StoppedError):
                raise
            except Exception as error:  # noqa: BLE001 - one odd file must not end the run
                return Spoilt(candidate, f"{type(error).__name__}: {error}")
            finally:
                self.bars.done(name, 1, "pictures")

        lanes = max(manners.parallel for manners in shelf.source.manners.values())
        with ThreadPoolExecutor(lanes, thread_name_prefix=name) as pool:
            return list(pool.map(take, candidates))

    def _at_once(self, task: Callable[[str], T], names: Sequence[str]) -> dict[str, T]:
        """Run a task for several sources at once; answers in the order of the names."""
        pool = ThreadPoolExecutor(max(1, len(names)), thread_name_prefix="collect")
        futures = {name: pool.submit(task, name) for name in names}
        try:
            return {name: future.result() for name, future in futures.items()}
        except BaseException:
            # Whoever waits for a turn leaves now. A request under way may take a minute more:
            # nobody who pressed Ctrl-C waits for that, and nothing is lost by leaving it.
            self.clock.stop()
            wait(futures.values(), timeout=_GRACE)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    def _write(self) -> None:
        """Write what there is: after every round, so that a killed run leaves a data set."""
        if self.plan.dry_run:
            return
        folder = self.plan.folder
        inside = [each for each in self.taken if each.candidate.period != BOUNDARY]
        across = [each for each in self.taken if each.candidate.period == BOUNDARY]
        write_manifest(folder / MANIFEST, grouped(inside, self.plan.seed))
        write_manifest(folder / BOUNDARY_MANIFEST, grouped(across, self.plan.seed))
        account = {
            "seed": self.plan.seed,
            "per_period": self.plan.per_period,
            "per_artist": self.plan.per_artist,
            "licences": list(self.plan.licences),
            "sources": {name: self._account_of(name) for name in self.shelves},
        }
        write_atomically(folder / ACCOUNT, json.dumps(account, indent=1).encode())

    def _account_of(self, name: str) -> dict[str, object]:
        shelf = self.shelves[name]
        return {
            "read": shelf.read,
            "refused": {reason.value: number for reason, number in shelf.refused.items()},
            "kept": {period: self.kept[name, period] for period in (*PERIOD_NAMES, BOUNDARY)},
            "pictures_refused": sum(each.candidate.work.source == name for each in self.spoilt),
            "problem": shelf.problem,
        }
