"""`app.model_store`: what is found, what is verified, and what stays outside."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from app.errors import CardError, IntegrityError, SettingsError, SignatureError
from app.model_store import ModelStore, Refusal, open_store
from app.settings import Settings
from app.signatures import TrustedKeys
from tests.models import write_version
from tests.signing import Signer


def test_versions_are_ordered_as_numbers(tmp_path: Path) -> None:
    for version in ("1", "2", "9", "10"):
        write_version(tmp_path, version=version)
    assert ModelStore(tmp_path).versions("tiny") == ["10", "9", "2", "1"]


def test_only_folders_of_the_right_name_are_versions(tmp_path: Path) -> None:
    write_version(tmp_path, version="3")
    for name in (".writing-4", "04", "latest", "5.bak", "-1"):
        (tmp_path / "tiny" / name).mkdir()
    (tmp_path / "tiny" / "6").write_text("a file")
    (tmp_path / ".hidden" / "1").mkdir(parents=True)
    (tmp_path / "Not A Name" / "1").mkdir(parents=True)
    (tmp_path / "README.md").write_text("words")
    store = ModelStore(tmp_path)
    assert store.names() == ["tiny"]
    assert store.versions("tiny") == ["3"]


@pytest.mark.parametrize("name", ["..", ".", "", "tiny/1", "/etc", "TINY", "none"])
def test_no_name_leads_out_of_the_store(store: Path, name: str) -> None:
    assert ModelStore(store / "tiny").versions(name) == []
    with pytest.raises(CardError):
        ModelStore(store).open(name, "1")


def test_a_store_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert ModelStore(tmp_path / "nowhere").scan() == ([], [])


def test_a_file_is_read_only_with_the_digest_of_the_card(store: Path) -> None:
    version = ModelStore(store).open("tiny", "1")
    assert version.reference == "tiny@1"
    assert version.read("report.html") == b"<h1>Report</h1>"
    (version.folder / "report.html").write_bytes(b"<h1>Altered</h1>")
    with pytest.raises(IntegrityError, match=r"Expected report\.html with sha256 .*; received"):
        version.read("report.html")
    (version.folder / "report.html").unlink()
    with pytest.raises(IntegrityError, match=r"Expected report\.html; No such file"):
        version.read("report.html")


@pytest.mark.parametrize("name", ["card.json", "../1/model.tflite", "model.keras"])
def test_a_file_that_the_card_does_not_list_is_not_read(store: Path, name: str) -> None:
    with pytest.raises(IntegrityError, match="not listed"):
        ModelStore(store).open("tiny", "1").read(name)


def test_a_link_out_of_the_store_is_not_followed(store: Path, tmp_path: Path) -> None:
    """Neither a version's folder nor its card nor one of its files may lie elsewhere."""
    elsewhere = write_version(tmp_path / "elsewhere", version="2")
    (store / "tiny" / "2").symlink_to(elsewhere)
    with pytest.raises(IntegrityError, match="symbolic link leads out"):
        ModelStore(store).open("tiny", "2")

    write_version(store, version="3", card={"files": None})
    (store / "tiny" / "3" / "card.json").unlink()
    (store / "tiny" / "3" / "card.json").symlink_to(elsewhere / "card.json")
    with pytest.raises(IntegrityError, match="symbolic link leads out"):
        ModelStore(store).open("tiny", "3")

    linked = store / "tiny" / "1" / "model.tflite"
    content = linked.read_bytes()
    linked.unlink()
    (tmp_path / "model.tflite").write_bytes(content)
    linked.symlink_to(tmp_path / "model.tflite")
    with pytest.raises(IntegrityError, match="symbolic link leads out"):
        ModelStore(store).open("tiny", "1").read("model.tflite")


def test_a_link_within_the_store_is_followed(store: Path) -> None:
    linked = store / "tiny" / "1" / "model.tflite"
    linked.rename(store / "shared.tflite")
    linked.symlink_to(store / "shared.tflite")
    assert ModelStore(store).open("tiny", "1").read("model.tflite")


def test_a_card_of_another_version_is_refused(store: Path) -> None:
    (store / "tiny" / "1").rename(store / "tiny" / "7")
    with pytest.raises(CardError, match=r"Expected the card of tiny@7; received that of tiny@1"):
        ModelStore(store).open("tiny", "7")


def test_scanning_tells_good_from_bad(store: Path) -> None:
    write_version(store, version="2", card={"format_version": 9})
    write_version(store, version="3")
    (store / "tiny" / "3" / "card.json").unlink()
    write_version(store, name="another")
    found, refused = ModelStore(store).scan()
    assert [each.reference for each in found] == ["another@1", "tiny@1"]
    assert [(each.name, each.version) for each in refused] == [("tiny", "3"), ("tiny", "2")]
    assert refused[1] == Refusal("tiny", "2", "Expected format_version 1 in card.json; received 9.")


@pytest.fixture
def studio() -> Signer:
    return Signer("studio")


@pytest.fixture
def guarded(store: Path, tmp_path: Path, studio: Signer) -> ModelStore:
    """The store, of which only what the studio signed is served."""
    studio.sign(store / "tiny" / "1")
    return ModelStore(store, TrustedKeys(studio.trust(tmp_path / "trusted")))


def test_where_keys_are_trusted_a_version_tells_who_signed_it(guarded: ModelStore) -> None:
    version = guarded.open("tiny", "1")
    assert version.signed_by == "studio"
    assert version.read("report.html")
    assert ModelStore(guarded.root).open("tiny", "1").signed_by is None


def test_an_unsigned_version_is_refused_with_the_reason(guarded: ModelStore) -> None:
    write_version(guarded.root, version="2")
    found, (refusal,) = guarded.scan()
    assert [each.reference for each in found] == ["tiny@1"]
    assert (refusal.name, refusal.version) == ("tiny", "2")
    assert refusal.reason == (
        "Expected card.sig with a signature by one of the trusted keys ['studio']; it is missing."
    )


def test_a_card_is_not_interpreted_before_its_signature_holds(guarded: ModelStore) -> None:
    """Whatever it is: one that is no JSON is told by its missing signature."""
    folder = write_version(guarded.root, version="2")
    (folder / "card.json").write_bytes(b"\xff{ not a card")
    with pytest.raises(SignatureError, match="it is missing"):
        guarded.open("tiny", "2")


FILES = ["model.tflite", "model_int8.tflite", "model.keras", "references.npz", "report.html"]


@pytest.mark.parametrize("altered", FILES)
def test_a_signature_covers_every_file_that_is_read(
    guarded: ModelStore, studio: Signer, altered: str
) -> None:
    """Altered alone it has not the digest; with the digest in the card, the card is another."""
    folder = write_version(guarded.root, version="2", files=dict.fromkeys(FILES, b"as it was"))
    studio.sign(folder)
    (folder / altered).write_bytes(b"altered")
    with pytest.raises(IntegrityError, match=f"Expected {altered} with sha256"):
        guarded.open("tiny", "2").read(altered)
    card = json.loads((folder / "card.json").read_bytes())
    card["files"][altered]["sha256"] = hashlib.sha256(b"altered").hexdigest()
    (folder / "card.json").write_text(json.dumps(card), "utf-8")
    with pytest.raises(SignatureError, match="as the trusted key 'studio' signed it"):
        guarded.open("tiny", "2")


def test_a_signed_version_holds_in_its_own_place_only(guarded: ModelStore, studio: Signer) -> None:
    """Neither as a newer version nor as another model, though its signature is good."""
    for name, version in (("tiny", "9"), ("other", "1")):
        shutil.copytree(guarded.root / "tiny" / "1", guarded.root / name / version)
        with pytest.raises(CardError, match=f"Expected the card of {name}@{version}; received"):
            guarded.open(name, version)
    assert studio.name == guarded.open("tiny", "1").signed_by


def test_a_signature_or_a_change_of_keys_makes_a_version_worth_another_try(
    guarded: ModelStore, tmp_path: Path, studio: Signer
) -> None:
    folder = write_version(guarded.root, version="2")
    seen = {guarded.fingerprint("tiny", "2")}
    studio.sign(folder)
    seen.add(guarded.fingerprint("tiny", "2"))
    (tmp_path / "trusted").write_text(Signer("archive").trusted_line, "ascii")
    seen.add(guarded.fingerprint("tiny", "2"))
    (tmp_path / "trusted").unlink()
    seen.add(guarded.fingerprint("tiny", "2"))
    assert len(seen) == 4


def test_the_settings_make_the_store(store: Path, tmp_path: Path, studio: Signer) -> None:
    assert open_store(Settings(models_store=store)).open("tiny", "1").signed_by is None
    trusted = studio.trust(tmp_path / "trusted")
    with pytest.raises(SignatureError):
        open_store(Settings(models_store=store, trusted_keys=trusted)).open("tiny", "1")
    with pytest.raises(SettingsError, match="No such file"):
        open_store(Settings(models_store=store, trusted_keys=tmp_path / "missing"))


def test_whoever_writes_to_the_store_cannot_say_who_is_trusted(
    store: Path, tmp_path: Path, studio: Signer
) -> None:
    inside = studio.trust(store / "trusted")
    linked = tmp_path / "linked"
    linked.symlink_to(inside)
    for path in (inside, linked):
        with pytest.raises(SettingsError, match="VASARI_TRUSTED_KEYS: expected a file outside of"):
            open_store(Settings(models_store=store, trusted_keys=path))
