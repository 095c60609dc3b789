"""Files are there as a whole or not at all."""

import hashlib
from pathlib import Path

import pytest

from training.files import digest_file, write_atomically


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    """Folders above it are made; nothing is left beside it."""
    path = tmp_path / "deep" / "file"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [each.name for each in path.parent.iterdir()] == ["file"]
    assert digest_file(path) == hashlib.sha256(b"two").hexdigest()


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    """And no half one."""
    path = tmp_path / "file"
    write_atomically(path, b"one")
    with pytest.raises(TypeError):
        write_atomically(path, "text")  # type: ignore[arg-type]
    assert path.read_bytes() == b"one"
    assert len(list(tmp_path.iterdir())) == 1
