"""Locks: which worker asks the origin for a key, one of all workers at a time.

A POSIX record lock (fcntl) on one byte of one file, at an offset that is a hash of the key: the
kernel lets go of it when the worker dies, however it dies. What these locks do not tell apart are
two askers in one process; a set does. Closing ANY descriptor of the file lets go of all locks of a
process, so there is one, from before the fork, that nobody closes.
"""

import errno
import fcntl
import os
import struct

__all__ = ["Locks"]

_FLOCK = struct.Struct("hhqqi")
"""struct flock of Linux with 64-bit offsets (fcntl_locking(2)): type, whence, start, len, pid."""


class Locks:
    """descriptor: from `make`, in the process that forks the workers.

    Who hangs keeps its locks; how long to wait for them is the caller's affair. Keys are 16 bytes
    or more of which the first eight are as good as random.
    """

    __slots__ = ("_descriptor", "_mine")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._mine: set[int] = set()

    @staticmethod
    def make() -> int:
        """A descriptor of a file for locks; in memory, it needs no room on a disk."""
        return os.memfd_create("porch cache locks")

    def claim(self, primary: bytes) -> bool:
        """Become the one who asks for this key, until `release`. False: somebody does already,
        here or in another worker (or the kernel has no room for locks: then nobody waits long)."""
        offset = _offset(primary)
        if offset in self._mine:
            return False
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, offset)
        except OSError as error:
            if error.errno in (errno.EACCES, errno.EAGAIN):
                return False
            if error.errno != errno.ENOLCK:
                raise
            # Two workers may ask at once then: dear, not wrong.
        self._mine.add(offset)
        return True

    def release(self, primary: bytes) -> None:
        """Let others ask. For a key that is not ours it does nothing."""
        offset = _offset(primary)
        if offset in self._mine:
            self._mine.discard(offset)
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN, 1, offset)

    def is_held(self, primary: bytes) -> bool:
        """Whether somebody asks, here or in another worker: about 1 us."""
        offset = _offset(primary)
        if offset in self._mine:
            return True
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, offset, 1, 0)
        found = _FLOCK.unpack(fcntl.fcntl(self._descriptor, fcntl.F_GETLK, asked))
        return bool(found[0] != fcntl.F_UNLCK)


def _offset(primary: bytes) -> int:
    return int.from_bytes(primary[:8], "little") >> 2
