"""Elsewhere: another worker asks the origin, and clients of this one wait for what it stores.

No worker tells another: who waits looks at the shared store, a microsecond each time, until the
answer is there, is coming in and can be read on its way, or the other has let go of the key. Its
death lets go too. A worker that hangs holds nobody for longer than an origin may. Of what is not
in the store the other says how it ended (outcomes.py), so that all go on at once.
"""

from porch import clock
from porch.cache.asker import is_for
from porch.cache.following import Following
from porch.cache.handover import Ask
from porch.cache.outcomes import Outcome
from porch.cache.reuse import FAILED
from porch.cache.shelf import FillKey, Shelf, name_of
from porch.cache.store import Growth
from porch.cache.waiting import Waiting
from porch.exchange import Exchange
from porch.keeper import Keeper

__all__ = ["LONGEST_LOOK", "LOOK", "Elsewhere"]

LOOK = 0.003
"""Seconds until the first look."""
LONGEST_LOOK = 0.025
"""Seconds between two looks, at most."""


class Elsewhere:
    """See the module, and shelf.Asked. patience: seconds that are waited for a sign of it. ask: has
    the origin asked, if it is to be asked by this worker."""

    __slots__ = (
        "_ask",
        "_began",
        "_keeper",
        "_key",
        "_known",
        "_name",
        "_pause",
        "_shelf",
        "_until",
        "_waiting",
    )

    def __init__(
        self, shelf: Shelf, key: FillKey, keeper: Keeper, patience: float, ask: Ask
    ) -> None:
        self._shelf = shelf
        self._ask = ask
        self._began = clock.monotonic()
        self._key = key
        self._name = name_of(key)
        self._keeper = keeper
        self._waiting: dict[Exchange, Waiting] = {}
        self._known = self._variants()
        self._until = self._began + patience
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

    def sip(self) -> None:
        """See shelf.Asked: another worker reads, for the store."""

    def tell(self, exchange: Exchange) -> None:
        """See shelf.Asked: another worker knows."""

    def _variants(self) -> set[tuple[bytes, float]]:
        """What is stored, each anew when it was validated."""
        found = self._shelf.store.variants(self._key[0])
        return {(each.ident, each.received) for each in found}

    def _look(self) -> None:
        if self._waiting and (growths := self._begun()):
            self._follow(growths)
        shelf = self._shelf
        is_held = shelf.locks.is_held(self._name)  # before what it said when it let go
        if not self._waiting:
            self._close()
        elif self._has_come():
            self._again()
        elif (outcome := shelf.outcomes.told(self._name, self._began)) is not None:
            self._release(outcome)
        elif not is_held:
            self._again()
        elif clock.monotonic() > self._until:
            self._close()
            for each in self._leaving():
                each.let_go("collapse-timeout")
        else:
            self._pause = min(self._pause * 1.5, LONGEST_LOOK)
            self._keeper.later(self._pause, self._look)

    def _has_come(self) -> bool:
        """Whether what is stored by now is for those who wait, or tells them apart. What is for
        another asker alone (asker.py) comes under the same key: to look at it again would make
        them ask for themselves after a few of it (TRIES)."""
        found = self._variants()
        if found <= self._known:
            return False
        self._known = found
        primary, shelf = self._key[0], self._shelf
        first = next(iter(self._waiting.values()))
        stored, _ = first.cache.select(primary, first.request)
        if stored is None:
            return True
        shelf.hint(primary, stored.entry.vary, stored.entry.asker)
        return self._is_other() or is_for(stored.entry, first.request, first.exchange.client_ip)

    def _release(self, outcome: Outcome) -> None:
        """It is not in the store, and all know how it ended, as who waited in that worker does."""
        self._close()
        error = None if outcome.status else outcome.error()
        for each in self._leaving():
            if (error or outcome.status in FAILED) and each.give_stale(error, outcome.status):
                continue
            if error is not None:
                each.fail(error)
            else:
                each.let_go(outcome.word)

    def _begun(self) -> list[Growth]:
        """What comes in, once there is something of it: who was given a head alone could not ask
        for itself any more where the disk does not take the rest."""
        growths = self._shelf.store.follow(self._key[0])
        return [each for each in growths if each.size() or not each.entry.length]

    def _follow(self, growths: list[Growth]) -> None:
        """It is coming in: who may have it reads it on its way. For others, who differ in what has
        chosen it, it was not asked."""
        shelf, primary = self._shelf, self._key[0]
        found = [Following(growth, shelf, primary, self._ask) for growth in growths]
        followed = [each for each in found if each.is_welcome()]
        for each in self._leaving():
            for following in followed:
                if each.fits(following.entry):
                    following.give(each)
                    break
            else:
                self._waiting[each.exchange] = each
        for following in followed:
            following.start(self._keeper)
            shelf.hint(primary, following.entry.vary, following.entry.asker)
        if self._waiting and followed and self._is_other():
            self._again()

    def _is_other(self) -> bool:
        """Whether what is known by now tells those who wait from those who are asked for."""
        primary = self._key[0]
        return any(each.key(primary) != self._key for each in self._waiting.values())

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
