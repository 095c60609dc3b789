"""Every picture is opened once, and remembered."""

from pathlib import Path

from tests.training.making import jpeg, painting, write
from training.data.index import Example
from training.data.inspection import inspect


def _examples(root: Path) -> list[Example]:
    data = jpeg(painting(1))
    files = {"good.jpg": data, "cut.jpg": data[: len(data) // 2], "text.jpg": b"not a picture"}
    return [
        *(Example(write(root / name, content), name, "old") for name, content in files.items()),
        Example(root / "gone.jpg", "gone.jpg", "old"),
    ]


def test_unreadable_files_are_listed_and_skipped(tmp_path: Path) -> None:
    """Each with its reason."""
    seen: list[int] = []
    found = inspect(_examples(tmp_path), tmp_path / "facts.json", advance=lambda: seen.append(1))
    assert [each.file for each in found.examples] == ["good.jpg"]
    assert (found.facts[0].width, found.facts[0].height) == (72, 90)
    assert len(found.facts[0].sha256) == 64
    assert len(found.facts[0].phash) == 16
    assert len(seen) == 4
    reasons = dict(found.unreadable)
    assert set(reasons) == {"cut.jpg", "text.jpg", "gone.jpg"}
    assert "No such file" in reasons["gone.jpg"]
    assert "Expected a picture" in reasons["text.jpg"]


def test_a_second_look_opens_nothing(tmp_path: Path) -> None:
    """What is remembered is believed while name, size and time stay."""
    examples = _examples(tmp_path)[:1]
    cache = tmp_path / "facts.json"
    first = inspect(examples, cache)
    cache.write_text(cache.read_text().replace(first.facts[0].phash, "0" * 16))
    assert inspect(examples, cache).facts[0].phash == "0" * 16
    write(examples[0].path, jpeg(painting(2)))
    assert inspect(examples, cache).facts[0].phash not in ("0" * 16, first.facts[0].phash)


def test_a_damaged_memory_is_forgotten(tmp_path: Path) -> None:
    """It can be made again."""
    cache = write(tmp_path / "facts.json", b"{")
    assert len(inspect(_examples(tmp_path)[:1], cache).facts) == 1
