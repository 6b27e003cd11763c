"""Finding: the file that answers a path, among those that are tried for it."""

import os
from collections.abc import Sequence
from typing import NamedTuple

from porch.serve.beneath import Beneath, Found, Names
from porch.serve.file_errors import FileDenied, FileUnreadable, NoFile
from porch.serve.named import Named
from porch.serve.trying import Attempt

__all__ = ["ENDS", "File", "Finding", "Folder"]

ENDS = {b"br": b".br", b"zstd": b".zst", b"gzip": b".gz"}
"""Codings, the smallest first, and how names of copies in them end."""


_UNFIT = (FileDenied, FileUnreadable)
_UNITS = (10**3, 10**9)
"""Nanoseconds that some programs keep of a date: those that set it with utimes(2) or utime(2)."""


class File(NamedTuple):
    """names: below the root. descriptor and stat: of what goes out, which is a copy where there is
    a coding. of: the stat of the file itself. Who has it closes the descriptor."""

    names: Names
    descriptor: int
    stat: os.stat_result
    of: os.stat_result
    coding: bytes | None = None

    @property
    def sent(self) -> Names:
        """Names of what goes out."""
        if self.coding is None:
            return self.names
        return (*self.names[:-1], self.names[-1] + ENDS[self.coding])


class Folder(NamedTuple):
    """A folder that is to be listed, or that the path lacks a slash for."""

    names: Names
    is_listed: bool


class Finding:
    """tries: in order. index: names of files that stand for their folder. listing: whether a folder
    without any of them is found too. slashes: whether a folder is only found as itself with a slash
    behind it, which the client is to add: not where a rewrite has named it."""

    __slots__ = ("_beneath", "_index", "_listing", "_slashes", "_tries")

    def __init__(
        self,
        beneath: Beneath,
        tries: Sequence[Attempt],
        index: Sequence[bytes],
        *,
        listing: bool,
        slashes: bool = True,
    ) -> None:
        self._beneath = beneath
        self._tries = tries
        self._index = index
        self._listing = listing
        self._slashes = slashes

    def find(self, asked: Named) -> File | Folder:
        """What answers a path. A folder without a slash behind it is found for its index, which
        only counts with one: what the index names is below the folder.

        Raises NoFile where nothing does, and what Beneath.open raises.
        """
        for attempt in self._tries:
            names = attempt.of(asked)
            if names is None:
                continue
            found = self._folder(names, asked) if attempt.is_folder else self._file(names)
            if found is not None:
                return found
        raise NoFile(self._beneath.place(asked.names).decode("utf-8", "backslashreplace"))

    def copy(self, file: File, codings: Sequence[bytes]) -> File:
        """The file itself, or its copy in the first of these codings that there is one in: not an
        older one, and none that may not be served or cannot be read."""
        names, last = file.names[:-1], file.names[-1]
        try:
            there = self._beneath.beside(file.names, [ENDS[each] for each in codings])
        except _UNFIT:
            return file
        for coding in codings:
            if ENDS[coding] not in there:
                continue
            try:
                copy = self._open((*names, last + ENDS[coding]))
            except _UNFIT:
                continue
            if copy is None:
                continue
            if _is_as_new(copy.stat.st_mtime_ns, file.of.st_mtime_ns):
                os.close(file.descriptor)
                return File(file.names, copy.descriptor, copy.stat, file.of, coding)
            os.close(copy.descriptor)
        return file

    def _folder(self, names: Names, asked: Named) -> File | Folder | None:
        is_whole = asked.is_folder or not self._slashes
        for index in self._index:
            found = self._file((*names, index))
            if found is not None:
                if is_whole:
                    return found
                os.close(found.descriptor)
                return Folder(names, is_listed=False)
        if not self._listing:
            return None
        try:
            os.close(self._beneath.folder(names))
        except NoFile:
            return None
        return Folder(names, is_listed=is_whole)

    def _file(self, names: Names) -> File | None:
        found = self._open(names)
        return None if found is None else File(names, *found, of=found.stat)

    def _open(self, names: Names) -> Found | None:
        """None where there is no such file."""
        try:
            found = self._beneath.open(names)
        except NoFile:
            return None
        return found if found.descriptor >= 0 else None


def _is_as_new(copy: int, of: int) -> bool:
    """Whether a copy is of this state of the file, by their dates in nanoseconds: not older, or the
    date of the file as far as who made the copy could keep it."""
    return copy >= of or any(copy == of - of % unit for unit in _UNITS)
