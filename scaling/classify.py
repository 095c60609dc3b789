"""The rows of `python -m app classify`, made by a whole Ray cluster.

    python -m scaling.classify scans --out periods.csv
    python -m scaling.classify s3://museum/scans paths.parquet --out periods.jsonl --address auto

    this process    names -> those that have no row yet -> Ray Data -> rows, appended as they come
    actors          name -> read -> digest -> decode, model -> row

The actors keep nothing, and one file of rows, written here, is the whole state. So when a
node dies, Ray Data has its pictures done again elsewhere; a row that comes twice for
it is dropped, and the same command goes on where this process died.
"""

import argparse
import hashlib
import logging
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pyarrow.dataset
import ray
import ray.data
from fsspec.core import url_to_fs
from numpy.typing import NDArray

from app.bulk.forms import Csv, Form, JsonLines
from app.bulk.problems import TableError, UnreadableFile
from app.bulk.row_file import RowFile
from app.bulk.rows import Column, Row, answer_row, columns_for, problem_row
from app.bulk.sources import SUFFIXES, Finder, Source, Sources
from app.errors import BodyTooLarge, InternalError, Problem, VasariError
from app.imaging import ImageLimits, prepare_pillow
from app.model_store import open_store
from app.runtime.classification import Classification
from app.runtime.devices import choose_device
from app.runtime.engine import Turn
from app.runtime.loader import Loader, load_residents
from app.runtime.residents import split_reference
from app.settings import Settings, load_settings

__all__ = ["Placement", "classify", "main", "names_in"]

_log = logging.getLogger(__name__)

_FORMS: dict[str, type[Csv] | type[JsonLines]] = {".csv": Csv, ".jsonl": JsonLines}

# Few enough that little is done twice when a node dies, and enough that Ray's own work
# for a batch, milliseconds, is little beside that for its pictures.
_PICTURES_PER_BATCH = 16

# What Ray Data hands out at a time, and how many of them it can watch at ease.
_NAMES_PER_BLOCK = 2 * _PICTURES_PER_BATCH
_MOST_BLOCKS = 10_000

_MOST_BYTES = 1 << 30


@dataclass(frozen=True)
class Placement:
    """Where the work is done.

    Args:
        least_actors: That are kept.
        most_actors: That may be started where there is room for them.
        num_cpus: Cores of each; it works on one picture at a time.
        num_gpus: GPUs of each; a fraction lets several share one.
    """

    least_actors: int = 1
    most_actors: int = 1024
    num_cpus: float = 1
    num_gpus: float = 0


def classify(
    names: Iterable[str], out: Path, settings: Settings, placement: Placement | None = None
) -> tuple[int, int]:
    """Write a row for each name that has none yet, on the cluster that Ray is connected to.

    Args:
        names: Paths, names of archive members, or fsspec's URLs; every node must reach them.
        out: Ends in .csv or .jsonl; where it exists the run goes on.
        settings: Which model, and its limits.
        placement: Defaults to one core an actor, and as many actors as there is room for.

    Returns:
        Rows written now, and rows in all.

    Raises:
        TableError: The file cannot be used.
        ModelError: The model cannot be served.
    """
    placement = placement or Placement()
    store = open_store(settings)
    name, version = split_reference(settings.model)
    stored = store.open(name, version or next(iter(store.versions(name)), "0"))
    columns = columns_for(stored.card)
    # One version for all: a newer one that comes meanwhile must not answer half of them.
    pinned = settings.model_copy(
        update={"model": stored.reference, "models_store": settings.models_store.absolute()}
    )
    written = 0
    with RowFile(out, _form(out, columns), stored.reference) as rows:
        wanted = [each for each in dict.fromkeys(names) if not rows.has_path(each)]
        for row in _run(wanted, pinned, placement):
            if not rows.has_path(str(row["path"])):
                rows.append(row)
                written += 1
        rows.sync()
        return written, len(rows)


def names_in(given: Iterable[str]) -> Iterator[str]:
    """Find the pictures in what was named.

    Args:
        given: Files, folders, patterns and archives; URLs such as `s3://bucket/folder`; and
            Parquet files with the column `path`.

    Raises:
        TableError: A Parquet file has no such column, or something is not there.
    """
    for each in given:
        if each.endswith(".parquet"):
            yield from _listed(each)
        elif "://" in each:
            system, path = url_to_fs(each)
            for found in sorted(system.find(path)):
                if Path(found).suffix.lower() in SUFFIXES:
                    yield system.unstrip_protocol(found)
        else:
            sources = Sources((str(Path(each).absolute()),))
            sources.check()
            yield from (source.name for source in sources)


class Classifier:
    """An actor: the model in memory, and a row for each name that it is given.

    Args:
        settings: With the model's version pinned.
    """

    def __init__(self, settings: Settings) -> None:
        device = choose_device(settings.device)
        loader = Loader(open_store(settings), device, 1, None, settings.precision)
        prepare_pillow()
        self._resident = load_residents(loader, (), default=settings.model).get()
        self._columns = columns_for(self._resident.card)
        self._limits = ImageLimits(max_pixels=settings.max_pixels)
        self._finder = Finder()

    def __call__(self, batch: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Make the rows of some names; they travel as Python objects, each with all columns."""
        rows = np.empty(len(batch["item"]), object)
        for index, name in enumerate(batch["item"]):
            rows[index] = self._row(str(name))
        return {"row": rows}

    def _row(self, name: str) -> Row:
        model = self._resident.version.reference
        digest: str | None = None
        problem: Problem | UnreadableFile
        try:
            data = self._source(name).read(_MOST_BYTES)
            digest = hashlib.sha256(data).hexdigest()
            (found,) = Classification(data, (self._resident,), self._limits)(Turn(0, 0.0))
            return answer_row(self._columns, path=name, model=model, sha256=digest, found=found)
        except (Problem, UnreadableFile) as told:
            problem = told
        except Exception:  # noqa: BLE001  one picture must not end the run of all
            _log.exception("%s failed", name)
            problem = InternalError("The picture could not be worked on; the fault is ours.")
        return problem_row(self._columns, path=name, model=model, sha256=digest, problem=problem)

    def _source(self, name: str) -> Source:
        return StoredObject(name) if "://" in name else self._finder.find(name)


@dataclass(frozen=True)
class StoredObject:
    """A picture that fsspec reads, from an object store or elsewhere.

    Args:
        name: Its URL.
    """

    name: str

    def read(self, limit: int) -> bytes:
        """Read it whole.

        Raises:
            UnreadableFile: It cannot be read.
            BodyTooLarge: It has more than `limit` bytes.
        """
        try:
            with fsspec.open(self.name, "rb") as file:
                data: bytes = file.read(limit + 1)
        except Exception as error:  # noqa: BLE001  each store has errors of its own
            reason = str(error) or type(error).__name__
            raise UnreadableFile(f"Expected an object that can be read; {reason}.") from None
        if len(data) > limit:
            raise BodyTooLarge(f"Expected an object of at most {limit} bytes; it has more.")
        return data


def _run(names: list[str], settings: Settings, placement: Placement) -> Iterator[Row]:
    """Have Ray Data make the rows; they come in no order, and a row may come again."""
    if not names:
        return
    blocks = min(math.ceil(len(names) / _NAMES_PER_BLOCK), _MOST_BLOCKS)
    made = ray.data.from_items(names, override_num_blocks=blocks).map_batches(
        Classifier,
        fn_constructor_args=(settings,),
        batch_size=_PICTURES_PER_BATCH,
        compute=ray.data.ActorPoolStrategy(
            min_size=placement.least_actors, max_size=placement.most_actors
        ),
        num_cpus=placement.num_cpus,
        num_gpus=placement.num_gpus,
    )
    for found in made.iter_rows():
        yield found["row"]


def _form(out: Path, columns: tuple[Column, ...]) -> Form:
    form = _FORMS.get(out.suffix.lower())
    if form is None:
        raise TableError(f"Expected --out to end in {', '.join(_FORMS)}; received {out}.")
    return form(columns)


def _listed(url: str) -> Iterator[str]:
    system, path = url_to_fs(url)
    table = pyarrow.dataset.dataset(path, filesystem=system, format="parquet")
    if "path" not in table.schema.names:
        raise TableError(f"Expected the column path in {url}; it has {table.schema.names}.")
    for batch in table.to_batches(columns=["path"]):
        yield from batch.column("path").to_pylist()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 1 where it cannot, with one sentence that says why."""
    parser = argparse.ArgumentParser(prog="python -m scaling.classify", description=__doc__)
    add = parser.add_argument
    add("paths", nargs="+", metavar="PATH", help="see the text above")
    add("--out", type=Path, required=True, metavar="FILE", help=".csv or .jsonl")
    add("--model", help="name or name@version, above VASARI_MODEL")
    add("--models-store", type=Path, metavar="DIR", help="that every node has at this place")
    add("--address", help="of the cluster; `auto` is the one that runs here; default: a new one")
    add("--num-cpus", type=float, default=1, help="of an actor")
    add("--num-gpus", type=float, default=0, help="of an actor; a fraction shares one")
    add("--most-actors", type=int, default=Placement.most_actors)
    given = parser.parse_args(arguments)
    chosen = {
        name: value
        for name in ("model", "models_store")
        if (value := getattr(given, name)) is not None
    }
    device = "gpu" if given.num_gpus else "cpu"
    try:
        settings = load_settings(device=device, **chosen)
        ray.init(address=given.address, log_to_driver=False)
        placement = Placement(1, given.most_actors, given.num_cpus, given.num_gpus)
        written, present = classify(names_in(given.paths), given.out, settings, placement)
    except VasariError as error:
        sys.stderr.write(f"vasari: {error}\n")
        return 1
    sys.stderr.write(f"{given.out}: {present:,} rows, {written:,} of them new.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
