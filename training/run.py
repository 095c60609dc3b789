"""Train a model: `python -m training.run --data DIR [--recipe NAME]`."""

import sys
from collections.abc import Sequence

from rich.console import Console

from app.imaging import prepare_pillow
from training.arguments import parse
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
    console = Console()
    with console.status("starting TensorFlow"), quiet():
        # It takes seconds to import; --help and a mistyped option must not.
        from training.session import train, wake  # noqa: PLC0415

        wake()

    try:
        train(options, console)
    except TrainingError as error:
        Console(stderr=True).print(f"[bold red]Error:[/] {error}", highlight=False)
        return 1
    except KeyboardInterrupt:
        Console(stderr=True).print("Stopped. The same command goes on after the last full pass.")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
