"""`app.runtime.classification`: decoded once, answered by each model."""

from pathlib import Path
from typing import Any

import pytest

from app.errors import DeadlineExceeded, UnsupportedImage
from app.imaging import ImageLimits, decode
from app.model_store import ModelStore
from app.runtime import classification as module
from app.runtime.classification import Classification
from app.runtime.engine import Turn
from app.runtime.loader import load_resident
from app.runtime.residents import Resident
from tests.images import jpeg
from tests.models import write_version

TURN = Turn(worker=0, waited=0.25)


@pytest.fixture
def residents(store: Path) -> tuple[Resident, ...]:
    write_version(store, name="same")
    write_version(store, name="larger", side=32)
    opened = ModelStore(store)
    return tuple(
        load_resident(opened.open(name, "1"), device="cpu", threads=1)
        for name in ("tiny", "same", "larger")
    )


def test_a_picture_is_decoded_once_for_each_size(
    residents: tuple[Resident, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[Any] = []
    real = decode

    def counted(data: bytes, **options: Any) -> Any:
        decoded.append(options["reduce_to"])
        return real(data, **options)

    monkeypatch.setattr(module, "decode", counted)
    found = Classification(jpeg(), residents, ImageLimits())(TURN)
    assert [each.resident.card.name for each in found] == ["tiny", "same", "larger"]
    assert decoded == [(16, 16), (32, 32)]
    assert found[0].prediction == found[1].prediction


def test_an_answer_does_not_depend_on_which_others_are_asked(
    residents: tuple[Resident, ...],
) -> None:
    data = jpeg()
    together = Classification(data, residents, ImageLimits())(TURN)
    for resident, found in zip(residents, together, strict=True):
        (alone,) = Classification(data, (resident,), ImageLimits())(TURN)
        assert alone.prediction == found.prediction


def test_times_add_up(residents: tuple[Resident, ...]) -> None:
    (found,) = Classification(jpeg(), residents[:1], ImageLimits())(TURN)
    assert found.timings.queue == 0.25
    assert found.timings.decode > 0
    assert found.timings.inference > 0
    total = found.timings.queue + found.timings.decode + found.timings.inference
    assert found.timings.total == total
    assert found.heat_map is None


def test_a_bad_picture_is_a_problem(residents: tuple[Resident, ...]) -> None:
    with pytest.raises(UnsupportedImage):
        Classification(b"text", residents, ImageLimits())(TURN)


def test_no_model_is_run_for_nobody(residents: tuple[Resident, ...]) -> None:
    unwanted = Turn(worker=99, waited=0, is_wanted=lambda: False)
    with pytest.raises(DeadlineExceeded):
        Classification(jpeg(), residents, ImageLimits())(unwanted)
