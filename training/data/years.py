"""Years out of the museums' words: `c. 1628-29`, `late 14th century`, `1640s`, `300 BCE`.

Only what a text says outright is read. `before 1400` has no beginning and gives
nothing; a guess would be a wrong label with a straight face.
"""

import re

Years = tuple[int, int]

CIRCA = 5
"""Years that a `c.` adds on either side where a museum leaves it to the reader, as
the Art Institute of Chicago does in its own numbers."""

_CIRCA = re.compile(
    r"\b(ca?|circa|about|around|approximately|approx|omkring|ongeveer|probably)\b\.?"
)
_BCE = re.compile(r"\b(b\.?c\.?e?\.?|f\.kr\.?|v\.chr\.?)(?=\W|$)")
_OPEN_ENDED = re.compile(
    r"\b(before|after|until|since|by|not later than|post|ante|efter|inden|voor|na|or later|"
    r"or earlier|onwards)\b"
)
_CENTURY = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th|e)?\b\.?(?=[\w\s./\u2013-]*?\b(?:century|centuries|cent|århundrede|eeuw)\b)"
)
_HUNDREDS = re.compile(r"\b(\d{1,2}00)(?:s|-tallet)\b")
_DECADE = re.compile(r"\b(\d{2,3}0)(?:s|'erne|erne)\b")
_YEAR = re.compile(r"(?<!\d)(\d{3,4})(?!\d)(?:\s*[-\u2013\u2014/]\s*(\d{1,4})(?!\d))?")
_ISO = re.compile(r"^\s*([+-]?)(\d{1,6})-\d{2}-\d{2}")


def years_in(text: str) -> Years | None:
    """The years that a dating in words covers, first and last; None when it does not say.

    Years BCE are negative.
    """
    text = text.lower()
    if not text or _OPEN_ENDED.search(text):
        return None
    found = _spans(text)
    if not found:
        return None
    first, last = min(span[0] for span in found), max(span[1] for span in found)
    if _CIRCA.search(text):
        first, last = first - CIRCA, last + CIRCA
    if _BCE.search(text):
        return -last, -first
    return first, last


def iso_year(text: object) -> int | None:
    """The year of an ISO 8601 date, such as `1640-01-01T00:00:00Z` or `-0300-01-01`."""
    match = _ISO.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    year = int(match[2])
    return -year if match[1] == "-" else year


def _spans(text: str) -> list[Years]:
    found: list[Years] = []
    for match in _CENTURY.finditer(text):
        # By habit, not by the book: the 14th century is the 1300s, and 1400 is not in it.
        first = int(match[1]) * 100 - 100
        if first >= 0:
            found.append((max(first, 1), first + 99))
    if found:
        return found
    for pattern, length in ((_HUNDREDS, 100), (_DECADE, 10)):
        starts = [int(match[1]) for match in pattern.finditer(text)]
        found.extend((start, start + length - 1) for start in starts)
        text = pattern.sub(" ", text)
    for match in _YEAR.finditer(text):
        first = int(match[1])
        found.append((first, _second(first, match[1], match[2])))
    return found


def _second(first: int, written: str, ending: str | None) -> int:
    """The year after a dash: `1628-29` and `1498-1502` alike."""
    if not ending or len(ending) > len(written):
        return first
    last = int(written[: len(written) - len(ending)] + ending)
    return max(last, first)
