"""`python -m app classify`: wire a run together, and tell how it ended."""

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from app.bulk.arguments import Options
from app.bulk.forms import Csv, Form, JsonLines
from app.bulk.parquet import check_pyarrow, pack, row_file_path, unpack
from app.bulk.problems import TableError
from app.bulk.progress import Progress, Total, duration
from app.bulk.review import choose_doubtful, write_sheet
from app.bulk.row_file import RowFile
from app.bulk.rows import Column, columns_for
from app.bulk.run import Limits, Run
from app.bulk.sorting import sort_into
from app.bulk.sources import Sources
from app.imaging import ImageLimits, prepare_pillow
from app.model_store import open_store
from app.runtime.batcher import Batching
from app.runtime.devices import choose_device
from app.runtime.loader import Loader, load_residents
from app.runtime.residents import Resident
from app.service import thread_count
from app.settings import Settings, load_settings

__all__ = ["ALL_ANSWERED", "INTERRUPTED", "SOME_FAILED", "classify"]

ALL_ANSWERED = 0
SOME_FAILED = 1
INTERRUPTED = 130


def classify(options: Options) -> int:
    """Classify all that was asked for, and write the table.

    Returns:
        `ALL_ANSWERED`; `SOME_FAILED` where rows of the table have an error; `INTERRUPTED`
        where a signal ended it, and the same command goes on.

    Raises:
        TableError: An argument or a file cannot be used.
        SettingsError, DeviceError, ModelError: It cannot start.
    """
    settings = load_settings(**options.settings, workers=1)
    sources = Sources(options.paths, options.list_file, options.sort_into)
    sources.check()
    if options.kind == "parquet":
        check_pyarrow()
    resident = _load(settings)
    columns = columns_for(resident.card)
    limits = Limits(options.max_bytes, ImageLimits(max_pixels=settings.max_pixels))
    with _open_rows(options, columns, resident) as rows:
        if options.retry:
            rows.drop_problems()
        run = Run(resident, columns, rows, limits)
        with _stopped_by_signals(run):
            _work(run, sources)
        if run.is_stopped:
            _say(f"Interrupted: {len(rows):,} rows stand; the same command goes on from there.")
            return INTERRUPTED
        if not len(rows):
            raise TableError("Expected pictures in what was named; there are none.")
        failed = _finish(options, columns, rows, limits)
    _say(f"{options.out}: {len(rows):,} rows, {failed:,} of them with an error.")
    return SOME_FAILED if failed else ALL_ANSWERED


def _load(settings: Settings) -> Resident:
    device = choose_device(settings.device)
    batching = Batching(settings.max_batch, settings.batch_delay_ms / 1000)
    threads = thread_count(settings, device)
    store = open_store(settings)
    loader = Loader(store, device, threads, batching, settings.precision)
    prepare_pillow()
    return load_residents(loader, (), default=settings.model).get()


def _open_rows(options: Options, columns: tuple[Column, ...], resident: Resident) -> RowFile:
    form: Form = Csv(columns) if options.kind == "csv" else JsonLines(columns)
    place = options.out
    if options.kind == "parquet":
        place = row_file_path(options.out)
        # Where both are there, the run before this one ended between two of its last steps.
        if options.out.exists() and not place.exists():
            unpack(options.out, columns, form, place)
    return RowFile(place, form, resident.version.reference)


def _work(run: Run, sources: Sources) -> None:
    started = time.perf_counter()
    total = Total(sources if sources.can_be_counted else None)
    progress = Progress(sys.stderr, total)
    try:
        tally = run.work(sources, progress)
    finally:
        total.close()
        progress.close()
    seconds = time.perf_counter() - started
    before = f"{tally.present:,} were there, " if tally.present else ""
    _say(
        f"{before}{tally.written:,} classified ({tally.duplicates:,} of them duplicates, "
        f"{tally.failed:,} errors) in {duration(seconds)}, {tally.written / seconds:.1f}/s."
    )


def _finish(options: Options, columns: tuple[Column, ...], rows: RowFile, limits: Limits) -> int:
    """Make of the rows what was asked for besides; tell how many have an error."""
    if options.sort_into is not None:
        placed, missing = sort_into(options.sort_into, rows, options.link, limits.max_bytes)
        lost = f"; {missing:,} are not there any more" if missing else ""
        _say(f"{options.sort_into}: {placed:,} pictures by period{lost}.")
    if options.review is not None:
        sheet = choose_doubtful(rows, options.review)
        title = f"Doubtful answers: {options.out.name}"
        write_sheet(sheet, options.sheet, title=title, limits=limits, threads=2)
        _say(f"{options.sheet}: {len(sheet.rows):,} of {sheet.doubtful:,} doubtful pictures.")
    failed = sum(row["error"] is not None for row in rows)
    if options.kind == "parquet":
        pack(iter(rows), columns, options.out)
        rows.path.unlink()
    return failed


@contextmanager
def _stopped_by_signals(run: Run) -> Iterator[None]:
    """Have the first SIGINT or SIGTERM stop the run in order, and the second one end it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        if run.is_stopped:
            raise KeyboardInterrupt
        run.stop()

    before = {each: signal.signal(each, stop) for each in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
