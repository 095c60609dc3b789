"""The command line of `python -m training.run`. Imports nothing that takes time."""

import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

from training.recipes import DEFAULT, RECIPES

__all__ = ["ALL", "PRECISIONS", "Options", "parse"]

ALL = "all"
"""In place of a recipe's name: every recipe that can run."""

PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")

_MOST_FOLDS = 20


@dataclass(frozen=True)
class Options:
    """What was asked for; None leaves a hyper-parameter to the recipe.

    Attributes:
        data: A folder or a manifest.
        recipe: Name of the recipe.
        name: Name in models_store. Defaults to the recipe's.
        models_store: Where the version is written.
        seed: Of everything random.
        weights: A file in place of the published weights, or `random`.
        backbone: A network of keras.applications, for the recipe of that name.
        faithful: Whether the teaching case's slips are kept.
        views: How many views a picture has, shown in turn.
        epochs: Passes over the data.
        batch: Pictures a step.
        pictures_per_pass: Most pictures of a pass.
        size: Height and width of the input.
        split_column: The manifest's column that names the split.
        validation_share: Of the training pictures to hold out, if the data does not.
        cache: Folder of what can be made again: states, features, digests.
        cache_gigabytes: Most that features may take there; 0 keeps none.
        threads: How many pictures are prepared at a time.
        devices: On how many a step is computed.
        precision: In which numbers, by the name of a Keras dtype policy.
        report_pictures: Whether mistakes and hits are shown in the report.
        refit: Whether a second fit learns from the held-out pictures too; None leaves
            it to the number of pictures.
        references: Whether the version gets the list that similar paintings are chosen from.
        thumbnails: Whether that has small pictures of works whose licence allows it.
        calibration_folds: How many times whole sources are held out, others each time, to
            calibrate on the answers to all of them; each asks for a fit of its own.
        not_paintings: A folder of pictures that are no paintings, to be refused.
        int8: Whether the model is written in 8 bits too.
        repeats: How many seeds, from `seed` on, each recipe is compared with.
        folds: How many parts of the training pictures are judged in turn; None
            judges on the data's own splits.
        show_data: Where a sample of the data is drawn, in place of training.
    """

    data: Path = Path("data")
    recipe: str = DEFAULT
    name: str | None = None
    models_store: Path = Path("models_store")
    seed: int = 0
    weights: Path | None = None
    backbone: str | None = None
    faithful: bool = False
    views: int | None = None
    epochs: int | None = None
    batch: int | None = None
    pictures_per_pass: int | None = None
    size: int | None = None
    split_column: str = "split"
    validation_share: float | None = None
    cache: Path = Path(".cache")
    cache_gigabytes: float = 2.0
    threads: int | None = None
    devices: int = 1
    precision: str = PRECISIONS[0]
    report_pictures: bool = False
    refit: bool | None = None
    calibration_folds: int = 1
    not_paintings: Path | None = None
    references: bool = False
    thumbnails: bool = False
    int8: bool = True
    repeats: int = 1
    folds: int | None = None
    show_data: Path | None = None

    @property
    def compares(self) -> bool:
        """Whether recipes are compared, and nothing is stored."""
        return self.recipe == ALL or self.repeats > 1 or self.folds is not None

    @property
    def placed(self) -> bool:
        """Whether it is trained elsewhere than on one device, or not in float32."""
        return self.devices > 1 or self.precision != PRECISIONS[0]

    def command(self) -> str:
        """The command that does the same, without a path of this machine."""
        neutral: dict[str, object] = {"data": "DIR", "weights": "FILE", "not_paintings": "DIR"}
        if self.weights == Path("random"):
            neutral["weights"] = "random"
        silent = (
            "models_store",
            "cache",
            "cache_gigabytes",
            "threads",
            "report_pictures",
            "show_data",
        )
        parts = ["python -m training.run"]
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name == "data" or (value != each.default and each.name not in silent):
                option = each.name.replace("_", "-")
                if isinstance(value, bool):
                    parts.append(f"--{option}" if value else f"--no-{option}")
                else:
                    parts.append(f"--{option} {neutral.get(each.name, value)}")
        return " ".join(parts)


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Read the command line; a bad one ends the process with a message, as argparse does."""
    parser = argparse.ArgumentParser(
        prog="python -m training.run",
        description="Train a model and write it into models_store as a new version.",
        epilog="Cut short by Ctrl-C or worse, the same command goes on after the last pass.",
    )
    add = parser.add_argument
    default = Options()
    add(
        "--data",
        type=Path,
        default=default.data,
        metavar="DIR",
        help="DIR/train/<class> and DIR/validation/<class>, or DIR/<class>, or a manifest "
        "(CSV with file,period,split); default: ./data",
    )
    add(
        "--recipe",
        choices=[*sorted(RECIPES), ALL],
        default=DEFAULT,
        help=f"default: {DEFAULT}; `{ALL}` compares every recipe that can run, and stores none",
    )
    add("--name", type=_name, help="the model's name in models_store; default: the recipe's")
    add("--models-store", type=Path, default=default.models_store, metavar="DIR")
    add("--seed", type=_natural, default=0, help="of everything random; default: 0")
    add(
        "--weights",
        type=Path,
        metavar="FILE",
        help="a weights file in place of the published ones: .pth for efficientnet_lite*, .h5 or "
        ".keras for the others; `random` starts from random weights, to time a recipe",
    )
    add(
        "--backbone",
        metavar="NAME",
        help="a network of keras.applications, such as convnext_tiny, for the recipe of that name",
    )
    add(
        "--faithful",
        action="store_true",
        help="keep the teaching case's slips, such as the input range of its InceptionV3",
    )
    add(
        "--views",
        type=_positive,
        metavar="N",
        help="views of a picture, shown in turn; fewer are sooner computed",
    )
    add("--epochs", type=_positive, metavar="N", help="passes over the data")
    add("--batch", type=_positive, metavar="N", help="pictures a step")
    add("--pictures-per-pass", type=_positive, metavar="N", help="most pictures of a pass")
    add("--size", type=_positive, metavar="N", help="height and width of the input, in pixels")
    add(
        "--split-column",
        default="split",
        metavar="NAME",
        help="the manifest's column that names the split; rows without are left out",
    )
    add(
        "--validation-share",
        type=_share,
        metavar="X",
        help="of the training pictures to hold out where the data has no validation split",
    )
    add(
        "--cache",
        type=Path,
        default=default.cache,
        metavar="DIR",
        help="what can be made again: states of runs, features; default: .cache",
    )
    add(
        "--cache-gigabytes",
        type=_amount,
        default=default.cache_gigabytes,
        metavar="X",
        help="most that features may take there; 0 keeps none; default: 2",
    )
    add(
        "--threads",
        type=_positive,
        metavar="N",
        help="pictures prepared at a time; default: one a core",
    )
    add(
        "--devices",
        type=_positive,
        default=default.devices,
        metavar="N",
        help="GPUs that share each step, or parts of the CPU where there is none; default: 1",
    )
    add(
        "--precision",
        choices=PRECISIONS,
        default=default.precision,
        help="numbers that a step is computed in; the model that is stored is float32; "
        "default: float32",
    )
    add(
        "--report-pictures",
        action="store_true",
        help="show mistakes in the report; do not publish such a report without the rights",
    )
    add(
        "--refit",
        action=argparse.BooleanOptionalAction,
        help="learn once more from train and the pictures held out of it, and store that; "
        "default: from 1,000 pictures on",
    )
    add(
        "--references",
        action="store_true",
        help="keep with the version what similar paintings are chosen from: of each picture that "
        "was learnt from, and names its artist or has a page, the manifest's facts",
    )
    add(
        "--thumbnails",
        action="store_true",
        help="with --references: a small picture too, where the manifest's licence is cc0 or pdm",
    )
    add(
        "--calibration-folds",
        type=_positive,
        default=default.calibration_folds,
        metavar="N",
        help="hold out whole sources N times, others each time, and calibrate on the answers "
        "to all of them; each asks for a fit of its own; default: 1",
    )
    add(
        "--not-paintings",
        type=Path,
        metavar="DIR",
        help="pictures that are no paintings, DIR/<kind>/*.jpg: the model learns to refuse such",
    )
    add(
        "--int8",
        action=argparse.BooleanOptionalAction,
        default=default.int8,
        help="write the model in 8 bits too, if it holds; default: do",
    )
    add(
        "--repeats",
        type=_positive,
        default=default.repeats,
        metavar="N",
        help="compare over N seeds; stores no version",
    )
    add(
        "--folds",
        type=_folds,
        metavar="K",
        help="compare over K parts, each judged by what the others taught; stores no version",
    )
    add(
        "--show-data",
        type=Path,
        nargs="?",
        const=Path("data-sample.png"),
        metavar="FILE",
        help="draw some pictures and their augmented views, and train nothing; "
        "default: ./data-sample.png",
    )
    options = Options(**vars(parser.parse_args(arguments)))
    if options.thumbnails and not options.references:
        parser.error("expected --references beside --thumbnails; received --thumbnails alone")
    return options


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0; received {text}")
    return number


def _folds(text: str) -> int:
    number = int(text)
    if not 2 <= number <= _MOST_FOLDS:  # noqa: PLR2004 - one part cannot judge itself
        raise argparse.ArgumentTypeError(
            f"expected a whole number from 2 to {_MOST_FOLDS}; received {text}"
        )
    return number


def _natural(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"expected a whole number, at least 0; received {text}")
    return number


def _amount(text: str) -> float:
    number = float(text)
    if not number >= 0:
        raise argparse.ArgumentTypeError(f"expected a number, at least 0; received {text}")
    return number


def _name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_.-]{0,63}", text):
        raise argparse.ArgumentTypeError(
            f"expected lower-case letters, digits, - _ and ., at most 64; received {text!r}"
        )
    return text


def _share(text: str) -> float:
    number = float(text)
    if not 0 < number <= 0.5:  # noqa: PLR2004 - half
        raise argparse.ArgumentTypeError(f"expected a share above 0, at most 0.5; received {text}")
    return number
