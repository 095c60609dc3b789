"""`python -m app signing`: make a pair of keys, and sign versions with the private one.

It belongs where versions are made; what serves has public keys only.
"""

import base64
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import SettingsError, SignatureError
from app.key_files import KEY_NAME
from app.model_card import CARD_FILE, SIGNATURES_FILE, parse_card, read_card_bytes
from app.model_store import ModelStore
from app.runtime.residents import split_reference
from app.signatures import SIGNED_AS, is_signature, parse_signatures, read_signatures

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = ["new_key", "sign"]


def new_key(path: Path, name: str) -> str:
    """Make a pair of keys.

    Args:
        path: Where the private key is written, in PEM (PKCS #8); only its owner can read it.
        name: Whose key it is: letters, digits and `_.-`.

    Returns:
        The line of the public key for VASARI_TRUSTED_KEYS.

    Raises:
        SettingsError: The name cannot be used, the file is there already or cannot be written.
    """
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )

    if not KEY_NAME.fullmatch(name):
        raise SettingsError(
            f"Expected a name of 1 to 64 letters, digits and `_.-`; received {name!r}."
        )
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    except OSError as error:
        raise SettingsError(f"Cannot write the private key {path}: {error.strerror}.") from None
    return f"{name} {_text(_public(key))}"


def sign(store: Path, reference: str, key_path: Path) -> str:
    """Sign a version, once its files are found to be those of its card.

    Signatures by others that still hold are kept; those of another state of the card go.

    Args:
        store: models_store.
        reference: `name` (its newest version) or `name@version`.
        key_path: The private key, in PEM.

    Returns:
        What was done, in one sentence.

    Raises:
        SettingsError: The key cannot be used, or the signature cannot be written.
        ModelError: There is no such version, or it is spoilt.
    """
    key = _private_key(key_path)
    name, version = split_reference(reference)
    models = ModelStore(store)
    stored = models.open(name, version or next(iter(models.versions(name)), "1"))
    card = read_card_bytes(stored.folder)
    if parse_card(card) != stored.card:
        raise SignatureError(f"Expected {CARD_FILE} to stay as it is; it is being written.")
    for each in stored.card.files:
        stored.read(each)
    public = _public(key)
    lines = [(public, key.sign(SIGNED_AS + card)), *_others(stored.folder, card, public)]
    text = "".join(f"{_text(each)} {_text(signature)}\n" for each, signature in lines)
    path = stored.folder / SIGNATURES_FILE
    try:
        _write(path, text.encode())
    except OSError as error:
        raise SettingsError(f"Cannot write {path}: {error.strerror}.") from None
    return f"{stored.reference} is signed by the key {_text(public)}."


def _others(folder: Path, card: bytes, own: bytes) -> list[tuple[bytes, bytes]]:
    try:
        there = parse_signatures(read_signatures(folder) or b"")
    except SignatureError:  # nothing of it can be kept
        return []
    return [
        (key, signature)
        for key, signature in there
        if key != own and is_signature(key, signature, card)
    ]


def _private_key(path: Path) -> "Ed25519PrivateKey":
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415
        Ed25519PrivateKey,
    )
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415
        load_pem_private_key,
    )

    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(f"Cannot read the private key {path}: {error.strerror}.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingsError(
            f"Expected the private key {path} to be its owner's alone (chmod 600); "
            f"its mode is {mode:o}."
        )
    try:
        key = load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(
            f"Expected an Ed25519 private key in PEM, without a password, in {path}; "
            "received something else."
        )
    return key


def _public(key: "Ed25519PrivateKey") -> bytes:
    return key.public_key().public_bytes_raw()


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _write(path: Path, content: bytes) -> None:
    """Beside its place, then renamed: who looks at the store sees all of it or none."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
