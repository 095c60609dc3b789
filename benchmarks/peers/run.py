"""Vasari beside other ways to serve the same model, on the same pictures, one after the other.

    python benchmarks/peers/run.py [--only NAME ...] [--seconds S] [--rounds N]
        [--models-store DIR] [--model NAME]

Each peer has a virtual environment of its own below .cache/peers, made at the first run
with the versions pinned here. In every round each cell is measured on Vasari and then on
the peer, so that whatever else the machine does meets both; a figure is the median over
the rounds. The last column is the load generator's share of the cores while it asks Vasari.
A peer that cannot be installed or does not start is listed with the reason.
"""

import argparse
import base64
import json
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from app.model_card import LITERT_FILE, LITERT_INT8_FILE, read_card
from app.model_store import ModelStore
from app.settings import usable_cores
from benchmarks.load import OK, Generator
from benchmarks.pictures import Sent, pictures
from benchmarks.service import Service

HERE = Path(__file__).parent
PLACE = ROOT / ".cache" / "peers"
CALLERS = (1, 8, 64)
PATIENCE_SECONDS = 150


def _form(sent: Sent) -> bytes:
    return sent.form()


def _oip_json(sent: Sent) -> bytes:
    """Open Inference Protocol: base64 in JSON."""
    text = base64.b64encode(sent.data).decode()
    given = {"name": "file", "shape": [1, 1], "datatype": "BYTES", "data": [text]}
    body = json.dumps({"inputs": [given]}).encode()
    return _post("/v2/models/model/infer", "Content-Type: application/json", body)


def _oip_binary(sent: Sent) -> bytes:
    """Open Inference Protocol with Triton's binary extension."""
    size = len(sent.data)
    given = {
        "name": "file",
        "shape": [1, size],
        "datatype": "UINT8",
        "parameters": {"binary_data_size": size},
    }
    head = json.dumps({"inputs": [given]}).encode()
    told = f"Inference-Header-Content-Length: {len(head)}"
    return _post("/v2/models/model/infer", told, head + sent.data)


def _post(path: str, header: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{header}\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


@dataclass(frozen=True)
class Peer:
    """Another way to serve.

    Attributes:
        name: What the table calls it.
        program: Its file here.
        environment: Name of its virtual environment.
        packages: What is installed there.
        request: Makes the HTTP request for a picture.
        litert: Whether it runs the LiteRT file that Vasari runs.
    """

    name: str
    program: str
    environment: str
    packages: tuple[str, ...]
    request: Callable[[Sent], bytes] = _form
    litert: bool = False


_KERAS = ("tensorflow-cpu==2.21.0", "keras==3.15.1", "pillow==13.0.0")
_FORMS = "python-multipart==0.0.34"
_FASTAPI = ("fastapi==0.165.0", "uvicorn==0.54.0", _FORMS, *_KERAS)
_LITERT = "ai-edge-litert==2.3.0"
_LITSERVE = ("litserve", ("litserve==0.2.19", _FORMS, _LITERT, *_KERAS))
_BENTOML = ("bentoml", ("bentoml==1.4.40", _LITERT, *_KERAS))
_RAY = ("ray[serve]==2.60.0", _FORMS, *_KERAS)

PEERS = (
    Peer("FastAPI, model.predict", "fastapi_keras.py", "fastapi", _FASTAPI),
    Peer("LitServe", "litserve_peer.py", *_LITSERVE),
    Peer("BentoML", "bentoml_peer.py", *_BENTOML),
    Peer(
        "MLServer",
        "mlserver_peer.py",
        "mlserver",
        ("mlserver==1.7.1", "uvloop==0.21.0", *_KERAS),
        _oip_json,
    ),
    Peer("Ray Serve", "ray_peer.py", "ray", _RAY),
    Peer(
        "Triton (pytriton)",
        "pytriton_peer.py",
        "pytriton",
        ("nvidia-pytriton==0.7.0", *_KERAS),
        _oip_binary,
    ),
    Peer("LitServe, LiteRT", "litserve_peer.py", *_LITSERVE, litert=True),
    Peer("BentoML, LiteRT", "bentoml_peer.py", *_BENTOML, litert=True),
)


class PeerError(Exception):
    """A peer cannot be measured; the message says why."""


def main() -> None:
    """Measure each peer beside Vasari, and print a line for each cell."""
    chosen = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # no peer may outlive this
    store = ModelStore(chosen.models_store)
    version = store.open(chosen.model, store.versions(chosen.model)[0])
    print(
        f"{'':24}{'':18}{'callers':>8}{'Vasari/s':>10}{'peer/s':>9}{'ratio':>8}{'failed':>8}"
        f"{'generator':>11}"
    )
    with Generator() as generator:
        for peer in PEERS:
            if chosen.only and peer.environment not in chosen.only:
                continue
            try:
                _measure(peer, version.folder, chosen, generator)
            except PeerError as error:
                print(f"{peer.name:24}not measured: {error}", flush=True)


def _measure(peer: Peer, folder: Path, chosen: argparse.Namespace, generator: Generator) -> None:
    python = _installed(peer)
    with (
        Service(chosen.models_store, chosen.model) as service,
        _served(peer, python, folder, generator) as port,
    ):
        sent = pictures()
        for each in sent.values():
            for callers in CALLERS:
                ours, theirs, shares, failed = [], [], [], 0
                for _ in range(chosen.rounds):
                    load = generator.closed(service.port, each.form(), callers, chosen.seconds)
                    ours.append(load.rate)
                    shares.append(load.cpu_seconds / load.seconds / usable_cores())
                    load = generator.closed(port, peer.request(each), callers, chosen.seconds)
                    theirs.append(load.rate)
                    failed += len(load.answers) - len(load.of(OK))
                ratio = statistics.median(
                    a / max(b, 1e-9) for a, b in zip(ours, theirs, strict=True)
                )
                print(
                    f"{peer.name:24}{each.name:18}{callers:8}{statistics.median(ours):10.1f}"
                    f"{statistics.median(theirs):9.1f}{ratio:8.1f}{failed:8}"
                    f"{statistics.median(shares):11.1%}",
                    flush=True,
                )


def _installed(peer: Peer) -> Path:
    """The interpreter of a peer's environment, which is made where it is missing."""
    place = PLACE / peer.environment
    python, done = place / "bin" / "python", place / "installed.txt"
    wanted = "\n".join(peer.packages)
    if done.is_file() and done.read_text(encoding="utf-8") == wanted:
        return python
    shutil.rmtree(place, ignore_errors=True)
    uv = shutil.which("uv")  # takes what several have in common from its cache
    if uv:
        commands = [
            [uv, "venv", "-q", "--python", sys.executable, str(place)],
            [uv, "pip", "install", "-q", "--python", str(python), *peer.packages],
        ]
    else:
        commands = [
            [sys.executable, "-m", "venv", str(place)],
            [str(python), "-m", "pip", "install", "-q", *peer.packages],
        ]
    for command in commands:
        made = subprocess.run(command, check=False, capture_output=True, text=True)
        if made.returncode:
            last = [line for line in made.stderr.splitlines() if line.strip()][-1:]
            raise PeerError(f"it could not be installed: {' '.join(last)}")
    done.write_text(wanted, encoding="utf-8")
    return python


@contextmanager
def _served(peer: Peer, python: Path, folder: Path, generator: Generator) -> Iterator[int]:
    """Start a peer; yields its port once it answers."""
    port = _free_port()
    environment = {
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        # Triton's Python worker takes libpython from where the system looks, and the standard
        # library from the environment: they must be of one version.
        "LD_LIBRARY_PATH": str(sysconfig.get_config_var("LIBDIR")),
        "HOME": os.environ.get("HOME", "/tmp"),  # noqa: S108 - some will not start without one
        "PORT": str(port),
        "CORES": str(usable_cores()),
        "MODEL_KERAS": str((folder / "model.keras").resolve()),
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "BENTOML_DO_NOT_TRACK": "true",
        "RAY_USAGE_STATS_ENABLED": "0",
    }
    if peer.litert:
        environment["MODEL_LITERT"] = str(_litert_file(folder).resolve())
    log = PLACE / f"{peer.environment}.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [str(python), peer.program],
            cwd=HERE,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        try:
            _await(process, port, peer, generator)
            yield port
        finally:
            _end(process)


def _litert_file(folder: Path) -> Path:
    """The file that Vasari serves on a CPU."""
    int8 = read_card(folder).int8
    return folder / (LITERT_INT8_FILE if int8 is not None and int8.is_default else LITERT_FILE)


def _await(process: "subprocess.Popen[bytes]", port: int, peer: Peer, generator: Generator) -> None:
    request = peer.request(pictures()["web"])
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise PeerError(f"it ended with code {process.returncode}; its log is in {PLACE.name}")
        load = generator.closed(port, request, 1, 0.2)
        if load.of(OK):
            generator.closed(port, request, 2 * usable_cores(), 1)  # every worker is warm
            return
        time.sleep(0.5)
    raise PeerError(f"it did not answer within {PATIENCE_SECONDS} seconds")


def _end(process: "subprocess.Popen[bytes]") -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(15)
        except ProcessLookupError:
            break
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--models-store", type=Path, default=ROOT / "models_store")
    parser.add_argument("--model", default="vasari")
    known = sorted({peer.environment for peer in PEERS})
    parser.add_argument("--only", nargs="+", choices=known, default=[])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each cell")
    return parser.parse_args()


if __name__ == "__main__":
    main()
