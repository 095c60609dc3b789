"""Who may ask: named keys, of which only digests are kept.

    # a line for each key, made by `python -m app keys new NAME`
    museum 3f1c...64 hexadecimal digits
    laptop 90aa...

A key is 256 random bits, so that a plain SHA-256 keeps it: there is nothing to guess
that a slow hash would protect.
"""

import hashlib
import hmac
import logging
import os
import re
import secrets
import time
from pathlib import Path

from app.errors import SettingsError
from app.key_files import KEY_NAME, named_values, state_of

__all__ = ["ApiKeys", "add_key", "read_keys", "run_command"]

_log = logging.getLogger(__name__)

# Shown in front of each key, so that a scanner for secrets finds one that was published.
_MARK = "vasari_"

# Between two looks whether the file has changed.
_LOOK_SECONDS = 1.0

_VARIABLE = "VASARI_API_KEYS_FILE"

_DIGEST = re.compile(r"[0-9a-f]{64}")

# A key is some 50 characters; more is not worth a digest.
_LONGEST_KEY = 200


class ApiKeys:
    """The keys of a file, which may change while the service runs.

    Args:
        path: Of the file.

    Raises:
        SettingsError: The file cannot be read, or a line of it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = state_of(path)
        self._digests = read_keys(path)
        self._next_look = time.monotonic() + _LOOK_SECONDS

    def name_of(self, key: str) -> str | None:
        """Find whose key it is; None for a key that is none of these.

        Every digest is compared, each in constant time: how long it takes tells nothing.
        """
        self._follow_file()
        if len(key) > _LONGEST_KEY:
            return None
        digest = _digest_of(key)
        found = None
        for name, known in self._digests.items():
            if hmac.compare_digest(digest, known):
                found = name
        return found

    def _follow_file(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + _LOOK_SECONDS
        state = state_of(self._path)
        if state == self._state:
            return
        self._state = state
        try:
            self._digests = read_keys(self._path)
        except SettingsError as error:
            # Nobody new is let in, and nobody known is shut out, by a slip of an editor.
            _log.error("the API keys stay as they were: %s", error)
        else:
            _log.info("%d API keys read anew", len(self._digests))


def read_keys(path: Path) -> dict[str, str]:
    """Read a file of keys: the SHA-256 of each by its name, in hexadecimal digits.

    Raises:
        SettingsError: The file cannot be read, or a line of it; no line is repeated.
    """
    found: dict[str, str] = {}
    for number, name, digest in named_values(path, _VARIABLE, "`name digest`", _digest_from):
        if name in found:
            raise SettingsError(
                f"{_VARIABLE}: expected each name once in {path}; "
                f"received {name!r} again in line {number}."
            )
        found[name] = digest
    return found


def add_key(path: Path, name: str) -> str:
    """Make a key and add its digest to a file, which is made where it is missing.

    Args:
        path: Of the file; only its owner can read a new one.
        name: Whose key it is: letters, digits and `_.-`.

    Returns:
        The key, which is kept nowhere.

    Raises:
        SettingsError: The name cannot be used or has a key, or the file cannot be written.
    """
    if not KEY_NAME.fullmatch(name):
        raise SettingsError(
            f"Expected a name of 1 to 64 letters, digits and `_.-`; received {name!r}."
        )
    if path.exists() and name in read_keys(path):
        raise SettingsError(f"Expected a name without a key in {path}; {name!r} has one.")
    key = _MARK + secrets.token_urlsafe(32)
    try:
        text = path.read_text("utf-8") if path.exists() else ""
        start = "" if not text or text.endswith("\n") else "\n"
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{start}{name} {_digest_of(key)}\n")
    except OSError as error:
        raise SettingsError(
            f"VASARI_API_KEYS_FILE: cannot write {path}: {error.strerror}."
        ) from None
    return key


def run_command(path: Path | None, action: str, name: str) -> str:
    """Do what `python -m app keys` asks for.

    Args:
        path: VASARI_API_KEYS_FILE.
        action: `new` or `list`.
        name: Whose key is made.

    Returns:
        What is shown: the new key, which is told this once, or the names.

    Raises:
        SettingsError: There is no such file, or it cannot be used.
    """
    if path is None:
        raise SettingsError("Expected VASARI_API_KEYS_FILE to name the file of keys; it is unset.")
    if action == "new":
        return f"{add_key(path, name)}\n"
    return "".join(f"{each}\n" for each in read_keys(path))


def _digest_of(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _digest_from(text: str) -> str | None:
    return text if _DIGEST.fullmatch(text) else None
