"""Chromium on the page: what a person does, sees and hears."""

import base64
import json
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from axe_core_python.base import AXE_FILE_PATH
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

ARTEFACTS = Path(__file__).parents[1] / "artefacts"
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

_SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)
_LANGUAGES = {"en": "en-GB,en", "zh": "zh-CN,zh", "fr": "fr-FR,fr"}
_PATIENCE_SECONDS = 20


class Page:
    """The page in a browser window.

    Args:
        driver: Of the browser.
        address: Where the page is served, with its closing slash.
    """

    def __init__(self, driver: webdriver.Chrome, address: str) -> None:
        self.driver = driver
        self.address = address

    def open(
        self,
        *,
        language: str = "en",
        dark: bool = False,
        size: tuple[int, int] = (1280, 900),
        fragment: str = "",
        motion: str = "reduce",
    ) -> "Page":
        """Come to the page for the first time, and wait until it is ready."""
        self.driver.get("about:blank")
        phone = size[0] < 500
        self._tell("Storage.clearDataForOrigin", origin=self.address, storageTypes="all")
        self._tell("Network.enable")
        self.network()
        self._tell(
            "Emulation.setUserAgentOverride",
            userAgent=self.driver.execute_script("return navigator.userAgent"),
            acceptLanguage=_LANGUAGES[language],
        )
        self.resize(*size)
        self._tell("Emulation.setTouchEmulationEnabled", enabled=phone)
        features = {
            "prefers-color-scheme": "dark" if dark else "light",
            "prefers-reduced-motion": motion,
        }
        self._tell(
            "Emulation.setEmulatedMedia",
            features=[{"name": name, "value": value} for name, value in features.items()],
        )
        self.errors()  # forget what came before
        self.driver.get(self.address + fragment)
        self.wait(lambda: self.run("return document.documentElement.dataset.ready"))
        return self

    def resize(self, width: int, height: int) -> None:
        """Change the window's size, in CSS pixels."""
        self._tell(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def network(self, *, offline: bool = False, upload: int = -1) -> None:
        """Cut the line, or narrow it to so many bytes a second; as called bare, mend it."""
        self._tell(
            "Network.emulateNetworkConditions",
            offline=offline,
            latency=0,
            downloadThroughput=-1,
            uploadThroughput=upload,
        )

    def run(self, script: str, *arguments: Any) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(script, *arguments)

    def wait(self, condition: Callable[[], Any]) -> Any:
        """Wait until something is so, and give it."""
        end = time.monotonic() + _PATIENCE_SECONDS
        while not (found := condition()):
            assert time.monotonic() < end, f"Nothing came; the label says {self.text('#label')!r}."
            time.sleep(0.03)
        return found

    def all(self, selector: str) -> list[WebElement]:
        """Elements in sight."""
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        return [each for each in found if each.is_displayed()]

    def one(self, selector: str) -> WebElement:
        """An element, once it is in sight."""
        found: WebElement = self.wait(lambda: self.all(selector))[0]
        return found

    def text(self, selector: str) -> str:
        """What the elements in sight say; read at once, for elements are often drawn anew."""
        words: str = self.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".filter((each) => each.checkVisibility())"
            ".map((each) => each.innerText).join('\\n')",
            selector,
        )
        return words

    def press(self, words: str) -> None:
        """Press the button that says this."""

        def found() -> Any:
            return [each for each in self.all("button") if each.text == words]

        self.wait(found)[0].click()

    def choose(self, *files: Path) -> None:
        """Choose pictures by the button's dialog, which a script cannot open."""
        chooser = self.driver.find_element(By.ID, "files")
        chooser.send_keys("\n".join(str(each) for each in files))

    def hand_over(self, event: str, *files: Path) -> None:
        """Drop (`event` is "drop") or paste ("paste") pictures, with the browser's own events."""
        self.run(
            """
            const [type, files] = arguments;
            const held = new DataTransfer();
            for (const [name, base64] of files) {
              const bytes = Uint8Array.from(atob(base64), (each) => each.charCodeAt(0));
              held.items.add(new File([bytes], name, { type: "image/jpeg" }));
            }
            window.givenAt = performance.now();
            const options = { bubbles: true, cancelable: true };
            document.body.dispatchEvent(type === "paste"
              ? new ClipboardEvent(type, { ...options, clipboardData: held })
              : new DragEvent(type, { ...options, dataTransfer: held }));
            """,
            event,
            [(each.name, base64.b64encode(each.read_bytes()).decode()) for each in files],
        )

    def answered(self, count: int = 1) -> None:
        """Wait until so many pictures of this visit have an answer or a problem."""
        busy = ("Waiting", "Sending", "Reading", "排队", "正在")

        def done() -> bool:
            says = [line for line in self.text(".tile b").splitlines() if line]
            return len(says) == count and not any(each.startswith(busy) for each in says)

        self.wait(done)

    def focused(self) -> str:
        """Where the keyboard is: the element's id or its words."""
        where: str = self.run(
            "const here = document.activeElement; return here.id || here.innerText || here.tagName"
        )
        return where

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        pixels: int = self.run("return document.documentElement.scrollWidth - window.innerWidth")
        return pixels

    def errors(self) -> list[str]:
        """What the console complained of, but for answers that are problems on purpose."""
        return [
            each["message"]
            for each in self.driver.get_log("browser")  # type: ignore[no-untyped-call]
            if each["level"] == "SEVERE" and each["source"] != "network"
        ]

    def violations(self) -> list[str]:
        """What axe-core finds wrong, with the element."""
        self.run(AXE_FILE_PATH.read_text("utf-8"))
        found = self.driver.execute_async_script(
            "const done = arguments[0]; axe.run().then(({ violations }) => done(violations))"
        )
        return [
            f"{each['id']}: {node['html'][:120]}: {node.get('failureSummary', '')[:300]}"
            for each in found
            for node in each["nodes"]
        ]

    def shoot(self, name: str) -> Path:
        """Keep a picture of the whole page."""
        ARTEFACTS.mkdir(exist_ok=True)
        taken = self._tell("Page.captureScreenshot", captureBeyondViewport=True, format="png")
        path = ARTEFACTS / f"{name}.png"
        path.write_bytes(base64.b64decode(taken["data"]))
        return path

    def figures(self) -> dict[str, Any]:
        """Bytes of the first view, as they lie, and milliseconds to its first paint."""
        told: str = self.run(
            """
            const all = [...performance.getEntriesByType("navigation"),
              ...performance.getEntriesByType("resource")].filter(({ name }) =>
              name.includes("/web/") || name === location.href);
            return JSON.stringify({
              bytes: all.reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0),
              first_paint_ms: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
            });
            """
        )
        figures: dict[str, Any] = json.loads(told)
        return figures

    def _tell(self, command: str, **arguments: Any) -> Any:
        return self.driver.execute_cdp_cmd(command, arguments)


@contextmanager
def chromium(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser with a profile of its own."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for switch in (*_SWITCHES, f"--user-data-dir={profile}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    driver.set_script_timeout(30)
    try:
        yield driver
    finally:
        driver.quit()
