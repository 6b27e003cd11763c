"""Parcel: pieces of bytes in a file without a name, read by who was handed its descriptor.

The pieces of ten thousand routes are 2 MB. Written once and read a piece at a time, they cost a
worker that serves nothing at once; sent as a message they stopped it for 6 ms.
"""

import os
import struct
from collections.abc import Iterable, Iterator

__all__ = ["Parcel", "unwrapped"]

_SIZE = struct.Struct("!I")


class Parcel:
    """pieces: written now. Whoever shall have them gets a copy of `descriptor`.

    Raises OSError if the memory is not there.
    """

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self.descriptor = os.memfd_create("porch configuration")
        with open(self.descriptor, "wb", closefd=False) as file:
            for piece in pieces:
                file.write(_SIZE.pack(len(piece)) + piece)

    def close(self) -> None:
        """Nobody else shall have it."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1


def unwrapped(descriptor: int) -> Iterator[bytes]:
    """The pieces, each read when it is asked for. The descriptor is closed at the end."""
    at = 0
    try:
        while head := os.pread(descriptor, _SIZE.size, at):
            (size,) = _SIZE.unpack(head)
            yield os.pread(descriptor, size, at + _SIZE.size)
            at += _SIZE.size + size
    finally:
        os.close(descriptor)
