"""How much `python -m app classify` adds to the bare work, and what memory it takes.

    python benchmarks/bulk.py [--models-store DIR] [--model NAME] [--pictures N] [--rows N]

Classifies a folder of 800 x 1000 JPEGs into a CSV, and between the rounds does the same
work (read, decode, view, interpreter) in a bare loop of as many threads, with the same
interpreters. Rounds are interleaved and the order within a pair alternates, so that
whatever else the machine does meets both; the median of the rounds' ratios is told, of
pictures a second and of processor time a picture. A last line starts the real command.

Then tiny pictures, each another one, are classified by a tiny model, and the process's
memory is noted on the way: it must not grow with the rows.
"""

import argparse
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from PIL import ImageDraw  # noqa: E402

from app.bulk.forms import Csv  # noqa: E402
from app.bulk.progress import Progress, Total  # noqa: E402
from app.bulk.row_file import RowFile  # noqa: E402
from app.bulk.rows import columns_for  # noqa: E402
from app.bulk.run import Limits, Run  # noqa: E402
from app.bulk.sources import Sources  # noqa: E402
from app.imaging import ImageLimits, decode, prepare_pillow, views  # noqa: E402
from app.model_store import ModelStore  # noqa: E402
from app.runtime.loader import load_resident  # noqa: E402
from app.runtime.residents import Resident  # noqa: E402
from app.settings import usable_cores  # noqa: E402
from tests.images import encode, jpeg, photograph, plain  # noqa: E402
from tests.models import NAME, write_version  # noqa: E402

ROUNDS = 7
LIMITS = Limits(2**30, ImageLimits())


def main() -> None:
    """Measure, and print the table."""
    chosen = _arguments()
    prepare_pillow()
    with tempfile.TemporaryDirectory() as folder:
        if chosen.pictures:
            _measure_rate(chosen, Path(folder))
        if chosen.rows:
            _measure_memory(chosen.rows, Path(folder))


def _measure_rate(chosen: argparse.Namespace, folder: Path) -> None:
    scans = folder / "scans"
    _write_photographs(scans, chosen.pictures)
    resident = _load(chosen.models_store, chosen.model)
    ways: tuple[Callable[[], float], ...] = (
        lambda: _bare(resident, scans),
        lambda: _bulk(resident, scans, folder),
    )
    for way in ways:
        way()
    rates: tuple[list[float], list[float]] = ([], [])
    costs: tuple[list[float], list[float]] = ([], [])
    for number in range(ROUNDS):
        for which in (0, 1) if number % 2 else (1, 0):
            spent = time.process_time()
            rates[which].append(chosen.pictures / ways[which]())
            costs[which].append((time.process_time() - spent) / chosen.pictures * 1000)
    begun = time.perf_counter()
    words = [*_command(chosen), str(scans), "--out", str(folder / "whole.csv")]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    whole = chosen.pictures / (time.perf_counter() - begun)
    print(f"{chosen.pictures} JPEGs of 800 x 1000, {chosen.model}, {usable_cores()} cores")
    print(f"{'':20}{'pictures/s':>12}{'processor ms a picture':>24}")
    for name, rate, cost in zip(("bare loop", "classify"), rates, costs, strict=True):
        print(f"{name:20}{statistics.median(rate):12.1f}{statistics.median(cost):24.2f}")
    for name, (bare, bulk) in (("rates", rates), ("processor time", costs[::-1])):
        ratios = [each / base for base, each in zip(bare, bulk, strict=True)]
        print(
            f"ratio of {name}: {statistics.median(ratios):.3f}, median of {ROUNDS} rounds from "
            f"{min(ratios):.3f} to {max(ratios):.3f}"
        )
    print(f"the whole command with its start: {whole:.1f} pictures/s")


def _measure_memory(count: int, folder: Path) -> None:
    pictures = folder / "tiny"
    store = folder / "models_store"
    write_version(store)
    _write_tiny(pictures, count)
    out = folder / "tiny.csv"
    words = [sys.executable, "-m", "app", "classify", str(pictures), "--out", str(out)]
    words += ["--model", NAME, "--models-store", str(store)]
    print(f"\n{count:,} pictures of 16 x 16 pixels, a tiny model")
    begun = time.perf_counter()
    with subprocess.Popen(words, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        mark = count // 10
        while process.poll() is None:
            rows = out.stat().st_size / _bytes_a_row(out) if out.exists() else 0
            if rows >= mark:
                print(f"{mark:>10,} rows  {_resident_megabytes(process.pid):6.1f} MB")
                mark += count // 10
            time.sleep(0.02)
    seconds = time.perf_counter() - begun
    lines = sum(1 for _ in out.open("rb")) - 1
    print(
        f"{lines:,} rows in {seconds:.1f} s, {lines / seconds:.0f} a second; exit code "
        f"{process.returncode}"
    )
    begun = time.perf_counter()
    done = subprocess.run(words, cwd=ROOT, check=True, capture_output=True, text=True)
    print(f"the same command once more: {time.perf_counter() - begun:.1f} s, {done.stderr.strip()}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models-store", type=Path, default=ROOT / "models_store")
    parser.add_argument("--model", default="vasari")
    parser.add_argument("--pictures", type=int, default=300, help="in a round; 0 leaves it out")
    parser.add_argument("--rows", type=int, default=100_000, help="for memory; 0 leaves it out")
    return parser.parse_args()


def _command(chosen: argparse.Namespace) -> list[str]:
    words = [sys.executable, "-m", "app", "classify", "--model", chosen.model]
    return [*words, "--models-store", str(chosen.models_store)]


def _load(store: Path, name: str) -> Resident:
    opened = ModelStore(store)
    version = opened.open(name, opened.versions(name)[0])
    return load_resident(version, device="cpu", threads=usable_cores())


def _bare(resident: Resident, scans: Path) -> float:
    """The same work in threads that share a list; what it takes in seconds."""
    spec = resident.card.input.spec
    paths = iter(sorted(scans.iterdir()))
    lock = threading.Lock()

    def work(worker: int) -> None:
        runner = resident.runners[worker]
        while True:
            with lock:
                path = next(paths, None)
            if path is None:
                return
            picture = decode(path.read_bytes(), reduce_to=(spec.width, spec.height))
            runner(views(picture, spec))

    threads = [threading.Thread(target=work, args=(index,)) for index in range(usable_cores())]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun


def _bulk(resident: Resident, scans: Path, folder: Path) -> float:
    """The run of the command, with its table, its digests and its progress."""
    columns = columns_for(resident.card)
    out = folder / "table.csv"
    sources = Sources((str(scans),))
    begun = time.perf_counter()
    with RowFile(out, Csv(columns), resident.version.reference) as rows:
        with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
            progress = Progress(nowhere, Total(sources))
            tally = Run(resident, columns, rows, LIMITS).work(sources, progress)
        seconds = time.perf_counter() - begun
    out.unlink()
    if tally.answered != len(list(scans.iterdir())) or tally.duplicates:
        sys.exit(f"Not every picture was answered: {tally}")
    return seconds


def _write_photographs(folder: Path, count: int) -> None:
    folder.mkdir()
    photo = photograph(800, 1000)
    draw = ImageDraw.Draw(photo)
    for number in range(count):
        draw.rectangle((0, 0, 90, 20), "black")
        draw.text((2, 2), str(number), "white")
        (folder / f"{number:05}.jpg").write_bytes(jpeg(photo))


def _write_tiny(folder: Path, count: int) -> None:
    for number, part in _numbered(count):
        if number % 1000 == 0:
            (folder / f"{part:03}").mkdir(parents=True)
        colour = (number & 255, number >> 8 & 255, number >> 16)
        data = encode(plain(16, 16, colour), "BMP")
        (folder / f"{part:03}" / f"{number:06}.bmp").write_bytes(data)


def _numbered(count: int) -> Iterable[tuple[int, int]]:
    return ((number, number // 1000) for number in range(count))


def _bytes_a_row(out: Path) -> float:
    with out.open("rb") as file:
        head = file.read(65_536)
    return max(1.0, len(head) / max(1, head.count(b"\n") - 1))


def _resident_megabytes(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    main()
