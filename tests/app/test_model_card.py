"""`app.model_card`: what a card may say, and how a bad one is refused."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import CardError
from app.imaging import InputSpec
from app.model_card import FORMAT_VERSION, Int8, ModelCard, golden_pictures, read_card

MINIMAL: dict[str, Any] = {
    "format_version": 1,
    "name": "mine",
    "version": "1",
    "classes": [{"name": "old"}, {"name": "new"}],
    "input": {"height": 224, "width": 224},
    "files": {"model.keras": {"sha256": "0" * 64}},
}


def write(folder: Path, card: Any) -> Path:
    text = card if isinstance(card, str) else json.dumps(card)
    (folder / "card.json").write_text(text, encoding="utf-8")
    return folder


def test_a_minimal_card_is_enough(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, MINIMAL))
    assert card.class_names == ("old", "new")
    assert card.input.spec == InputSpec(224, 224, "squash", "bicubic", ("whole",))
    assert card.calibration.temperature == 1
    assert card.calibration.bias == {}
    assert card.thresholds.confident == 0.5
    assert card.thresholds.painting is None
    assert card.dating is None
    assert card.golden is None
    assert card.classes[0].years == (None, None)


def test_what_8_bits_cost_is_the_most_that_is_lost_on_a_split(tmp_path: Path) -> None:
    assert read_card(write(tmp_path, MINIMAL)).int8 is None
    splits = {
        split: {"pictures": 9, "float32": 0.75, "int8": int8, "same_class": 0.9}
        for split, int8 in (("validation", 0.76), ("test", 0.74))
    }
    int8 = {"pictures": 200, "method": "all", "size": 4, "splits": splits}
    found = read_card(write(tmp_path, {**MINIMAL, "int8": int8})).int8
    assert found is not None
    assert found.loss == pytest.approx(0.01)
    assert not found.is_default
    assert Int8(pictures=200, method="all", size=4).loss is None


def test_what_a_newer_training_adds_is_ignored(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, {**MINIMAL, "invented_later": {"deep": [1]}}))
    assert card.name == "mine"


def test_a_card_survives_writing_and_reading(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, MINIMAL))
    write(tmp_path, card.model_dump_json())
    assert read_card(tmp_path) == card


def test_a_card_may_say_what_a_model_dates_and_refuses(tmp_path: Path) -> None:
    told = {
        "calibration": {"temperature": 1.2, "bias": {"old": -0.1, "new": 0.1}},
        "thresholds": {"painting": 0.2},
        "dating": {
            "edges": [1200, 1400, 1900],
            "method": "by hand",
            "coverage": {"value": 0.8, "low": 0.7, "high": 0.9},
        },
    }
    card = read_card(write(tmp_path, {**MINIMAL, **told}))
    assert card.calibration.bias == {"old": -0.1, "new": 0.1}
    assert card.thresholds.painting == 0.2
    assert card.dating is not None
    assert card.dating.edges == (1200, 1400, 1900)
    assert card.dating.mean_absolute_error is None
    write(tmp_path, card.model_dump_json())
    assert read_card(tmp_path) == card


def test_there_is_no_card(tmp_path: Path) -> None:
    with pytest.raises(CardError, match=r"Expected card\.json in .*; No such file"):
        read_card(tmp_path)


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_format_version_is_named(tmp_path: Path, version: object) -> None:
    card = {**MINIMAL, "format_version": version}
    with pytest.raises(CardError, match=f"Expected format_version {FORMAT_VERSION}.*{version!r}"):
        read_card(write(tmp_path, card))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../escape"}, "name: "),
        ({"version": "a/b"}, "version: "),
        ({"classes": [{"name": "only"}]}, "classes: "),
        ({"input": {"height": 224}}, r"input\.width: Field required"),
        ({"input": {"height": 4, "width": 224}}, r"input\.height: "),
        ({"input": {"height": 64, "width": 64, "views": []}}, r"input\.views: "),
        ({"input": {"height": 64, "width": 64, "resize": "stretch"}}, r"input\.resize: "),
        ({"calibration": {"temperature": 0}}, r"calibration\.temperature: "),
        ({"calibration": {"bias": {"older": 1}}}, r"calibration\.bias of the classes .*'older'"),
        ({"thresholds": {"painting": 1.5}}, r"thresholds\.painting: "),
        ({"dating": {"edges": [1400], "method": ""}}, r"dating\.edges: "),
        ({"dating": {"edges": [1400, 1500, 1500], "method": ""}}, "years that rise"),
        ({"files": {"model.keras": {"sha256": "abc"}}}, r"files\.model\.keras\.sha256: "),
        ({"files": {"../../etc/passwd": {"sha256": "0" * 64}}}, "files"),
        ({"classes": [{"name": "old"}, {"name": "old"}]}, "distinct class names"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(CardError, match=message):
        read_card(write(tmp_path, {**MINIMAL, **change}))


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00", '"card"'])
def test_what_is_not_json_of_this_form(tmp_path: Path, text: str) -> None:
    with pytest.raises(CardError, match=r"card\.json: "):
        read_card(write(tmp_path, text))


def test_the_card_in_the_docstring_is_read(tmp_path: Path) -> None:
    import app.model_card as module  # noqa: PLC0415

    text = (module.__doc__ or "").split("is\n", 1)[1].strip().replace('"..."', f'"{"0" * 64}"')
    assert read_card(write(tmp_path, text)).name == "mine"


def test_golden_pictures_are_the_same_on_every_machine() -> None:
    pictures = golden_pictures(InputSpec(64, 48))
    assert pictures.shape == (3, 64, 48, 3)
    assert pictures.dtype == np.uint8
    assert hashlib.sha256(pictures.tobytes()).hexdigest() == GOLDEN_DIGEST
    assert len({picture.tobytes() for picture in pictures}) == 3
    assert pictures[2].std() > 50


def test_a_card_cannot_be_changed(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, MINIMAL))
    with pytest.raises(ValueError, match="frozen"):
        card.name = "other"
    assert isinstance(card, ModelCard)


GOLDEN_DIGEST = "eefac640fc6b670260c880dfede32a434745a5e4e565b8831cdcf10e34042103"
