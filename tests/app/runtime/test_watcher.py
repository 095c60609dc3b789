"""`app.runtime.watcher`: what it puts in service, what it leaves alone, and what it lets go."""

import gc
import logging
import shutil
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.model_store import ModelStore
from app.runtime import loader as loader_module
from app.runtime import watcher as module
from app.runtime.loader import Loader, load_residents
from app.runtime.residents import Residents
from app.runtime.watcher import Watcher
from tests.models import NAME, litert_model, write_version

BAD_GOLDEN = {"golden": {"probabilities": [[0.25] * 4] * 3}}
BAD_HASH = {"files": {"model.tflite": {"sha256": "0" * 64}}}


class Watched:
    """Residents of a store, and a watcher whose looks are taken by hand."""

    def __init__(self, store: Path, *references: str, default: str = NAME) -> None:
        loader = Loader(ModelStore(store), "cpu", 1)
        self.residents: Residents = load_residents(loader, references, default=default)
        self.watcher = Watcher(loader, self.residents, references, 0)

    def look(self) -> list[str]:
        """Look until what is new is at rest, and tell what answers."""
        self.watcher.look()
        self.watcher.look()
        return self.answering

    @property
    def answering(self) -> list[str]:
        return [each.version.reference for each in self.residents.current]

    @property
    def refused(self) -> list[str]:
        return [f"{each.name}@{each.version}" for each in self.residents.refused]


def test_a_newer_version_takes_the_place_of_the_older(
    store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(store)
    write_version(store, version="2")
    write_version(store, name="another")
    with caplog.at_level(logging.INFO):
        assert watched.look() == ["tiny@2"]
    assert "tiny@2 answers in place of tiny@1, loaded and checked in 0." in caplog.text
    write_version(store, version="10")
    write_version(store, version="9")
    assert watched.look() == ["tiny@10"]


def test_what_was_replaced_is_freed_when_its_last_request_is_done(
    store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(store)
    request = watched.residents.get()
    resident, runner = weakref.ref(request), weakref.ref(request.runners[0])
    write_version(store, version="2")
    gc.disable()  # it goes by itself, and not when the collector happens to come by
    try:
        with caplog.at_level(logging.INFO):
            assert watched.look() == ["tiny@2"]
            assert request.runners[0] is runner()
            assert "freed" not in caplog.text
            del request
            assert resident() is None
            assert runner() is None
            watched.look()
    finally:
        gc.enable()
    assert "tiny@1 has answered its last request and is freed" in caplog.text


def test_the_memory_of_what_was_replaced_is_given_back_without_another_look(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()
    monkeypatch.setattr(module, "release_memory", released.set)
    watched = Watched(store)
    request = watched.residents.get()
    write_version(store, version="2")
    watched.watcher.start()
    try:
        watched.watcher.look_now()
        while watched.answering != ["tiny@2"]:
            time.sleep(0.005)
        assert not released.wait(0.3)  # its request goes on
        del request
        assert released.wait(30)
    finally:
        watched.watcher.close(30)


def test_runners_are_made_one_after_the_other_with_requests_between(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    loader = Loader(ModelStore(store), "cpu", 3)
    residents = load_residents(loader, (), default=NAME)
    assert pauses == []
    write_version(store, version="2")
    Watcher(loader, residents, (), 0).look(forced=True)
    assert residents.get().version.reference == "tiny@2"
    assert pauses == [0.25, 0.25]


def test_a_keras_model_that_was_replaced_is_collected(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(store)
    object.__setattr__(watched.residents.get(), "backend", "tensorflow")
    collected: list[bool] = []
    monkeypatch.setattr(gc, "collect", lambda: collected.append(True))
    write_version(store, version="2")
    watched.look()
    watched.look()
    assert collected == [True]


@pytest.mark.parametrize("card", [BAD_GOLDEN, BAD_HASH, {"format_version": 2}, {"name": "other"}])
def test_a_bad_version_is_refused_once_and_the_old_one_stays(
    store: Path, card: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    watched = Watched(store)
    folder = write_version(store, version="2", card=card)
    assert watched.look() == ["tiny@1"]
    assert watched.refused == ["tiny@2"]
    assert watched.residents.refused[0].reason
    watched.look()
    assert caplog.text.count("refused tiny@2") == 1
    (folder / "card.json").touch()
    watched.look()
    assert caplog.text.count("refused tiny@2") == 2
    write_version(store, version="3")
    assert watched.look() == ["tiny@3"]
    assert watched.refused == []


def test_what_start_up_refused_is_not_tried_again_until_it_is_mended(
    store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = write_version(store, version="2", card=BAD_GOLDEN)
    watched = Watched(store)
    assert watched.look() == ["tiny@1"]
    assert caplog.text.count("refused tiny@2") == 1
    shutil.rmtree(broken)
    write_version(store, version="2")
    assert watched.look() == ["tiny@2"]
    assert watched.refused == []


def test_a_refused_version_that_is_taken_away_is_not_listed_any_more(store: Path) -> None:
    broken = write_version(store, version="2", card=BAD_GOLDEN)
    watched = Watched(store)
    assert watched.refused == ["tiny@2"]
    shutil.rmtree(broken)
    assert watched.look() == ["tiny@1"]
    assert watched.refused == []


def test_the_newest_good_one_is_taken_where_the_newest_is_bad(store: Path) -> None:
    watched = Watched(store)
    write_version(store, version="2")
    write_version(store, version="3", card=BAD_HASH)
    assert watched.look() == ["tiny@2"]
    assert watched.refused == ["tiny@3"]


def test_a_version_that_is_being_written_is_left_alone(
    store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Hidden, or in its place and still changing from look to look."""
    watched = Watched(store)
    whole = write_version(store.parent / "elsewhere", version="2")
    shutil.copytree(whole, store / NAME / ".writing-2")
    assert watched.look() == ["tiny@1"]
    copied = store / NAME / "2"
    copied.mkdir()
    shutil.copy(whole / "card.json", copied)
    content = (whole / "model.tflite").read_bytes()
    for end in range(0, len(content), len(content) // 3):
        (copied / "model.tflite").write_bytes(content[:end])
        watched.watcher.look()
    (copied / "model.tflite").write_bytes(content)
    watched.watcher.look()
    assert watched.answering == ["tiny@1"]
    watched.watcher.look()
    assert watched.answering == ["tiny@2"]
    assert "refused" not in caplog.text


def test_a_forced_look_takes_what_is_there(store: Path) -> None:
    watched = Watched(store)
    write_version(store, version="2")
    watched.watcher.look(forced=True)
    assert watched.answering == ["tiny@2"]


def test_a_pinned_version_stays(store: Path) -> None:
    pinned = Watched(store, default="tiny@1")
    both = Watched(store, "tiny@1")
    write_version(store, version="2")
    assert pinned.look() == ["tiny@1"]
    assert both.look() == ["tiny@2", "tiny@1"]
    assert both.residents.get().card.version == "2"


def test_a_version_that_vanishes_goes_on_answering(store: Path) -> None:
    write_version(store, version="2")
    watched = Watched(store, "all")
    shutil.rmtree(store / NAME / "2")
    assert watched.look() == ["tiny@2"]
    shutil.rmtree(store)
    assert watched.look() == ["tiny@2"]


def test_all_takes_up_new_models_too(store: Path) -> None:
    write_version(store, name="pinned")
    write_version(store, name="broken", card=BAD_HASH)
    watched = Watched(store, "all", "pinned@1")
    write_version(store, name="another")
    write_version(store, name="pinned", version="2")
    write_version(store, name="broken", version="2")
    assert watched.look() == ["another@1", "broken@2", "pinned@1", "tiny@1"]
    assert watched.refused == []


def test_named_models_are_followed_and_others_are_not_taken_up(store: Path) -> None:
    write_version(store, name="named")
    watched = Watched(store, "named")
    write_version(store, name="named", version="2")
    write_version(store, name="other")
    assert watched.look() == ["named@2", "tiny@1"]


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait for what the thread does; at most 10 seconds."""

    def wait(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.005)

    return wait


def test_the_thread_looks_by_itself_survives_and_ends(
    store: Path,
    until: Callable[[Callable[[], bool]], None],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    loader = Loader(ModelStore(store), "cpu", 1)
    residents = load_residents(loader, (), default=NAME)
    watcher = Watcher(loader, residents, (), 0.01)
    with monkeypatch.context() as broken:
        broken.setattr(ModelStore, "versions", lambda *_: 1 / 0)
        watcher.start()
        until(lambda: "looking for new versions failed" in caplog.text)
    write_version(store, version="2")
    until(lambda: residents.get().card.version == "2")
    watcher.close(10)
    watcher.close(10)
    assert not watcher._thread.is_alive()


def test_without_a_rhythm_it_looks_when_it_is_told_to(
    store: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    loader = Loader(ModelStore(store), "cpu", 1)
    residents = load_residents(loader, (), default=NAME)
    watcher = Watcher(loader, residents, (), 0)
    watcher.start()
    write_version(store, version="2")
    time.sleep(0.05)
    assert residents.get().card.version == "1"
    watcher.look_now()
    until(lambda: residents.get().card.version == "2")
    watcher.close(10)


def test_the_end_waits_for_no_further_version(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_version(store, name="another")
    watched = Watched(store, "another")
    write_version(store, version="2")
    write_version(store, name="another", version="2")
    real = loader_module.load_resident

    def ending(*given: Any, **named: Any) -> Any:
        watched.watcher.close(1)
        return real(*given, **named)

    monkeypatch.setattr(loader_module, "load_resident", ending)
    watched.watcher.look(forced=True)
    assert watched.answering == ["another@1", "tiny@2"]


def test_a_version_with_other_weights_gives_other_answers(store: Path) -> None:
    watched = Watched(store)
    write_version(store, version="2", files={"model.tflite": litert_model(bias=[0, 90, 0, 0])})
    assert watched.look() == ["tiny@2"]
    assert watched.residents.get().version.folder == store / NAME / "2"
