"""Bodies in files: written while they are read, and never changed afterwards.

What a file is can be seen by who has it open, by one fstat: its size, and by its mode whether it
grows (0600; 0200: for those alone who read it already), is complete (0400) or was given up (0000).
Whether the one who writes still lives is told by a lock (flock) on it that the kernel lets go of. A
file is part of the store only once the database has its record.
"""

import contextlib
import fcntl
import os
import stat
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from porch import clock
from porch.cache.entry import Entry
from porch.cache.store import GrowthState
from porch.cache.wanted import LENT

__all__ = ["BLOCK", "CHECKED", "LASTS", "BodyFile", "Checked", "GrowingFile", "Writer", "path_of"]

BLOCK = 256 * 1024
"""Bytes that have one checksum: 0.1 ms to look at, 16 KiB of checksums for a GiB."""
LASTS = 60.0
"""Seconds for which it is believed that a file is sound that nobody has written to, since a disk
may lose what it has: 10 MiB are looked at in 4 ms."""
CHECKED = 4096
"""Files of which a worker remembers which blocks it has looked at."""

_GROWS, _COMPLETE, _FAILED = 0o600, 0o400, 0o000


def path_of(folder: Path, ident: bytes) -> Path:
    """Where the file of `ident` is in the folder of a database."""
    name = ident.hex()
    return Path(f"{folder}/bodies/{name[-2:]}/{name}")


_Stamp = tuple[int, int, int]
"""What changes with a file: its inode, and when it and what is said of it was written, in ns."""


class Checked:
    """Which blocks of which files were looked at and are sound, in this worker: for LASTS, and for
    as long as nobody has touched the file, which is written once."""

    __slots__ = ("_known", "_since")

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, tuple[_Stamp, bytearray]] = OrderedDict()
        self._since = clock.now

    def blocks(self, ident: bytes, count: int, state: os.stat_result) -> bytearray:
        """A byte a block, 1 for sound; the file's own for as long as it is remembered. state: of
        the file by now."""
        if clock.now - self._since > LASTS:
            self._since = clock.now
            self._known.clear()
        stamp = (state.st_ino, state.st_mtime_ns, state.st_ctime_ns)
        known = self._known.get(ident)
        if known is not None and known[0] == stamp and len(known[1]) == count:
            return known[1]
        found = bytearray(count)
        self._known[ident] = (stamp, found)
        if len(self._known) > CHECKED:
            self._known.popitem(last=False)
        return found


class BodyFile:
    """A store.FileBody. ident: by which `checked` knows it. sums: a CRC-32 a block. lose: called
    when it is found damaged. Raises OSError if there is no file, ValueError if it is not as long as
    it was.
    """

    __slots__ = ("_lose", "_sound", "_sums", "descriptor", "length")

    def __init__(
        self,
        path: Path,
        ident: bytes,
        length: int,
        sums: bytes,
        checked: Checked,
        lose: Callable[[], None],
    ) -> None:
        self.descriptor = -1
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        state, count = os.fstat(self.descriptor), -(-length // BLOCK)
        if state.st_size != length or len(sums) != 4 * count:
            raise ValueError(f"{path} is not as long as it was")
        self.length = length
        self._lose = lose
        self._sums = array("I", sums)
        self._sound = checked.blocks(ident, count, state)

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)

    def read(self, first: int, size: int) -> bytes | None:
        """See store.FileBody."""
        wanted = max(0, min(size, self.length - first))
        if not self.is_sound(first, first + wanted):
            return None
        data = os.pread(self.descriptor, wanted, first)
        if len(data) != wanted:
            self._lose()
            return None
        return data

    def is_sound(self, first: int, end: int) -> bool:
        """See store.FileBody."""
        for block in range(first // BLOCK, -(-min(end, self.length) // BLOCK)):
            if not self._sound[block] and not self._look(block):
                self._lose()
                return False
        return True

    def _look(self, block: int) -> bool:
        with contextlib.suppress(OSError):  # the disk cannot read it: it is damaged
            data = os.pread(self.descriptor, BLOCK, block * BLOCK)
            self._sound[block] = zlib.crc32(data) == self._sums[block]
        return bool(self._sound[block])


class Writer:
    """A file that is being written; locked for as long as it is. Raises OSError."""

    __slots__ = ("_descriptor", "_last", "_sums", "path", "size")

    def __init__(self, path: Path) -> None:
        self._descriptor = -1
        self.path = path
        self._sums = array("I")
        self._last = 0
        self.size = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            self._descriptor = os.open(path, flags, _GROWS)
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(path, flags, _GROWS)
        fcntl.flock(self._descriptor, fcntl.LOCK_EX)

    def __del__(self) -> None:
        self.fail()

    def write(self, data: bytes | memoryview) -> None:
        """All of it. Raises OSError, and then the file holds some of it and is to be failed."""
        rest = memoryview(data)
        while rest:
            # Sums first: who reads sees the bytes at once, the sums only with the record.
            wrote = os.write(self._descriptor, rest[: BLOCK - self.size % BLOCK])
            self._last = zlib.crc32(rest[:wrote], self._last)
            self.size += wrote
            rest = rest[wrote:]
            if self.size % BLOCK == 0:
                self._sums.append(self._last)
                self._last = 0

    def sums(self) -> bytes:
        """The checksums of all that was written."""
        if self.size % BLOCK:
            return self._sums.tobytes() + array("I", (self._last,)).tobytes()
        return self._sums.tobytes()

    def is_in(self, folder: Path) -> bool:
        """Whether it is one of the files of the database in `folder`."""
        return folder in self.path.parents

    def content(self) -> bytes:
        """All of it, for what turned out to be small. Raises OSError."""
        return os.pread(self._descriptor, self.size, 0)

    def lend(self) -> int:
        """It will not be kept: gone by name, and from now on for those alone who want it already
        (see `wanted`). Its descriptor. Raises OSError."""
        os.unlink(self.path)
        os.fchmod(self._descriptor, LENT)
        return self._descriptor

    def complete(self, *, is_kept: bool) -> None:
        """It is whole, and who follows may know. The record in the database comes first.
        is_kept: whether there is one."""
        if not is_kept:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
        self._end(_COMPLETE)

    def fail(self) -> None:
        """It will not be whole: gone by name, and who follows knows. Once more does nothing."""
        if self._descriptor >= 0:
            with contextlib.suppress(OSError):
                os.unlink(self.path)
            self._end(_FAILED)

    def _end(self, mode: int) -> None:
        with contextlib.suppress(OSError):
            os.fchmod(self._descriptor, mode)
        os.close(self._descriptor)
        self._descriptor = -1


class GrowingFile:
    """A store.Growth. Raises OSError if there is no file."""

    __slots__ = ("descriptor", "entry", "ident")

    def __init__(self, path: Path, ident: bytes, entry: Entry) -> None:
        self.descriptor = -1
        self.descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self.ident = ident
        self.entry = entry

    def __del__(self) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)

    def size(self) -> int:
        """See store.Growth."""
        return os.fstat(self.descriptor).st_size

    def state(self) -> GrowthState:
        """See store.Growth: about 2 us."""
        if (known := self._mode()) is not None:
            return known
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return "growing"
        fcntl.flock(self.descriptor, fcntl.LOCK_UN)
        # Nobody writes it: between the two looks it was ended, or its worker has died.
        return self._mode() or "failed"

    def _mode(self) -> GrowthState | None:
        mode = stat.S_IMODE(os.fstat(self.descriptor).st_mode)
        return "complete" if mode == _COMPLETE else "failed" if mode == _FAILED else None
