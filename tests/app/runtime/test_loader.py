"""`app.runtime.loader`: what is loaded at start-up, what is refused, and why."""

import hashlib
import json
import logging
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import ModelError
from app.imaging import InputSpec
from app.logs import JsonLines
from app.model_card import golden_pictures
from app.model_store import ModelStore, Refusal
from app.runtime import loader as module
from app.runtime.engine import Turn
from app.runtime.loader import Loader, Precision, load_residents
from app.runtime.residents import Residents
from app.signatures import TrustedKeys
from tests.models import (
    EDGES,
    FULL_CARD,
    NAME,
    SIDE,
    expected_probabilities,
    litert_model,
    references_arrays,
    references_file,
    write_version,
)
from tests.signing import Signer


def load(store: Path, *references: str, default: str = NAME) -> Residents:
    return load_residents(Loader(ModelStore(store), "cpu", 1), references, default=default)


def references(loaded: Residents) -> list[str]:
    return [each.version.reference for each in loaded.current]


def golden(**change: Any) -> dict[str, Any]:
    found = expected_probabilities(golden_pictures(InputSpec(SIDE, SIDE))).tolist()
    return {"golden": {"probabilities": found, **change}}


def test_the_newest_version_of_the_default_model_is_loaded(store: Path) -> None:
    write_version(store, version="10")
    write_version(store, version="9")
    write_version(store, name="another")
    loaded = load(store)
    assert references(loaded) == ["tiny@10"]
    assert loaded.get().backend == "litert"
    assert loaded.get().device == "cpu"
    assert loaded.get().has_heat_map


def test_each_version_that_is_loaded_or_refused_leaves_one_record(
    store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With the digest of the card, which has those of all files, and who signed it."""
    studio = Signer("studio")
    studio.sign(store / NAME / "1")
    write_version(store, version="2")
    trusted = TrustedKeys(studio.trust(tmp_path / "trusted"))
    with caplog.at_level(logging.INFO):
        load_residents(Loader(ModelStore(store, trusted), "cpu", 1), (), default=NAME)
        load_residents(Loader(ModelStore(store), "cpu", 1), ("tiny@1",), default="tiny@1")
    refused, loaded, unsigned = (json.loads(JsonLines().format(each)) for each in caplog.records)
    assert refused["message"].startswith("refused tiny@2: Expected card.sig")
    assert loaded["message"] == "loaded tiny@1, signed by studio"
    assert unsigned["message"] == "loaded tiny@1"
    named = ("model", "version", "outcome")
    assert [refused[each] for each in named] == ["tiny", "2", "refused"]
    assert [loaded[each] for each in named] == ["tiny", "1", "loaded"]
    card = (store / NAME / "1" / "card.json").read_bytes()
    assert loaded["card_sha256"] == hashlib.sha256(card).hexdigest() == unsigned["card_sha256"]
    assert (loaded["signed_by"], unsigned["signed_by"]) == ("studio", None)
    assert all(each["seconds"] >= 0 for each in (refused, loaded, unsigned))
    assert "card_sha256" not in refused


def test_what_is_named_is_loaded_besides(store: Path) -> None:
    write_version(store, version="2")
    write_version(store, name="another", version="5")
    loaded = load(store, "another", "tiny@1", "tiny@1", "tiny")
    assert references(loaded) == ["another@5", "tiny@2", "tiny@1"]
    assert loaded.get("tiny").card.version == "2"
    assert loaded.get("tiny@1").card.version == "1"


def test_a_pinned_default(store: Path) -> None:
    write_version(store, version="2")
    loaded = load(store, "tiny@2", default="tiny@1")
    assert references(load(store, "tiny", default="tiny@2")) == ["tiny@2"]
    assert loaded.get().version.reference == "tiny@1"
    assert loaded.get("tiny").version.reference == "tiny@2"


def test_all_is_every_model_and_a_bad_one_stops_nothing(store: Path) -> None:
    write_version(store, name="another")
    write_version(store, name="broken", files={"model.tflite": b"not a model"})
    loaded = load(store, "all")
    assert references(loaded) == ["another@1", "tiny@1"]
    assert [each.name for each in loaded.refused] == ["broken"]


def in_8_bits(**change: Any) -> dict[str, Any]:
    """The card of a version whose 8-bit file takes everything for modern."""
    bias = np.array([0, 0, 0, 50], np.float32)
    shown = golden_pictures(InputSpec(SIDE, SIDE))
    answers = expected_probabilities(shown, bias).tolist()
    member = {
        "pictures": 200,
        "method": "all of it",
        "size": 1,
        "is_default": True,
        "golden": {"probabilities": answers},
    }
    files = {"model.tflite": litert_model(), "model_int8.tflite": litert_model(bias=bias)}
    return {"files": files, "card": golden() | {"int8": member | change}}


@pytest.mark.parametrize(
    ("precision", "is_default", "expected"),
    [
        ("auto", True, "int8"),
        ("auto", False, "float32"),
        ("float32", True, "float32"),
        ("int8", False, "int8"),
    ],
)
def test_the_card_says_whether_8_bits_are_served_and_a_setting_stands_above_it(
    tmp_path: Path, precision: Precision, is_default: bool, expected: str
) -> None:
    write_version(tmp_path, **in_8_bits(is_default=is_default))
    loader = Loader(ModelStore(tmp_path), "cpu", 1, precision=precision)
    resident = load_residents(loader, (), default=NAME).get()
    assert resident.precision == expected
    red = np.full((1, SIDE, SIDE, 3), (255, 0, 0), np.uint8)
    answered = resident.run(red, Turn(0, 0.0)).probabilities[0].argmax()
    assert answered == (3 if expected == "int8" else 0)


def test_a_version_without_8_bits_is_served_as_it_is(store: Path) -> None:
    loader = Loader(ModelStore(store), "cpu", 1, precision="int8")
    assert load_residents(loader, (), default=NAME).get().precision == "float32"


def test_the_8_bit_file_is_held_to_golden_predictions_of_its_own(tmp_path: Path) -> None:
    write_version(tmp_path, **in_8_bits(golden=golden()["golden"]))
    with pytest.raises(ModelError, match="answers that differ by"):
        load(tmp_path)


def test_golden_predictions_that_are_found_again(store: Path) -> None:
    write_version(store, version="2", card=golden())
    assert references(load(store)) == ["tiny@2"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"files": {"model.tflite": {"sha256": "0" * 64}}}, r"sha256 0{64}; received"),
        ({"golden": {"probabilities": [[0.25] * 4] * 3}}, "answers that differ by"),
        ({"golden": {"probabilities": [[0.25] * 4]}}, r"golden predictions \(3, 4\)"),
        ({"classes": [{"name": "a"}, {"name": "b"}]}, r"Expected probabilities \(3, 2\)"),
        ({"input": {"height": 32, "width": 32}}, r"to take \[1, 32, 32, 3\]"),
        ({"format_version": 2}, "Expected format_version 1"),
        ({"files": {}}, "it has neither"),
    ],
)
def test_a_bad_version_is_refused_and_the_older_one_answers(
    store: Path, caplog: pytest.LogCaptureFixture, change: dict[str, Any], reason: str
) -> None:
    write_version(store, version="2", card=change)
    with caplog.at_level(logging.WARNING):
        loaded = load(store)
    assert references(loaded) == ["tiny@1"]
    (refusal,) = loaded.refused
    assert (refusal.name, refusal.version) == ("tiny", "2")
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(refusal.reason)
    assert "refused tiny@2" in caplog.text


def test_a_model_that_gives_no_probabilities_is_refused(store: Path) -> None:
    broken = litert_model(bias=[float("nan")] * 4)
    write_version(store, version="2", files={"model.tflite": broken})
    (refusal,) = load(store).refused
    assert "negative or infinite" in refusal.reason


def test_a_model_whose_outputs_do_not_sum_to_one_is_refused(store: Path) -> None:
    logits = litert_model(bias=[30] * 4, softmax=False)
    write_version(store, version="2", files={"model.tflite": logits})
    (refusal,) = load(store).refused
    assert "Expected probabilities that sum to 1; they sum to [1" in refusal.reason


def test_a_signature_is_not_needed(store: Path) -> None:
    write_version(store, version="2", files={"model.tflite": litert_model(signature=False)})
    loaded = load(store)
    assert references(loaded) == ["tiny@2"]
    assert not loaded.get().has_heat_map


def test_without_any_good_version_it_does_not_load(tmp_path: Path) -> None:
    write_version(tmp_path, card={"format_version": 5})
    with pytest.raises(ModelError, match=r"No version of tiny can be served\. tiny@1: Expected"):
        load(tmp_path)
    with pytest.raises(ModelError, match=r"No version of absent stands in .*\['tiny'\]"):
        load(tmp_path, default="absent")
    with pytest.raises(ModelError, match=r"No version of tiny@3 can be served"):
        load(tmp_path, default="tiny@3")


def test_a_keras_file_without_tensorflow_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    write_version(tmp_path, files={"model.keras": b"unread"})
    with pytest.raises(ModelError, match="or TensorFlow installed"):
        load(tmp_path)


def test_whatever_a_model_raises_refuses_it(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("in the graph")

    loader = Loader(ModelStore(store), "cpu", 1)
    monkeypatch.setattr(module, "load_resident", explode)
    found = loader.load(NAME, "1")
    reason = "Expected a model that loads; ZeroDivisionError: in the graph"
    assert found == Refusal(NAME, "1", reason)
    assert loader.is_refused(NAME, "1")


def test_a_refused_version_is_worth_another_try_when_its_files_change(store: Path) -> None:
    folder = write_version(store, version="2", card={"format_version": 2})
    loader = Loader(ModelStore(store), "cpu", 1)
    assert isinstance(loader.load(NAME, "2"), Refusal)
    assert loader.is_refused(NAME, "2")
    assert not loader.is_refused(NAME, "1")
    (folder / "report.html").write_text("another")
    assert not loader.is_refused(NAME, "2")
    loader.forget(NAME, below=2)
    assert [each.version for each in loader.refused] == ["2"]
    loader.forget(NAME, below=3)
    assert loader.refused == ()


@pytest.mark.parametrize(
    ("full", "card", "reason"),
    [
        (False, {"thresholds": {"painting": 0.3}}, r"an output painting \(3, 1\).*received None"),
        (False, {"dating": FULL_CARD["dating"]}, r"an output years \(3, 4\).*received None"),
        (True, {"dating": {"edges": EDGES[1:], "method": ""}}, r"years \(3, 3\).*\(3, 4\)"),
    ],
)
def test_a_card_that_promises_more_than_the_model_has_is_refused(
    tmp_path: Path, full: bool, card: dict[str, Any], reason: str
) -> None:
    write_version(tmp_path, files={"model.tflite": litert_model(full=full)}, card=card)
    with pytest.raises(ModelError, match=reason):
        load(tmp_path)


def test_a_model_may_have_more_than_its_card_promises(tmp_path: Path) -> None:
    write_version(tmp_path, files={"model.tflite": litert_model(full=True)})
    assert references(load(tmp_path)) == ["tiny@1"]


def test_references_are_read_with_their_version(store: Path) -> None:
    content = references_file(references_arrays([{"period": "modern"}], [(9, 9, 9)]))
    files = {"model.tflite": litert_model(), "references.npz": content}
    write_version(store, version="2", files=files)
    resident = load(store).get()
    assert resident.references is not None
    assert len(resident.references) == 1
    assert load(store, default="tiny@1").get().references is None


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"references.npz": b"altered"}, "references.npz"),
        ({"model.tflite": litert_model(signature=False)}, "embeddings of 3 numbers.*have None"),
    ],
)
def test_references_that_do_not_fit_are_refused(
    store: Path, files: dict[str, bytes], reason: str
) -> None:
    content = references_file(references_arrays([{"period": "modern"}], [(9, 9, 9)]))
    fitting = {"model.tflite": litert_model(), "references.npz": content}
    write_version(store, version="2", files={**fitting, **files})
    loaded = load(store)
    assert references(loaded) == ["tiny@1"]
    assert re.search(reason, loaded.refused[0].reason)


def test_altered_references_are_refused_by_their_digest(store: Path) -> None:
    content = references_file(references_arrays([{"period": "modern"}], [(9, 9, 9)]))
    files = {"model.tflite": litert_model(), "references.npz": content}
    (write_version(store, version="2", files=files) / "references.npz").write_bytes(content[:-1])
    loaded = load(store)
    assert references(loaded) == ["tiny@1"]
    assert "Expected references.npz with sha256" in loaded.refused[0].reason
