"""A file on its way to a client (see reader.Body)."""

import os
from typing import TYPE_CHECKING

from porch.serve.file_errors import FileChanged

if TYPE_CHECKING:
    from porch.reader import Reader

__all__ = ["FileBody", "read"]


class FileBody:
    """The bytes of an opened file, as many as it had then. The descriptor closes when who reads is
    done, or with the object.

    What is put in the file's place meanwhile is another file, and none of its bytes are sent.
    """

    __slots__ = ("_descriptor", "_size")

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def on_moved(self, reader: "Reader") -> None:
        """See Reader."""
        if reader.is_over and self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def size(self) -> int:
        """See Body."""
        return self._size

    def is_whole(self) -> bool:
        """See Body."""
        return True

    def read(self, first: int, size: int) -> bytes | None:
        """See Body. Raises FileChanged where the file has become shorter."""
        data = os.pread(self._descriptor, size, first)
        if not data and size:
            raise FileChanged(f"it ends at byte {first} of {self._size} now")
        return data

    def file(self, first: int, end: int) -> int:
        """See Body."""
        return self._descriptor


def read(descriptor: int, size: int) -> bytes:
    """All of a small file. Raises FileChanged where it has become shorter."""
    data = os.pread(descriptor, size, 0)
    if len(data) != size:
        raise FileChanged(f"it has {len(data)} bytes instead of {size} now")
    return data
