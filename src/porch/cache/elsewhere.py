"""Elsewhere: another worker asks the origin, and clients of this one wait for what it stores.

No worker tells another: who waits looks at the shared store, a microsecond each time, until the
answer is there, is coming in and can be read on its way, or the other has let go of the key. Its
death lets go too. A worker that hangs holds nobody for longer than an origin may.
"""

import os
from collections.abc import Sequence
from functools import partial

from porch import clock
from porch.cache.reader import Body, Part, Reader
from porch.cache.shelf import FillKey, Shelf
from porch.cache.store import Growth
from porch.cache.waiting import Waiting
from porch.errors import IncompleteResponse
from porch.exchange import Exchange
from porch.keeper import Keeper

__all__ = ["LONGEST_LOOK", "LOOK", "Elsewhere", "Growing"]

LOOK = 0.002
"""Seconds until the first look; each later one comes after half as long again."""
LONGEST_LOOK = 0.05
"""Seconds between two looks, at most."""


class Growing:
    """What another worker has of a body by now. See reader.Body."""

    __slots__ = ("_growth", "_whole", "readers")

    def __init__(self, growth: Growth) -> None:
        self._growth = growth
        self._whole = False
        self.readers: set[Reader] = set()

    def __repr__(self) -> str:
        return f"<Growing {self._growth.size()} bytes>"

    def size(self) -> int:
        """See Body."""
        return self._growth.size()

    def is_whole(self) -> bool:
        """See Body."""
        return self._whole

    def file(self, first: int, end: int) -> int:
        """See Body: it still grows."""
        return -1

    def read(self, first: int, size: int) -> bytes | None:
        """See Body."""
        try:
            return os.pread(self._growth.descriptor, size, first)
        except OSError:
            return None

    def look(self) -> bool:
        """Send on what is there; whether more may come."""
        state = self._growth.state()
        self._whole = state == "complete"
        for each in tuple(self.readers):
            if state == "failed":
                each.fail(IncompleteResponse("the worker that asked for it has ended"))
            else:
                each.pump()
        return state == "growing" and bool(self.readers)

    def reader(self, body: Body, parts: Sequence[Part]) -> Reader:
        """See giving.Makes."""
        reader = Reader(body, parts, self._on_moved)
        self.readers.add(reader)
        return reader

    def _on_moved(self, reader: Reader) -> None:
        if reader.is_over:
            self.readers.discard(reader)


class Elsewhere:
    """See the module, and shelf.Asked. patience: seconds that are waited for a sign of it."""

    __slots__ = (
        "_cell",
        "_growing",
        "_keeper",
        "_key",
        "_known",
        "_number",
        "_pause",
        "_shelf",
        "_until",
        "_waiting",
    )

    def __init__(self, shelf: Shelf, key: FillKey, keeper: Keeper, patience: float) -> None:
        store = shelf.store
        self._shelf = shelf
        self._key = key
        self._keeper = keeper
        self._waiting: list[Waiting] = []
        self._cell = store.cell(key[0])
        self._number = store.generations[self._cell]
        self._known = {variant.ident for variant in store.variants(key[0])}
        self._until = clock.monotonic() + patience
        self._pause = LOOK
        shelf.asked[key] = self
        keeper.later(LOOK, self._look)

    def __repr__(self) -> str:
        return f"<Elsewhere {len(self._waiting)} wait>"

    def join(self, waiting: Waiting) -> None:
        """See shelf.Asked."""
        self._shelf.members[waiting.exchange] = self
        self._waiting.append(waiting)

    def leave(self, exchange: Exchange) -> None:
        """See shelf.Asked."""
        self._waiting = [each for each in self._waiting if each.exchange is not exchange]

    def tell(self, exchange: Exchange) -> None:
        """See shelf.Asked: another worker knows."""

    def _look(self) -> None:
        shelf, primary = self._shelf, self._key[0]
        store = shelf.store
        if not self._waiting:
            self._close()
        elif self._has_come() or not shelf.is_held(primary):
            self._close()
            for each in self._leaving():
                each.again()
        elif growths := store.follow(primary):
            self._follow(growths)
        elif clock.monotonic() > self._until:
            self._close()
            for each in self._leaving():
                each.let_go("collapse-timeout")
        else:
            self._pause = min(self._pause * 1.5, LONGEST_LOOK)
            self._keeper.later(self._pause, self._look)

    def _has_come(self) -> bool:
        store = self._shelf.store
        if store.generations[self._cell] != self._number:
            return True
        return any(each.ident not in self._known for each in store.variants(self._key[0]))

    def _follow(self, growths: list[Growth]) -> None:
        """It is coming in: who may have it reads it on its way, the others ask."""
        self._close()
        followed = [(growth, Growing(growth)) for growth in growths]
        for each in self._leaving():
            for growth, growing in followed:
                if each.fits(growth.entry):
                    each.give(growth.entry, growing, growing.reader, stored=False)
                    break
            else:
                each.let_go("vary")
        for _, growing in followed:
            self._pump(growing, LOOK)

    def _pump(self, growing: Growing, pause: float) -> None:
        if growing.look():
            later = partial(self._pump, growing, min(pause * 1.5, LONGEST_LOOK))
            self._keeper.later(pause, later)

    def _leaving(self) -> list[Waiting]:
        leaving, self._waiting = self._waiting, []
        return leaving

    def _close(self) -> None:
        if self._shelf.asked.get(self._key) is self:
            del self._shelf.asked[self._key]
