"""Each act of a person at the page, in Chromium, against the real service."""

# ruff: noqa: RUF001 - dashes, signs and Chinese punctuation are meant

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.api.page import CONTENT_SECURITY_POLICY
from tests.web.browser import ARTEFACTS, Page
from tests.web.conftest import PAGE
from tests.web.paintings import TINTS, landscape, save
from tests.web.service import ROOT, behind_a_proxy, running

pytestmark = pytest.mark.browser

Pictures = dict[str, Path]
PHONE = (320, 640)

# --- Input ---


def test_an_empty_wall_invites_and_promises(page: Page) -> None:
    page.open()
    assert "When was it painted?" in page.text("#intake")
    assert "stores none" in page.text("#intake")
    assert page.text("#rail").split("\n")[::2] == [
        "Medieval",
        "Renaissance",
        "Post-Renaissance",
        "Modern",
    ]


def test_choose_a_picture(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["renaissance"])
    assert page.one("#label .verdict").text == "Renaissance"
    assert page.text("#label .years") == "1400–1600"
    assert "sure" in page.text("#label")
    assert page.text('#rail [aria-current="true"]').startswith("Renaissance")
    shares = page.text("#label .share").splitlines()
    assert len(shares) == 4
    assert all(each.endswith("%") for each in shares)


@pytest.mark.parametrize("event", ["drop", "paste"])
def test_hand_a_picture_over(page: Page, pictures: Pictures, event: str) -> None:
    page.open().hand_over(event, pictures["medieval"])
    assert page.one("#label .verdict").text == "Medieval"


def test_several_pictures_at_once(page: Page, pictures: Pictures) -> None:
    page.open().choose(*(pictures[name] for name in ("medieval", "modern", "broken", "uncertain")))
    page.answered(4)
    assert page.text("#label .verdict") == "Medieval"
    assert page.text(".tile b").splitlines() == ["Not sure", "No answer", "Modern", "Medieval"]
    page.all(".tile")[2].click()
    assert page.text("#label .verdict") == "Modern"
    assert page.focused() == "label"


def test_the_preview_comes_before_the_answer_and_upright(page: Page, pictures: Pictures) -> None:
    page.open().network(upload=200)
    page.choose(pictures["turned"])
    page.wait(lambda: page.run("return document.querySelector('#picture img')?.naturalWidth"))
    assert page.run("const { naturalWidth: w, naturalHeight: h } = picture.querySelector('img');"
                    "return [w, h]") == [100, 200]  # fmt: skip
    assert page.all("#label progress")
    page.network()


def test_progress_and_cancel(page: Page, pictures: Pictures) -> None:
    page.open().network(upload=4_000)
    page.choose(pictures["modern"])
    page.wait(lambda: page.run("return document.querySelector('#label progress')?.value > 0"))
    assert page.text("#label h2") == "Sending"
    page.shoot("sending")
    page.press("Cancel")
    page.wait(lambda: page.text("#label h2") == "Cancelled")
    assert "Cancelled" in page.run("return document.getElementById('status').textContent")
    page.network()
    page.press("Try again")
    assert page.one("#label .verdict").text == "Modern"


def test_large_pictures_are_sent_as_they_are_unless_the_person_says_otherwise(
    page: Page, tmp_path: Path
) -> None:
    large = save(tmp_path / "large.jpg", landscape(2400, 1200))
    page.open().choose(large)
    page.answered()
    assert "2,400 × 1,200" in page.text(".small-print")
    page.one("#shrink").click()
    page.choose(large)
    page.answered(2)
    assert "1,600 × 800" in page.text(".small-print")


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        ("broken", "damaged"),
        ("empty", "empty"),
        ("tiny", "too few pixels"),
        ("heavy", "too many bytes"),
        ("notes", "no picture that Vasari reads"),
    ],
)
def test_every_problem_is_told_clearly(
    page: Page, pictures: Pictures, picture: str, says: str
) -> None:
    page.open().choose(pictures[picture])
    page.answered()
    assert page.text("#label h2") == "No answer"
    assert says in page.text("#label")
    assert says in page.run("return document.getElementById('status').textContent")
    assert page.all("#label details")


def test_no_connection_is_told_and_mended(page: Page, pictures: Pictures) -> None:
    page.open().network(offline=True)
    page.choose(pictures["modern"])
    page.answered()
    assert "cannot be reached" in page.text("#label")
    page.network()
    page.press("Try again")
    assert page.one("#label .verdict").text == "Modern"


def test_every_code_is_explained_in_both_languages(page: Page) -> None:
    """Whatever the code, a sentence comes; an unknown one gets the most general."""
    script = """
        const [done] = arguments;
        Promise.all([import("./web/messages.js"), import("./web/problems.js")]).then(
          async ([{ speak }, { explain, problemFrom }]) => {
            const said = [];
            for (const language of ["en", "zh"]) {
              await speak(language);
              for (const status of [400, 404, 413, 500, 502, 503, 504]) {
                said.push(explain(problemFrom(status, "<h1>A proxy's page</h1>", null)));
              }
              said.push(explain({ code: "of_another_release" }));
            }
            done(said);
          });
    """
    said = page.open().driver.execute_async_script(script)
    assert len(said) == 16
    assert all(len(each) > 8 for each in said)


# --- Answer ---


def test_not_sure_is_said_with_what_would_help(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["uncertain"])
    assert page.one("#label .verdict").text == "Not sure"
    words = page.text("#label")
    assert "too little to be sure" in words
    assert "What would help" in words
    assert len(page.all("#rail .chosen, #rail .second")) == 2


def test_two_close_periods_are_named(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["close"])
    assert page.one("#label .verdict").text == "Not sure"
    assert "Two periods are close: " in page.text("#label")
    assert "Works from about their border" in page.text("#label .help")


def test_not_a_painting_is_said_plainly(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["blank"])
    assert page.one("#label .verdict").text == "Not a painting, it seems"
    words = page.text("#label")
    assert re.search(
        r"something else \(only \d% likely to be a painting\): no period is given", words
    )
    assert "Crop to the painting itself" in words
    assert "If it is a painting after all" in words
    assert page.all("#rail .chosen, #rail .date, #label .years, #label .date, #similar") == []
    assert page.all("#stage.unhung")


def test_the_date_stands_on_the_rail_and_in_words(page: Page, pictures: Pictures) -> None:
    """The bracket spans the interval to scale, the tick is at the median below which it hangs."""
    page.open().choose(pictures["post-renaissance"])
    page.one("#label .verdict")
    told = re.search(
        r"Painted about (\d+), .* (\d+)% likely (\d+)–(\d+)", page.text("#label .date")
    )
    assert told is not None
    median, share, first, last = (int(each) for each in told.groups())
    assert share == 80
    assert 1600 <= first <= median <= last < 1860
    assert page.text("#rail .date") == f"{first}–{last}"
    where = page.run(
        "const box = (each) => document.querySelector(each).getBoundingClientRect();"
        "return ['#rail li.chosen', '#rail .date', '#rail .date i', '#picture .frame']"
        ".map((each) => [box(each).left, box(each).right])"
    )
    (begin, end), (left, right), (tick, _), (frame_left, frame_right) = where
    year = (end - begin) / 260
    assert left == pytest.approx(begin + (first - 1600) * year, abs=3)
    assert right == pytest.approx(begin + (last + 1 - 1600) * year, abs=3)
    assert tick == pytest.approx(begin + (median - 1600) * year, abs=3)
    assert (frame_left + frame_right) / 2 == pytest.approx(tick, abs=3)
    page.run("document.querySelector('#rail .date').style.width = '9px'")
    high, line = page.run(
        "const words = document.querySelector('.date small');"
        "return [words.offsetHeight, parseFloat(getComputedStyle(words).lineHeight)]"
    )
    assert high < 1.5 * line, "One line, however narrow the bracket is."


def test_similar_paintings_are_told_with_what_is_known(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["medieval"])
    page.one("#label .verdict")
    works = page.all("#similar li")
    assert len(works) == 6
    first = works[0].text
    assert first.splitlines() == [
        "Anna Amber",
        "Saint in red, 1312",
        "Medieval · met · CC0",
        "See the work",
    ]
    assert works[0].find_element("css selector", "a").get_attribute("href") == PAGE
    assert page.run("return document.querySelector('#similar img').naturalWidth") == 96
    assert "Likeness is no attribution" in page.text("#similar")
    assert "Night" in page.text("#similar h3").splitlines(), "The title, where no artist is known."
    page.press("中文")
    page.wait(lambda: "相似的画作" in page.text("#similar"))
    assert "中世纪 · met · CC0" in page.text("#similar")


def test_a_model_without_years_and_references_says_nothing_of_them(
    page: Page, pictures: Pictures
) -> None:
    """The answer is cut on its way, to what such a model gives."""
    page.open()
    page.run(
        "const parse = JSON.parse;"
        "JSON.parse = (words) => {"
        "  const found = parse(words);"
        "  return found.verdict ? { ...found, date: null, similar: null, painting: null } : found;"
        "};"
    )
    page.choose(pictures["renaissance"])
    assert page.one("#label .verdict").text == "Renaissance"
    assert page.all("#similar, #rail .date, #label .date") == []


def test_the_lamp_lights_each_period_and_dims(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["renaissance"])
    page.one("#label .verdict")
    light = "return document.querySelector('.dark').toDataURL()"
    lit = page.run(light)
    assert page.run("return document.querySelector('.lamp :checked').value") == "renaissance"
    dimmer = page.one('.lamp [type="range"]')
    for _ in range(4):
        dimmer.send_keys("\ue014")  # the right arrow
    brighter = page.run(light)
    assert brighter != lit
    assert dimmer.get_attribute("aria-valuetext") == "80%"
    page.run("document.querySelector('.lamp [value=modern]').click()")
    assert page.run(light) != brighter
    page.run("document.querySelector('.lamp [value=\"\"]').click()")
    assert page.all(".dark") == []
    page.choose(pictures["medieval"])
    page.answered(2)
    assert page.all(".dark") == [], "The person's choice holds for the next picture."


def test_every_model_side_by_side_with_disagreement_marked(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["medieval"])
    page.one("#label .verdict")
    page.press("Ask every loaded model")
    page.wait(lambda: len(page.all("#comparison .card")) == 3)
    assert page.focused() == "comparison"
    assert "The models disagree" in page.text("#comparison")
    assert page.text("#comparison h3").splitlines()[0] == "Medieval"
    assert "red" in page.text("#comparison h3").splitlines()
    assert len(page.all(".differs")) >= 1
    assert "cannot show where it looked" in page.text("#comparison")


def test_copy_as_json_curl_and_citation(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["medieval"])
    page.one("#label .verdict")
    copied = "return document.querySelector('#label textarea').value"
    page.press("JSON")
    page.wait(lambda: page.all("#label textarea"))
    assert json.loads(page.run(copied))["period"] == "medieval"
    page.press("curl")
    page.wait(lambda: page.run(copied).startswith("curl"))
    assert f"{page.address}predict?model=colours@1" in page.run(copied)
    page.press("Citation")
    page.wait(lambda: "Vasari" in page.run(copied))
    assert "model colours, version 1" in page.run(copied)
    assert "before 1400" in page.run(copied)


def test_the_history_is_exported_and_forgotten(page: Page, pictures: Pictures) -> None:
    page.open()
    page.run("HTMLAnchorElement.prototype.click = function () { window.exported = this.href; };")
    page.choose(pictures["medieval"], pictures["broken"])
    page.answered(2)
    page.press("Export as CSV")
    exported = page.run("return decodeURIComponent(window.exported.split(',')[1])")
    assert exported.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(exported.removeprefix("\ufeff"))))
    assert [row["file"] for row in rows] == ["medieval.jpg", "broken.jpg"]
    assert rows[0]["period"] == "medieval"
    assert float(rows[0]["probability_medieval"]) > 0.6
    assert (rows[0]["model"], rows[0]["version"]) == ("colours", "1")
    assert rows[0]["reason"] == "clear"
    assert 1200 <= int(rows[0]["year_from"]) <= int(rows[0]["year"]) <= int(rows[0]["year_to"])
    assert rows[1]["problem"] == "broken_image"
    page.press("Forget all")
    assert page.all("#history") == []
    assert page.focused() == "choose"
    assert page.run("return localStorage.length + sessionStorage.length") == 0


def test_a_spreadsheet_runs_no_file_name(page: Page) -> None:
    script = """
        const [done] = arguments;
        import("./web/clippings.js").then(({ asCsv, asCurl }) => done([
          asCsv([{ name: '=1+"a"', moment: 0, problem: { code: "network" } }]),
          asCurl({ name: "it's.jpg", answer: { model: { name: "m", version: "1" } } })]));
    """
    table, command = page.open().driver.execute_async_script(script)
    assert '"\'=1+""a"""' in table
    assert "'@it'\\''s.jpg'" in command


def test_a_foreign_model_needs_no_labels_and_no_years(page: Page) -> None:
    page.open()
    answer = """
        const [done] = arguments;
        Promise.all([import("./web/answer.js"), import("./web/timeline.js")]).then(
          ([{ describe }, { drawRail }]) => {
            const names = Array.from({ length: 27 }, (_, index) => `style ${index}`);
            const probabilities = Object.fromEntries(names.map((name) => [name, 1 / 27]));
            const card = { classes: names.map((name) => ({ name })) };
            const told = describe({
              model: { name: "foreign", version: "7" },
              period: "style 3", label: {}, years: [null, null],
              confidence: 1 / 27, probabilities, verdict: "confident", reason_code: "clear",
              image: { width: 10, height: 10, format: "TIFF" }, timings_ms: { total: 1.2 },
            }, card);
            const rail = document.createElement("div");
            const middle = drawRail(rail, card.classes, ["style 3"]);
            done([told.textContent, rail.querySelectorAll("li").length, middle]);
          });
    """
    told, periods, middle = page.driver.execute_async_script(answer)
    assert "style 26" in told
    assert "foreign, version 7" in told
    assert (periods, round(middle * 27, 3)) == (27, 3.5)


def test_a_format_that_the_browser_cannot_show_is_still_read(page: Page, tmp_path: Path) -> None:
    scan = save(tmp_path / "scan.tif", landscape(200, 150, tint=TINTS["modern"]))
    page.open().choose(scan)
    assert page.one("#label .verdict").text == "Modern"
    assert "cannot show this picture" in page.text("#picture")


# --- Models ---


def test_the_models_page_tells_the_cards_in_plain_words(page: Page) -> None:
    page.open(fragment="#models")
    page.wait(lambda: len(page.all(".model")) == 3)
    told = page.text("#models")
    for words in (
        "colours, version 1",
        "1,500 to learn from",
        "met (1,200) and artic (300)",
        "On 912 pictures it had not seen it was right 76% of the time (95% interval 70%–80%)",
        "Guessing gives 25%",
        "88% (82%–92%)",
        "Knows four colours and nothing of art.",
        "Similar paintings come from 7 of these.",
        "It dates, and is 42 years off in the mean.",
        "It can tell what is no painting.",
        "Its card does not say.",
        "Refused",
        "broken, version 1",
    ):
        assert words in told
    assert "model.tflite" in page.text("#models dd")
    assert page.all("#models .first") == [], "None of the periods is more than the others."
    report = page.one(".model a").get_attribute("href")
    page.driver.get(report or "")
    assert page.text("h1") == "Report"


def test_the_parts_of_the_page_have_addresses(page: Page) -> None:
    page.open()
    page.driver.find_element("link text", "Models").click()
    page.wait(lambda: page.focused() == "Models")
    assert page.all("#read") == []
    page.driver.back()
    page.wait(lambda: page.all("#intake"))
    assert page.all("#models") == []


# --- Languages ---


@pytest.mark.parametrize(("language", "tag"), [("en", "en"), ("zh", "zh-Hans"), ("fr", "en")])
def test_the_browser_chooses_the_language(page: Page, language: str, tag: str) -> None:
    page.open(language=language)
    assert page.run("return document.documentElement.lang") == tag
    title = "Vasari：这幅画作于何时？" if tag != "en" else "Vasari: when was it painted?"
    assert page.driver.title == title


def test_the_person_switches_the_language_and_it_stays(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["renaissance"])
    page.one("#label .verdict")
    assert page.one("#language").get_attribute("lang") == "zh-Hans"
    page.press("中文")
    page.wait(lambda: page.text("#label .verdict") == "文艺复兴")
    assert "模型有" in page.text("#label")
    assert page.text("#label .years") == "1400–1600 年"
    page.driver.refresh()
    page.wait(lambda: page.run("return document.documentElement.lang") == "zh-Hans")


# --- For everyone ---


def test_keyboard_alone(page: Page, pictures: Pictures) -> None:
    """Tab reaches every act in reading order; the label takes the focus of a new picture."""
    page.open()
    body = page.driver.find_element("css selector", "body")
    met = []
    for _ in range(8):
        page.driver.switch_to.active_element.send_keys("\ue004")  # tab
        met.append(page.focused())
    skip, *_ = met
    assert skip == "Skip to the content"
    assert met.index("Models") < met.index("language") < met.index("choose") < met.index("shrink")
    page.choose(pictures["modern"])
    page.one("#label .verdict")
    assert page.focused() == "label"
    assert body is not None
    for words in ("Ask every loaded model", "Citation", "JSON", "curl"):
        page.driver.switch_to.active_element.send_keys("\ue004")
        assert page.focused() == words


def test_a_screen_reader_hears_the_answer(page: Page, pictures: Pictures) -> None:
    page.open().choose(pictures["renaissance"])
    page.one("#label .verdict")
    status = page.run(
        "const { role, textContent } = document.getElementById('status');return [role, textContent]"
    )
    assert status[0] == "status"
    assert status[1].startswith("renaissance.jpg: Renaissance. The model is")
    assert page.one("#picture img").get_attribute("alt") == "Your picture"


@pytest.mark.parametrize("width", [320, 600, 900, 1440, 2560])
def test_no_width_scrolls_sideways(page: Page, pictures: Pictures, width: int) -> None:
    page.open(size=(width, 900))
    assert page.overflow() <= 0
    page.choose(pictures["post-renaissance"])
    page.one("#label .verdict")
    page.press("Ask every loaded model")
    page.wait(lambda: page.all("#comparison .card"))
    assert page.overflow() <= 0
    page.run("location.hash = '#models'")
    page.wait(lambda: page.all(".model"))
    assert page.overflow() <= 0


def test_a_phone_offers_its_camera(page: Page) -> None:
    assert page.open().all("#photograph") == []
    assert page.open(size=PHONE).one("#photograph").text == "Take a photo"
    assert page.run("return camera.getAttribute('capture')") == "environment"


STATES = (
    "empty",
    "sending",
    "answer",
    "uncertain",
    "close",
    "not-a-painting",
    "problem",
    "comparison",
    "copied",
    "models",
)
LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {},
    "phone-zh-dark": {"language": "zh", "size": PHONE, "dark": True},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("state", STATES)
def test_every_state_is_accessible(page: Page, pictures: Pictures, state: str, look: str) -> None:
    """axe-core finds nothing; a screenshot of each is kept."""
    page.open(**LOOKS[look], fragment="#models" if state == "models" else "")
    _reach(page, pictures, state)
    page.shoot(f"{state}-{look}")
    assert page.violations() == []
    assert page.overflow() <= 0


def _reach(page: Page, pictures: Pictures, state: str) -> None:
    if state == "sending":
        page.network(upload=100)
        page.choose(pictures["modern"])
        page.one("#label progress")
    elif state == "models":
        page.wait(lambda: page.all(".model"))
    elif state != "empty":
        files = {"not-a-painting": "blank", "problem": "broken", "answer": "post-renaissance"}
        shown = files.get(state, state if state in pictures else "renaissance")
        page.choose(pictures[shown])
        page.answered()
    if state == "comparison":
        page.run("document.querySelector('#label button').click()")
        page.wait(lambda: page.all("#comparison .card"))
    if state == "copied":
        page.run("[...document.querySelectorAll('#label .choices button')].at(-1).click()")
        page.wait(lambda: page.all("#label textarea"))


def test_nothing_moves(page: Page, pictures: Pictures) -> None:
    """Not even for those who would not mind."""
    page.open(motion="no-preference").choose(pictures["modern"])
    page.one("#label .verdict")
    assert page.run("return document.getAnimations().length") == 0


# --- The network it stands in ---


def test_the_policy_is_kept(page: Page, pictures: Pictures) -> None:
    """Nothing the page does is refused by its own policy, and nothing goes to another host."""
    page.open()
    page.run(
        "window.refused = [];"
        "document.addEventListener('securitypolicyviolation', (event) =>"
        "  window.refused.push(event.violatedDirective));"
    )
    page.choose(pictures["modern"])
    page.one("#label .verdict")
    assert page.run("return window.refused") == []
    hosts = page.run(
        "return [...new Set(performance.getEntriesByType('resource')"
        ".map(({ name }) => new URL(name).origin))]"
    )
    assert [each for each in hosts if each not in (page.address.rstrip("/"), "null")] == []
    assert "'unsafe-inline'" not in CONTENT_SECURITY_POLICY


def test_it_works_below_a_path(browser: Page, pictures: Pictures) -> None:
    with behind_a_proxy(browser.address, "/museum/vasari/") as address:
        page = Page(browser.driver, address)
        page.open().choose(pictures["medieval"])
        assert page.one("#label .verdict").text == "Medieval"
        page.run("location.hash = '#models'")
        page.wait(lambda: page.all(".model"))
        assert (page.one(".model a").get_attribute("href") or "").startswith(address)
        assert page.errors() == []


# --- The model that comes with Vasari ---


@pytest.fixture(scope="module")
def shipped(browser: Page, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The page on the repository's own models_store."""
    if not list((ROOT / "models_store").glob("vasari/*/card.json")):
        pytest.skip("needs models_store/vasari, which is not in this checkout")
    with running(tmp_path_factory.mktemp("shipped") / "log.txt", device="cpu") as address:
        yield Page(browser.driver, address)


def test_the_shipped_model_answers_soon(shipped: Page, tmp_path: Path) -> None:
    """Measured from the drop to the answer on the page, for a JPEG of 800 pixels."""
    picture = save(tmp_path / "landscape.jpg", landscape(800, 600))
    page = shipped.open()
    figures = page.figures()
    page.run(
        "new MutationObserver(() => {"
        "  if (document.querySelector('#label .verdict')) {"
        "    window.answeredAt ??= performance.now();"
        "  }"
        "}).observe(document.getElementById('label'), { childList: true, subtree: true });"
    )
    page.hand_over("drop", picture)
    page.one("#label .verdict")
    figures["drop_to_answer_ms"] = page.run("return window.answeredAt - window.givenAt")
    ARTEFACTS.mkdir(exist_ok=True)
    (ARTEFACTS / "figures.json").write_text(json.dumps(figures, indent=2), encoding="utf-8")
    assert figures["bytes"] <= 60_000
    assert figures["drop_to_answer_ms"] < 5_000
    assert page.errors() == []
