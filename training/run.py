"""Train a model: `python -m training.run --data DIR [--recipe NAME]`."""

import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from app.imaging import prepare_pillow
from training.arguments import Options, parse
from training.errors import TrainingError
from training.terminal import quiet

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status.

    Args:
        arguments: Without the program's name. Defaults to the process's own.
    """
    options = parse(arguments)
    prepare_pillow()
    try:
        _run(options, Console())
    except TrainingError as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {error}", highlight=False)
        return 1
    except Exception as error:
        # Told by Python, HDF5 and TensorFlow by a class of their own each.
        if os.strerror(errno.ENOSPC) not in str(error):
            raise
        Console(stderr=True).print(f"[bold red]Error:[/] {_no_room(options)}", highlight=False)
        return 1
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. The same command goes on after the last full pass.")
        return 130
    return 0


def _no_room(options: Options) -> str:
    free = []
    for place in (options.models_store, options.cache, Path(tempfile.gettempdir())):
        there = next(each for each in (place, *place.absolute().parents) if each.exists())
        free.append(f"{shutil.disk_usage(there).free / 2**20:.0f} MB in {place}")
    return (
        f"No space is left to write to: {', '.join(free)}. No half version is left; the same "
        "command goes on after the last full pass when there is room."
    )


def _run(options: Options, console: Console) -> None:
    # What takes seconds to import comes late: --help and a mistyped option need none
    # of it, and what is wrong with the data is told before TensorFlow starts.
    from training.dataset import read_dataset  # noqa: PLC0415

    prepared = read_dataset(options, console)
    if options.show_data is not None:
        from training.report.sample import show_data  # noqa: PLC0415

        show_data(prepared, options, options.show_data, console)
        return
    with console.status("starting TensorFlow"), quiet():
        from training.comparison import compare  # noqa: PLC0415
        from training.placement import wake  # noqa: PLC0415
        from training.session import train  # noqa: PLC0415

        wake(options.devices)
    if options.compares:
        compare(options, console, prepared)
    else:
        train(options, console, prepared)


if __name__ == "__main__":
    sys.exit(main())
