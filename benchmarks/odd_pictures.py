"""Send a large corpus of odd and broken pictures to a real service, and count the answers.

    python benchmarks/odd_pictures.py [--flips N] [--seed N]

Each goes through POST /predict, and all of them through POST /predict/batch. Bars: only 200
or 4xx, no answer beyond the deadline, and memory that does not grow with what was sent.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.adversarial.odd_pictures import odd_pictures
from tests.app.test_server import Process
from tests.models import write_version

BATCH = 50


def main() -> int:
    """Send them, print a table, and tell by the exit code whether the bars hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flips", type=int, default=300, help="broken copies of each good file")
    parser.add_argument("--seed", type=int, default=9)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_version(Path(folder))
        process = Process(Path(folder), VASARI_THREADS="2", VASARI_LOG_LEVEL="error")
        try:
            return _send(process, chosen.seed, chosen.flips)
        finally:
            process.end()


def _send(process: Process, seed: int, flips: int) -> int:  # noqa: C901  one walk, counted
    answers: dict[str, Counter[str]] = {"/predict": Counter(), "/predict/batch": Counter()}
    failures: list[str] = []
    slowest = (0.0, "")
    memory = [process.resident_megabytes()]
    waiting: list[tuple[str, bytes]] = []
    with httpx.Client(base_url=process.url, timeout=120) as client:

        def note(path: str, name: str, status: int, code: str) -> None:
            answers[path][f"{status} {code}"] += 1
            if not (status == 200 or 400 <= status < 500):
                failures.append(f"{path} {name}: {status}")

        def send_batch() -> None:
            files = [("files", each) for each in waiting]
            for (name, _), told in zip(
                waiting, client.post("/predict/batch", files=files).json()["results"], strict=True
            ):
                problem = told.get("problem", {"status": 200, "code": ""})
                note("/predict/batch", name, problem["status"], problem["code"])
            waiting.clear()

        for number, (name, data) in enumerate(odd_pictures(seed, flips)):
            began = time.perf_counter()
            answer = client.post("/predict", content=data)
            slowest = max(slowest, (time.perf_counter() - began, name))
            note("/predict", name, answer.status_code, answer.json().get("code", ""))
            waiting.append((name, data))
            if len(waiting) == BATCH:
                send_batch()
            if number % 500 == 499:
                memory.append(process.resident_megabytes())
        if waiting:
            send_batch()
    memory.append(process.resident_megabytes())
    for path, counted in answers.items():
        print(f"{path}: {counted.total()} pictures")
        for code, count in sorted(counted.items()):
            print(f"  {code:24} {count}")
    print(f"slowest: {slowest[0]:.2f} s ({slowest[1]})")
    print(f"resident MB while it went on: {', '.join(f'{each:.0f}' for each in memory)}")
    print(f"neither 200 nor 4xx: {len(failures)} {failures[:5]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
