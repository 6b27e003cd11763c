"""Elsewhere: another worker asks the origin, and clients of this one wait for what it stores.

No worker tells another: who waits looks at the shared store, a microsecond each time, until the
answer is there, is coming in and can be read on its way, or the other has let go of the key. Its
death lets go too. A worker that hangs holds nobody for longer than an origin may.
"""

import os
from collections.abc import Sequence
from functools import partial

from porch import clock
from porch.cache.shelf import FillKey, Shelf, name_of
from porch.cache.spread import Spread
from porch.cache.store import Growth
from porch.cache.waiting import Waiting
from porch.errors import IncompleteResponse
from porch.exchange import Exchange
from porch.keeper import Keeper
from porch.reader import Body, Part, Reader

__all__ = ["LONGEST_LOOK", "LOOK", "Elsewhere", "Growing"]

LOOK = 0.003
"""Seconds until the first look, and between two at what comes in without a pause."""
LONGEST_LOOK = 0.025
"""Seconds between two looks, at most."""


class Growing:
    """What another worker has of a body by now. See reader.Body."""

    __slots__ = ("_growth", "_spread", "_whole", "readers")

    def __init__(self, growth: Growth) -> None:
        self._growth = growth
        self._whole = False
        self._spread: Spread | None = None
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

    def pump(self, keeper: Keeper, seen: int, since: float) -> None:
        """Send on what is there, and again when more may have come: soon while it flows, and
        seldom while it pauses. seen: how much there was at the last look, since: when that came."""
        if not self._look(keeper):
            return
        size, now = self.size(), clock.monotonic()
        if size != seen:
            since = now
        pause = min(max(LOOK, (now - since) / 256), LONGEST_LOOK)
        keeper.later(pause, partial(self.pump, keeper, size, since))

    def _look(self, keeper: Keeper) -> bool:
        """Send on what is there; whether more may come."""
        if self._spread is None:
            self._spread = Spread(self.readers, keeper.later)
        state = self._growth.state()
        self._whole = state == "complete"
        if state != "failed":
            self._spread.go()
        else:
            for each in tuple(self.readers):
                each.fail(IncompleteResponse("the worker that asked for it has ended"))
        return state == "growing" and bool(self.readers)

    def reader(self, body: Body, parts: Sequence[Part]) -> Reader:
        """See reader.Makes."""
        reader = Reader(body, parts, self._on_moved)
        self.readers.add(reader)
        return reader

    def _on_moved(self, reader: Reader) -> None:
        if reader.is_over:
            self.readers.discard(reader)


class Elsewhere:
    """See the module, and shelf.Asked. patience: seconds that are waited for a sign of it."""

    __slots__ = (
        "_keeper",
        "_key",
        "_known",
        "_name",
        "_pause",
        "_shelf",
        "_until",
        "_waiting",
    )

    def __init__(self, shelf: Shelf, key: FillKey, keeper: Keeper, patience: float) -> None:
        self._shelf = shelf
        self._key = key
        self._name = name_of(key)
        self._keeper = keeper
        self._waiting: dict[Exchange, Waiting] = {}
        self._known = self._variants()
        self._until = clock.monotonic() + patience
        self._pause = LOOK
        shelf.asked[key] = self
        keeper.later(LOOK, self._look)

    def __repr__(self) -> str:
        return f"<Elsewhere {len(self._waiting)} wait>"

    def join(self, waiting: Waiting) -> None:
        """See shelf.Asked."""
        self._shelf.members[waiting.exchange] = self
        self._waiting[waiting.exchange] = waiting

    def is_behind(self) -> bool:
        """See shelf.Asked: the store is asked at its end, and knows."""
        return False

    def retire(self) -> None:
        """See shelf.Asked."""
        self._close()

    def leave(self, exchange: Exchange) -> None:
        """See shelf.Asked."""
        self._waiting.pop(exchange, None)

    def tell(self, exchange: Exchange) -> None:
        """See shelf.Asked: another worker knows."""

    def _variants(self) -> set[tuple[bytes, float]]:
        """What is stored, each anew when it was validated."""
        found = self._shelf.store.variants(self._key[0])
        return {(each.ident, each.received) for each in found}

    def _look(self) -> None:
        if self._waiting and (growths := self._shelf.store.follow(self._key[0])):
            self._follow(growths)
        if not self._waiting:
            self._close()
        elif not (self._variants() <= self._known and self._shelf.locks.is_held(self._name)):
            self._again()
        elif clock.monotonic() > self._until:
            self._close()
            for each in self._leaving():
                each.let_go("collapse-timeout")
        else:
            self._pause = min(self._pause * 1.5, LONGEST_LOOK)
            self._keeper.later(self._pause, self._look)

    def _follow(self, growths: list[Growth]) -> None:
        """It is coming in: who may have it reads it on its way. For others, who differ in what has
        chosen it, it was not asked."""
        followed = [(growth, Growing(growth)) for growth in growths]
        for each in self._leaving():
            for growth, growing in followed:
                if each.fits(growth.entry):
                    each.give(growth.entry, growing, growing.reader, stored=False)
                    break
            else:
                self._waiting[each.exchange] = each
        now = clock.monotonic()
        for growth, growing in followed:
            if growing.readers:
                growing.pump(self._keeper, 0, now)
            self._shelf.hint(self._key[0], growth.entry.vary)
        if self._waiting and self._is_other():
            self._again()

    def _is_other(self) -> bool:
        """Whether what is known by now tells those who wait from those who are asked for."""
        shelf, primary = self._shelf, self._key[0]
        return any(shelf.key(primary, each.request) != self._key for each in self._waiting)

    def _again(self) -> None:
        """All look at what there is by now."""
        self._close()
        for each in self._leaving():
            each.again()

    def _leaving(self) -> list[Waiting]:
        leaving = list(self._waiting.values())
        self._waiting.clear()
        return leaving

    def _close(self) -> None:
        if self._shelf.asked.get(self._key) is self:
            del self._shelf.asked[self._key]
