"""Deciding: which names get a certificate on demand. One worker of a door does it for all, so that
what is bounded is bounded for the door.

Names come from strangers, and answers from the operator's own code, which may be slow or broken:
so each has a thread, they are few, and the loop that serves waits for none of them.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from porch import clock
from porch.certs.brakes import Brakes
from porch.certs.verdicts import NO, Verdicts
from porch.manage.certs.permission import SECONDS, Permission

__all__ = ["AT_ONCE", "Deciding", "Got", "Hears", "Orders"]

AT_ONCE = 32
"""Questions under way."""
ORDERS = 4
"""Orders under way. One takes seconds in which hardly anything is done here."""
MOST = 2000
"""Names that wait for their question; the oldest make room."""
STALE = 5.0
"""Seconds after which nobody waits for a name any more, or he would have asked for it again."""
SOON = 10.0
"""Seconds until what failed on our side is tried again."""
SELDOM = 600.0
"""Seconds between two sentences of one kind to the operator."""


@dataclass(frozen=True, slots=True)
class Got:
    """What came of an order. rest: seconds until there may be another, where there is no
    certificate. sentence: for an operator, "" for nothing that he need know."""

    is_there: bool
    rest: float
    sentence: str


class Orders(Protocol):
    """Who gets certificates. Both block, and are called in threads."""

    def rest(self, name: str) -> float:
        """Seconds until a name may be tried again after it failed."""

    def get(self, name: str) -> Got:
        """Get one."""


class Hears(Protocol):
    """Who is told what comes of it, in the loop."""

    def certified(self, name: str) -> None:
        """A certificate is in the store."""

    def denied(self, name: str, seconds: float) -> None:
        """There is none, and will be none for so long."""

    def say(self, text: str) -> None:
        """To the operator."""


class _Asked:
    """A question under way. is_over: nobody waits for the answer any more."""

    __slots__ = ("is_over", "name", "timer")

    def __init__(self, name: str) -> None:
        self.name = name
        self.is_over = False
        self.timer: asyncio.TimerHandle | None = None


class Deciding:
    """ask: the operator's. brakes: they outlive a reload, and so this."""

    def __init__(self, ask: Permission, orders: Orders, hears: Hears, brakes: Brakes) -> None:
        self._ask = ask
        self._orders = orders
        self._hears = hears
        self._brakes = brakes
        self._loop = asyncio.get_running_loop()
        self._verdicts = Verdicts()
        self._queue: dict[str, tuple[str, float]] = {}  # name -> client, and when it was wanted
        self._busy: set[str] = set()
        self._questions: set[_Asked] = set()
        self._threads = self._hanging = self._ordering = 0
        self._ordered: dict[str, None] = {}
        self._said: dict[str, float] = {}

    def demand(self, name: str, client: str) -> None:
        """A client waits for this name. More than once for one changes nothing."""
        if name in self._busy:
            return
        self._queue.pop(name, None)
        self._queue[name] = (client, clock.monotonic())
        if len(self._queue) > MOST:
            del self._queue[next(iter(self._queue))]
        self._go_on()

    def close(self) -> None:
        """Ask nothing more, and heed no answer: who asked is told another's. Orders come to their
        end, for there was a yes."""
        self._queue.clear()
        for asked in self._questions:
            asked.is_over = True
            if asked.timer is not None:
                asked.timer.cancel()

    # --- verdicts ------------------------------------------------------------------------------

    def _go_on(self) -> None:
        """Take those that wait, as far as there is room."""
        while self._queue and (self._threads < AT_ONCE or self._hanging >= AT_ONCE):
            name, (client, since) = next(iter(self._queue.items()))
            del self._queue[name]
            if clock.monotonic() - since <= STALE:
                self._decide(name, client)

    def _decide(self, name: str, client: str) -> None:
        verdict, left = self._verdicts.find(name)
        if verdict is False:
            self._hears.denied(name, left)
        elif self._hanging >= AT_ONCE:
            self._tell(
                "all hang",
                f"acme.on_demand: {AT_ONCE} questions have no answer at all, so that nobody new"
                " gets a certificate; see what they wait for, then porch upgrade",
            )
            self._hears.denied(name, SOON)
        elif not self._is_braked(name):
            self._begin(name, client, is_known=verdict is True)

    def _is_braked(self, name: str) -> bool:
        wait, why = self._brakes.wait(name)
        if wait > 0:
            self._tell(
                "brakes",
                f"certificates on demand: {why} are enough; {name} and others wait {wait:.0f} s."
                " If strangers asked for them, have acme.on_demand say no to their names; hosts"
                " that have a route of their own have no such bound",
            )
            self._hears.denied(name, wait)
        return wait > 0

    def _begin(self, name: str, client: str, *, is_known: bool) -> None:
        """Ask, unless the answer is known, and whether it is time after what failed."""
        asked = _Asked(name)

        def ask() -> None:
            found: float | bool | BaseException
            try:
                rest = self._orders.rest(name)
                found = rest if rest > 0 else is_known or self._ask(name, client)
            except BaseException as error:  # sys.exit() in the operator's code is no end of ours
                found = error
            self._soon(self._answered, asked, found)

        if self._start(name, ask):
            self._threads += 1
            self._questions.add(asked)
            asked.timer = self._loop.call_later(SECONDS, self._late, asked)

    def _late(self, asked: _Asked) -> None:
        asked.is_over = True
        self._hanging += 1
        self._busy.discard(asked.name)
        self._tell(
            "late",
            f"acme.on_demand took more than {SECONDS:.0f} s for {asked.name}, which is taken for a"
            " no; answer from what is at hand, for a client waits",
        )
        self._hears.denied(asked.name, self._verdicts.keep(asked.name, verdict=False))
        self._go_on()

    def _answered(self, asked: _Asked, found: float | bool | BaseException) -> None:
        self._threads -= 1
        self._questions.discard(asked)
        if asked.is_over:
            self._hanging -= 1
            self._go_on()
            return
        if asked.timer is not None:
            asked.timer.cancel()
        name = asked.name
        if found is True:
            self._verdicts.keep(name, verdict=True)
            self._order(name)
        elif isinstance(found, float):
            self._deny(name, found)
        else:
            if isinstance(found, BaseException):
                self._tell(
                    "raised",
                    f"acme.on_demand failed for {name}, which is taken for a no:"
                    f" {type(found).__name__}: {found}",
                )
            self._deny(name, self._verdicts.keep(name, verdict=False))
        self._go_on()

    def _deny(self, name: str, seconds: float) -> None:
        self._busy.discard(name)
        self._hears.denied(name, seconds)

    # --- orders --------------------------------------------------------------------------------

    def _order(self, name: str) -> None:
        if self._is_braked(name):  # others were faster
            self._busy.discard(name)
            return
        self._brakes.take(name)
        self._ordered[name] = None
        self._order_next()

    def _order_next(self) -> None:
        while self._ordered and self._ordering < ORDERS:
            name = next(iter(self._ordered))
            del self._ordered[name]

            def get(name: str = name) -> None:
                try:
                    got = self._orders.get(name)
                except Exception as error:  # a fault of ours with one is not that of the others
                    got = Got(False, NO, f"{type(error).__name__}: {error}")
                self._soon(self._on_got, name, got)

            if self._start(name, get):
                self._ordering += 1

    def _on_got(self, name: str, got: Got) -> None:
        self._ordering -= 1
        self._busy.discard(name)
        if got.is_there:
            self._hears.certified(name)
        else:
            self._hears.denied(name, max(got.rest, SOON))
        if got.sentence:
            self._hears.say(
                got.sentence if got.is_there else f"no certificate for {name}: {got.sentence}"
            )
        self._order_next()

    # --- threads -------------------------------------------------------------------------------

    def _start(self, name: str, work: Callable[[], None]) -> bool:
        """Whether a thread could be made."""
        self._busy.add(name)
        try:
            threading.Thread(target=work, name=f"porch demand {name}", daemon=True).start()
        except RuntimeError:
            self._tell(
                "threads",
                "no certificates on demand: the system gives no thread (ulimit -u, TasksMax)",
            )
            self._deny(name, SOON)
            return False
        return True

    def _soon(self, work: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and nobody asks any more
            self._loop.call_soon_threadsafe(work, *arguments)

    def _tell(self, what: str, text: str) -> None:
        """Once in a while: strangers decide how often it happens."""
        now = clock.monotonic()
        if now >= self._said.get(what, now):
            self._said[what] = now + SELDOM
            self._hears.say(text)
