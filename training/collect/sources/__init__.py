"""The museums that can be asked. Another one is a file beside these and a line below."""

from collections.abc import Mapping

from training.collect.sources.artic import ArtInstitute
from training.collect.sources.cleveland import Cleveland
from training.collect.sources.met import Met
from training.collect.sources.nga import NationalGallery
from training.collect.sources.rijksmuseum import Rijksmuseum
from training.collect.sources.smk import Smk
from training.collect.sources.source import Source
from training.collect.sources.wikidata import Wikidata

SOURCES: Mapping[str, Source] = {
    "cleveland": Cleveland(),
    "nga": NationalGallery(),
    "smk": Smk(),
    "met": Met(),
    "rijksmuseum": Rijksmuseum(),
    "artic": ArtInstitute(),
    "wikidata": Wikidata(),
}
"""By the name that `--source` takes; earlier ones are preferred where all else is equal."""
