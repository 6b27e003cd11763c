"""Following: a body that another worker has the origin send, on its way to clients of this one.

It is read from the file that it is stored in. That it will not be kept, for it grows too long or
the disk is full, changes nothing here: the other goes on for as long as it is followed (wanted.py).
If the other ends before it has all, what is left is asked for anew (handover.py), unless it has
said that there is no more.
"""

import os
from collections.abc import Sequence
from functools import partial

from porch import clock
from porch.cache.handover import Ask, Resumed
from porch.cache.outcomes import Outcome
from porch.cache.shelf import Shelf
from porch.cache.spread import Spread
from porch.cache.store import Growth
from porch.cache.waiting import Waiting
from porch.cache.wanted import is_lent, want
from porch.errors import Shutdown
from porch.keeper import Keeper
from porch.reader import OPEN, Body, Part, Reader

__all__ = ["LONGEST_LOOK", "LOOK", "Following"]

LOOK = 0.003
"""Seconds between two looks at what comes in without a pause."""
LONGEST_LOOK = 0.025
"""Seconds between two looks, at most."""


class Following:
    """What another worker has of a body by now. See reader.Body. readers: who reads it, and for
    whom. entry: as it began. ask: has the origin asked, if the other cannot go on."""

    __slots__ = ("_ask", "_growth", "_primary", "_shelf", "_spread", "_whole", "entry", "readers")

    def __init__(self, growth: Growth, shelf: Shelf, primary: bytes, ask: Ask) -> None:
        self._growth = growth
        self._shelf = shelf
        self._primary = primary
        self._ask = ask
        self._whole = False
        self._spread: Spread | None = None
        self.entry = growth.entry
        self.readers: dict[Reader, Waiting] = {}

    def __repr__(self) -> str:
        return f"<Following {self._growth.size()} bytes>"

    def is_welcome(self) -> bool:
        """Whether it can be read from its beginning on, now that the other may know of it."""
        try:
            want(self._growth.descriptor, 0)
            return not is_lent(self._growth.descriptor)
        except OSError:  # the system has no locks left
            return False

    def give(self, waiting: Waiting) -> None:
        """Answer one of those who wait with it."""
        waiting.give(self.entry, self, partial(self._reader, waiting), stored=False)

    def start(self, keeper: Keeper) -> None:
        """Those who wait were answered."""
        if self.readers:
            self._spread = Spread(self.readers.keys(), keeper.later)
            self._pump(keeper, 0, clock.monotonic())

    # --- reader.Body -----------------------------------------------------------------------------

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

    # ---------------------------------------------------------------------------------------------

    def _pump(self, keeper: Keeper, seen: int, since: float) -> None:
        """Send on what is there, and again when more may have come: soon while it flows, and
        seldom while it pauses. seen: how much there was at the last look, since: when that came."""
        if not self._look():
            return
        size, now = self.size(), clock.monotonic()
        if size != seen:
            since = now
        pause = min(max(LOOK, (now - since) / 256), LONGEST_LOOK)
        keeper.later(pause, partial(self._pump, keeper, size, since))

    def _look(self) -> bool:
        """Send on what is there; whether more may come."""
        assert self._spread is not None
        growth = self._growth
        state = growth.state()
        self._whole = state == "complete"
        if state == "failed":
            self._end(self._shelf.outcomes.told(growth.ident, 0.0))
            return False
        self._spread.go()
        if is_lent(growth.descriptor):
            want(growth.descriptor, min((each.at for each in self.readers), default=OPEN))
        return state == "growing" and bool(self.readers)

    def _end(self, outcome: Outcome | None) -> None:
        """The other gives no more of it. outcome: what it has said; None where it has died."""
        error = None if outcome is None else outcome.error()
        for reader, waiting in tuple(self.readers.items()):
            if error is None or isinstance(error, Shutdown):
                del self.readers[reader]
                parts = reader.detach()
                Resumed(waiting, self.entry, parts, self._primary, self._ask).go_on()
            else:
                reader.fail(error)

    def _reader(self, waiting: Waiting, body: Body, parts: Sequence[Part]) -> Reader:
        """See giving.Makes."""
        reader = Reader(body, parts, self._on_moved)
        self.readers[reader] = waiting
        return reader

    def _on_moved(self, reader: Reader) -> None:
        if reader.is_over:
            self.readers.pop(reader, None)
