"""A run goes on where it stopped: no request is made twice."""

from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.training.collect.museum_answers import Museums
from tests.training.collect.running import repeated, rows_of, run
from training.collect.command import INTERRUPTED, OK


def test_a_finished_run_is_not_repeated(tmp_path: Path) -> None:
    museums = Museums()
    run(museums, tmp_path, "--per-period", "12")
    before = (tmp_path / "manifest.csv").read_bytes()
    asked = len(museums.log)
    status, said = run(museums, tmp_path, "--per-period", "12", contact=None)
    assert status == OK
    assert len(museums.log) == asked
    assert said.count("0 requests") == 1
    assert (tmp_path / "manifest.csv").read_bytes() == before


def test_more_is_asked_for_without_asking_for_the_same(tmp_path: Path) -> None:
    museums = Museums(each=3)
    run(museums, tmp_path, "--per-period", "7")
    run(museums, tmp_path, "--per-period", "14")
    assert len(rows_of(tmp_path / "manifest.csv")) == 56
    assert repeated(museums) == 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The manifest of a run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run(Museums(each=2), folder, "--per-period", "7")
    return (folder / "manifest.csv").read_bytes()


@pytest.mark.parametrize("after", [1, 23, 80])
def test_an_interrupted_run_goes_on_without_fetching_twice(
    after: int, undisturbed: bytes, tmp_path: Path
) -> None:
    museums = Museums(each=2)
    answered: list[str] = []

    def interrupt(request: httpx.Request) -> httpx.Response | None:
        if len(answered) >= after:
            raise KeyboardInterrupt
        answered.append(str(request.url))
        return None

    museums.rules.append(interrupt)
    status, said = run(museums, tmp_path / "again", "--per-period", "7")
    assert status == INTERRUPTED
    assert "goes on where this one stopped" in said
    museums.rules.clear()
    museums.log.clear()
    assert run(museums, tmp_path / "again", "--per-period", "7")[0] == OK
    # Repeated: what was answered before the interruption and asked for again. The bar is none.
    assert Counter(answered) & Counter(museums.log) == {}
    assert (tmp_path / "again" / "manifest.csv").read_bytes() == undisturbed
