"""Spool: a part of a body that waits, first in memory, then in a file without a name.

The file is in the folder for temporary files (TMPDIR, or else /tmp), and nobody else can open it:
it is gone with the worker, however that ends.
"""

import errno
import os
import tempfile
from typing import IO

from porch.errors import NoDescriptors, NoRoom, PorchError

__all__ = ["IN_MEMORY", "PIECE", "Spool", "folder", "no_room"]

IN_MEMORY = 65536
"""Bytes that wait in memory. With more, all of it is in the file."""
PIECE = 65536
"""Bytes that are given on at once: as many as a transport takes before it is full."""


class Spool:
    """What was appended and not taken yet.

    size: bytes that wait. written: since it was last empty, which it is at 0; a file has taken so
    much room.
    """

    __slots__ = ("_at", "_data", "_file", "written")

    def __init__(self) -> None:
        self._data = b""
        self._file: IO[bytes] | None = None
        self._at = 0
        self.written = 0

    def __repr__(self) -> str:
        where = "in memory" if self._file is None else "in a file"
        return f"<Spool {self.size} bytes {where}>"

    @property
    def size(self) -> int:
        """Bytes that wait."""
        return self.written - self._at

    def append(self, data: bytes) -> None:
        """Behind what is there. Raises OSError where there is no room for it on the disk, or no
        descriptor left: then nothing of it is there."""
        if self._file is None and len(self._data) + len(data) <= IN_MEMORY:
            self._data += data
        else:
            if self._file is None:
                # Named, or Python would look for another folder where this one is full, and leave
                # the bodies in the one that it was started in.
                file = tempfile.TemporaryFile(buffering=0, dir=folder())  # noqa: SIM115  # until close
                try:
                    _write(file, self._data, 0)
                    _write(file, data, len(self._data))
                except OSError:
                    file.close()
                    raise
                self._file = file
                self._data = b""
            else:
                _write(self._file, data, self.written)
        self.written += len(data)

    def take(self, most: int) -> bytes:
        """The next bytes, up to so many. b"" where none waits. Raises OSError if the disk does."""
        data = self.read(self._at, most)
        self._at += len(data)
        if self._at == self.written:
            self.clear()
        return data

    def read(self, at: int, most: int) -> bytes:
        """Up to so many bytes of what was written, from `at` on; they stay. Raises OSError if the
        disk does."""
        if self._file is None:
            return self._data[at : at + most]
        return os.pread(self._file.fileno(), min(most, self.written - at), at)

    def clear(self) -> None:
        """Forget all. A file gives its room back, and the next starts in memory again."""
        self._data = b""
        self._at = self.written = 0
        if self._file is not None:
            self._file.close()
            self._file = None


def _write(file: IO[bytes], data: bytes, at: int) -> None:
    """All of it: a disk that is nearly full takes a part."""
    view = memoryview(data)
    while view:
        count = os.pwrite(file.fileno(), view, at)
        view = view[count:]
        at += count


def folder() -> str:
    """Where bodies wait."""
    return os.environ.get("TMPDIR") or "/tmp"


def no_room(error: OSError) -> PorchError:
    """What an exchange fails with whose body has no place to wait."""
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return NoDescriptors("a body that waits needs one")
    return NoRoom(f"{folder()}: {error.strerror}")
