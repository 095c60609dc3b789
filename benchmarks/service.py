"""The real service: started, measured from outside, reloaded, stopped."""

import http.client
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

__all__ = ["Service", "publish"]

ROOT = Path(__file__).parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")


class Service:
    """`python -m app` on a free port; to be used with `with`.

    Args:
        store: models_store.
        model: The default model.
        **variables: Other settings.
    """

    def __init__(self, store: Path, model: str, **variables: str) -> None:
        self._store = store
        self._model = model
        self._variables = variables

    def __enter__(self) -> Self:
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "VASARI_MODELS_STORE": str(self._store.resolve()),
                "VASARI_MODEL": self._model,
                "VASARI_PORT": "0",
                "VASARI_LOG_LEVEL": "warning",
                **self._variables,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None  # noqa: S101
        line = self._process.stdout.readline()
        self.seconds_to_ready = time.perf_counter() - begun
        found = re.search(r":(\d+)", line)
        if found is None:
            sys.exit(f"The service did not start: {line!r}")
        self.port = int(found[1])
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=60)

    @property
    def cpu_seconds(self) -> float:
        """That its processes have taken so far, in all their threads."""
        return sum(_cpu_seconds(each) for each in (self._process.pid, self._worker))

    def megabytes(self, name: str = "VmRSS") -> float:
        """Resident memory; `VmHWM` is the most there ever was.

        That of the worker, and the supervisor's share of what it holds: most of it is the
        worker's too.
        """
        return _megabytes(self._worker, "status", name) + _megabytes(
            self._process.pid, "smaps_rollup", "Pss"
        )

    @property
    def connections(self) -> int:
        """How many sockets the worker holds."""
        count = 0
        for each in Path(f"/proc/{self._worker}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed meanwhile
                count += stat.S_ISSOCK(each.stat().st_mode)
        return count

    @property
    def _worker(self) -> int:
        """The process that serves; the started one minds it."""
        pid = self._process.pid
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()[0])

    def reload(self, version: int) -> tuple[float, float]:
        """Have a version noticed; tell from when until when it was put in service."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        since = time.perf_counter()
        os.kill(self._process.pid, signal.SIGHUP)
        while True:
            connection.request("GET", "/readyz")
            if json.loads(connection.getresponse().read())["models"] == [
                f"{self._model}@{version}"
            ]:
                return since, time.perf_counter()
            time.sleep(0.01)


def _cpu_seconds(process: int) -> float:
    text = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _megabytes(process: int, file: str, name: str) -> float:
    text = Path(f"/proc/{process}/{file}").read_text(encoding="ascii")
    found = re.search(rf"^{name}:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) / 1024 if found else float("nan")


def publish(template: Path, place: Path) -> None:
    """Put a version of a model in the store as training does: whole, by renaming it."""
    hidden = place.parent / f".writing-{place.name}"
    shutil.copytree(template, hidden)
    card = json.loads((hidden / "card.json").read_text(encoding="utf-8"))
    card |= {"name": place.parent.name, "version": place.name}
    (hidden / "card.json").write_text(json.dumps(card), encoding="utf-8")
    hidden.rename(place)
