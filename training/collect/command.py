"""The command line: `python -m training.collect`."""

import argparse
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import httpx
from rich.console import Console
from rich.markup import escape

from training.collect.client import Client
from training.collect.clock import Clock, SystemClock
from training.collect.collection import (
    BOUNDARY_MANIFEST,
    MANIFEST,
    Collection,
    Plan,
)
from training.collect.errors import CollectError, UsageError
from training.collect.labels import BOUNDARY
from training.collect.licences import OPEN
from training.collect.options import contact_of, parser
from training.collect.pace import Manners, Pace
from training.collect.patience import Patience
from training.collect.progress import Bars, account
from training.collect.self_check import self_check
from training.collect.sources import SOURCES
from training.collect.sources.source import Source
from training.collect.spans import PERIOD_NAMES
from training.collect.store import AnswerStore

OK, NOTHING, USAGE, INTERRUPTED = 0, 1, 2, 130


@dataclass(frozen=True)
class World:
    """What lies outside the program, so that tests can bring their own.

    Args:
        transport: The network. Defaults to the real one.
        clock: Time.
        patience: How refusals are met.
    """

    transport: httpx.BaseTransport | None = None
    clock: Clock = field(default_factory=SystemClock)
    patience: Patience = field(default_factory=Patience)


def main(
    arguments: Sequence[str], *, console: Console | None = None, world: World | None = None
) -> int:
    """Collect, count or check.

    Args:
        arguments: Of the command line.
        console: Where to talk. Defaults to the terminal.
        world: Network and time. Defaults to the real ones.

    Returns:
        The exit status: 0 well; 1 nothing could be collected, or the self-check found
        changes; 2 a mistake on the command line; 130 interrupted.
    """
    options = parser().parse_args(arguments)
    console = console or Console()
    world = world or World()
    try:
        contact = contact_of(options, console)
        sources = [SOURCES[name] for name in dict.fromkeys(options.source or SOURCES)]
        if options.self_check:
            # Kept answers would tell what the museums said once.
            with tempfile.TemporaryDirectory() as empty:
                return _check(_client(sources, Path(empty), contact, world), sources, console)
        store = options.out / ".collect" / "http"
        client = _client(sources, store, contact, world)
        return _collect(_plan(options, sources), client, world.clock, console)
    except KeyboardInterrupt:
        console.print("Interrupted. The same command goes on where this one stopped.")
        return INTERRUPTED
    except UsageError as error:
        console.print(escape(str(error)))
        return USAGE
    except (CollectError, OSError) as error:
        console.print(escape(f"{type(error).__name__}: {error}"))
        return NOTHING


def leave(status: int) -> NoReturn:
    """End the process; after an interruption without waiting for requests under way.

    Every file is written whole or not at all, so there is nothing to tidy up.
    """
    if status == INTERRUPTED:
        sys.stdout.flush()
        os._exit(status)
    sys.exit(status)


def _client(
    sources: Sequence[Source],
    store: Path,
    contact: str,
    world: World,
) -> Client:
    manners: dict[str, Manners] = {}
    for source in sources:
        manners.update(source.manners)
    return Client(
        AnswerStore(store),
        contact,
        pace=Pace(manners, world.clock),
        clock=world.clock,
        transport=world.transport,
        patience=world.patience,
    )


def _plan(options: argparse.Namespace, sources: Sequence[Source]) -> Plan:
    boundary = options.per_period // 5 if options.boundary is None else options.boundary
    return Plan(
        folder=options.out,
        sources=sources,
        per_period=options.per_period,
        per_artist=options.per_artist,
        boundary=boundary,
        licences=tuple(options.licence or OPEN),
        seed=options.seed,
        dry_run=options.dry_run,
    )


def _collect(plan: Plan, client: Client, clock: Clock, console: Console) -> int:
    bars = Bars(console, [source.name for source in plan.sources])
    try:
        with bars:
            collection = Collection(plan, client, clock, bars)
            collection.run()
    finally:
        client.close()
    heading = "Would be fetched" if plan.dry_run else "Collected"
    console.print(account(list(collection.shelves.values()), collection.kept, heading))
    console.print(
        f"{sum(client.requests.values())} requests; "
        f"{len(collection.spoilt)} pictures refused; seed {plan.seed}."
    )
    for period in PERIOD_NAMES:
        number = sum(collection.kept[source.name, period] for source in plan.sources)
        if number < plan.per_period:
            console.print(f"{period}: {number} of {plan.per_period}; the museums have no more.")
    found = sum(number for (_, period), number in collection.kept.items() if period != BOUNDARY)
    if found and not plan.dry_run:
        console.print(f"Wrote {escape(str(plan.folder / MANIFEST))} and {BOUNDARY_MANIFEST}.")
    return OK if found else NOTHING


def _check(client: Client, sources: Sequence[Source], console: Console) -> int:
    changed = False
    try:
        for finding in self_check(sources, client):
            changed = changed or bool(finding.changes)
            word = "changed" if finding.changes else "as documented"
            console.print(f"{finding.source}: {word}; {escape('; '.join(finding.titles))}")
            for change in finding.changes:
                console.print(f"  {escape(change)}")
    finally:
        client.close()
    return NOTHING if changed else OK
