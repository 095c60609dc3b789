"""How much of the machine this process may use."""

import os

__all__ = ["usable_cores"]


def usable_cores() -> int:
    """One for each core that the process is allowed on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
