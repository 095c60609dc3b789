"""The protocol by its own document: schemathesis asks in all the ways that it allows, and others.

With every check that it has: no status, type or body that is not documented, no 5xx, bad
data refused, good data not refused for its form.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.app.test_server import Process
from tests.images import jpeg
from tests.models import write_version

pytestmark = pytest.mark.slow

COMMAND = Path(sys.executable).parent / "schemathesis"
CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
EXAMPLES = os.environ.get("SCHEMATHESIS_EXAMPLES", "10")


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    store = tmp_path_factory.mktemp("models_store")
    write_version(store)
    started = Process(store, VASARI_THREADS="2", VASARI_LOG_LEVEL="warning")
    yield started
    code, log = started.end()
    assert code == 0
    assert "Traceback" not in log


def test_the_service_does_what_its_document_says(process: Process, tmp_path: Path) -> None:
    address = f"{process.url}/openapi.json"
    bounds = ["--max-examples", EXAMPLES, "--seed", "9", "--generation-database", "none"]
    done = subprocess.run(
        [COMMAND, "--config-file", CONFIGURATION, "run", address, "--checks", "all", *bounds],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    (cases,) = re.findall(r"(\d+) generated", done.stdout)
    assert int(cases) > 100
    sys.stdout.write(done.stdout)


def form(*parts: bytes, boundary: bytes = b"b") -> bytes:
    return b"".join(b"--" + boundary + b"\r\n" + each + b"\r\n" for each in parts)


FIELD = b'Content-Disposition: form-data; name="x"\r\n\r\ny'
FILE = b'Content-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
INNER = form(FILE + jpeg(), boundary=b"inner") + b"--inner--"


@pytest.mark.parametrize("path", ["/predict", "/predict/batch"])
@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (form(*[FIELD] * 10_000) + b"--b--", "multipart/form-data; boundary=b"),
        (form(FILE + jpeg()), "multipart/form-data"),
        (form(FILE + jpeg()), "multipart/form-data; boundary="),
        (form(FILE + jpeg()), "multipart/form-data; boundary=other"),
        (form(FILE + jpeg()), "multipart/form-data; boundary=b"),  # never closed
        (
            form(b"Content-Type: multipart/mixed; boundary=inner\r\n\r\n" + INNER) + b"--b--",
            "multipart/form-data; boundary=b",
        ),
        (b"--b\r\n" * 50_000, "multipart/form-data; boundary=b"),
        (b"--b\r\n" + b"X: y\r\n" * 50_000 + b"\r\n", "multipart/form-data; boundary=b"),
        (b"\r\n" * 100_000, "multipart/form-data; boundary=b"),
        (jpeg(), "multipart/form-data; boundary=" + "b" * 5000),
        (jpeg(), "image/jpeg, image/png"),
        (jpeg(), "message/rfc822"),
        (b'{"url": "file:///etc/passwd"}', "application/json"),
    ],
)
def test_a_body_that_is_bad_is_told_so_by_a_4xx(
    process: Process, path: str, body: bytes, content_type: str
) -> None:
    answer = httpx.post(
        f"{process.url}{path}", content=body, headers={"Content-Type": content_type}, timeout=30
    )
    accepted = path == "/predict" and content_type == "image/jpeg, image/png"
    assert answer.status_code == 200 if accepted else 400 <= answer.status_code < 500
    if not accepted:
        assert answer.headers["content-type"] == "application/problem+json"
