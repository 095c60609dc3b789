"""The page's files as they lie: both languages complete, nothing from outside, and small."""

# ruff: noqa: RUF001 - Chinese punctuation is meant

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from app import errors
from app.prediction import ReasonCode, Verdict

WEB = Path(__file__).parents[2] / "app" / "web"
LANGUAGES = ("en", "zh")
MOST_BYTES = 60_000

# The page's own problems; the service cannot tell that it was not reached.
OWN_CODES = {"network", "unreadable"}

# The page sends pictures, never their addresses.
OTHERS_CODES = {"url_not_allowed", "url_failed"}


def _messages(language: str) -> dict[str, str]:
    """Every sentence of one language by its key, `part.name` where the file has parts."""
    place = LANGUAGES.index(language)

    def flat(part: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
        for name, found in part.items():
            if isinstance(found, dict):
                yield from flat(found, f"{prefix}{name}.")
            else:
                assert len(found) == len(LANGUAGES), f"{prefix}{name}"
                yield f"{prefix}{name}", found[place]

    return dict(flat(json.loads((WEB / "messages.json").read_text("utf-8")), ""))


def _code() -> str:
    return "\n".join(path.read_text("utf-8") for path in (*WEB.glob("*.js"), WEB / "index.html"))


def _codes() -> set[str]:
    problems = [
        each
        for _, each in inspect.getmembers(errors, inspect.isclass)
        if issubclass(each, errors.Problem)
    ]
    return {each.code for each in problems}


def test_both_languages_say_every_thing() -> None:
    """Each sentence stands beside its translation."""
    assert len(_messages("en")) == len(_messages("zh")) > 100


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_empty_or_untranslated(language: str) -> None:
    same = {"language.other", "verdict.confident"}
    for key, words in _messages(language).items():
        assert words.strip(), key
        if key not in same:
            assert bool(re.search(r"[\u4e00-\u9fff]", words)) == (language == "zh"), key


def test_both_languages_fill_in_the_same_values() -> None:
    english, chinese = _messages("en"), _messages("zh")
    for key, words in english.items():
        named = re.findall(r"\{\w+\}", words)
        assert sorted(named) == sorted(re.findall(r"\{\w+\}", chinese[key])), key
        assert words.count("|") == chinese[key].count("|"), key


def test_chinese_is_set_in_chinese_type() -> None:
    """Full-width punctuation between Chinese characters, and no space beside it."""
    for key, words in _messages("zh").items():
        assert not re.search(r"[\u4e00-\u9fff][,.;:?!]", words), key
        assert not re.search(r"[,;:?!] ?[\u4e00-\u9fff]", words), key
        assert not re.search(r"[，。；：？！] | [，。；：？！]", words), key


def test_every_problem_has_a_sentence() -> None:
    said = {
        key.removeprefix("problem.") for key in _messages("en") if key.startswith("problem.")
    } - {"detail"}
    assert said == _codes() - OTHERS_CODES | OWN_CODES


def test_every_verdict_has_its_words() -> None:
    said = _messages("en")
    for kind in ("verdict", "cite"):
        assert {f"{kind}.{verdict}" for verdict in get_args(Verdict)} <= set(said)
    assert {f"statement.{code}" for code in get_args(ReasonCode)} <= set(said)
    assert {f"help.{code}" for code in get_args(ReasonCode) if code != "clear"} <= set(said)


def test_every_message_is_used_and_every_used_message_is_there() -> None:
    code = _code()
    keys = set(_messages("en"))
    named = set(re.findall(r"""(?:\btext\(|data-text=)["']([\w.]+)["']""", code))
    chosen = re.findall(r"""\btext\([^()]*\? ["']([\w.]+)["'] : ["']([\w.]+)["']""", code)
    named |= {key for pair in chosen for key in pair}
    families = tuple(re.findall(r"\btext\(`([\w.]+\.)\$\{", code))
    assert named - keys == set()
    assert {key for key in keys - named if not key.startswith(families)} == set()


def test_the_page_is_small() -> None:
    sizes = {path.name: path.stat().st_size for path in WEB.iterdir()}
    assert sum(sizes.values()) <= MOST_BYTES, sizes


def test_nothing_comes_from_outside() -> None:
    """No address of another host; a name of an XML vocabulary is no address."""
    for path in WEB.iterdir():
        found = re.findall(r"(?:https?:)?//[\w.-]+\.\w+", path.read_text("utf-8"))
        assert [each for each in found if "www.w3.org" not in each] == [], path.name


def test_every_address_is_relative() -> None:
    """So that the page works below any path."""
    html = (WEB / "index.html").read_text("utf-8")
    assert re.findall(r"""(?:href|src)=["']/""", html) == []
    assert re.findall(r"""(?:fetch|open|address|ask)\([^)]*["'`]/""", _code()) == []


def test_no_code_and_no_style_stands_in_the_html() -> None:
    """The Content-Security-Policy allows neither."""
    html = (WEB / "index.html").read_text("utf-8")
    assert re.findall(r"<script(?![^>]*src=)", html) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=", html) == []
    assert re.findall(r"setAttribute\([\"']style|innerHTML|eval\(", _code()) == []
