"""The Art Institute's answers, good and bad."""

from pathlib import Path
from typing import Any

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import (
    Painting,
)
from tests.training.collect.sources.listing import outcome
from training.collect.labels import BOUNDARY


def test_the_art_institute_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)
    bad: list[dict[str, Any]] = [
        {"date_start": None, "date_end": None, "date_display": "c. 1500"},
        {"date_start": None, "date_end": None, "date_display": None},
        {"date_start": 1595, "date_end": 1605},
        {"is_public_domain": False},
        {"is_public_domain": None},
        {"image_id": None},
        {"artist_display": "Follower of X"},
        {"artist_display": "After X\nItalian"},
        {"artist_title": None, "artist_display": "Imitator of Rembrandt"},
        {"artist_title": None, "artist_display": None, "artist_id": None},
        {"place_of_origin": "China"},
        {"artwork_type_title": "Print"},
        {"id": None, "artwork_type_title": 7},
    ]
    museums.artic = [Painting(60000 + n, 1500, 1510, "X", extra=each) for n, each in enumerate(bad)]
    assert outcome(museums, "artic", tmp_path) == {
        "renaissance": 2,
        "NO_DATE": 1,
        BOUNDARY: 1,
        "LICENCE": 2,
        "NO_PICTURE": 1,
        "COPY": 3,
        "NOT_WESTERN": 1,
        "NOT_A_PAINTING": 2,
    }
