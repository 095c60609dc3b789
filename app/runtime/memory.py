"""Memory that a model has left: given back to the system, not kept for the next one."""

import ctypes

__all__ = ["release_memory"]


def release_memory() -> bool:
    """Have the C library give back what is free among its pages.

    A model is tens of megabytes in pieces of all sizes. When it goes, glibc keeps them
    for later, in the arena of the thread that loaded it: after some reloads a process
    would hold what two or three models need.

    Returns:
        Whether this C library can, which only glibc can.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is None:
        return False
    trim(0)
    return True
