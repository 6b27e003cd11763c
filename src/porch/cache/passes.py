"""Passes: for which keys it is of no use to wait for another's answer, known to all workers.

A table in a file in memory, one place a key by a hash of it. A key that takes another's place makes
that one be waited for once more: dear, not wrong. Read and written by offset, not mapped: mmap
copies the descriptor, and the locks of a process are gone when any copy is closed (locks.py).
"""

import os
import struct

from porch import clock
from porch.cache.refusal import Refusal

__all__ = [
    "LASTING",
    "OF_REQUESTS",
    "PASS",
    "PASS_BRIEFLY",
    "PLACES",
    "SIZE",
    "Passes",
    "seconds_of",
]

PASS = 60.0
"""Seconds for which nobody waits for another's answer of a key whose last could not be stored."""
PASS_BRIEFLY = 2.0
"""Seconds, where it may have been for the sake of one client."""
LASTING = frozenset(
    (
        *("no-store", "private", "vary", "too-large", "unsaid", "no-cache", "stale"),
        *("must-understand", "deception", "authorization", "range", "tags"),
    )
)
"""Words of refusal.py that speak of all requests that are asked together."""
OF_REQUESTS = frozenset(("authorization", "range"))
"""Those of them that are for what the requests say."""
PLACES = 4096
"""How many keys are remembered, at most."""

_PLACE = struct.Struct("<8sd")
SIZE = PLACES * _PLACE.size
"""Bytes of the file that are the table's; others may use what is behind."""


class Passes:
    """descriptor: of a file in memory that all workers have. Keys are 16 bytes that are as good as
    random. Times are by the monotonic clock, which all processes of a machine share."""

    __slots__ = ("descriptor",)

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def has(self, name: bytes) -> bool:
        """Whether the last answer of this key could not be stored, lately: about 1 us."""
        found = os.pread(self.descriptor, _PLACE.size, _offset(name))
        if len(found) < _PLACE.size:
            return False
        kept, until = _PLACE.unpack(found)
        return bool(kept == name[:8] and until > clock.now)

    def add(self, name: bytes, seconds: float) -> None:
        """For so long nobody waits for another's answer; 0 does nothing."""
        if seconds:
            place = _PLACE.pack(name[:8], clock.now + seconds)
            os.pwrite(self.descriptor, place, _offset(name))

    def drop(self, name: bytes) -> None:
        """It can be stored after all."""
        if self.has(name):
            os.pwrite(self.descriptor, bytes(_PLACE.size), _offset(name))


def seconds_of(why: Refusal, status: int) -> float:
    """For how long an answer that was refused so says that others will be: what one odd request has
    brought on itself must not keep a page from being stored, nor an origin that fails be asked by
    all at once."""
    if status >= 500 or not (why.word in LASTING or why.word == "set-cookie"):
        return 0.0
    return PASS if status < 400 and why.word in LASTING else PASS_BRIEFLY


def _offset(name: bytes) -> int:
    return int.from_bytes(name[8:12], "little") % PLACES * _PLACE.size
