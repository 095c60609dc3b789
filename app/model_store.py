"""Find, verify and list what stands in models_store.

    models_store/<name>/<version>/card.json, model.tflite, ...

Nothing of a version is interpreted before its bytes have the digest that the
card records, and no path leads out of the store. Where keys are trusted, the card
itself is not interpreted before one of them is found to have signed its bytes.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.errors import CardError, IntegrityError, ModelError, SettingsError
from app.model_card import CARD_FILE, ModelCard, parse_card, read_card_bytes
from app.settings import Settings
from app.signatures import TrustedKeys, read_signatures

__all__ = ["Fingerprint", "ModelStore", "Refusal", "StoredVersion", "open_store"]

Fingerprint = tuple[tuple[str, int, int, int], ...]
"""Name, inode, size and time of change of each file: what differs when a file does.

The file of trusted keys is among them, where there is one: a version's fate hangs on it too.
"""

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_VERSION = re.compile(r"0|[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class Refusal:
    """A version that is not served, and why."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True)
class StoredVersion:
    """A version whose card could be read; its files are not verified yet.

    Attributes:
        folder: Where it is.
        card: As it was read.
        card_sha256: Digest of the card's bytes; empty where no store has read it.
        signed_by: Name of the trusted key that signed the card; None where none is asked for.
    """

    folder: Path
    card: ModelCard
    card_sha256: str = ""
    signed_by: str | None = None

    @property
    def reference(self) -> str:
        """`name@version`."""
        return f"{self.card.name}@{self.card.version}"

    def read(self, file_name: str) -> bytes:
        """Read one file and compare it with the card.

        Args:
            file_name: A file that the card lists.

        Raises:
            IntegrityError: The card does not list it, or it is missing or altered.
        """
        entry = self.card.files.get(file_name)
        if entry is None:
            raise IntegrityError(f"Expected {file_name} among the card's files; it is not listed.")
        path = self.folder / file_name
        _stay_inside(path, self.folder.parent.parent)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise IntegrityError(f"Expected {file_name}; {error.strerror}.") from None
        digest = hashlib.sha256(data).hexdigest()
        if digest != entry.sha256:
            raise IntegrityError(
                f"Expected {file_name} with sha256 {entry.sha256}; received {digest}."
            )
        return data


class ModelStore:
    """The folder of all models.

    Args:
        root: models_store. It is read anew at each call, for versions come and go.
        trusted: Keys one of which must have signed a card; None asks for no signature.
    """

    def __init__(self, root: Path, trusted: TrustedKeys | None = None) -> None:
        self.root = root
        self._trusted = trusted

    def names(self) -> list[str]:
        """List the models, in alphabetical order."""
        return sorted(
            path.name for path in _folders(self.root) if _NAME.fullmatch(path.name) is not None
        )

    def versions(self, name: str) -> list[str]:
        """List the versions of a model, the newest (highest number) first."""
        if _NAME.fullmatch(name) is None:
            return []
        found = [path.name for path in _folders(self.root / name) if _VERSION.fullmatch(path.name)]
        return sorted(found, key=int, reverse=True)

    def open(self, name: str, version: str) -> StoredVersion:
        """Read the card of one version.

        Raises:
            CardError: The card is missing, unreadable, or of another model.
            SignatureError: No trusted key has signed it.
            IntegrityError: The version leads out of the store.
        """
        if version not in self.versions(name):
            raise CardError(f"Expected the folder {name}/{version} in models_store; it is missing.")
        folder = self.root / name / version
        _stay_inside(folder / CARD_FILE, self.root)
        content = read_card_bytes(folder)
        signed_by = None
        if self._trusted is not None:
            signed_by = self._trusted.signer(content, read_signatures(folder))
        card = parse_card(content)
        if (card.name, card.version) != (name, version):
            raise CardError(
                f"Expected the card of {name}@{version}; received that of "
                f"{card.name}@{card.version}."
            )
        return StoredVersion(folder, card, hashlib.sha256(content).hexdigest(), signed_by)

    def fingerprint(self, name: str, version: str) -> Fingerprint:
        """Tell the state of a version's files without reading them; empty where it is gone."""
        try:
            with os.scandir(self.root / name / version) as entries:
                found = [(entry.name, entry.stat()) for entry in entries]
        except OSError:
            return ()
        files = [(file, stat.st_ino, stat.st_size, stat.st_mtime_ns) for file, stat in found]
        if self._trusted is not None:
            files.append(("", *self._trusted.state))
        return tuple(sorted(files))

    def scan(self) -> tuple[list[StoredVersion], list[Refusal]]:
        """Read every card: what could be served, and what could not."""
        found: list[StoredVersion] = []
        refused: list[Refusal] = []
        for name in self.names():
            for version in self.versions(name):
                try:
                    found.append(self.open(name, version))
                except ModelError as error:
                    refused.append(Refusal(name, version, str(error)))
        return found, refused


def open_store(settings: Settings) -> ModelStore:
    """The store of the settings, which asks for signatures where they name keys.

    Raises:
        SettingsError: The file of trusted keys cannot be read, or whoever may write to the
            store could write to it.
    """
    root, path = settings.models_store, settings.trusted_keys
    if path is None:
        return ModelStore(root)
    if path.resolve().is_relative_to(root.resolve()):
        raise SettingsError(
            f"VASARI_TRUSTED_KEYS: expected a file outside of {root}, where whoever writes a "
            f"version could trust himself; received {path}."
        )
    return ModelStore(root, TrustedKeys(path))


def _folders(parent: Path) -> Iterator[Path]:
    """The folders in one; hidden ones are being written, or nobody's business."""
    try:
        for path in parent.iterdir():
            if not path.name.startswith(".") and path.is_dir():
                yield path
    except OSError:
        return


def _stay_inside(path: Path, root: Path) -> None:
    """Refuse a path that a symbolic link leads out of the store."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise IntegrityError(
            f"Expected {path.name} inside models_store; a symbolic link leads out of it."
        )
