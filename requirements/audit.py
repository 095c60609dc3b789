"""Look for known weaknesses in what is pinned, where the database can be reached.

    python requirements/audit.py requirements/serve.txt

Ends with code 1 where a weakness is known, and with 0 and one line where nobody can be asked.
"""

import subprocess
import sys
from pathlib import Path

_PATIENCE_SECONDS = 60


def main(lock: Path) -> int:
    """Ask, and tell what came of it."""
    # What is pinned is complete and has its hashes: nothing is resolved or downloaded.
    command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes"]
    try:
        done = subprocess.run(  # noqa: S603  no word of it comes from outside
            [*command, "--progress-spinner", "off", "-r", str(lock)],
            capture_output=True,
            text=True,
            timeout=_PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _not_asked("no answer in time")
    told = (done.stdout + done.stderr).strip()
    if done.returncode and "vulnerabilit" not in told:
        return _not_asked(told.splitlines()[-1] if told else f"code {done.returncode}")
    unknown = told.count("could not be audited")
    if unknown and not done.returncode:
        return _not_asked(f"{unknown} packages are unknown to it")
    sys.stdout.write(f"{told}\n")
    return done.returncode


def _not_asked(reason: str) -> int:
    sys.stdout.write(f"pip-audit could not ask its database, so that nothing is known: {reason}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
