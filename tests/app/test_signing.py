"""`python -m app signing`: a pair of keys, and signatures that hold."""

import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from app.__main__ import main
from app.errors import IntegrityError, ModelError, SettingsError, SignatureError
from app.model_store import ModelStore
from app.signatures import TrustedKeys
from app.signing import new_key, sign
from tests.models import write_version


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "studio.pem"


@pytest.fixture
def trusted(tmp_path: Path, key: Path) -> Path:
    path = tmp_path / "trusted"
    path.write_text(f"{new_key(key, 'studio')}\n", "ascii")
    return path


def test_the_commands_make_a_pair_sign_and_tell_who_signed(
    store: Path,
    tmp_path: Path,
    key: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From nothing to a version that is served where keys are asked for."""
    assert main(["signing", "new", "studio", "--key", str(key)]) == 0
    line = capsys.readouterr().out
    trusted = tmp_path / "trusted"
    trusted.write_text(line, "ascii")
    monkeypatch.setenv("VASARI_MODELS_STORE", str(store))
    monkeypatch.setenv("VASARI_TRUSTED_KEYS", str(trusted))
    assert main(["models"]) == 0
    assert capsys.readouterr().out.startswith("tiny@1  refused: Expected card.sig with")
    assert main(["signing", "sign", "tiny", "--key", str(key)]) == 0
    assert capsys.readouterr().out == f"tiny@1 is signed by the key {line.split()[1]}.\n"
    assert main(["models"]) == 0
    assert capsys.readouterr().out == (
        "tiny@1  model.tflite, report.html  balanced accuracy: not measured  signed by studio\n"
    )


def test_the_store_may_be_named_by_a_flag(
    store: Path, key: Path, trusted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_version(store, version="2")
    arguments = ["signing", "sign", "tiny@1", "--key", str(key), "--models-store", str(store)]
    assert main(arguments) == 0
    assert ModelStore(store, TrustedKeys(trusted)).open("tiny", "1").signed_by == "studio"
    assert not (store / "tiny" / "2" / "card.sig").exists()
    assert main([*arguments[:2], "none", *arguments[3:]]) == 2
    assert "it is missing" in capsys.readouterr().err


def test_a_private_key_is_its_owners_alone_and_never_written_over(key: Path) -> None:
    new_key(key, "studio")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    with pytest.raises(SettingsError, match=r"Cannot write the private key .*: File exists"):
        new_key(key, "studio")
    assert key.read_bytes() == before


@pytest.mark.parametrize("name", ["", "two words", "a\nb", "-x", "x" * 65])
def test_a_name_that_cannot_be_used(key: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="Expected a name of 1 to 64 letters"):
        new_key(key, name)
    assert not key.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_private_key_that_others_may_read_is_not_used(store: Path, key: Path, mode: int) -> None:
    new_key(key, "studio")
    key.chmod(mode)
    with pytest.raises(SettingsError, match=r"its owner's alone \(chmod 600\); its mode is"):
        sign(store, "tiny", key)


def test_what_is_no_private_key_of_this_kind_is_told_so(store: Path, key: Path) -> None:
    other = generate_private_key(SECP256R1())
    password = serialization.BestAvailableEncryption(b"secret")
    none = serialization.NoEncryption()
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8)
    for content in (
        b"nonsense",
        other.private_bytes(*form, none),
        other.private_bytes(*form, password),
        other.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    ):
        key.write_bytes(content)
        key.chmod(0o600)
        with pytest.raises(SettingsError, match="Expected an Ed25519 private key"):
            sign(store, "tiny", key)
    key.unlink()
    with pytest.raises(SettingsError, match="Cannot read the private key"):
        sign(store, "tiny", key)


def test_nothing_is_signed_that_is_not_as_its_card_says(
    store: Path, key: Path, trusted: Path
) -> None:
    assert trusted.exists()
    (store / "tiny" / "1" / "report.html").write_bytes(b"altered")
    with pytest.raises(IntegrityError, match=r"Expected report\.html with sha256"):
        sign(store, "tiny", key)
    (store / "tiny" / "1" / "card.json").write_bytes(b"{}")
    with pytest.raises(ModelError):
        sign(store, "tiny", key)
    assert [each.name for each in (store / "tiny" / "1").iterdir() if "sig" in each.name] == []


def test_others_signatures_are_kept_while_they_hold(
    store: Path, tmp_path: Path, key: Path, trusted: Path
) -> None:
    folder = store / "tiny" / "1"
    other = tmp_path / "other.pem"
    others = tmp_path / "others"
    others.write_text(new_key(other, "archive"), "ascii")
    sign(store, "tiny", other)
    sign(store, "tiny", key)
    sign(store, "tiny", key)
    assert len((folder / "card.sig").read_text("ascii").splitlines()) == 2
    for path, name in ((trusted, "studio"), (others, "archive")):
        assert ModelStore(store, TrustedKeys(path)).open("tiny", "1").signed_by == name
    card = folder / "card.json"
    card.write_bytes(card.read_bytes() + b"\n")
    sign(store, "tiny", key)
    assert len((folder / "card.sig").read_text("ascii").splitlines()) == 1
    with pytest.raises(SignatureError):
        ModelStore(store, TrustedKeys(others)).open("tiny", "1")
    (folder / "card.sig").write_bytes(b"nonsense")
    sign(store, "tiny", key)
    assert ModelStore(store, TrustedKeys(trusted)).open("tiny", "1").signed_by == "studio"


def test_a_version_that_cannot_be_written_to(store: Path, key: Path, trusted: Path) -> None:
    assert trusted.exists()
    (store / "tiny" / "1" / "card.sig").mkdir()
    with pytest.raises(SettingsError, match=r"Cannot write .*card\.sig"):
        sign(store, "tiny", key)


def test_openssl_reads_the_key_that_is_made(key: Path) -> None:
    new_key(key, "studio")
    try:
        done = subprocess.run(
            ["openssl", "pkey", "-in", key, "-noout", "-text"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    assert "ED25519" in done.stdout.upper()
