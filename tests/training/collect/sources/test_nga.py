"""The National Gallery's two CSV files, good and bad."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import (
    Painting,
    as_csv,
    nga_images,
    nga_objects,
)
from tests.training.collect.sources.listing import listed, one, outcome
from training.collect.errors import ChangedAnswerError
from training.collect.spans import SPANS


def test_the_national_gallery_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)
    bad: list[dict[str, Any]] = [
        {"beginyear": "", "endyear": "", "displaydate": "c. 1500"},
        {"beginyear": "", "endyear": "", "displaydate": "date unknown"},
        {"beginyear": "15OO"},
        {"openaccess": "0"},
        {"maxpixels": "640"},
        {"isvirtual": "1"},
        {"classification": "Sculpture"},
        {"attribution": "Follower of Giotto"},
        {"attribution": "Florentine 15th Century"},
        {"parentid": "777"},
        {"wikidataid": "Q42"},
        {"viewtype": "crop"},
    ]
    museums.nga = [Painting(30000 + n, 1500, 1510, "Z", extra=each) for n, each in enumerate(bad)]
    assert outcome(museums, "nga", tmp_path) == {
        "renaissance": 5,
        "LICENCE": 2,
        "NOT_A_PAINTING": 1,
        "COPY": 1,
    }
    # What has no years it can be filed by is refused with its reason, once: with the oldest.
    assert outcome(museums, "nga", tmp_path, SPANS[0]) == {"NO_DATE": 1, "UNREADABLE": 1}
    works, _ = listed(museums, "nga", tmp_path)
    assert works["30009"].whole == "nga:777"
    assert works["30010"].whole == "wikidata:Q42"


def test_the_national_gallery_without_its_flag_is_judged_by_its_cap(tmp_path: Path) -> None:
    museums = Museums(each=0)
    museums.nga = [one(), Painting(30001, 1500, 1500, "A", extra={"maxpixels": "640"})]

    def old_form(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith("published_images.csv"):
            return None
        rows = nga_images(museums.nga)
        for row in rows:
            del row["openaccess"]
        return httpx.Response(200, text=as_csv(rows))

    museums.rules.append(old_form)
    assert outcome(museums, "nga", tmp_path) == {"renaissance": 1, "LICENCE": 1}


def test_quoted_newlines_do_not_break_a_row(tmp_path: Path) -> None:
    museums = Museums(each=5)
    assert "\n\nNine lines" in as_csv(nga_images(museums.nga))
    assert '""as is"",\n' in as_csv(nga_objects(museums.nga))
    works, unread = listed(museums, "nga", tmp_path)
    assert (len(works), unread) == (5, [])


def test_a_git_lfs_pointer_is_followed_to_the_file(tmp_path: Path) -> None:
    museums = Museums(each=2)

    def pointer(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "raw.githubusercontent.com":
            return httpx.Response(200, text="version https://git-lfs.github.com/spec/v1\noid x\n")
        if request.url.host == "media.githubusercontent.com":
            return museums._nga(request)
        return None

    museums.rules.append(pointer)
    works, _ = listed(museums, "nga", tmp_path)
    assert len(works) == 2


def test_a_column_that_is_gone_is_named(tmp_path: Path) -> None:
    museums = Museums()
    museums.rules.append(
        lambda _: httpx.Response(200, text="objectid,title,from,to\r\n1,x,2,3\r\n")
    )
    with pytest.raises(ChangedAnswerError, match=r"beginyear.*objects\.csv; received objectid"):
        listed(museums, "nga", tmp_path)
