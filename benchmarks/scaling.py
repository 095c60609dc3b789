"""What Ray adds to a request and to a picture.

    python benchmarks/scaling.py [--models-store DIR] [--model NAME] [--requests N] [--pictures N]

Requests: one caller asks `python -m app` and one replica under Ray Serve in turn, so that
whatever else the machine does meets both. Pictures: a loop over an actor's own code in
this process, and Ray Data with one actor, over the same files.
"""

import argparse
import http.client
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import ray
from ray import serve

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from app.settings import Settings  # noqa: E402
from scaling.classify import Classifier, Placement, classify  # noqa: E402
from scaling.serve import Arguments, build  # noqa: E402
from tests.images import jpeg, photograph  # noqa: E402

ROUNDS = 5


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--models-store", type=Path, default=ROOT / "models_store")
    parser.add_argument("--model", default="vasari")
    parser.add_argument("--requests", type=int, default=40, help="of a round")
    parser.add_argument("--pictures", type=int, default=300)
    chosen = parser.parse_args()
    os.environ |= {"PYTHONPATH": str(ROOT), "RAY_AUTH_MODE": "disabled"}
    started = time.perf_counter()
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    print(f"Ray starts                       {time.perf_counter() - started:8.1f} s")
    settings = Settings(
        models_store=chosen.models_store.absolute(), model=chosen.model, device="cpu", threads=1
    )
    try:
        _measure_pictures(settings, chosen.pictures)
        _measure_requests(settings, chosen.requests)
    finally:
        ray.shutdown()


def _measure_requests(settings: Settings, count: int) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    serve.start(http_options={"host": "127.0.0.1", "port": port})
    given = {"model": settings.model, "models_store": str(settings.models_store)}
    started = time.perf_counter()
    serve.run(build(Arguments(most_replicas=1, settings=given)), name="vasari")
    print(f"Ray Serve deploys                {time.perf_counter() - started:8.1f} s")
    variables = {f"VASARI_{name.upper()}": value for name, value in given.items()}
    alone = subprocess.Popen(
        [sys.executable, "-m", "app", "serve", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, **variables, "VASARI_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        found = re.search(r":(\d+) with", alone.stdout.readline() if alone.stdout else "")
        assert found  # noqa: S101
        ways = {"alone": int(found[1]), "Ray Serve": port}
        picture = jpeg(photograph(800, 1000))
        for what, method, path, body in (
            ("GET /healthz", "GET", "/healthz", None),
            (f"POST /predict, {len(picture):,} bytes", "POST", "/predict", picture),
        ):
            times = {name: [] for name in ways}
            for _ in range(ROUNDS):
                for name, at in ways.items():
                    times[name] += _ask(at, method, path, body, count)
            for name, seconds in times.items():
                median, high = statistics.median(seconds), np.percentile(seconds, 95)
                print(
                    f"{what:34} {name:10} median {median * 1e3:7.2f} ms  p95 {high * 1e3:7.2f} ms"
                )
    finally:
        alone.terminate()
        alone.wait()
        serve.shutdown()


def _ask(port: int, method: str, path: str, body: bytes | None, count: int) -> list[float]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    seconds = []
    for _ in range(count):
        began = time.perf_counter()
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        seconds.append(time.perf_counter() - began)
        assert answer.status == 200  # noqa: S101
    connection.close()
    return seconds[2:]  # the first ones open the connection and wake what slept


def _measure_pictures(settings: Settings, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        names = []
        data = jpeg(photograph(800, 1000))
        for number in range(count):
            name = Path(folder) / f"{number}.jpg"
            name.write_bytes(data)
            names.append(str(name))
        actor = Classifier(settings)
        actor({"item": np.array(names[:16])})
        loops, rays, whole = [], [], []
        for turn in range(3):
            began = time.perf_counter()
            actor({"item": np.array(names)})
            loops.append((time.perf_counter() - began) / count)
            out = Path(folder) / f"{turn}.jsonl"
            began = time.perf_counter()
            classify(names, out, settings, Placement(1, 1))
            whole.append(time.perf_counter() - began)
            few = Path(folder) / f"{turn}-few.jsonl"
            began = time.perf_counter()
            classify(names[:16], few, settings, Placement(1, 1))
            # What a run costs before and after its pictures is in both.
            rays.append((whole[-1] - (time.perf_counter() - began)) / (count - 16))
        loop, by_ray = statistics.median(loops), statistics.median(rays)
        print(f"a picture in a bare loop         {loop * 1e3:8.2f} ms")
        print(f"a picture by Ray Data, one actor {by_ray * 1e3:8.2f} ms")
        print(f"a run of {count} pictures, whole    {statistics.median(whole):8.2f} s")


if __name__ == "__main__":
    main()
