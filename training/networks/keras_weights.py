"""Where the ImageNet weights of `keras.applications` come from, and how they are found.

`keras_weights.csv` lists each network with the size it was published for, the range
of its input, the address of its weights without the top, and their digest; a test
holds the list to what Keras itself would fetch. Imports no Keras until it fetches.
"""

import csv
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from training.errors import OptionError, WeightsError

__all__ = ["Published", "find", "locate"]

HOST = "https://storage.googleapis.com/"
PATIENCE_SECONDS = 20.0
"""Longest silence of the network before its weights are given up."""

_SUFFIXES = (".h5", ".hdf5", ".keras")


@dataclass(frozen=True)
class Published:
    """One network of `keras.applications`, as it was published.

    Attributes:
        name: Of its function in `keras.applications`, such as `ConvNeXtTiny`.
        size: Height and width that its weights were trained at.
        input_range: What its weights expect; see `training.networks.keras_backbone`.
        address: Of its weights without the top.
        digest: md5 or sha256 of that file, as Keras checks it; None where Keras knows none.
    """

    name: str
    size: int
    input_range: str
    address: str
    digest: str | None

    @property
    def file(self) -> str:
        """The file's name."""
        return self.address.rpartition("/")[2]


def find(name: str) -> Published:
    """The network of a name, in any case and with or without underscores.

    Raises:
        OptionError: There is none.
    """
    known = _known()
    found = known.get(_plain(name))
    if found is None:
        listed = ", ".join(each.name for each in known.values())
        raise OptionError(
            f"Expected a backbone of keras.applications: {listed}; received {name!r}."
        )
    return found


def locate(network: Published, weights: Path | None = None) -> Path:
    """Find a network's weights file: the one given, Keras's own copy, or one fetched now.

    Args:
        network: Which.
        weights: A file to be used instead, in one of Keras's forms.
            Defaults to the published one.

    Raises:
        WeightsError: It is not there and cannot be fetched, or its digest is another.
    """
    if weights is not None:
        if not weights.is_file() or weights.suffix not in _SUFFIXES:
            raise WeightsError(
                f"Expected a Keras weights file ({', '.join(_SUFFIXES)}) at {weights}; "
                f"{'its name ends otherwise' if weights.is_file() else 'there is none'}."
            )
        return weights
    # It takes seconds to import, and only fetching needs it.
    import keras  # noqa: PLC0415

    try:
        with _patience():
            path = keras.utils.get_file(
                network.file, network.address, cache_subdir="models", file_hash=network.digest
            )
    except Exception as error:  # noqa: BLE001 - Keras raises bare ones, the network any
        raise WeightsError(
            f"Expected the ImageNet weights {network.file}, which Keras fetches from "
            f"{network.address}; that failed ({_cause(error)}). Fetch it elsewhere and give it "
            "with --weights FILE, or train --recipe efficientnet_lite0, which needs no download."
        ) from None
    return Path(path)


@contextmanager
def _patience() -> Iterator[None]:
    """Bound each wait for the network, for which Keras sets no limit."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(PATIENCE_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _cause(error: Exception) -> str:
    """The last part of what Keras says, which repeats the address before it."""
    return str(error).rpartition(": ")[2].strip() or type(error).__name__


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()


@cache
def _known() -> dict[str, Published]:
    path = Path(__file__).with_suffix(".csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            Published(
                row["name"],
                int(row["size"]),
                row["input_range"],
                HOST + row["address"],
                row["digest"] or None,
            )
            for row in csv.DictReader(file)
        ]
    return {_plain(each.name): each for each in rows}
