"""The command `python -m app`: serve (which it does by itself), models, keys, signing, classify."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from app import __version__
from app.bulk.arguments import add_arguments, options_from
from app.errors import VasariError
from app.settings import Settings, load_settings

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: Without the program's name. Defaults to the process's own.

    Returns:
        The exit code: 2 where it cannot start, with one sentence that says why; of
        `classify`, those of `app.bulk.command.classify`.
    """
    chosen = _parse(sys.argv[1:] if arguments is None else list(arguments))
    if chosen.command == "classify":
        return _run(lambda: _classify(chosen))
    return _run(lambda: _serve_or_list(chosen))


def _serve_or_list(chosen: argparse.Namespace) -> int:
    names = ("host", "port", "models_store")
    flags = {name: value for name, value in vars(chosen).items() if name in names}
    settings = load_settings(**flags)
    if chosen.command == "models":
        from app.listing import list_models  # noqa: PLC0415

        sys.stdout.write(list_models(settings))
        return 0
    if chosen.command == "keys":
        from app.api_keys import run_command  # noqa: PLC0415

        sys.stdout.write(run_command(settings.api_keys_file, chosen.action, chosen.name))
        return 0
    if chosen.command == "signing":
        sys.stdout.write(f"{_sign(chosen, settings)}\n")
        return 0
    # The web framework is imported once the settings are known to be good.
    from app.server import serve  # noqa: PLC0415

    serve(settings)
    return 0


def _sign(chosen: argparse.Namespace, settings: Settings) -> str:
    from app.signing import new_key, sign  # noqa: PLC0415

    if chosen.action == "new":
        return new_key(chosen.key, chosen.name)
    return sign(settings.models_store, chosen.model, chosen.key)


def _classify(chosen: argparse.Namespace) -> int:
    options = options_from(chosen)
    from app.bulk.command import classify  # noqa: PLC0415

    return classify(options)


def _run(command: Callable[[], int]) -> int:
    try:
        return command()
    except VasariError as error:
        # The reason is the last line, behind what is still to be written. Flushed and not shut:
        # who called this may log on, and TensorFlow's own handler would close the caller's stream.
        for handler in logging.getLogger().handlers:
            handler.flush()
        with suppress(BlockingIOError):  # nobody reads it
            sys.stderr.write(f"vasari: {error}\n")
        return 2
    except KeyboardInterrupt:  # before the command has taken over the signals, or twice
        return 130


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description="Tell the period in which a picture was painted. Settings are read from "
        "the environment variables VASARI_*; see docs/operations.md.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="command")
    serving = commands.add_parser("serve", help="serve over HTTP (the default)")
    commands.add_parser("models", help="list what stands in models_store")
    add_arguments(commands.add_parser("classify", help="write a table of many pictures"))
    keys = commands.add_parser("keys", help="make or list the keys in VASARI_API_KEYS_FILE")
    actions = keys.add_subparsers(dest="action", metavar="action", required=True)
    actions.add_parser("list", help="list the names").set_defaults(name="")
    actions.add_parser("new", help="make a key and show it, once").add_argument("name")
    _add_signing(commands.add_parser("signing", help="make a pair of keys, or sign a version"))
    for each in (parser, serving):
        # Left out, a flag must not appear at all: it would stand above the variable.
        each.add_argument(
            "--host", default=argparse.SUPPRESS, help="address to listen on, above VASARI_HOST"
        )
        each.add_argument(
            "--port",
            type=int,
            default=argparse.SUPPRESS,
            help="port to listen on, above VASARI_PORT",
        )
    return parser.parse_args(arguments)


def _add_signing(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="action", required=True)
    new = actions.add_parser("new", help="make a pair of keys; shows the public one's line")
    new.add_argument("name", help="whose key it is, in VASARI_TRUSTED_KEYS")
    signing = actions.add_parser("sign", help="sign a version, whose files are checked first")
    signing.add_argument("model", help="name (the newest version) or name@version")
    signing.add_argument(
        "--models-store", type=Path, default=argparse.SUPPRESS, help="above VASARI_MODELS_STORE"
    )
    for each in (new, signing):
        each.add_argument(
            "--key", type=Path, required=True, metavar="FILE", help="the private key, in PEM"
        )


if __name__ == "__main__":
    sys.exit(main())
