"""`python -m app models`: what stands in models_store, as text."""

from app.model_card import ModelCard
from app.model_store import StoredVersion, open_store
from app.settings import Settings

__all__ = ["list_models"]


def list_models(settings: Settings) -> str:
    """Say which versions could be loaded, and which could not and why."""
    store = open_store(settings)
    found, refused = store.scan()
    lines = [
        f"{version.reference}  {', '.join(sorted(version.card.files))}  "
        f"balanced accuracy: {_measured(version.card)}{_signed(version)}\n"
        for version in found
    ]
    lines += [f"{each.name}@{each.version}  refused: {each.reason}\n" for each in refused]
    return "".join(lines) or f"No model stands in {store.root}.\n"


def _signed(version: StoredVersion) -> str:
    return "" if version.signed_by is None else f"  signed by {version.signed_by}"


def _measured(card: ModelCard) -> str:
    for split in ("test", "validation"):
        if split in card.metrics:
            return f"{card.metrics[split].balanced_accuracy.value:.3f} ({split})"
    return "not measured"
