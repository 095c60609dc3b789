"""A real Ray cluster of two nodes on this machine, one of which is killed in mid-work."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

ray = pytest.importorskip("ray", reason="Ray (extra scale) is not installed")

from app.__main__ import main as app_main  # noqa: E402
from tests.images import encode, jpeg, photograph  # noqa: E402
from tests.models import NAME  # noqa: E402

pytestmark = [
    pytest.mark.slow,
    # Ray leaves sockets, processes and files to the garbage collector, in this process too.
    pytest.mark.filterwarnings("ignore"),
]

SMALL = 80 * 2**20
HEAD = {"num_cpus": 2, "include_dashboard": False, "object_store_memory": SMALL}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A head with two cores; a test adds the node that it kills."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    before = dict(os.environ)
    for variable in list(os.environ):
        if variable.startswith(("VASARI_", "COV")):
            del os.environ[variable]
    os.environ |= {
        "RAY_AUTH_MODE": "disabled",
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    try:
        started = Cluster(initialize_head=True, head_node_args=HEAD)
    except Exception as error:
        if "timed out during startup" not in str(error):
            raise
        # Ray gives its own processes 15 seconds to come up, which cannot be set.
        pytest.skip("this machine is too busy for Ray to start")
    try:
        ray.init(address=started.address, log_to_driver=False, logging_level="error")
        yield started
    finally:
        ray.shutdown()
        started.shutdown()
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def second(cluster: Any) -> Iterator[Callable[[], None]]:
    """A second node; call it to have the node killed."""
    node = cluster.add_node(num_cpus=2, object_store_memory=SMALL)
    killed = threading.Event()

    def kill() -> None:
        if not killed.is_set():
            killed.set()
            cluster.remove_node(node, allow_graceful=False)

    yield kill
    kill()


class Callers:
    """Ask without a pause, and remember what they are answered."""

    def __init__(self, url: str) -> None:
        self.answers: list[str] = []
        self._url = url
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(3)]
        for thread in self._threads:
            thread.start()

    def _ask(self) -> None:
        picture = jpeg()
        with httpx.Client(timeout=60) as client:
            while not self._ending.is_set():
                try:
                    answer = client.post(f"{self._url}/predict", content=picture)
                    self.answers.append(f"{answer.status_code} {answer.json().get('period')}")
                except httpx.HTTPError as error:
                    self.answers.append(repr(error))

    def await_answers(self, count: int) -> None:
        """Wait for so many more."""
        wanted, end = len(self.answers) + count, time.monotonic() + 60
        while len(self.answers) < wanted:
            assert time.monotonic() < end, set(self.answers)
            time.sleep(0.02)

    def end(self) -> set[str]:
        self._ending.set()
        for thread in self._threads:
            thread.join()
        return set(self.answers)


def test_serving_a_new_revision_and_the_death_of_a_node_cost_no_request(
    second: Callable[[], None], store: Path
) -> None:
    from ray import serve  # noqa: PLC0415

    from scaling.serve import Arguments, build  # noqa: PLC0415

    settings = {"models_store": str(store), "model": NAME, "queue_items": 200}
    given: dict[str, Any] = {"least_replicas": 2, "most_replicas": 2, "settings": settings}

    url = f"http://127.0.0.1:{(port := _free_port())}"
    serve.start(http_options={"host": "127.0.0.1", "port": port, "location": "HeadOnly"})
    serve.run(build(Arguments(**given)), name="vasari")
    try:
        assert httpx.get(f"{url}/readyz").json()["models"] == [f"{NAME}@1"]
        assert httpx.post(f"{url}/predict", content=b"text").json()["code"] == "unsupported_image"
        callers = Callers(url)
        callers.await_answers(30)
        serve.run(build(Arguments(**given, revision="2")), name="vasari")
        callers.await_answers(30)
        assert len(_nodes_that_serve()) == 2
        second()
        callers.await_answers(100)
        answers = callers.end()
    finally:
        serve.shutdown()
    (answer,) = answers
    assert answer.startswith("200 ")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _nodes_that_serve() -> set[str]:
    from ray.serve.context import _get_global_client  # noqa: PLC0415

    details = _get_global_client().get_serve_details()
    replicas = details["applications"]["vasari"]["deployments"]["vasari"]["replicas"]
    return {each["node_id"] for each in replicas}


def _rows(table: Path) -> list[str]:
    return sorted(table.read_text("utf-8").splitlines())


def test_the_death_of_a_node_loses_no_row_and_doubles_none(
    second: Callable[[], None], store: Path, tmp_path: Path
) -> None:
    from app.settings import Settings  # noqa: PLC0415
    from scaling.classify import Placement, classify, names_in  # noqa: PLC0415

    folder = tmp_path / "scans"
    folder.mkdir()
    data = encode(photograph(1200, 1000), compress_level=1)
    for number in range(250):
        (folder / f"{number:03}.png").write_bytes(data)
    (folder / "broken.jpg").write_bytes(b"text")
    names = list(names_in([str(folder)]))
    out = tmp_path / "periods.csv"
    killed_at: list[int] = []

    def kill_in_mid_run() -> None:
        end = time.monotonic() + 60
        while time.monotonic() < end and not killed_at:
            if out.exists() and (rows := len(_rows(out))) > 50:
                second()
                killed_at.append(rows)
            time.sleep(0.02)

    killer = threading.Thread(target=kill_in_mid_run)
    killer.start()
    settings = Settings(models_store=store, model=NAME, device="cpu")
    written, present = classify(names, out, settings, Placement(least_actors=4, most_actors=4))
    killer.join()
    assert 50 < killed_at[0] < len(names)
    assert written == present == len(names) == 251
    paths = [line.split(",")[0] for line in _rows(out)]
    assert sorted(paths) == sorted(["path", *names])

    # The same rows as on one machine, and the same file: what was lost of it is made again.
    alone = tmp_path / "alone.csv"
    code = app_main(
        [
            "classify",
            str(folder),
            "--out",
            str(alone),
            "--model",
            NAME,
            "--models-store",
            str(store),
        ]
    )
    assert code == 1  # one of them is broken
    assert _rows(alone) == _rows(out)
    whole = out.read_bytes()
    out.write_bytes(whole[: len(whole) // 2])
    written, present = classify(names, out, settings)
    assert 0 < written < present == 251
    assert _rows(out) == _rows(alone)
