"""The four periods, and how a folder of data names and dates classes of its own."""

import tomllib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from app.model_card import PeriodClass
from training.errors import DataError

__all__ = ["PERIODS", "PERIODS_FILE", "describe"]

PERIODS_FILE = "periods.toml"

PERIODS = (
    PeriodClass(name="medieval", label={"en": "Medieval", "zh": "中世纪"}, years=(None, 1400)),
    PeriodClass(
        name="renaissance", label={"en": "Renaissance", "zh": "文艺复兴"}, years=(1400, 1600)
    ),
    PeriodClass(
        name="post-renaissance",
        label={"en": "Post-Renaissance", "zh": "后文艺复兴"},
        years=(1600, 1860),
    ),
    PeriodClass(name="modern", label={"en": "Modern", "zh": "现代艺术"}, years=(1860, None)),
)


def describe(names: Iterable[str], folder: Path) -> tuple[PeriodClass, ...]:
    """Give class names their labels and years, in the order of the model's outputs.

    Known from `periods.toml` in the folder, where each class is a table such as

        [baroque]
        label = {en = "Baroque", zh = "巴洛克"}
        from = 1600
        until = 1750

    (every key optional), else from `PERIODS`; a name that neither knows is its
    own label. First come the classes of `periods.toml` in its order, then those
    of `PERIODS`, then others by name.

    Args:
        names: The classes that the data has.
        folder: Where `periods.toml` may lie.

    Raises:
        DataError: `periods.toml` cannot be read.
    """
    own = _read(folder / PERIODS_FILE)
    known = {each.name: each for each in PERIODS} | own
    order = [*own, *(each.name for each in PERIODS if each.name not in own)]
    present = set(names)
    rest = sorted(present.difference(order))
    return tuple(
        known.get(name) or PeriodClass(name=name, label={"en": name})
        for name in [*(each for each in order if each in present), *rest]
    )


def _read(path: Path) -> dict[str, PeriodClass]:
    if not path.is_file():
        return {}
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
        return {
            name: PeriodClass(
                name=name,
                label=table.get("label", {"en": name}),
                years=(table.get("from"), table.get("until")),
            )
            for name, table in tables.items()
        }
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError, ValidationError) as error:
        raise DataError(
            f"Expected in {path} a table per class with label, from and until; {error}."
        ) from None
