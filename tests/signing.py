"""Keys and signatures of cards, made in tests."""

import base64
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from app.signatures import SIGNED_AS


def text_of(content: bytes) -> str:
    return base64.b64encode(content).decode()


class Signer:
    """A pair of keys.

    Args:
        name: As trusted keys have it.
    """

    def __init__(self, name: str = "studio") -> None:
        self.name = name
        self.private = Ed25519PrivateKey.generate()
        self.public = self.private.public_key().public_bytes_raw()

    @property
    def trusted_line(self) -> str:
        """For VASARI_TRUSTED_KEYS."""
        return f"{self.name} {text_of(self.public)}\n"

    def signature_line(self, card: bytes, before: bytes = SIGNED_AS) -> str:
        """For card.sig."""
        return f"{text_of(self.public)} {text_of(self.private.sign(before + card))}\n"

    def sign(self, folder: Path) -> None:
        """Write card.sig of a version, whatever its files are."""
        line = self.signature_line((folder / "card.json").read_bytes())
        (folder / "card.sig").write_text(line, "ascii")

    def trust(self, path: Path) -> Path:
        """Write a file of trusted keys with this one alone."""
        path.write_text(self.trusted_line, "ascii")
        return path
