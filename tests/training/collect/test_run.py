"""Whole runs against museums made of code."""

import csv
import io
import json
import runpy
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image
from rich.console import Console

from tests.training.collect.museum_answers import (
    CONTACT,
    PERIOD_YEARS,
    Museums,
    Painting,
    met_record,
)
from tests.training.collect.virtual_time import VirtualClock
from training.collect import pictures
from training.collect.command import INTERRUPTED, NOTHING, OK, USAGE, World, main
from training.collect.sources import SOURCES
from training.data.index import read_index

PERIODS = tuple(PERIOD_YEARS)


def run(
    museums: Museums, folder: Path, *more: str, contact: str | None = CONTACT
) -> tuple[int, str]:
    """The command against the museums: exit status and what it said."""
    said = Console(file=io.StringIO(), width=240)
    arguments = ["--out", str(folder), *more]
    if contact is not None:
        arguments += ["--contact", contact]
    world = World(transport=httpx.MockTransport(museums), clock=VirtualClock())
    status = main(arguments, console=said, world=world)
    assert isinstance(said.file, io.StringIO)
    return status, said.file.getvalue()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def repeated(museums: Museums) -> int:
    """Requests that were made more than once."""
    return sum(number - 1 for number in Counter(museums.log).values())


def pictures_asked(museums: Museums) -> int:
    return sum(httpx.URL(url).path.endswith(".jpg") for url in museums.log)


def test_a_run_fills_every_period_evenly_from_every_museum(tmp_path: Path) -> None:
    museums = Museums(each=4)
    status, said = run(museums, tmp_path, "--per-period", "14")
    assert status == OK
    rows = rows_of(tmp_path / "manifest.csv")
    assert Counter(row["period"] for row in rows) == dict.fromkeys(PERIODS, 14)
    assert set(Counter((row["period"], row["source"]) for row in rows).values()) == {2}
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    assert {row["licence"] for row in rows} == {"cc0", "pdm"}
    for row in rows:
        assert (tmp_path / row["file"]).is_file()
        assert int(row["year_from"]) <= int(row["year_to"])
    assert "Wrote" in said
    assert repeated(museums) == 0


def test_training_reads_the_manifest(tmp_path: Path) -> None:
    run(Museums(each=3), tmp_path, "--per-period", "7")
    index = read_index(tmp_path)
    assert [each.name for each in index.classes] == list(PERIODS)
    assert len(index.examples) == 28
    assert all(each.path.is_file() and each.source and each.year for each in index.examples)


def test_no_artist_is_in_two_splits(tmp_path: Path) -> None:
    run(Museums(each=4), tmp_path, "--per-period", "20")
    splits: dict[str, set[str]] = {}
    for row in rows_of(tmp_path / "manifest.csv"):
        splits.setdefault(row["artist"], set()).add(row["split"])
    assert len(splits) > 30
    assert all(len(each) == 1 for each in splits.values())


def test_one_painting_in_two_museums_is_one_group(tmp_path: Path) -> None:
    museums = Museums(each=2)
    museums.pictures["70000"] = "20000"
    run(museums, tmp_path, "--per-period", "14")
    rows = {row["object_id"]: row for row in rows_of(tmp_path / "manifest.csv")}
    assert rows["20000"]["sha256"] != rows["Q70000"]["sha256"]
    assert rows["20000"]["group"] == rows["Q70000"]["group"]
    assert rows["20000"]["split"] == rows["Q70000"]["split"]


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


@pytest.mark.parametrize("after", [1, 5, 23, 50, 80])
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


@pytest.mark.parametrize("name", SOURCES)
def test_a_museum_that_fails_is_named_and_the_rest_goes_on(name: str, tmp_path: Path) -> None:
    museums = Museums(each=2)
    hosts = set(SOURCES[name].manners)

    def broken(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(503) if request.url.host in hosts else None

    museums.rules.append(broken)
    status, said = run(museums, tmp_path, "--per-period", "7")
    assert status == OK
    assert "GIVEN UP" in said
    rows = rows_of(tmp_path / "manifest.csv")
    assert Counter(row["period"] for row in rows) == dict.fromkeys(PERIODS, 7)
    assert name not in {row["source"] for row in rows}
    account = json.loads((tmp_path / "collection.json").read_bytes())["sources"]
    assert [each for each in account if account[each]["problem"]] == [name]


def test_a_picture_host_behind_a_challenge_costs_its_museum_only(tmp_path: Path) -> None:
    """The Art Institute's pictures, since December 2025."""
    museums = Museums(each=2)
    museums.misbehave("www.artic.edu", lambda: httpx.Response(403, text="<html>challenge"))
    _, said = run(museums, tmp_path, "--per-period", "6")
    assert "www.artic.edu refused 2 things in a row" in said
    rows = rows_of(tmp_path / "manifest.csv")
    assert len(rows) == 24
    assert "artic" not in {row["source"] for row in rows}


def test_a_surprise_in_one_museum_is_reported(tmp_path: Path) -> None:
    museums = Museums(each=2)
    museums.misbehave(
        "collectionapi.metmuseum.org",
        lambda: httpx.Response(200, json={"total": 2, "objectIDs": {"a": 1}}),
    )
    museums.misbehave(
        "commons.wikimedia.org",
        lambda: httpx.Response(200, json={"query": {"pages": [{"title": "x", "imageinfo": 3}]}}),
    )
    _, said = run(museums, tmp_path, "--per-period", "10")
    assert "expected a list at objectIDs; received dict" in said
    assert "its answers could not be read: TypeError" in said


def test_spoilt_pictures_are_replaced(tmp_path: Path) -> None:
    museums = Museums(each=3)

    def cut(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "images.metmuseum.org" and request.url.path.endswith("0.jpg"):
            return httpx.Response(200, content=b"\xff\xd8\xff\xe0 half a picture")
        if request.url.host == "api.nga.gov" and "30001" in request.url.path:
            return httpx.Response(500)
        return None

    museums.rules.append(cut)
    _, said = run(museums, tmp_path, "--per-period", "12")
    assert Counter(row["period"] for row in rows_of(tmp_path / "manifest.csv")) == dict.fromkeys(
        PERIODS, 12
    )
    assert "0 pictures refused" not in said


def test_a_picture_that_nobody_foresaw_costs_only_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = pictures.fault_of
    seen: list[int] = []

    def stumble(image: Image.Image) -> str:
        seen.append(1)
        if len(seen) == 1:
            raise ZeroDivisionError("a width of nothing")
        return look(image)

    monkeypatch.setattr(pictures, "fault_of", stumble)
    _, said = run(Museums(each=2), tmp_path, "--per-period", "7")
    assert len(rows_of(tmp_path / "manifest.csv")) == 28
    assert "1 pictures refused" in said


def test_an_artist_gives_no_more_than_asked_over_all_museums(tmp_path: Path) -> None:
    museums = Museums(each=4)
    museums.met = [replace(each, artist="George Catlin") for each in museums.met]
    museums.smk = [replace(each, artist="Catlin, George") for each in museums.smk]
    museums.met = [replace(each, extra={"artistWikidata_URL": ""}) for each in museums.met]
    run(museums, tmp_path, "--per-period", "16", "--per-artist", "3")
    counts = Counter(row["artist"] for row in rows_of(tmp_path / "manifest.csv"))
    assert counts["George Catlin"] + counts["Catlin, George"] == 3
    assert max(counts.values()) <= 3


def test_works_across_a_boundary_have_a_file_of_their_own(tmp_path: Path) -> None:
    museums = Museums(each=3)
    museums.cleveland += [Painting(11900 + n, 1590, 1612, f"Across{n}") for n in range(6)]
    museums.nga += [Painting(31900 + n, 1855, 1865, f"Between{n}") for n in range(6)]
    run(museums, tmp_path, "--per-period", "14", "--boundary", "7")
    rows = rows_of(tmp_path / "boundary.csv")
    # As many as asked for, of those that were met while the periods were filled.
    assert len(rows) == 7
    assert {row["source"] for row in rows} == {"cleveland", "nga"}
    assert {(row["period"], row["split"]) for row in rows} == {("boundary", "boundary")}
    assert len(rows_of(tmp_path / "manifest.csv")) == 56


def test_a_dry_run_counts_and_fetches_no_picture(tmp_path: Path) -> None:
    museums = Museums()
    status, said = run(museums, tmp_path, "--per-period", "12", "--dry-run")
    assert status == OK
    assert "Would be fetched" in said
    assert pictures_asked(museums) == 0
    assert not (tmp_path / "manifest.csv").exists()
    assert not (tmp_path / "pictures").exists()
    # What the count asked, the run does not ask again.
    run(museums, tmp_path, "--per-period", "12")
    assert repeated(museums) == 0


def test_only_the_named_sources_are_asked(tmp_path: Path) -> None:
    museums = Museums()
    more = ("--source", "smk", "--source", "nga", "--source", "smk")
    status, said = run(museums, tmp_path, "--per-period", "9", *more)
    assert status == OK
    assert {row["source"] for row in rows_of(tmp_path / "manifest.csv")} == {"smk", "nga"}
    assert "medieval: 8 of 9; the museums have no more." in said


def test_another_licence_is_taken_when_asked_for(tmp_path: Path) -> None:
    museums = Museums(each=2)
    page = {
        "imageinfo": [
            {
                "url": "https://upload.wikimedia.org/70000.jpg",
                "extmetadata": {
                    "LicenseUrl": {"value": "https://creativecommons.org/licenses/by-sa/4.0/"}
                },
            }
        ]
    }
    museums.wikidata = [replace(each, extra={"page": page}) for each in museums.wikidata]
    only = ("--per-period", "1", "--source", "wikidata")
    assert run(museums, tmp_path, *only)[0] == NOTHING
    assert run(museums, tmp_path, *only, "--licence", "cc-by-sa")[0] == OK
    assert {row["licence"] for row in rows_of(tmp_path / "manifest.csv")} == {"cc-by-sa"}


def test_another_seed_chooses_other_works(tmp_path: Path) -> None:
    museums = Museums(each=6)
    chosen = []
    for seed in ("1", "2"):
        run(museums, tmp_path / seed, "--per-period", "7", "--seed", seed)
        chosen.append({row["object_id"] for row in rows_of(tmp_path / seed / "manifest.csv")})
    assert chosen[0] != chosen[1]


def test_the_account_says_what_was_refused(tmp_path: Path) -> None:
    museums = Museums(each=2)
    museums.met = [replace(each, extra={"artistPrefix": "Follower of"}) for each in museums.met]
    _, said = run(museums, tmp_path, "--per-period", "14")
    account = json.loads((tmp_path / "collection.json").read_bytes())["sources"]["met"]
    assert account["refused"] == {"copy, follower or forgery": 8}
    assert account["kept"] == dict.fromkeys((*PERIODS, "boundary"), 0)
    assert "8 copy, follower or forgery" in said


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
