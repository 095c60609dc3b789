"""How long the default recipe takes from nothing to a stored version, and a second time.

    python benchmarks/training.py --data DIR [--split-column NAME] [-- OPTIONS]

OPTIONS are those of `training.run`. Each run is a process of its own, with a cache
and a models_store in a temporary folder; the second finds the first one's cache.
Prints one line of JSON a run.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Run twice and print."""
    parser = argparse.ArgumentParser(description="Time training from nothing, and again.")
    parser.add_argument("--data", required=True)
    parser.add_argument("--split-column", default="split")
    parser.add_argument("more", nargs="*", help="options of training.run, after --")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        command = [sys.executable, "-m", "training.run", "--data", given.data]
        command += ["--split-column", given.split_column, *given.more]
        command += ["--cache", str(root / "cache"), "--models-store", str(root / "store")]
        for run in ("first", "second"):
            started = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds = time.perf_counter() - started
            card = json.loads(max(root.glob("store/*/*/card.json")).read_text())
            found = {
                "run": run,
                "seconds": round(seconds, 1),
                "pictures": card["data"]["counts"]["train"],
                "validation": card["metrics"]["validation"]["accuracy"]["value"],
            }
            print(json.dumps(found))


if __name__ == "__main__":
    main()
