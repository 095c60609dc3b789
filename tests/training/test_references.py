"""`training.references`: which pictures can be named, and the file that is written of them."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.imaging import InputSpec
from app.model_card import FileEntry, ModelCard
from app.references import References as Served
from tests.training.making import jpeg, painting, write
from training.data.index import Example
from training.data.inspection import inspect
from training.data.part import Part
from training.errors import DataError, ExportError, OptionError
from training.files import digest_file
from training.references import build, eligible, read

SPEC = InputSpec(16, 16, "squash", "bilinear", ("whole", "mirror"))


def model(picture: Any) -> dict[str, Any]:
    """Embeds a picture as its pixels, 16 x 16 x 3."""
    return {"probabilities": np.array([1, 0]), "embedding": picture.astype(np.float32).ravel()}


def part(tmp_path: Path, *examples: dict[str, Any]) -> Part:
    """A part of pictures that all differ, unless they have the same `seed`."""
    made = []
    for number, facts in enumerate(examples):
        seed = facts.pop("seed", number)
        path = write(tmp_path / f"{number}.jpg", jpeg(painting(seed), 92 - number % 40))
        made.append(Example(path, path.name, "modern", **facts))
    found = inspect(made, tmp_path / "pictures.json")
    return Part(found.examples, found.facts)


def card_of(folder: Path) -> ModelCard:
    entry = FileEntry(sha256=digest_file(folder / "references.npz"))
    return ModelCard.model_validate(
        {
            "format_version": 1,
            "name": "mine",
            "version": "1",
            "classes": [{"name": "old"}, {"name": "modern"}],
            "input": {"height": 16, "width": 16},
            "files": {"references.npz": entry},
        }
    )


def test_what_nobody_could_look_up_is_left_out(tmp_path: Path) -> None:
    found = eligible(
        part(
            tmp_path,
            {"title": "Baroque"},
            {"artist": "Titian"},
            {"title": "A saint", "page": "https://museum.example/2"},
            {},
        )
    )
    assert [each.file for each in found] == ["1.jpg", "2.jpg"]


def test_of_copies_the_one_that_says_most_stays(tmp_path: Path) -> None:
    found = eligible(
        part(
            tmp_path,
            {"artist": "Titian", "seed": 1},
            {"artist": "Titian", "title": "Flora", "year": "1515", "seed": 1},
            {"artist": "Titian", "seed": 2},
        )
    )
    assert [each.file for each in found] == ["1.jpg", "2.jpg"]


def test_data_that_names_nobody_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="Expected pictures with an artist or a page"):
        eligible(part(tmp_path, {"title": "Baroque"}, {"source": "met"}))


def test_what_is_written_is_what_the_service_answers_from(tmp_path: Path) -> None:
    """Each work is most like itself, by the code that trains and by the code that serves."""
    works = part(tmp_path, *({"artist": f"Artist {n}", "title": f"Work {n}"} for n in range(12)))
    built = build(model, works.examples, SPEC)
    built.write(tmp_path)
    served = Served((tmp_path / "references.npz").read_bytes())
    assert len(served) == 12
    assert served.embedding_size == 16 * 16 * 3
    for number, example in enumerate(works.examples):
        whole = np.asarray(Image.open(example.path).resize((16, 16), Image.Resampling.BILINEAR))
        views = np.stack([whole.ravel(), whole[:, ::-1].ravel()]).astype(np.float32)
        nearest, second = served.nearest(views, 2)
        assert nearest.reference.title == f"Work {number}"
        assert nearest.similarity > 0.95
        again = built.reduce(views.mean(axis=0)[None]) @ built.unit_vectors.T
        assert nearest.similarity == pytest.approx(float(again.max()), abs=1e-5)
        assert second.similarity < 0.7


def test_the_order_of_similarity_survives_eight_bits(tmp_path: Path) -> None:
    """Against the same components in 64 bits."""
    works = part(tmp_path, *({"artist": f"Artist {n}"} for n in range(30)))
    built = build(model, works.examples, SPEC)
    pixels = np.array([model(_view(each))["embedding"] for each in works.examples], np.float64)
    centred = pixels - pixels.mean(axis=0)
    _, deviations, components = np.linalg.svd(centred, full_matrices=False)
    exact = centred @ (components[:29].T / np.sqrt(deviations[:29]))
    exact /= np.linalg.norm(exact, axis=1, keepdims=True)
    np.testing.assert_allclose(
        built.unit_vectors @ built.unit_vectors.T, exact @ exact.T, atol=0.02
    )


def _view(example: Example) -> Any:
    whole = np.asarray(Image.open(example.path).resize((16, 16), Image.Resampling.BILINEAR))
    return (whole.astype(np.float32) + whole[:, ::-1]) / 2


def test_the_facts_are_the_manifests_and_no_more(tmp_path: Path) -> None:
    works = part(
        tmp_path,
        {
            "artist": "Rembrandt van Rijn",
            "attribution": "workshop of",
            "title": "T" * 999,
            "year": "1640-1645",
            "source": "met",
            "page": "https://museum.example/3",
            "licence": "cc0",
        },
        {"artist": "Титиан", "page": "javascript:alert(1)"},
    )
    build(model, works.examples, SPEC).write(tmp_path)
    found = read(tmp_path, card_of(tmp_path)).facts
    assert found[0] == {
        "artist": "Rembrandt van Rijn (workshop of)",
        "title": "T" * 300,
        "year": "1640-1645",
        "period": "modern",
        "source": "met",
        "page": "https://museum.example/3",
        "licence": "cc0",
    }
    assert found[1] == {"artist": "Титиан", "period": "modern"}


def test_thumbnails_are_made_only_where_the_licence_allows_and_when_asked(tmp_path: Path) -> None:
    licences = ["cc0", "pdm", "cc-by", "cc-by-sa", "unknown", "public domain, they say", None]
    works = part(
        tmp_path, *({"artist": f"{n}", "licence": each} for n, each in enumerate(licences))
    )
    assert not any(build(model, works.examples, SPEC).thumbnails)
    built = build(model, works.examples, SPEC, thumbnails=True)
    assert [bool(each) for each in built.thumbnails] == [True, True, *[False] * 5]
    built.write(tmp_path)
    served = Served((tmp_path / "references.npz").read_bytes())
    found = {
        n.reference.artist: n.thumbnail for n in served.nearest(np.ones((1, 768), np.float32), 7)
    }
    assert found["0"] == built.thumbnails[0]
    assert found["2"] is None
    image = Image.open(io.BytesIO(built.thumbnails[0]))
    assert image.format == "JPEG"
    assert image.size == (72, 90)


def test_a_work_weighs_at_most_20_kilobytes(tmp_path: Path) -> None:
    """Noise in colour does not compress: a picture of it is kept coarser."""
    noise = np.random.default_rng(1).integers(0, 256, (900, 900, 3)).astype(np.uint8)
    path = tmp_path / "noise.png"
    Image.fromarray(noise).save(path)
    example = Example(path, path.name, "modern", artist="A" * 999, title="T" * 999, licence="cc0")
    works = [example, replace(example, artist="B")]
    built = build(model, works, SPEC, thumbnails=True)
    assert max(Image.open(io.BytesIO(built.thumbnails[0])).size) == 192
    built.write(tmp_path)
    assert (tmp_path / "references.npz").stat().st_size < 2 * 20_000


def test_the_same_pictures_give_the_same_bytes(tmp_path: Path) -> None:
    works = part(tmp_path, *({"artist": f"{n}"} for n in range(4)))
    written = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        build(model, works.examples, SPEC, threads=3).write(tmp_path / name)
        written.append((tmp_path / name / "references.npz").read_bytes())
    assert written[0] == written[1]


def test_a_model_without_embeddings_is_told(tmp_path: Path) -> None:
    works = part(tmp_path, {"artist": "Titian"})
    with pytest.raises(ExportError, match=r"output called embedding.*received \['probabilities'\]"):
        build(lambda _: {"probabilities": np.array([1, 0])}, works.examples, SPEC)


def test_an_altered_file_is_not_read(tmp_path: Path) -> None:
    works = part(tmp_path, {"artist": "Titian"}, {"artist": "Giotto"})
    build(model, works.examples, SPEC).write(tmp_path)
    card = card_of(tmp_path)
    path = tmp_path / "references.npz"
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(OptionError, match=r"Expected references\.npz with sha256"):
        read(tmp_path, card)
    path.unlink()
    with pytest.raises(OptionError, match="received None"):
        read(tmp_path, card)
