"""What the command line understands."""

import argparse
from pathlib import Path

from rich.console import Console

from training.collect.errors import UsageError
from training.collect.licences import LICENCES, OPEN
from training.collect.sources import SOURCES
from training.files import write_atomically


def parser() -> argparse.ArgumentParser:
    """The options of `python -m training.collect`."""
    options = argparse.ArgumentParser(
        prog="python -m training.collect",
        description="Fetches openly licensed paintings of each period from museums.",
        epilog="docs/collect.md says more.",
    )
    options.add_argument(
        "--per-period",
        type=_positive,
        default=500,
        metavar="N",
        help="works of each period (default 500)",
    )
    options.add_argument(
        "--out",
        type=Path,
        default=Path("data"),
        metavar="DIR",
        help="the data folder (default data)",
    )
    options.add_argument(
        "--source",
        action="append",
        choices=tuple(SOURCES),
        metavar="NAME",
        help=f"only this one, may be repeated: {', '.join(SOURCES)}",
    )
    options.add_argument(
        "--per-artist",
        type=_positive,
        default=5,
        metavar="N",
        help="most works of one artist (default 5)",
    )
    options.add_argument(
        "--boundary",
        type=_natural,
        default=None,
        metavar="N",
        help="most works across a boundary (default a fifth of --per-period)",
    )
    options.add_argument(
        "--licence",
        action="append",
        choices=tuple(LICENCES),
        metavar="NAME",
        help="accept this licence, may be repeated: "
        f"{', '.join(LICENCES)} (default {' and '.join(OPEN)})",
    )
    options.add_argument(
        "--contact",
        metavar="EMAIL-or-URL",
        help="how a museum reaches you; asked for once and kept in the data folder",
    )
    options.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of every order and choice (default 0)"
    )
    options.add_argument("--dry-run", action="store_true", help="list and count, fetch no picture")
    options.add_argument(
        "--self-check",
        action="store_true",
        help="ask each museum for two works and say what changed",
    )
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0; received {text}")
    return number


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected 0 or more; received {text}")
    return number


def contact_of(options: argparse.Namespace, console: Console) -> str:
    """The contact: given, or kept from another time, or asked for.

    Raises:
        UsageError: There is none, or it is no address.
    """
    kept: Path = options.out / ".collect" / "contact"
    contact = (options.contact or "").strip()
    if not contact and kept.is_file():
        contact = kept.read_text(encoding="utf-8").strip()
    if not contact and console.is_interactive:
        contact = console.input(
            "Museums ask who is calling. Your mail or web address, sent with every request: "
        ).strip()
    well_formed = contact.isascii() and contact.isprintable() and "(" not in contact
    if not well_formed or not ("@" in contact or contact.startswith(("http://", "https://"))):
        raise UsageError(
            "Expected --contact with a mail address or a web address, so that a museum can reach "
            f"whoever asks; received {contact!r}."
        )
    if not options.self_check:
        write_atomically(kept, contact.encode())
    return contact
