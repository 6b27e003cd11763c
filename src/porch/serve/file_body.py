"""A file on its way to a client (see reader.Body)."""

import os
from typing import TYPE_CHECKING

from porch.serve.file_errors import FileChanged, FileUnreadable

if TYPE_CHECKING:
    from porch.reader import Reader

__all__ = ["FileBody"]


class FileBody:
    """The bytes of an opened file, as many as it had then. The descriptor closes when who reads is
    done, by `close`, or with the object.

    What is put in the file's place meanwhile is another file, and none of its bytes are sent.
    """

    __slots__ = ("_descriptor", "_size")

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self._size = size

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file. To be called where something was raised: what is raised may hold
        the object for as long as nobody collects what refers to itself."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def on_moved(self, reader: "Reader") -> None:
        """See Reader."""
        if reader.is_over:
            self.close()

    def size(self) -> int:
        """See Body."""
        return self._size

    def is_whole(self) -> bool:
        """See Body."""
        return True

    def read(self, first: int, size: int) -> bytes | None:
        """See Body. Raises FileChanged where the file has become shorter, and FileUnreadable."""
        data = self._read(first, size)
        if not data and size:
            raise FileChanged(f"it ends at byte {first} of {self._size} now")
        return data

    def all(self) -> bytes:
        """All of a small file, read at once: fewer bytes than its size where that is not true, as
        of what the system makes up under /sys. Raises FileUnreadable."""
        return self._read(0, self._size)

    def file(self, first: int, end: int) -> int:
        """See Body."""
        return self._descriptor

    def _read(self, first: int, size: int) -> bytes:
        try:
            return os.pread(self._descriptor, size, first)
        except OSError as error:
            raise FileUnreadable(f"byte {first} of {self._size}: {error.strerror}") from error
