"""What a process keeps of the memory that it has given back to its allocator."""

import ctypes

__all__ = ["LARGEST", "keep_heap"]

KEPT = 4 << 20
"""Bytes at the end of the heap that stay with the process when they are free."""
LARGE = 1 << 20
"""Bytes of a block that is the system's own affair. What is read at once is smaller (256 KiB)."""

LARGEST = 32 << 20
"""The most that every glibc takes for `large`."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h


def keep_heap(kept: int = KEPT, large: int = LARGE) -> bool:
    """Have glibc keep what the next turn of the loop asks for again; whether it does.

    A long answer passes in pieces that come and go with each turn. By its own rules glibc may give
    their pages to the system each time, which fills each new one with zeros: 100 MB with HTTP/2 on
    both sides cost more than 20,000 page faults, 125 ms of CPU instead of 70. Other allocators are
    left alone.

    kept: bytes at the end of the heap that stay. large: bytes of a block that does not.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return bool(mallopt(_TRIM_THRESHOLD, kept) and mallopt(_MMAP_THRESHOLD, large))
