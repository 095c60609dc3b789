"""A store with several small models, the real service on it, and a browser."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.models import (
    BIAS,
    EDGES,
    litert_model,
    references_arrays,
    references_file,
    write_version,
)
from tests.web.browser import CHROMIUM, DRIVER, Page, chromium
from tests.web.paintings import TINTS, landscape, save
from tests.web.service import running


def _estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.06, "high": value + 0.04}


PAGE = "https://museum.example/works/1"
WORKS: list[dict[str, str]] = [
    {
        "artist": "Anna Amber",
        "title": "Saint in red",
        "year": "1312",
        "period": "medieval",
        "source": "met",
        "page": PAGE,
        "licence": "cc0",
    },
    {"artist": "Gino Verde", "title": "Meadow", "year": "1520", "period": "renaissance"},
    {"artist": "Jan Blauw", "title": "The sea", "year": "1650-1655", "period": "post-renaissance"},
    {"title": "Night", "period": "modern", "source": "artic", "page": PAGE},
    {"artist": "Olive Brown", "period": "post-renaissance", "source": "a long/name-of-a-source"},
    {"artist": "Пурпурный", "title": "Закат", "year": "1888", "period": "modern"},
    {
        "artist": "Gray",
        "title": "Rain, Steam and a very long Title about the Weather",
        "period": "modern",
    },
]
COLOURS = [
    (220, 60, 50), (60, 185, 70), (60, 70, 205), (20, 20, 24), (90, 80, 40), (150, 60, 150),
    (120, 125, 120),
]  # fmt: skip

FULL_CARD: dict[str, Any] = {
    "description": "A model that looks at the mean colour.",
    "created": "2026-02-03T04:05:06+00:00",
    "thresholds": {"confident": 0.6, "painting": 0.3},
    "dating": {"edges": EDGES, "method": "by colour", "mean_absolute_error": 41.6},
    "references": {"works": len(WORKS), "dimensions": 3, "thumbnails": 1},
    "limitations": ["Knows four colours and nothing of art."],
    "data": {
        "digest": "d",
        "counts": {"train": {"medieval": 700, "modern": 800}, "test": {"medieval": 90}},
        "sources": {"met": 1200, "artic": 300},
    },
    "metrics": {
        "test": {
            "split": "test",
            "pictures": 912,
            "accuracy": _estimate(0.8),
            "balanced_accuracy": _estimate(0.76),
            "recall": {
                "medieval": _estimate(0.88),
                "renaissance": _estimate(0.66),
                "post-renaissance": _estimate(0.71),
                "modern": _estimate(0.8),
            },
        }
    },
}


def make_store(store: Path) -> Path:
    """A model that can tell all there is, one that disagrees, a foreign and a broken one."""
    small = io.BytesIO()
    landscape(96, 72, tint=TINTS["medieval"]).save(small, "JPEG")
    thumbnails = [small.getvalue(), *[b""] * (len(WORKS) - 1)]
    files = {
        "model.tflite": litert_model(full=True),
        "report.html": b"<h1>Report</h1>",
        "references.npz": references_file(references_arrays(WORKS, COLOURS, thumbnails)),
    }
    write_version(store, "colours", card=FULL_CARD, files=files)
    plain = {"thresholds": {"confident": 0.6}, "dating": None, "references": None}
    biased = litert_model(bias=BIAS + np.array([0, 0, 0, 30]))
    write_version(store, "gloomy", card={**FULL_CARD, **plain}, files={"model.tflite": biased})
    write_version(
        store,
        "foreign",
        files={"model.tflite": litert_model(signature=False)},
        card={"classes": [{"name": name} for name in ("red", "green", "blue", "dark")]},
    )
    broken = write_version(store, "broken") / "model.tflite"
    broken.write_bytes(broken.read_bytes() + b"altered")
    return store


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the real service answers, with every model of the small store."""
    folder = tmp_path_factory.mktemp("service")
    store = make_store(folder / "models_store")
    with running(
        folder / "log.txt",
        models_store=str(store),
        model="colours",
        models="all",
        device="cpu",
        max_body_bytes="2000000",
    ) as found:
        yield found


@pytest.fixture(scope="session")
def browser(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser that every test uses in turn."""
    if not (CHROMIUM and DRIVER):
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield Page(driver, address)


@pytest.fixture
def page(browser: Page) -> Iterator[Page]:
    """The browser, which must come out of the test without an error in its console."""
    yield browser
    browser.network()
    assert browser.errors() == []


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files by what they are: one for each answer and each problem."""
    folder = tmp_path_factory.mktemp("pictures")
    files = {
        name: save(folder / f"{name}.jpg", landscape(400, 300, tint=tint))
        for name, tint in TINTS.items()
    }
    turned = landscape(200, 100, tint=TINTS["medieval"])
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter
    turned.save(folder / "turned.jpg", exif=exif)
    save(folder / "tiny.png", Image.new("RGB", (4, 4)))
    # Noise keeps its size as PNG: more bytes than this service takes.
    save(folder / "heavy.png", Image.effect_noise((2000, 1600), 90).convert("RGB"))
    whole = files["modern"].read_bytes()
    (folder / "broken.jpg").write_bytes(whole[: len(whole) // 3])
    (folder / "empty.jpg").write_bytes(b"")
    (folder / "notes.txt").write_text("Not a picture.", encoding="utf-8")
    others = {path.stem: path for path in folder.iterdir() if path.stem not in files}
    return {**files, **others}
