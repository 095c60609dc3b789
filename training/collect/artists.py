"""Who painted it, as keys that two museums agree on."""

import re
import unicodedata
from collections import Counter

from training.collect.work import Work

_NOBODY = re.compile(
    r"^(|an?onym(ous|us|iem)?( artist| painter| master)?|unknown( artist| painter| maker)?|"
    r"unidentified( artist| painter| maker)?|artist unknown|ukendt|onbekend|n/a|none|various)$"
)
_ROLE = re.compile(
    r"\b(attributed to|workshop( and follower)? of|studio of|circle of|follower of|"
    r"school of|manner of|style of|imitator of|possibly( by)?|probably( by)?|copy after|"
    r"copy of|after|and workshop|or workshop|and studio|and assistants?|called|"
    r"tilskrevet|toegeschreven aan)\b|\b(painter|maker|schilder)\s*:",
)
_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_LIFE = re.compile(
    r"\b(born|died|active|ca?\.?|circa|b\.|d\.|fl\.)?\s*\d{3,4}(\s*[-\u2013\u2014/]\s*\d{2,4})?"
)


def normal_name(name: str) -> str:
    """A name without accents, order, roles and dates.

    `Rijn, Rembrandt van (1606-1669)` and `Workshop of Rembrandt van Rijn` give the
    same text; nobody in particular gives an empty one. A school with its century,
    such as `Florentine 14th Century`, is kept as a name.
    """
    letters = unicodedata.normalize("NFKD", name.split("\n", maxsplit=1)[0])
    text = "".join(each for each in letters if not unicodedata.combining(each)).lower()
    text = _BRACKETS.sub(" ", text)
    text = _ROLE.sub(" ", text)
    text = _LIFE.sub(" ", text)
    words = re.findall(r"[^\W_]+", text)
    if _NOBODY.match(" ".join(words)):
        return ""
    return " ".join(sorted(words))


def artist_keys(work: Work) -> tuple[str, ...]:
    """Every key by which this work's artist may meet another's.

    A work by nobody in particular has one key, its own: two anonymous panels are not
    by one hand because neither is signed.
    """
    name = normal_name(work.artist)
    keys = tuple(sorted({*work.artist_ids, *([f"name:{name}"] if name else [])}))
    return keys or (f"alone:{work.key}",)


class Hands:
    """Counts the works of each hand, whichever of its keys they come by.

    Args:
        limit: Most works of one hand.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parent: dict[str, str] = {}
        self._count: Counter[str] = Counter()

    def admit(self, work: Work) -> bool:
        """Count a work in; False, and nothing is counted, where its hand has enough."""
        roots = sorted({self._root(key) for key in artist_keys(work)})
        if sum(self._count[root] for root in roots) >= self._limit:
            return False
        # A work with two keys tells that both are one hand.
        for root in roots[1:]:
            self._parent[root] = roots[0]
            self._count[roots[0]] += self._count.pop(root, 0)
        self._count[roots[0]] += 1
        return True

    def release(self, work: Work) -> None:
        """Take back a work that was counted in and could not be had."""
        self._count[self._root(artist_keys(work)[0])] -= 1

    def copy(self) -> "Hands":
        """The same counts, to be counted on apart."""
        other = Hands(self._limit)
        other._parent = dict(self._parent)
        other._count = Counter(self._count)
        return other

    def _root(self, key: str) -> str:
        while key in self._parent:
            key = self._parent[key]
        return key
