"""The label rules: a work's facts -> a period, the boundary set, or refused with a reason.

Labels come from years and never from the name of a style or a department.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from training.collect.spans import FIRST_YEAR, LAST_YEAR, SPANS
from training.collect.work import Work

LONGEST_BOUNDARY = 150
"""Years that a dating across a boundary may span and still say where it lies."""

BOUNDARY = "boundary"


class Reason(StrEnum):
    """Why a work is left out."""

    UNREADABLE = "the record could not be read"
    NOT_A_PAINTING = "not a painting"
    LICENCE = "licence not asked for"
    NO_PICTURE = "no picture"
    COPY = "copy, follower or forgery"
    NOT_WESTERN = "not of the Western tradition"
    NO_DATE = "no years given"
    BCE = "before the common era"
    ANTIQUITY = "antiquity"
    IMPOSSIBLE_DATE = "impossible years"
    VAGUE_DATE = "years too far apart"


@dataclass(frozen=True)
class Verdict:
    """What becomes of a work.

    Attributes:
        period: The label, or `boundary`; empty when refused.
        refused: Why not; None when the work may be used.
    """

    period: str = ""
    refused: Reason | None = None


_PAINTING = re.compile(
    r"paint|maleri|schilder|panel|fresco|altarpiece|triptych|diptych|polyptych|tempera|"
    r"\bicon\b"
)
_OTHER_ART = re.compile(
    r"miniature|manuscript|illumination|photograph|daguerreotype|etching|engraving|lithograph|"
    r"woodcut|screenprint|\bprints?\b|drawing|sculpture|relief\b|textile|tapestry|embroider|"
    r"ceramic|porcelain|vessel|\bvase|enamel|stained glass|furniture|\bfans?\b|screen\b|scroll|"
    r"book\b|album|poster|collage|mosaic"
)
_COPY = re.compile(
    r"\bafter\b|\bcop(y|ies|ied)\b|\bkopi\w*|\bfollowers?\b|\bimitat\w+|\bmanner of\b|"
    r"\bin the (style|manner)\b|\bstyle of\b|\bforge\w*|\bfake\b|\bpastiche|\breproduction|"
    r"\bcounterfeit|\befter\b|\befterf\w+|\bmaner\b|\bnaar\b|\bnavolger\w*|\bstijl van\b|"
    r"\bmanier van\b|\bd'apr[eè]s\b|\bnach\b|\bnachfolger\w*|\bseguace\b"
)
# A title may say "after" of a bath or a battle: only what names a copy counts there.
_COPY_TITLE = re.compile(
    r"(?i:\bcopy (of|after|from)\b|\bforgery (of|after)\b|\bafter the painting by\b|"
    r"\bkopie? (efter|naar)\b)|\([Aa]fter [A-Z]|, after [A-Z][\w. ]+$"
)
_NOT_WESTERN = re.compile(
    r"\b(chin(a|ese)|japan(ese)?|korean?|india|indian|tibet(an)?|nepal(ese)?|himalayan?|"
    r"persian?|iran(ian)?|iraqi?|islam(ic)?|ottoman|turk(ey|ish)|mughal|rajput|pahari|deccan|"
    r"rajasthan|asian?|egypt(ian)?|african?|ethiopian?|nigerian?|congo(lese)?|ghana(ian)?|"
    r"ocean(ia|ic)|melanesian?|polynesian?|aboriginal|papua|pre-?columbian|ancient|maya|aztec|inca|"
    r"native american|american indian|indigenous|thai(land)?|siam(ese)?|vietnam(ese)?|"
    r"indonesian?|java(nese)?|bali(nese)?|burm(a|ese)|myanmar|khmer|cambodian?|lao(s|tian)|"
    r"mongol(ia|ian)?|arab(ic|ian)?|syrian?|afghan(istan)?|pakistani?|sri lankan?|bengal(i)?|"
    r"philippin(es|e)|qing|ming|edo period|meiji|joseon|song dynasty|yuan dynasty|dynasty)\b"
)


def judge(work: Work, licences: Collection[str]) -> Verdict:
    """Apply the rules in the order of what costs least to explain.

    Args:
        work: The facts.
        licences: The licences that are accepted.
    """
    refused = _refusal(work, licences)
    if refused is not None:
        return Verdict(refused=refused)
    return period_of(work.earliest, work.latest)


def period_of(earliest: int | None, latest: int | None) -> Verdict:
    """The period that holds the whole range of years, `boundary`, or why neither.

    A year 0 is how several catalogues write "not known".
    """
    if earliest is None or latest is None or 0 in (earliest, latest):
        return Verdict(refused=Reason.NO_DATE)
    impossible = _impossible(earliest, latest)
    if impossible is not None:
        return Verdict(refused=impossible)
    for span in SPANS:
        if span.holds(earliest, latest):
            return Verdict(period=span.period)
    if latest - earliest > LONGEST_BOUNDARY:
        return Verdict(refused=Reason.VAGUE_DATE)
    return Verdict(period=BOUNDARY)


def _impossible(earliest: int, latest: int) -> Reason | None:
    if earliest < 0:
        return Reason.BCE
    # Beyond the last year lie slips of the pen, such as the Met's 153505.
    if latest < earliest or latest > LAST_YEAR:
        return Reason.IMPOSSIBLE_DATE
    return Reason.ANTIQUITY if earliest < FIRST_YEAR else None


def _refusal(work: Work, licences: Collection[str]) -> Reason | None:
    kind = work.kind.lower()
    if not _PAINTING.search(kind) or _OTHER_ART.search(kind):
        return Reason.NOT_A_PAINTING
    if work.licence not in licences:
        return Reason.LICENCE
    if not work.image_urls:
        return Reason.NO_PICTURE
    credit = f"{work.attribution} | {work.artist}".lower()
    if _COPY.search(credit) or _COPY_TITLE.search(work.title):
        return Reason.COPY
    if _NOT_WESTERN.search(work.culture.lower()):
        return Reason.NOT_WESTERN
    return None
