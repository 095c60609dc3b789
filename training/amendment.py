"""Figures that were measured after a version was written, brought into its card.

Nothing that is served changes: files, calibration and thresholds stay as they are. A
signature of the card as it was vouches for nothing any more, and is removed.
"""

from pathlib import Path

from app.model_card import CARD_FILE, SIGNATURES_FILE, ModelCard, read_card_bytes
from training.files import write_atomically
from training.measurement import Measurement

__all__ = ["amend"]


def amend(folder: Path, card: ModelCard, found: Measurement) -> ModelCard:
    """Put what was measured in place of what the card told of the same split.

    Args:
        folder: models_store/<name>/<version>.
        card: Its card.
        found: What was measured of it.

    Returns:
        The card that was written.
    """
    metrics = card.metrics | {found.metrics.split: found.metrics}
    told = card.model_copy(update={"metrics": metrics, "dating": found.dating or card.dating})
    checked = ModelCard.model_validate(told.model_dump())
    content = (checked.model_dump_json(indent=2) + "\n").encode()
    if content != read_card_bytes(folder):
        # First, so that no signature ever stands beside a card that it is not of.
        (folder / SIGNATURES_FILE).unlink(missing_ok=True)
        write_atomically(folder / CARD_FILE, content)
    return checked
