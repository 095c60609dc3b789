"""`app.bulk.review`: what a person should look at, on one page that needs nothing else."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.bulk.problems import TableError
from app.bulk.review import choose_doubtful, write_sheet
from app.bulk.run import Limits
from app.imaging import ImageLimits
from tests.app.bulk.making import columns_of, failed_row, row_for
from tests.images import jpeg, photograph

LIMITS = Limits(10**6, ImageLimits())


def test_the_most_doubtful_come_first(tmp_path: Path) -> None:
    columns = columns_of(tmp_path)
    rows = [
        row_for(columns, "sure", confidence=0.9),
        row_for(columns, "less", confidence=0.55),
        row_for(columns, "least", confidence=0.3, verdict="uncertain"),
        row_for(columns, "unsure", confidence=0.8, verdict="uncertain"),
        row_for(columns, "also less", confidence=0.55),
        failed_row(columns, "bad"),
    ]
    sheet = choose_doubtful(rows, 0.6)
    assert [row["path"] for row in sheet.rows] == ["least", "less", "also less", "unsure"]
    assert (sheet.doubtful, sheet.pictures) == (4, 5)
    few = choose_doubtful(rows, 0.6, most=2)
    assert [row["path"] for row in few.rows] == ["least", "less"]
    assert few.doubtful == 4


class Page(HTMLParser):
    """The text, and every address that the page would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text: list[str] = []
        self.loaded: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        self.loaded += [value or "" for name, value in attrs if name in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_sheet_holds_everything_it_shows(tmp_path: Path) -> None:
    columns = columns_of(tmp_path)
    path = tmp_path / "<b>a&.jpg"
    path.write_bytes(jpeg(photograph(400, 500)))
    rows = [
        row_for(
            columns,
            str(path),
            confidence=0.4,
            verdict="uncertain",
            probability_modern=0.4,
            probability_medieval=0.35,
        ),
        row_for(columns, "gone.jpg", confidence=0.5),
    ]
    place = tmp_path / "t.review.html"
    write_sheet(choose_doubtful(rows, 0.6), place, title="<t>", limits=LIMITS, threads=2)
    page = Page(place.read_text("utf-8"))
    assert [each[:23] for each in page.loaded] == ["data:image/jpeg;base64,"]
    assert len(page.loaded[0]) < 30_000
    text = " ".join(page.text)
    assert str(path) in text
    assert "modern  0.40, uncertain" in text
    assert "medieval 0.35" in text
    assert "not there any more" in text
    assert "2 of 2 doubtful answers" in text
    assert "b" not in page.open[: page.open.index("ol")]
    assert re.search("default-src 'none'", place.read_text("utf-8"))
    assert list(tmp_path.glob(".*")) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="Cannot write"):
        write_sheet(
            choose_doubtful([], 0.6),
            tmp_path / "missing" / "t.html",
            title="t",
            limits=LIMITS,
            threads=1,
        )
