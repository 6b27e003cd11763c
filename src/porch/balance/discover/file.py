"""A file with a list of endpoints, looked at each second."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from porch.balance.discover.document import LONGEST, read_document
from porch.balance.discover.found import Found

__all__ = ["LOOK", "ListFile"]

LOOK = 1.0
"""Seconds between two looks."""

_Stamp = tuple[int, int, int]


class ListFile:
    """See found.Provider. file: `.toml` is TOML, all others are JSON."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def endpoints(self) -> AsyncIterator[list[Found]]:
        """In a thread, for a disk may hang and the door has to serve."""
        before: _Stamp | None = None
        found: list[Found] = []
        while True:
            stamp = await asyncio.to_thread(self._stamp)
            if stamp != before:
                data = await asyncio.to_thread(self._read)
                found = read_document(data, toml=self._file.suffix == ".toml")
                before = stamp  # of before it was read: what changed meanwhile is read again
            yield found
            await asyncio.sleep(LOOK)

    def _stamp(self) -> _Stamp:
        status = os.stat(self._file)
        return status.st_mtime_ns, status.st_size, status.st_ino

    def _read(self) -> bytes:
        # Not to wait for who writes into it, should it be a pipe.
        with open(os.open(self._file, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            return file.read(LONGEST + 1)
