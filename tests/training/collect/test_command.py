"""The command line, and the self-check."""

import io
import runpy
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image
from rich.console import Console

from tests.training.collect.museum_answers import CONTACT, Museums
from tests.training.collect.museum_records import met_record
from tests.training.collect.running import pictures_asked, run
from tests.training.collect.virtual_time import VirtualClock
from training.collect.command import NOTHING, OK, USAGE, World, main


@pytest.mark.parametrize("contact", ["", "me", "me(at)example", "mé@example.org", "a@b\nX: y"])
def test_nobody_is_asked_without_a_contact(contact: str, tmp_path: Path) -> None:
    museums = Museums()
    status, said = run(museums, tmp_path, contact=contact)
    assert status == USAGE
    assert "Expected --contact with a mail address" in said
    assert museums.log == []


def test_the_contact_is_asked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    museums = Museums(each=1)
    seen: list[str] = []
    museums.rules.append(lambda request: seen.append(request.headers["User-Agent"]))
    asked: list[str] = []

    def answer(question: object) -> str:
        asked.append(str(question))
        return "me@example.org"

    terminal = Console(file=io.StringIO(), force_interactive=True, width=100)
    monkeypatch.setattr(terminal, "input", answer)
    for _ in range(2):
        world = World(transport=httpx.MockTransport(museums), clock=VirtualClock())
        main(["--out", str(tmp_path), "--per-period", "1"], console=terminal, world=world)
    assert len(asked) == 1
    assert all("(me@example.org)" in name for name in seen)


@pytest.mark.parametrize(
    "wrong",
    [
        ("--per-period", "0"),
        ("--per-artist", "-1"),
        ("--boundary", "-1"),
        ("--source", "tate"),
        ("--licence", "any"),
        ("--per-period", "many"),
    ],
)
def test_a_mistake_on_the_command_line_is_named(wrong: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as stopped:
        run(Museums(), tmp_path, *wrong)
    assert stopped.value.code == USAGE


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    status, said = run(Museums(), file)
    assert status == NOTHING
    assert "Error" in said


def test_the_bars_are_drawn_on_a_terminal(tmp_path: Path) -> None:
    screen = io.StringIO()
    terminal = Console(file=screen, force_terminal=True, width=140)
    world = World(transport=httpx.MockTransport(Museums()), clock=VirtualClock())
    arguments = ["--out", str(tmp_path), "--per-period", "7", "--contact", CONTACT]
    assert main(arguments, console=terminal, world=world) == OK
    assert "ETA" in screen.getvalue()
    assert "cleveland" in screen.getvalue()


def test_the_module_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["collect", "--help"])
    with pytest.raises(SystemExit) as stopped:
        runpy.run_module("training.collect", run_name="__main__")
    assert stopped.value.code == OK
    assert "--self-check" in capsys.readouterr().out


def test_the_self_check_finds_all_as_documented(tmp_path: Path) -> None:
    museums = Museums()
    status, said = run(museums, tmp_path / "none", "--self-check")
    assert status == OK
    assert said.count("as documented") == 7
    assert not (tmp_path / "none").exists()
    assert pictures_asked(museums) == 14


def test_the_self_check_says_what_changed(tmp_path: Path) -> None:
    museums = Museums()
    museums.misbehave(
        "openaccess-api.clevelandart.org", lambda: httpx.Response(200, json={"artworks": []})
    )
    museums.misbehave("api.smk.dk", lambda: httpx.Response(200, text="<html>"))
    museums.misbehave("www.artic.edu", lambda: httpx.Response(403))
    museums.misbehave(
        "commons.wikimedia.org", lambda: httpx.Response(200, json={"query": {"pages": []}})
    )
    museums.misbehave("iiif.micr.io", lambda: httpx.Response(200, text="no picture"))
    museums.misbehave(
        "data.rijksmuseum.nl", lambda: httpx.Response(200, json={"orderedItems": [3]})
    )
    broken = met_record(museums.met[0])
    for name in ("objectBeginDate", "objectEndDate"):
        broken[name] = 0
    broken |= {"objectDate": "", "title": "", "primaryImageSmall": "", "primaryImage": "x"}

    def met(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(200, json=broken) if "/objects/" in request.url.path else None

    museums.rules.append(met)
    status, said = run(museums, tmp_path, "--self-check")
    assert status == NOTHING
    assert "cleveland: changed" in said
    assert "expected data; received ['artworks']" in said
    assert "Expected JSON" in said
    assert "status 403" in said
    assert "expected 2 works with an open picture among 50 records; received 0" in said
    assert "expected a title; received none" in said
    assert "no years given (None to None)" in said
    assert "Expected a web address" in said
    assert "nga: as documented" in said


def test_the_self_check_names_unreadable_records_and_surprises(tmp_path: Path) -> None:
    museums = Museums()
    museums.met = [replace(each, extra={"objectBeginDate": "soon"}) for each in museums.met]
    museums.misbehave(
        "commons.wikimedia.org",
        lambda: httpx.Response(200, json={"query": {"pages": [{"title": "x", "imageinfo": 3}]}}),
    )
    grey = {"web": {"url": "https://openaccess-cdn.clevelandart.org/grey.jpg"}}
    museums.cleveland = [replace(each, extra={"images": grey}) for each in museums.cleveland]
    museums.misbehave("openaccess-cdn.clevelandart.org", _grey_picture)
    status, said = run(museums, tmp_path, "--self-check")
    assert status == NOTHING
    assert "unreadable; for example 2" in said
    assert "could not be read: TypeError" in said
    assert "black and white" in said


def _grey_picture() -> httpx.Response:
    data = io.BytesIO()
    Image.linear_gradient("L").resize((400, 400)).save(data, "JPEG")
    return httpx.Response(200, content=data.getvalue())
