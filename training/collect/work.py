"""A work of art as every museum's file hands it on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Work:
    """One painting's facts, in words common to all museums.

    Attributes:
        source: Name of the source, such as `met`.
        museum: Who keeps the work, for people.
        object_id: The museum's own number of the work.
        title: In the museum's words.
        artist: As the museum writes it; empty when it names nobody.
        artist_ids: Identifiers that two museums may share, such as `wikidata:Q5598`
            or `ulan:500011051`.
        earliest: First possible year; negative for BCE, None when not given.
        latest: Last possible year, inclusive.
        licence: One of `training.collect.licences.LICENCES`, or `unknown`.
        licence_url: Where the licence is stated; may be empty.
        image_urls: Addresses of the same picture, the one to try first in front.
        page: Where a person sees the work.
        attribution: What stands between the name and the work: `after`, `workshop of`.
        culture: Culture, country, department: whatever tells where it was painted.
        kind: Type and classification: what tells that it is a painting.
        whole: Identifier of the work that this one is a part of; empty otherwise.
    """

    source: str
    museum: str
    object_id: str
    title: str
    artist: str
    earliest: int | None
    latest: int | None
    licence: str
    image_urls: tuple[str, ...]
    page: str
    artist_ids: tuple[str, ...] = ()
    licence_url: str = ""
    attribution: str = ""
    culture: str = ""
    kind: str = ""
    whole: str = ""

    @property
    def key(self) -> str:
        """What names this work among all sources."""
        return f"{self.source}:{self.object_id}"


@dataclass(frozen=True)
class Unread:
    """A record that could not be read as its museum documents it.

    Attributes:
        source: Name of the source.
        object_id: The record's number, as far as it can be told.
        reason: What was expected and what came.
    """

    source: str
    object_id: str
    reason: str
