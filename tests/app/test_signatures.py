"""`app.signatures`: who is trusted, and which signatures hold."""

import logging
from pathlib import Path

import pytest

from app.errors import SettingsError, SignatureError
from app.signatures import (
    SIGNED_AS,
    TrustedKeys,
    parse_signatures,
    read_signatures,
    read_trusted_keys,
)
from tests.signing import Signer, text_of

CARD = b'{"name": "tiny"}'


@pytest.fixture
def studio() -> Signer:
    return Signer("studio")


@pytest.fixture
def path(tmp_path: Path, studio: Signer) -> Path:
    return studio.trust(tmp_path / "trusted")


def test_a_card_that_a_trusted_key_signed_is_told_by_its_name(path: Path, studio: Signer) -> None:
    line = studio.signature_line(CARD)
    assert TrustedKeys(path).signer(CARD, line.encode()) == "studio"


def test_one_trusted_key_among_several_is_enough(path: Path, studio: Signer) -> None:
    stranger, archive = Signer("stranger"), Signer("archive")
    path.write_text(f"# ours\n\n{studio.trusted_line}  {archive.trusted_line}", "ascii")
    lines = "# two\n\n" + stranger.signature_line(CARD) + archive.signature_line(CARD)
    assert TrustedKeys(path).signer(CARD, lines.encode()) == "archive"


def test_a_card_without_signatures(path: Path) -> None:
    reason = r"Expected card\.sig with a signature by one of the trusted keys \['studio'\]; it is"
    with pytest.raises(SignatureError, match=reason):
        TrustedKeys(path).signer(CARD, None)


def test_a_signature_by_a_stranger(path: Path) -> None:
    """Even where it carries the name, or the key, of somebody who is trusted."""
    line = Signer("studio").signature_line(CARD)
    with pytest.raises(SignatureError, match="received none of theirs"):
        TrustedKeys(path).signer(CARD, line.encode())
    with pytest.raises(SignatureError, match="received none of theirs"):
        TrustedKeys(path).signer(CARD, b"")


@pytest.mark.parametrize("altered", [CARD + b" ", CARD[:-1], CARD.replace(b"t", b"T", 1), b""])
def test_a_signature_of_another_card(path: Path, studio: Signer, altered: bytes) -> None:
    line = studio.signature_line(CARD)
    reason = r"Expected card\.json as the trusted key 'studio' signed it; received another"
    with pytest.raises(SignatureError, match=reason):
        TrustedKeys(path).signer(altered, line.encode())


def test_a_stranger_cannot_sign_beside_a_trusted_public_key(path: Path, studio: Signer) -> None:
    forged = Signer().signature_line(CARD).split()[1]
    line = f"{text_of(studio.public)} {forged}"
    with pytest.raises(SignatureError, match="received another"):
        TrustedKeys(path).signer(CARD, line.encode())


@pytest.mark.parametrize("before", [b"", b"vasari: card.json, 2\n", SIGNED_AS[:-1]])
def test_a_signature_for_another_purpose_is_none_of_a_card(
    path: Path, studio: Signer, before: bytes
) -> None:
    line = studio.signature_line(CARD, before)
    with pytest.raises(SignatureError, match="received another"):
        TrustedKeys(path).signer(CARD, line.encode())


def test_a_key_that_is_no_point_of_the_curve_has_signed_nothing(path: Path) -> None:
    odd = b"\x02" + bytes(31)
    path.write_text(f"odd {text_of(odd)}\n", "ascii")
    with pytest.raises(SignatureError, match="as the trusted key 'odd' signed it"):
        TrustedKeys(path).signer(CARD, f"{text_of(odd)} {text_of(bytes(64))}".encode())


@pytest.mark.parametrize(
    "content",
    [
        b"nonsense",
        b"\xff\xfe\x00",
        b"AAAA BBBB",
        text_of(bytes(32)).encode(),
        f"{text_of(bytes(32))} {text_of(bytes(63))}".encode(),
        f"{text_of(bytes(32))} x {text_of(bytes(64))}".encode(),
        f"# fine\n{text_of(bytes(31))} {text_of(bytes(64))}".encode(),
    ],
)
def test_a_line_that_cannot_be_read_is_told_by_its_number(path: Path, content: bytes) -> None:
    number = content.count(b"\n") + 1
    with pytest.raises(SignatureError, match=rf"`key signature` in line {number} of card\.sig"):
        TrustedKeys(path).signer(CARD, content)


def test_a_file_of_signatures_is_bounded(tmp_path: Path) -> None:
    assert read_signatures(tmp_path) is None
    (tmp_path / "card.sig").write_bytes(b"# " + b"x" * 2**16)
    with pytest.raises(SignatureError, match="at most 65536 bytes"):
        read_signatures(tmp_path)
    (tmp_path / "card.sig").unlink()
    (tmp_path / "card.sig").mkdir()
    with pytest.raises(SignatureError, match="directory"):
        read_signatures(tmp_path)
    assert parse_signatures(b"") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a key in"),
        ("# nobody yet\n", "expected a key in"),
        ("studio\n", "`name key`, the key as 32 bytes in base64, in line 1"),
        (f"studio {text_of(bytes(31))}\n", "in line 1"),
        (f"# x\n-studio {text_of(bytes(32))}\n", "in line 2"),
        (f"studio ssh-ed25519 {text_of(bytes(32))}\n", "in line 1"),
        (f"a {text_of(bytes(32))}\na {text_of(b'x' * 32)}\n", "received one again in line 2"),
        (f"a {text_of(bytes(32))}\nb {text_of(bytes(32))}\n", "received one again in line 2"),
    ],
)
def test_a_file_of_trusted_keys_that_cannot_be_used(path: Path, text: str, reason: str) -> None:
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=f"VASARI_TRUSTED_KEYS: .*{reason}"):
        read_trusted_keys(path)


def test_a_file_of_trusted_keys_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        TrustedKeys(tmp_path / "missing")
    (tmp_path / "latin").write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="not UTF-8"):
        TrustedKeys(tmp_path / "latin")


def test_a_key_that_is_added_or_removed_counts_without_a_restart(
    path: Path, studio: Signer
) -> None:
    archive = Signer("archive")
    trusted = TrustedKeys(path)
    before = trusted.state
    path.write_text(archive.trusted_line, "ascii")
    assert trusted.state != before
    assert trusted.signer(CARD, archive.signature_line(CARD).encode()) == "archive"
    with pytest.raises(SignatureError):
        trusted.signer(CARD, studio.signature_line(CARD).encode())


def test_where_the_file_is_spoilt_or_gone_nobody_is_trusted(
    path: Path, studio: Signer, caplog: pytest.LogCaptureFixture
) -> None:
    """And the caller is told no path."""
    line = studio.signature_line(CARD).encode()
    trusted = TrustedKeys(path)
    path.replace(path.with_name("kept"))
    for _ in range(2):
        with pytest.raises(SignatureError, match="the file of trusted keys cannot be read") as told:
            trusted.signer(CARD, line)
        assert str(path) not in str(told.value)
    path.write_text("nonsense\n", "ascii")
    with pytest.raises(SignatureError, match="cannot be read"):
        trusted.signer(CARD, line)
    assert [each.levelno for each in caplog.records] == [logging.ERROR] * 2
    assert str(path) in caplog.text
    path.with_name("kept").replace(path)
    assert trusted.signer(CARD, line) == "studio"
