"""`app.api_keys`: keys are shown once, kept as digests, and read anew when the file changes."""

import hashlib
import logging
import stat
from pathlib import Path

import pytest

from app import api_keys
from app.__main__ import main
from app.api_keys import ApiKeys, add_key, read_keys
from app.errors import SettingsError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every question looks whether the file has changed."""
    monkeypatch.setattr(api_keys, "_LOOK_SECONDS", 0.0)


def test_a_key_is_known_by_its_name_and_kept_nowhere(path: Path) -> None:
    key = add_key(path, "museum")
    other = add_key(path, "laptop")
    assert key != other
    assert key.startswith("vasari_")
    assert len(key) > 40
    text = path.read_text("utf-8")
    assert key not in text
    assert f"museum {hashlib.sha256(key.encode()).hexdigest()}\n" in text
    keys = ApiKeys(path)
    assert keys.name_of(key) == "museum"
    assert keys.name_of(other) == "laptop"
    for wrong in ("", "museum", key[:-1], key + "x", text.split()[1], "é", "x" * 10_000):
        assert keys.name_of(wrong) is None


def test_a_new_file_is_its_owners_alone(path: Path) -> None:
    add_key(path, "museum")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_line_is_added_below_whatever_stands_there(path: Path) -> None:
    path.write_text("# ours\n\nold " + "0" * 64, "utf-8")
    add_key(path, "new")
    assert list(read_keys(path)) == ["old", "new"]


@pytest.mark.parametrize("name", ["", "two words", "a\nb", "-x", "x" * 65])
def test_a_name_that_cannot_be_used(path: Path, name: str) -> None:
    with pytest.raises(SettingsError, match="Expected a name of 1 to 64 letters"):
        add_key(path, name)
    assert not path.exists()


def test_a_name_has_one_key(path: Path) -> None:
    add_key(path, "museum")
    with pytest.raises(SettingsError, match="'museum' has one"):
        add_key(path, "museum")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("museum\n", "`name digest` in line 1"),
        ("# fine\nmuseum key-in-the-clear\n", "`name digest` in line 2"),
        (f"a {'0' * 64}\na {'1' * 64}\n", "received 'a' again in line 2"),
    ],
)
def test_a_bad_line_is_told_by_its_number_and_never_shown(
    path: Path, text: str, reason: str
) -> None:
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsError, match=reason) as raised:
        ApiKeys(path)
    assert "key-in-the-clear" not in str(raised.value)


def test_a_file_that_cannot_be_read(path: Path) -> None:
    with pytest.raises(SettingsError, match="No such file"):
        ApiKeys(path)
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="not UTF-8"):
        ApiKeys(path)


@pytest.mark.usefixtures("at_once")
def test_a_key_that_is_added_or_removed_counts_without_a_restart(path: Path) -> None:
    first = add_key(path, "first")
    keys = ApiKeys(path)
    second = add_key(path, "second")
    assert keys.name_of(second) == "second"
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[1:]), "utf-8")
    assert keys.name_of(first) is None
    assert keys.name_of(second) == "second"


@pytest.mark.usefixtures("at_once")
def test_a_slip_in_the_file_changes_nothing_and_is_logged(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key = add_key(path, "museum")
    keys = ApiKeys(path)
    path.write_text("nonsense\n", "utf-8")
    assert keys.name_of(key) == "museum"
    path.unlink()
    assert keys.name_of(key) == "museum"
    assert [each.levelno for each in caplog.records] == [logging.ERROR] * 2
    assert "the API keys stay as they were" in caplog.text


def test_the_command_makes_and_lists(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VASARI_API_KEYS_FILE", str(path))
    assert main(["keys", "new", "museum"]) == 0
    key = capsys.readouterr().out.strip()
    assert ApiKeys(path).name_of(key) == "museum"
    assert main(["keys", "list"]) == 0
    assert capsys.readouterr().out == "museum\n"
    assert main(["keys", "new", "museum"]) == 2


def test_the_command_wants_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "list"]) == 2
    assert "VASARI_API_KEYS_FILE" in capsys.readouterr().err


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot write"):
        add_key(tmp_path / "missing" / "keys", "museum")
