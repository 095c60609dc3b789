"""SMK's answers, good and bad."""

from pathlib import Path
from typing import Any

from tests.training.collect.museum_answers import Museums
from tests.training.collect.museum_records import (
    Painting,
)
from tests.training.collect.sources.listing import outcome


def test_smk_tells_good_from_bad(tmp_path: Path) -> None:
    museums = Museums(each=0)
    bad: list[dict[str, Any]] = [
        {"production_date": [{"period": "1500-1510"}]},
        {"production_date": [{"start": "-0300-01-01T00:00:00Z", "end": "-0200-01-01T00:00:00Z"}]},
        {"production_date": []},
        {"production_date": None},
        {"rights": "https://rightsstatements.org/vocab/InC/1.0/"},
        {"public_domain": False},
        {"image_iiif_id": None},
        {"image_iiif_id": None, "image_native": None},
        {"object_names": [{"name": "maleri"}]},
        {"object_names": [{"name": "drawing"}]},
        {"object_names": "maleri"},
        {"production": [{"creator": "Efter Rubens"}]},
        {"production": [{"creator": "Rubens", "creator_role": "kopi efter"}]},
        {"production": [{"creator": "Hokusai", "creator_nationality": "Japanese"}]},
        {"titles": None, "production": None, "frontend_url": None},
    ]
    museums.smk = [Painting(40000 + n, 1500, 1510, "Å", extra=each) for n, each in enumerate(bad)]
    assert outcome(museums, "smk", tmp_path) == {
        "renaissance": 4,
        "BCE": 1,
        "NO_DATE": 2,
        "LICENCE": 2,
        "NO_PICTURE": 1,
        "NOT_A_PAINTING": 1,
        "UNREADABLE": 1,
        "COPY": 2,
        "NOT_WESTERN": 1,
    }
