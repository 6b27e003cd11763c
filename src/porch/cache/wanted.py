"""Wanted: which bytes of a file that grows are yet to be read by other processes.

Who reads holds a lock of its open file (F_OFD_SETLK, fcntl_locking(2)) on all bytes that it wants
yet; the kernel lets go of it when the file is closed, however that comes. So who writes the file
can give back the room of what nobody wants, and knows when nobody wants any of it.
"""

import ctypes
import fcntl
import os
import stat
import struct

from porch.reader import OPEN

__all__ = ["LENT", "free", "is_lent", "want", "wanted"]

LENT = 0o200
"""The mode of a file that will not be kept and grows on for those alone who want it already. It is
set before `wanted` is asked, and looked at behind `want`: so none is forgotten who goes on."""

_FLOCK = struct.Struct("hhqqi")
"""See locks.py; a length of 0 is to the end, wherever that will be."""
_KEEP_SIZE, _PUNCH_HOLE = 1, 2
_fallocate = ctypes.CDLL(None, use_errno=True).fallocate
_fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)


def want(descriptor: int, first: int) -> None:
    """From now on no byte before `first` is wanted by this reader any more; OPEN for none at all.
    Raises OSError."""
    if first < OPEN:
        _set(descriptor, fcntl.F_RDLCK, first, 0)
    if first:
        _set(descriptor, fcntl.F_UNLCK, 0, first if first < OPEN else 0)


def wanted(descriptor: int) -> int:
    """The first byte that anybody else wants yet; OPEN where nobody wants any. About 1 us for each
    reader. Raises OSError."""
    first = OPEN
    while first:
        length = 0 if first == OPEN else first
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, length, 0)
        kind, _, start, _, _ = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, asked))
        if kind == fcntl.F_UNLCK or start >= first:
            break
        first = start
    return first


def is_lent(descriptor: int) -> bool:
    """Whether it grows for those alone who want it already."""
    return stat.S_IMODE(os.fstat(descriptor).st_mode) == LENT


def free(descriptor: int, first: int, end: int) -> None:
    """Give back the room of these bytes; they read as zeros then. Raises OSError, where a file
    system cannot do that too (fallocate(2))."""
    if _fallocate(descriptor, _KEEP_SIZE | _PUNCH_HOLE, first, end - first):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _set(descriptor: int, kind: int, first: int, length: int) -> None:
    lock = _FLOCK.pack(kind, os.SEEK_SET, first, length, 0)
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, lock)
