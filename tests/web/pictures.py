"""The pictures of the page in the documents: `python -m tests.web.pictures`.

Shows paintings made in code to the model that comes with Vasari, and writes
docs/images/page-*.png anew.
"""

import io
import tempfile
from pathlib import Path

from PIL import Image

from tests.web.browser import Page, chromium
from tests.web.paintings import composition, save
from tests.web.service import ROOT, running

FOLDER = ROOT / "docs" / "images"
MOST_BYTES = 150_000


def main() -> None:
    """Take every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fields = save(folder / "fields-of-colour.jpg", composition())
        upright = save(folder / "upright.jpg", composition(640, 800, seed=3))
        with (
            running(folder / "log.txt", device="cpu") as address,
            chromium(folder / "profile") as driver,
        ):
            page = Page(driver, address)
            page.open(size=(1280, 800))
            _write("empty", page)
            page.choose(fields)
            page.answered()
            _write("answer", page)
            page.open(size=(1280, 900), fragment="#models")
            page.wait(lambda: page.all(".model"))
            _write("models", page)
            page.open(size=(390, 844), language="zh", dark=True).choose(upright)
            page.answered()
            _write("phone-zh", page)


def _write(name: str, page: Page) -> None:
    """Keep what the window shows, in so few colours that the file is small."""
    page.run("scrollTo(0, 0)")
    picture = Image.open(io.BytesIO(page.driver.get_screenshot_as_png())).convert("RGB")
    for colours in (256, 128, 64):
        path = FOLDER / f"page-{name}.png"
        # This method keeps the rare colours: a bar is as true as the wall.
        small = picture.quantize(
            colours, Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE
        )
        small.save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            return
    raise ValueError(f"Expected {path} to fit into {MOST_BYTES} bytes.")


if __name__ == "__main__":
    main()
