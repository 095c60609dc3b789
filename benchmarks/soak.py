"""Mixed traffic for a set time: good, bad and cancelled requests, and new versions meanwhile.

    python benchmarks/soak.py [--seconds N]

Bars: no error that is the service's, memory that grows by less than 5 % after a warm-up, and
no thread, descriptor or temporary file that is left behind.
"""

import argparse
import random
import shutil
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.adversarial.odd_pictures import odd_pictures
from tests.app.test_server import Process
from tests.images import encode, jpeg, photograph
from tests.models import NAME, write_version

WARM_UP = 0.3
MOST_GROWTH = 0.05
RELOAD_SECONDS = 5.0
CALLERS = 3
_IDLE_SECONDS = 18.0


class Soak:
    """One run: the process, what is sent to it, and what was seen."""

    def __init__(self, store: Path, temporary: Path, seconds: float) -> None:
        self.store = store
        self.temporary = temporary
        self.seconds = seconds
        write_version(store)
        self.process = Process(
            store,
            VASARI_THREADS="2",
            VASARI_RELOAD_SECONDS="0.5",
            VASARI_LOG_LEVEL="error",
            TMPDIR=str(temporary),
        )
        self.answers: Counter[str] = Counter()
        self.ours: list[str] = []
        self.memory: list[float] = []
        self.end = 0.0
        self.version = 1
        self._odd = list(odd_pictures(seed=3, flips=4))
        self._good = [jpeg(photograph(600, 400)), encode(photograph(300, 300), "WEBP"), jpeg()]

    def state(self) -> tuple[int, int, int]:
        """Threads, descriptors and temporary files, when nothing is asked any more."""
        processes = [Path(f"/proc/{each}") for each in self.process.all]
        threads, descriptors = (
            sum(len(list((each / kind).iterdir())) for each in processes) for kind in ("task", "fd")
        )
        return threads, descriptors, len(list(self.temporary.rglob("*")))

    def run(self) -> bool:
        """Send for as long as it was asked; tell whether the bars hold."""
        self._traffic(min(10.0, self.seconds / 4))
        self._fill_pools()
        time.sleep(_IDLE_SECONDS)
        before = self.state()
        self.answers.clear()
        self.memory.clear()
        self._traffic(self.seconds)
        time.sleep(_IDLE_SECONDS)  # idle connections, and the last old version, go
        after = self.state()
        code, log = self.process.end()
        return self._tell(before, after, code, log)

    def _fill_pools(self) -> None:
        """Give pools of threads the size that they may have later: growth to it is no leak."""
        with ThreadPoolExecutor(2 * CALLERS + 2) as pool:
            for answer in pool.map(httpx.get, [f"{self.process.url}/models"] * 200):
                answer.raise_for_status()

    def _traffic(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds
        threads = [threading.Thread(target=self._call, args=(each,)) for each in range(CALLERS)]
        threads += [threading.Thread(target=self._cancel), threading.Thread(target=self._reload)]
        for thread in threads:
            thread.start()
        while time.monotonic() < self.end:
            self.memory.append(self.process.resident_megabytes())
            time.sleep(0.5)
        for thread in threads:
            thread.join()

    def _call(self, seed: int) -> None:
        rng = random.Random(seed)  # noqa: S311  the same each time is the point
        with httpx.Client(base_url=self.process.url, timeout=120) as client:
            while time.monotonic() < self.end:
                kind = rng.random()
                name, data = rng.choice(self._odd)
                if kind < 0.5:
                    name, answer = (
                        "good",
                        client.post("/predict?heatmap=png", content=rng.choice(self._good)),
                    )
                elif kind < 0.8:
                    answer = client.post("/predict", content=data)
                elif kind < 0.9:
                    files = [("files", each) for each in rng.sample(self._odd, 8)]
                    name, answer = "batch", client.post("/predict/batch", files=files)
                else:
                    path = rng.choice(["/models", "/metrics", "/", "/models/x", "/predict?top_k=0"])
                    name, answer = path, client.get(path)
                self.answers[str(answer.status_code)] += 1
                if answer.status_code >= 500:
                    self.ours.append(f"{name}: {answer.status_code} {answer.text[:200]}")

    def _cancel(self) -> None:
        rng = random.Random(99)  # noqa: S311
        picture = self._good[0]
        head = b"POST /predict HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n" % len(picture)
        request = head + picture
        while time.monotonic() < self.end:
            with (
                suppress(OSError),
                socket.create_connection(self.process.address, 10) as connection,
            ):
                connection.sendall(request[: rng.choice((5, 60, 2000, len(request), len(request)))])
                time.sleep(rng.random() * 0.02)
            self.answers["cancelled"] += 1

    def _reload(self) -> None:
        while time.monotonic() + RELOAD_SECONDS < self.end:
            time.sleep(RELOAD_SECONDS)
            self.version += 1
            version = self.version
            beside = self.store.with_name(f"beside-{version}")
            folder = write_version(beside, version=str(version))
            folder.rename(self.store / NAME / str(version))
            shutil.rmtree(beside)
            if version > 2:
                shutil.rmtree(self.store / NAME / str(version - 2))
            self.answers["reloads"] += 1

    def _tell(
        self, before: tuple[int, int, int], after: tuple[int, int, int], code: int, log: str
    ) -> bool:
        warm = self.memory[int(len(self.memory) * WARM_UP) :]
        part = max(1, len(warm) // 4)  # a single large picture must not decide
        first, last = statistics.median(warm[:part]), statistics.median(warm[-part:])
        growth = last / first - 1
        print(f"{self.seconds:g} s; answers: {dict(sorted(self.answers.items()))}")
        curve = self.memory[:: max(1, len(self.memory) // 12)]
        print(f"resident MB: {', '.join(f'{each:.0f}' for each in curve)}")
        print(f"after warm-up {first:.1f} MB, at the end {last:.1f} MB: {growth:+.1%}")
        print(f"threads, descriptors, temporary files: before {before}, after {after}")
        print(f"errors that are the service's: {len(self.ours)} {self.ours[:5]}")
        print(f"exit code {code}; lines of the log at `error`: {log.count(' ERROR ')}")
        left = any(there > here for here, there in zip(before, after, strict=True))
        return not self.ours and growth < MOST_GROWTH and not left and code == 0


def main() -> int:
    """Run it, and tell by the exit code whether the bars hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder) / "temporary"
        temporary.mkdir()
        return 0 if Soak(Path(folder) / "models_store", temporary, chosen.seconds).run() else 1


if __name__ == "__main__":
    sys.exit(main())
