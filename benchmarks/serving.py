"""How much the service adds to the bare work, and what a reload costs its callers.

    python benchmarks/serving.py [--models-store DIR] [--model NAME] [--requests N] [--reloads N]

Starts the real process, sends it an 800-pixel JPEG by one caller, and between the
rounds does the same work (decode, view, interpreter) in a bare loop of this process.
Rounds are interleaved, so that whatever else the machine does meets both.

Then a second process is kept busy by a caller for each core while version after
version of the same model is put in service: requests that met a reload beside those
that met none. This process's own callers take their share of the same cores.
"""

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from app.imaging import decode, prepare_pillow, views  # noqa: E402
from app.model_store import ModelStore  # noqa: E402
from app.runtime.litert import LiteRtModel  # noqa: E402
from app.settings import usable_cores  # noqa: E402
from tests.images import jpeg, photograph  # noqa: E402

ROUNDS = 5
FORM_TYPE = "multipart/form-data; boundary=b"


def main() -> None:
    """Measure, and print the table."""
    chosen = _arguments()
    _measure_requests(chosen)
    with tempfile.TemporaryDirectory() as folder:
        _measure_reloads(chosen, Path(folder))


def _measure_requests(chosen: argparse.Namespace) -> None:
    started = [_start(chosen.models_store, chosen.model) for _ in range(ROUNDS)]
    seconds_to_ready = [seconds for _, _, seconds in started]
    for process, _, _ in started[1:]:
        _stop(process)
    process, port, _ = started[0]
    data = jpeg(photograph(800, 1000))
    bare = _bare(chosen)
    connection = http.client.HTTPConnection("127.0.0.1", port)
    ways: dict[str, Callable[[], None]] = {
        "bare loop": lambda: bare(data),
        "POST /predict, raw body": lambda: _post(connection, data, "image/jpeg"),
        "POST /predict, multipart": lambda: _post(connection, _form(data), FORM_TYPE),
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    try:
        for _ in range(ROUNDS):
            for name, way in ways.items():
                times[name] += _timed(way, chosen.requests // ROUNDS)
        resident = _status(process.pid, "VmRSS"), _status(process.pid, "VmHWM")
    finally:
        _stop(process)
    base = statistics.median(times["bare loop"])
    print(f"800 x 1000 JPEG of {len(data)} bytes, {chosen.model}, one caller")
    print(f"{'':28}{'p50 ms':>8}{'p95 ms':>8}{'p50 - bare':>12}{'ratio':>8}")
    for name, found in times.items():
        middle = statistics.median(found)
        tail = statistics.quantiles(found, n=20)[-1]
        print(f"{name:28}{middle:8.2f}{tail:8.2f}{middle - base:12.2f}{middle / base:8.2f}")
    print(f"process start to ready: median {statistics.median(seconds_to_ready):.2f} s")
    print(f"resident memory: {resident[0]:.0f} MB, at most {resident[1]:.0f} MB")


def _measure_reloads(chosen: argparse.Namespace, store: Path) -> None:
    versions = ModelStore(chosen.models_store)
    template = chosen.models_store / chosen.model / versions.versions(chosen.model)[0]
    _publish(template, store / chosen.model / "1")
    process, port, _ = _start(store, chosen.model)
    data = jpeg(photograph(800, 1000))
    requests: list[tuple[float, float]] = []
    ending = threading.Event()

    def call() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        while not ending.is_set():
            begun = time.perf_counter()
            _post(connection, data, "image/jpeg")
            requests.append((begun, time.perf_counter()))

    callers = [threading.Thread(target=call) for _ in range(usable_cores())]
    reloads: list[tuple[float, float]] = []
    memory: list[float] = []
    try:
        for caller in callers:
            caller.start()
        for version in range(2, chosen.reloads + 2):
            time.sleep(1)
            memory.append(_status(process.pid, "VmRSS"))
            _publish(template, store / chosen.model / str(version))
            reloads.append(_reload(process.pid, port, chosen.model, version))
        time.sleep(1)
        memory.append(_status(process.pid, "VmRSS"))
    finally:
        ending.set()
        for caller in callers:
            caller.join()
        _stop(process)
    met, quiet = [], []
    for begun, ended in requests:
        meets = any(begun < until and ended > since for since, until in reloads)
        (met if meets else quiet).append((ended - begun) * 1000)
    print(f"\n{len(reloads)} reloads under {len(callers)} callers, no request failed")
    print(f"{'':28}{'requests':>10}{'p50 ms':>8}{'p99 ms':>8}")
    for name, found in (("met no reload", quiet), ("met a reload", met)):
        tail = statistics.quantiles(found, n=100)[-1]
        print(f"{name:28}{len(found):10}{statistics.median(found):8.2f}{tail:8.2f}")
    seconds = statistics.median(until - since for since, until in reloads)
    print(f"a reload: median {seconds:.2f} s")
    print(f"resident memory: {memory[0]:.0f} MB before, {memory[-1]:.0f} MB after all of them")


def _publish(template: Path, place: Path) -> None:
    """Put a version of a model in the store as training does: whole, by renaming it."""
    hidden = place.parent / f".writing-{place.name}"
    shutil.copytree(template, hidden)
    card = json.loads((hidden / "card.json").read_text(encoding="utf-8"))
    card |= {"name": place.parent.name, "version": place.name}
    (hidden / "card.json").write_text(json.dumps(card), encoding="utf-8")
    hidden.rename(place)


def _reload(pid: int, port: int, name: str, version: int) -> tuple[float, float]:
    """Have a version noticed; tell from when until when it was put in service."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    since = time.perf_counter()
    os.kill(pid, signal.SIGHUP)
    while True:
        connection.request("GET", "/readyz")
        if json.loads(connection.getresponse().read())["models"] == [f"{name}@{version}"]:
            return since, time.perf_counter()
        time.sleep(0.01)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models-store", type=Path, default=ROOT / "models_store")
    parser.add_argument("--model", default="efficientnet_lite0")
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--reloads", type=int, default=20)
    return parser.parse_args()


def _start(store: Path, model: str) -> tuple[subprocess.Popen[str], int, float]:
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "app"],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "VASARI_MODELS_STORE": str(store.resolve()),
            "VASARI_MODEL": model,
            "VASARI_PORT": "0",
            "VASARI_LOG_LEVEL": "warning",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None  # noqa: S101
    line = process.stdout.readline()
    seconds = time.perf_counter() - begun
    found = re.search(r":(\d+)", line)
    if found is None:
        sys.exit(f"The service did not start: {line!r}")
    return process, int(found[1]), seconds


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.communicate(timeout=60)


def _bare(chosen: argparse.Namespace) -> Callable[[bytes], None]:
    store = ModelStore(chosen.models_store)
    version = store.open(chosen.model, store.versions(chosen.model)[0])
    spec = version.card.input.spec
    runner = LiteRtModel(version).runner()
    prepare_pillow()

    def work(data: bytes) -> None:
        runner(views(decode(data, reduce_to=(spec.width, spec.height)), spec))

    return work


def _form(data: bytes) -> bytes:
    head = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return head + data + b"\r\n--b--\r\n"


def _post(connection: http.client.HTTPConnection, body: bytes, content_type: str) -> None:
    connection.request("POST", "/predict", body, {"Content-Type": content_type})
    answer = connection.getresponse()
    text = answer.read()
    if answer.status != http.HTTPStatus.OK:
        sys.exit(f"{answer.status}: {text!r}")


def _timed(way: Callable[[], None], count: int) -> list[float]:
    for _ in range(3):
        way()
    found = []
    for _ in range(max(count, 10)):
        begun = time.perf_counter()
        way()
        found.append((time.perf_counter() - begun) * 1000)
    return found


def _status(pid: int, name: str) -> float:
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(rf"{name}:\s+(\d+) kB", text)
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    main()
