"""Remembered: what a path was answered with, as long as the system says that nothing has changed.

That is asked each time (stat, about 2 us), but once for all who ask in one turn of the loop: what
they ask had come before the look. A file that is written or put in another's place is served at
once. After a second all is looked up anew, which finds what stands before it by now (an index, a
copy in a coding), and what was changed in memory that is mapped.
"""

import os
from collections.abc import Sequence

from porch import clock
from porch.filter import Repeated
from porch.http.message import Field
from porch.keeper import Keeper
from porch.serve.beneath import Identity, Names, identity

__all__ = ["LASTS", "ROOM", "SETTLED", "Key", "Memory", "Remembered"]

LASTS = 1.0
"""Seconds until all is looked up anew."""
ROOM = 32 << 20
"""Bytes that a worker remembers; the first that were remembered are the first to go."""
SETTLED = 2.0
"""Seconds since a file changed before it is remembered: clocks of file systems are coarse, and what
is written twice within one of their ticks may look the same."""
_OVERHEAD = 2048

Watched = tuple[bytes, Identity]
Key = tuple[object, bytes, tuple[bytes, ...]]
"""For whom, the path, and the codings that the client takes."""


class Remembered:
    """names: of what goes out. fields: of its 200, without length and date. whole: that answer,
    None where it is too long to be kept. watched: paths, and what they are as long as all this
    holds: first of what goes out. looked_at: in this turn of the loop (Memory.is_current)."""

    __slots__ = ("_until", "_watched", "fields", "looked_at", "names", "whole")

    def __init__(
        self,
        names: Names,
        fields: Sequence[Field],
        body: bytes | None,
        watched: Sequence[Watched],
    ) -> None:
        self.names = names
        self.fields = fields
        self.whole = None if body is None else Repeated(200, fields, body)
        self._watched = watched
        self._until = clock.now + LASTS
        self.looked_at = False

    @property
    def identity(self) -> Identity:
        """Of what goes out."""
        return self._watched[0][1]

    @property
    def size(self) -> int:
        """Of what goes out, in bytes."""
        return self._watched[0][1][2]

    def is_current(self) -> bool:
        """Whether nothing has changed."""
        if clock.now >= self._until:
            return False
        try:
            for path, known in self._watched:
                if identity(os.stat(path)) != known:
                    return False
        except OSError:
            return False
        return True


class Memory(dict[Key, Remembered]):
    """All of a worker."""

    __slots__ = ("_looked_at", "_size")

    def __init__(self) -> None:
        super().__init__()
        self._size = 0
        self._looked_at: list[Remembered] = []

    def is_current(self, remembered: Remembered, keeper: Keeper) -> bool:
        """Whether nothing has changed. Where `looked_at` says it nobody has to ask: those who have
        their answer in this turn of the loop had sent their requests before the look."""
        if not remembered.is_current():
            return False
        if not self._looked_at:
            keeper.later(0.0, self._end_turn)
        remembered.looked_at = True
        self._looked_at.append(remembered)
        return True

    def _end_turn(self) -> None:
        for each in self._looked_at:
            each.looked_at = False
        self._looked_at.clear()

    def keep(self, key: Key, remembered: Remembered) -> None:
        """One more, in place of one of the same key."""
        self.drop(key)
        self._size += _size(key, remembered)
        self[key] = remembered
        while self._size > ROOM:
            self.drop(next(iter(self)))

    def drop(self, key: Key) -> None:
        """It is of no use any more."""
        before = self.pop(key, None)
        if before is not None:
            self._size -= _size(key, before)


def _size(key: Key, remembered: Remembered) -> int:
    body = b"" if remembered.whole is None else remembered.whole.body
    return len(body) + len(key[1]) + _OVERHEAD
