"""Whole runs against museums made of code."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from PIL import Image

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import Painting
from tests.training.collect.running import PERIODS, pictures_asked, repeated, rows_of, run
from training.collect import pictures
from training.collect.command import NOTHING, OK
from training.collect.sources import SOURCES
from training.data.index import read_index


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
