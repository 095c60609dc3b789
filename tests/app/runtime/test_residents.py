"""`app.runtime.residents`: what answers for a name, and how it is replaced."""

from pathlib import Path

import pytest

from app.errors import UnknownModel
from app.model_store import ModelStore, Refusal
from app.runtime.loader import load_resident
from app.runtime.residents import Resident, Residents, split_reference
from tests.models import NAME, write_version


@pytest.fixture
def versions(store: Path) -> tuple[Resident, ...]:
    write_version(store, version="2")
    write_version(store, version="10")
    opened = ModelStore(store)
    return tuple(
        load_resident(opened.open(NAME, version), device="cpu", threads=1)
        for version in ("1", "10", "2")
    )


def test_a_bare_name_is_the_newest_version(versions: tuple[Resident, ...]) -> None:
    residents = Residents(NAME, versions)
    assert [each.card.version for each in residents.current] == ["10", "2", "1"]
    assert residents.get().card.version == "10"
    assert residents.get("tiny").card.version == "10"
    assert residents.get("tiny@2").card.version == "2"


def test_an_unknown_model_is_told_with_the_known_ones(versions: tuple[Resident, ...]) -> None:
    residents = Residents(NAME, versions[:1])
    for reference in ("nobody", "tiny@2", "tiny@1@1", "@"):
        with pytest.raises(UnknownModel) as raised:
            residents.get(reference)
        assert raised.value.extensions == {"models": ["tiny@1"]}
        assert repr(reference) in raised.value.detail


def test_what_was_found_before_a_replacement_stays_as_it_was(
    versions: tuple[Resident, ...],
) -> None:
    refusal = Refusal(NAME, "3", "Expected better.")
    residents = Residents(NAME, versions[:1])
    before = residents.current
    residents.replace(versions[1:], [refusal])
    assert [each.card.version for each in before] == ["1"]
    assert [each.card.version for each in residents.current] == ["10", "2"]
    assert residents.refused == (refusal,)


def test_references_are_split() -> None:
    assert split_reference("tiny") == ("tiny", None)
    assert split_reference("tiny@3") == ("tiny", "3")
