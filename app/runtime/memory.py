"""Memory that a model or a picture has left: given back to the system, not kept for the next."""

import ctypes

__all__ = ["map_large_pieces", "release_memory"]

# mallopt's numbers, in glibc's malloc.h.
_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3

_LARGE_BYTES = 8 << 20
# What a thread may keep free at the end of its arena. Unless it is said, naming the other
# threshold sets it to 128 kB, and a picture's memory is mapped anew for each request.
_KEPT_BYTES = 16 << 20


def map_large_pieces() -> bool:
    """Have the C library ask the system for each large piece, and give it back when it is free.

    glibc does so until the first is freed, and then keeps ever larger ones in the arena
    of the thread: a picture of 81 megapixels, which a decoder holds in pieces of some
    megabytes, left 400 MB with each thread that had decoded one.

    Returns:
        Whether this C library can, which only glibc can.
    """
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is None:
        return False
    return all(
        option(number, size) == 1
        for number, size in (
            (_M_MMAP_THRESHOLD, _LARGE_BYTES),
            (_M_TRIM_THRESHOLD, _KEPT_BYTES),
        )
    )


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
