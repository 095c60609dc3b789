"""Whatever is sent as a picture, the answer is 200 or 4xx, in time, and others are served."""

from collections import Counter

import httpx
import pytest
from fastapi.testclient import TestClient

from app.imaging import readable_formats
from tests.adversarial.odd_pictures import odd_pictures
from tests.images import jpeg

SENT = list(odd_pictures(seed=9, flips=6))


def test_no_picture_is_answered_by_a_5xx(client: TestClient) -> None:
    answers: Counter[int] = Counter()
    failed = []
    for name, data in SENT:
        response = client.post("/predict", content=data)
        answers[response.status_code] += 1
        if not (response.status_code == 200 or 400 <= response.status_code < 500):
            failed.append((name, response.text))
    assert failed == []
    assert answers[200] > 50
    assert answers[413] >= 8
    assert answers[415] > 20
    assert answers[422] > 50
    assert client.post("/predict", content=jpeg()).status_code == 200


def test_a_batch_of_them_has_an_entry_for_each(client_for) -> None:  # type: ignore[no-untyped-def]
    chosen = SENT[::7]
    with client_for(max_batch_files=len(chosen)) as client:
        files = [("files", (name, data)) for name, data in chosen]
        response: httpx.Response = client.post("/predict/batch", files=files)
    assert response.status_code == 200
    results = response.json()["results"]
    assert [each["filename"] for each in results] == [name for name, _ in chosen]
    assert all("prediction" in each or each["problem"]["status"] < 500 for each in results)


BOMBS = [f"bomb {each}" for each in ("PNG", "BMP", "AVIF", "HEIF") if each in readable_formats()]


@pytest.mark.parametrize("kind", ["zero pixels", "scans without end", *BOMBS])
def test_what_cannot_be_a_picture_is_refused_before_it_is_decoded(
    client: TestClient, kind: str
) -> None:
    (data,) = [data for name, data in SENT if name == kind]
    response = client.post("/predict", content=data)
    assert 400 <= response.status_code < 500
    assert response.json()["code"] in ("image_too_large", "broken_image", "unsupported_image")


def test_only_the_formats_on_the_list_are_read(client: TestClient) -> None:
    """Pillow itself reads forty more, some by programs that it starts."""
    read = {
        client.post("/predict", content=data).json()["image"]["format"]
        for name, data in SENT
        if name.startswith("format ") and client.post("/predict", content=data).status_code == 200
    }
    assert read <= set(readable_formats())
    assert read == set(readable_formats())
