"""How much the service adds to the bare work, and what it does when more comes than it can do.

    python benchmarks/serving.py [--models-store DIR] [--model NAME] [--rounds N] [--reloads N]

Every figure that is a ratio is the median of the rounds' ratios, and in a round what is
compared runs one after the other: whatever else the machine does meets both. The load
generator has a process of its own on the same cores; its share of them is told, and
taken off what throughput is compared with.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.model_store import ModelStore
from app.settings import usable_cores
from benchmarks.bare import BareLoop
from benchmarks.load import OVERLOADED, Generator, Load, p99
from benchmarks.pictures import Sent, pictures
from benchmarks.service import ROOT, Service, publish

DEADLINE_SECONDS = 30.0


@dataclass
class Table:
    """The bars, what was measured, and whether it holds."""

    missed: int = 0
    found: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    def row(self, name: str, value: float, bar: str, *, holds: bool, unit: str = "") -> None:
        """Print one line."""
        self.missed += not holds
        print(f"{name:58}{value:10.2f}{unit:4}{bar:>12}  {'holds' if holds else 'MISSED'}")

    def at_most(self, name: str, bar: float, unit: str = "") -> None:
        """The median of what was found under a name, against a bar from above."""
        value = statistics.median(self.found[name])
        self.row(name, value, f"<= {bar:g}", holds=value <= bar, unit=unit)

    def at_least(self, name: str, bar: float) -> None:
        """Likewise from below."""
        value = statistics.median(self.found[name])
        self.row(name, value, f">= {bar:g}", holds=value >= bar)


def main() -> None:
    """Measure, and print the table."""
    chosen = _arguments()
    table = Table()
    print(f"{usable_cores()} cores; {'':40}{'measured':>16}{'bar':>16}")
    _measure_start(chosen, table)
    with Generator() as generator, tempfile.TemporaryDirectory() as folder:
        _measure_requests(chosen, generator, table)
        if chosen.reloads:
            _measure_reloads(chosen, generator, table, Path(folder))
    print(f"{table.missed} missed" if table.missed else "every bar holds")


def _measure_start(chosen: argparse.Namespace, table: Table) -> None:
    for _ in range(chosen.rounds):
        with Service(chosen.models_store, chosen.model) as service:
            table.found["process start to ready"].append(service.seconds_to_ready)
    table.at_most("process start to ready", 1.5, "s")


def _measure_requests(chosen: argparse.Namespace, generator: Generator, table: Table) -> None:
    sent = pictures()
    cores = usable_cores()
    with (
        BareLoop(chosen.models_store, chosen.model, cores) as bare,
        Service(chosen.models_store, chosen.model) as service,
    ):
        for each in sent.values():
            generator.closed(service.port, each.raw(), cores, 1)
        for _ in range(chosen.rounds):
            for key in ("web", "museum"):
                _one_round(sent[key], (bare, service, generator), chosen.seconds, table)
        print(f"numbers: {bare.precision}; generator's share of the cores at saturation:", end="")
        print(f" {statistics.median(table.found['generator']):.1%}")
        web, museum = sent["web"].name, sent["museum"].name
        table.at_most(f"{web}, raw: CPU a request / bare", 1.15)
        table.at_most(f"{museum}, raw: CPU a request / bare", 1.05)
        table.at_most(f"{web}, multipart: CPU a request / bare", 1.20)
        table.at_most(f"{museum}, multipart: CPU a request / bare", 1.12)
        for name in (web, museum):
            table.at_least(f"{name}: throughput / bare, generator taken off", 0.92)
        for name in (web, museum):
            table.at_most(f"{name}: p50 of one caller / (1.15 bare + 1.5 ms)", 1.0)
        most = service.megabytes("VmHWM")
        table.row(
            "resident memory, at most, with 6-megapixel uploads",
            most,
            "<= 300",
            holds=most <= 300,
            unit="MB",
        )
        _measure_overload(chosen, sent["web"], service, generator, table)


def _one_round(
    sent: Sent, sides: tuple[BareLoop, Service, Generator], seconds: float, table: Table
) -> None:
    bare, service, generator = sides
    cores, name, found = usable_cores(), sent.name, table.found
    alone = bare.run(sent.data, 1, seconds)
    one = generator.closed(service.port, sent.raw(), 1, seconds)
    limit = 1.15 * statistics.median(alone.seconds) + 0.0015
    found[f"{name}: p50 of one caller / (1.15 bare + 1.5 ms)"].append(one.median() / limit)
    full = bare.run(sent.data, cores, seconds)
    for way, request in (("raw", sent.raw()), ("multipart", sent.form())):
        before = service.cpu_seconds
        load = generator.closed(service.port, request, 2 * cores, seconds)
        each = (service.cpu_seconds - before) / len(load.answers)
        found[f"{name}, {way}: CPU a request / bare"].append(each / full.cpu_each)
        if way == "raw":
            found["generator"].append(1 - _left(load))
            ratio = load.rate / (full.rate * _left(load))
            found[f"{name}: throughput / bare, generator taken off"].append(ratio)
        if load.failures:
            sys.exit(f"{load.failures} requests failed")


def _left(load: Load) -> float:
    """The share of the cores that the load generator did not take."""
    return 1 - load.cpu_seconds / load.seconds / usable_cores()


def _measure_overload(
    chosen: argparse.Namespace,
    sent: Sent,
    service: Service,
    generator: Generator,
    table: Table,
) -> None:
    """Four times what it can carry, arriving whether or not it answers."""
    peaks, loads, memory = [], [], []
    for _ in range(chosen.rounds):
        peak = generator.closed(service.port, sent.raw(), 2 * usable_cores(), chosen.seconds)
        load = generator.opened(service.port, sent.raw(), 4 * peak.rate, 2 * chosen.seconds)
        ratio = load.rate / _left(load) / (peak.rate / _left(peak))
        table.found["goodput / peak, at 4 times the load"].append(ratio)
        peaks.append(peak.rate)
        loads.append(load)
        memory.append(service.megabytes())
        table.found["refusals: median"].append(load.median(OVERLOADED) * 1000)
        table.found["accepted: p99"].append(load.p99())
    refused = sum(len(each.of(OVERLOADED)) for each in loads)
    print(
        f"overload: peak {statistics.median(peaks):.0f} a second, {refused} refused, "
        f"generator's share {1 - statistics.median(_left(each) for each in loads):.1%}"
    )
    table.at_least("goodput / peak, at 4 times the load", 0.90)
    table.at_most("refusals: median", 50, "ms")
    table.at_most("accepted: p99", DEADLINE_SECONDS, "s")
    failures = sum(each.failures for each in loads)
    table.row("requests without an answer", failures, "0", holds=failures == 0)
    grown = memory[-1] - memory[0]
    table.row(
        "resident memory, grown from the first overload to the last",
        grown,
        "<= 30",
        holds=grown <= 30,
        unit="MB",
    )


def _measure_reloads(
    chosen: argparse.Namespace, generator: Generator, table: Table, store: Path
) -> None:
    versions = ModelStore(chosen.models_store)
    template = chosen.models_store / chosen.model / versions.versions(chosen.model)[0]
    publish(template, store / chosen.model / "1")
    sent = pictures()["web"]
    reloads: list[tuple[float, float]] = []
    with Service(store, chosen.model) as service:
        generator.closed(service.port, sent.raw(), usable_cores(), 1)
        memory = service.megabytes()
        seconds = chosen.reloads * 3.0
        loaded = generator.begin(service.port, sent.raw(), usable_cores(), seconds)
        for version in range(2, chosen.reloads + 2):
            begun = time.perf_counter()
            time.sleep(0.5)
            publish(template, store / chosen.model / str(version))
            reloads.append(service.reload(version))
            time.sleep(max(0.0, 3 - (time.perf_counter() - begun)))
        load = loaded()
        time.sleep(1)
        grown = service.megabytes() - memory
    met, quiet = _apart(load, reloads)
    median = statistics.median(until - since for since, until in reloads)
    print(
        f"{len(reloads)} reloads of {median:.2f} s under {usable_cores()} callers: p99 "
        f"{p99(met) * 1000:.1f} ms of {len(met)} requests that met one, "
        f"{p99(quiet) * 1000:.1f} ms of {len(quiet)} that met none"
    )
    failed = len(load.answers) - len(load.of(200))
    table.row("reloads: requests that failed", failed, "0", holds=failed == 0)
    ratio = p99(met) / p99(quiet)
    table.row("reloads: p99 during one / without", ratio, "<= 2", holds=ratio <= 2)
    table.row("resident memory, grown by all reloads", grown, "<= 30", holds=grown <= 30, unit="MB")


def _apart(load: Load, reloads: list[tuple[float, float]]) -> tuple[list[float], list[float]]:
    met, quiet = [], []
    for each in load.answers:
        meets = any(each.begun < until and each.ended > since for since, until in reloads)
        (met if meets else quiet).append(each.seconds)
    return met, quiet


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models-store", type=Path, default=ROOT / "models_store")
    parser.add_argument("--model", default="vasari")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="of each measurement")
    parser.add_argument("--reloads", type=int, default=20)
    return parser.parse_args()


if __name__ == "__main__":
    main()
