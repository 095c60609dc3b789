"""Pictures are looked at as they arrive, and neither fetched nor refused twice."""

import io
import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from app.imaging import decode
from tests.training.collect.museum_answers import picture_bytes
from tests.training.collect.virtual_time import client_of
from training.collect.errors import NoAnswerError
from training.collect.pictures import Gallery, Spoilt, Taken, fault_of
from training.collect.shelf import Candidate
from training.collect.work import Work


def candidate(*urls: str, number: str = "KMS 1/a") -> Candidate:
    work = Work(
        source="smk",
        museum="SMK",
        object_id=number,
        title="T",
        artist="A",
        earliest=1500,
        latest=1510,
        licence="cc0",
        image_urls=urls or ("https://i.example/1.jpg",),
        page="",
    )
    return Candidate(work, "renaissance")


class Host:
    """Serves one body under every address, or by address."""

    def __init__(self, data: bytes | dict[str, bytes]) -> None:
        self.data = data
        self.asked: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path)
        data = self.data if isinstance(self.data, bytes) else self.data.get(request.url.path)
        return httpx.Response(404) if data is None else httpx.Response(200, content=data)


def gallery(host: Host, folder: Path) -> Gallery:
    return Gallery(folder, client_of(httpx.MockTransport(host), folder / ".collect/http"))


def grey(size: tuple[int, int] = (300, 300), mode: str = "L") -> bytes:
    noise = np.random.default_rng(1).integers(0, 256, size, dtype=np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(data, "JPEG")
    return data.getvalue()


def plain(colour: str) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (400, 400), colour).save(data, "PNG")
    return data.getvalue()


def test_a_good_picture_is_written_as_it_came(tmp_path: Path) -> None:
    data = picture_bytes("one")
    taken = gallery(Host(data), tmp_path).take(candidate())
    assert isinstance(taken, Taken)
    facts = taken.facts
    assert (tmp_path / facts.file).read_bytes() == data
    assert facts.file.startswith("pictures/smk/kms-1-a-")
    assert facts.file.endswith(".jpg")
    assert (facts.width, facts.height) == (360, 300)
    assert len(facts.phash) == 16
    assert len(facts.sha256) == 64


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (picture_bytes("one")[:3000], "complete picture"),
        (b"<!DOCTYPE html><title>Just a moment", "Expected a picture"),
        (b"", "0 bytes"),
        (picture_bytes("one", (200, 400)), "at least 256 pixels"),
        (grey(), "black and white"),
        (grey(mode="RGB"), "black and white"),
        (plain("grey"), "one colour"),
        (plain("red"), "one colour"),
    ],
)
def test_a_bad_picture_is_refused_once_and_for_all(data: bytes, words: str, tmp_path: Path) -> None:
    host = Host(data)
    for _ in range(2):
        spoilt = gallery(host, tmp_path).take(candidate())
        assert isinstance(spoilt, Spoilt)
        assert words in spoilt.reason
    assert len(host.asked) == 1
    assert not (tmp_path / "pictures").exists()


def test_a_picture_in_colour_has_no_fault() -> None:
    assert fault_of(decode(picture_bytes("x")).image) == ""
    sepia = Image.merge(
        "RGB",
        [Image.open(io.BytesIO(grey())).point(lambda v, k=k: int(v * k)) for k in (1.0, 0.85, 0.6)],
    )
    assert fault_of(sepia) == ""


def test_the_next_address_is_tried(tmp_path: Path) -> None:
    host = Host({"/2.jpg": b"GIF89a", "/3.jpg": picture_bytes("three")})
    urls = [f"https://i.example/{n}.jpg" for n in (1, 2, 3)]
    taken = gallery(host, tmp_path).take(candidate("not an address", *urls))
    assert isinstance(taken, Taken)
    assert taken.facts.image_url == urls[2]
    assert host.asked == ["/1.jpg", "/2.jpg", "/3.jpg"]


def test_a_picture_on_disk_is_not_fetched_again(tmp_path: Path) -> None:
    host = Host(picture_bytes("one"))
    first = gallery(host, tmp_path).take(candidate())
    assert gallery(host, tmp_path).take(candidate()) == first
    # Killed between the picture and its note: the picture is looked at, not fetched.
    for note in (tmp_path / ".collect/pictures").rglob("*.json"):
        note.unlink()
    assert gallery(host, tmp_path).take(candidate()) == first
    assert len(host.asked) == 1


@pytest.mark.parametrize("damage", [b"", b"another picture"])
def test_a_picture_that_was_changed_is_fetched_again(damage: bytes, tmp_path: Path) -> None:
    host = Host(picture_bytes("one"))
    first = gallery(host, tmp_path).take(candidate())
    assert isinstance(first, Taken)
    (tmp_path / first.facts.file).write_bytes(damage)
    assert gallery(host, tmp_path).take(candidate()) == first
    assert len(host.asked) == 2


def test_a_note_of_another_form_is_forgotten(tmp_path: Path) -> None:
    host = Host(picture_bytes("one"))
    first = gallery(host, tmp_path).take(candidate())
    for note in (tmp_path / ".collect/pictures").rglob("*.json"):
        note.write_text(json.dumps({"name": "x"}))
    assert gallery(host, tmp_path).take(candidate()) == first


def test_a_host_that_is_down_today_is_no_reason_to_refuse_for_ever(tmp_path: Path) -> None:
    down = httpx.MockTransport(lambda _: httpx.Response(503))
    with pytest.raises(NoAnswerError):
        Gallery(tmp_path, client_of(down, tmp_path / "http")).take(candidate())
    host = Host(picture_bytes("one"))
    assert isinstance(gallery(host, tmp_path).take(candidate()), Taken)


def test_two_works_never_share_a_file(tmp_path: Path) -> None:
    shelf = gallery(Host(picture_bytes("one")), tmp_path)
    files = set()
    for number in ("A 1", "A-1", "a/1", "..", "", "\u00c5", "x" * 300):
        taken = shelf.take(candidate(number=number))
        assert isinstance(taken, Taken)
        assert (tmp_path / taken.facts.file).resolve().is_relative_to(tmp_path / "pictures")
        files.add(taken.facts.file)
    assert len(files) == 7
