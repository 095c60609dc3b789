"""Who vouches for a version: Ed25519 signatures of its card.

    # VASARI_TRUSTED_KEYS: a line for each key, made by `python -m app signing new NAME`
    studio g6xvbR...44 characters of base64

    # card.sig beside card.json: a line for each signature, the public key before it
    g6xvbR... 3mYk8K...88 characters of base64

What is signed is `SIGNED_AS` and the very bytes of card.json. The card has the name and the
number of its version, which must be those of its folder, and the digest of every other file:
a signature covers all of them, and holds nowhere else.
"""

import base64
import binascii
import logging
from pathlib import Path

from app.errors import SettingsError, SignatureError
from app.key_files import State, named_values, state_of
from app.model_card import CARD_FILE, SIGNATURES_FILE

__all__ = [
    "SIGNED_AS",
    "TrustedKeys",
    "is_signature",
    "parse_signatures",
    "read_signatures",
    "read_trusted_keys",
]

SIGNED_AS = b"vasari: card.json, 1\n"
"""Stands before what is signed, so that a signature for any other purpose is none of a card."""

_log = logging.getLogger(__name__)

_VARIABLE = "VASARI_TRUSTED_KEYS"

_KEY_BYTES = 32
_SIGNATURE_BYTES = 64

# Some hundred signatures; whoever writes to the store may put a file of any size there.
_MOST_BYTES = 2**16


class TrustedKeys:
    """The keys of a file, which may change while the service runs.

    Where it cannot be read any more nobody is trusted: what answers goes on, and nothing new
    is let in.

    Args:
        path: Of the file.

    Raises:
        SettingsError: The file cannot be read, or a line of it, or it has no key.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[State, dict[bytes, str]] = (self.state, read_trusted_keys(path))

    @property
    def state(self) -> State:
        """Inode, size and time of change of the file; zeros where it is gone."""
        return state_of(self._path)

    def signer(self, card: bytes, signatures: bytes | None) -> str:
        """Tell who vouches for a card.

        Args:
            card: The bytes of card.json.
            signatures: The bytes of card.sig; None where there is none.

        Returns:
            The name of a trusted key that signed the card.

        Raises:
            SignatureError: There is none.
        """
        keys = self._current()
        names = sorted(keys.values())
        if signatures is None:
            raise SignatureError(
                f"Expected {SIGNATURES_FILE} with a signature by one of the trusted keys "
                f"{names}; it is missing."
            )
        broken = None
        for key, signature in parse_signatures(signatures):
            name = keys.get(key)
            if name is not None and is_signature(key, signature, card):
                return name
            broken = broken or name
        if broken is not None:
            raise SignatureError(
                f"Expected {CARD_FILE} as the trusted key {broken!r} signed it; received another."
            )
        raise SignatureError(
            f"Expected a signature by one of the trusted keys {names} in {SIGNATURES_FILE}; "
            "received none of theirs."
        )

    def _current(self) -> dict[bytes, str]:
        state = self.state
        if state != self._known[0]:
            try:
                keys = read_trusted_keys(self._path)
            except SettingsError as error:
                _log.error("nobody is trusted: %s", error)
                keys = {}
            self._known = (state, keys)
        keys = self._known[1]
        if not keys:
            raise SignatureError(
                "Expected a signature by a trusted key; the file of trusted keys cannot be read."
            )
        return keys


def read_trusted_keys(path: Path) -> dict[bytes, str]:
    """Read a file of trusted keys: the name of each by its 32 bytes.

    Raises:
        SettingsError: The file cannot be read, or a line of it, or it has no key.
    """
    form = f"`name key`, the key as {_KEY_BYTES} bytes in base64,"
    found: dict[bytes, str] = {}
    for number, name, key in named_values(path, _VARIABLE, form, _key_from):
        if key in found or name in found.values():
            raise SettingsError(
                f"{_VARIABLE}: expected each name and each key once in {path}; "
                f"received one again in line {number}."
            )
        found[key] = name
    if not found:
        raise SettingsError(f"{_VARIABLE}: expected a key in {path}; it has none.")
    return found


def read_signatures(folder: Path) -> bytes | None:
    """Read card.sig of a version; None where there is none.

    Raises:
        SignatureError: It cannot be read, or is too long for what it is.
    """
    try:
        with (folder / SIGNATURES_FILE).open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SignatureError(f"Expected {SIGNATURES_FILE}; {error.strerror}.") from None
    if len(content) > _MOST_BYTES:
        raise SignatureError(
            f"Expected {SIGNATURES_FILE} of at most {_MOST_BYTES} bytes; received more."
        )
    return content


def parse_signatures(content: bytes) -> list[tuple[bytes, bytes]]:
    """Read the lines of card.sig: the bytes of a public key, and of its signature.

    Raises:
        SignatureError: A line cannot be read.
    """
    found = []
    for number, line in enumerate(content.splitlines(), 1):
        words = line.decode("ascii", "replace").split()
        if not words or words[0].startswith("#"):
            continue
        key = _decoded(words[0], _KEY_BYTES)
        signature = _decoded(words[-1], _SIGNATURE_BYTES)
        if len(words) != 2 or key is None or signature is None:  # noqa: PLR2004
            raise SignatureError(
                f"Expected `key signature` in line {number} of {SIGNATURES_FILE}, both in "
                "base64; received something else."
            )
        found.append((key, signature))
    return found


def is_signature(key: bytes, signature: bytes, card: bytes) -> bool:
    """Tell whether a signature of a card is by the owner of a public key."""
    # Imported where somebody asks for signatures, and nowhere else.
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PublicKey,
    )

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, SIGNED_AS + card)
    except (InvalidSignature, ValueError):
        return False
    return True


def _key_from(text: str) -> bytes | None:
    return _decoded(text, _KEY_BYTES)


def _decoded(text: str, size: int) -> bytes | None:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return found if len(found) == size else None
