"""On demand: certificates that are got when a client asks for them, as a worker has a part in it.

Each worker serves and asks (demand.py); one decides and gets (deciding.py). They speak by the
supervisor, which passes on what they say.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from porch import clock
from porch.certs.brakes import Brakes
from porch.certs.shelf import Shelf
from porch.certs.store import Store
from porch.manage.certs.deciding import Deciding, Got
from porch.manage.certs.demand import Demand
from porch.manage.certs.managed import Managed
from porch.manage.certs.permission import Askable, permission
from porch.tls.certificate import Certificate

if TYPE_CHECKING:
    from porch.certs.keeper import Keeper

__all__ = ["OnDemand"]

PATIENCE = 2.0
"""Seconds between two looks whether another machine has got what it is about."""
LOOKS = 5


class OnDemand:
    """send: a message to the supervisor. say: tells the operator."""

    def __init__(self, send: Callable[[str, object], None], say: Callable[[str], None]) -> None:
        self._send = send
        self.say = say
        self._brakes = Brakes()
        self._shelf = Shelf()
        self._store: Store | None = None
        self._keeper: Keeper | None = None
        self._managed: Managed | None = None
        self._deciding: Deciding | None = None
        self.demand: Demand | None = None

    @property
    def certificates(self) -> list[Certificate]:
        """Those that are served."""
        return self._shelf.certificates

    def take(self, managed: Managed, store: Store, keeper: "Keeper | None") -> None:
        """A configuration is in force. keeper: where this worker decides and gets.

        What was answered before is asked again: that is what an operator reloads for.
        """
        shelf = self._shelf if store is self._store else Shelf()
        self.close()
        self._managed, self._store, self._keeper = managed, store, keeper
        if managed.on_demand is None:
            return
        self._shelf = shelf
        self.demand = Demand(
            managed.on_demand.covered, store, self._shelf, self._on_asked, self.say
        )

    def close(self) -> None:
        """Get nothing more. What is under way comes to its end."""
        deciding, self._deciding = self._deciding, None
        demand, self.demand = self.demand, None
        self._shelf = Shelf()
        if deciding is not None:
            deciding.close()
        if demand is not None:
            demand.close()

    def start(self) -> None:
        """The loop runs. Whether whom to ask can be loaded is found out now, and not when the first
        client waits."""
        words = self._managed.on_demand if self._managed is not None else None
        if words is None or self._store is None or self._keeper is None or self.demand is None:
            return
        if self._deciding is None:
            ask = permission(words.ask, words.base)
            orders = _Orders(self._store, self._keeper)
            self._deciding = Deciding(ask, orders, self, self._brakes)
            self._loading(ask)

    def _loading(self, ask: Askable) -> None:
        loop = asyncio.get_running_loop()

        def load() -> None:
            try:
                ask.load()
            except (TypeError, ValueError) as error:
                text = f"acme.on_demand: {error}; until that is mended every answer is a no"
                with contextlib.suppress(RuntimeError):  # the loop has ended
                    loop.call_soon_threadsafe(self.say, text)

        with contextlib.suppress(RuntimeError):  # no thread: who asks is told
            threading.Thread(target=load, name="porch on demand", daemon=True).start()

    def covers(self, name: str) -> bool:
        """Whether one may be got for a name."""
        return self.demand is not None and self.demand.covers(name)

    def on_demanded(self, asked: Iterable[tuple[str, str]]) -> None:
        """Clients of some worker wait for these: [(name, client), ...]."""
        self.start()
        if self._deciding is None:
            return
        for name, client in asked:
            if self.covers(name):  # another worker may be before or behind a reload
                self._deciding.demand(name, client)

    def on_denied(self, name: str, seconds: float) -> None:
        """Who decides says no."""
        if self.demand is not None:
            self.demand.on_denied(name, seconds)

    def on_certified(self, names: Iterable[str]) -> None:
        """There is a new one."""
        if self.demand is not None:
            self.demand.on_certified(names)

    def certified(self, name: str) -> None:
        """See deciding.Hears."""
        self._send("certified", [name])

    def denied(self, name: str, seconds: float) -> None:
        """See deciding.Hears."""
        self._send("denied", (name, seconds))

    def _on_asked(self, asked: list[tuple[str, str]]) -> None:
        self._send("demanded", asked)


class _Orders:
    """See deciding.Orders."""

    def __init__(self, store: Store, keeper: "Keeper") -> None:
        self._store = store
        self._keeper = keeper

    def rest(self, name: str) -> float:
        """See deciding.Orders."""
        from porch.certs import backoff, moments  # late: cryptography

        now = moments.now()
        return (backoff.kept(self._store, name).next_at(name, now) - now).total_seconds()

    def get(self, name: str) -> Got:
        """See deciding.Orders."""
        outcome = self._keeper.get(name)
        for _ in range(LOOKS):
            if outcome.what != "busy":
                break
            clock.sleep(PATIENCE)
            outcome = self._keeper.get(name)
        if outcome.what in ("issued", "held"):
            return Got(True, 0.0, outcome.sentence if outcome.what == "issued" else "")
        sentence = outcome.sentence if outcome.what == "failed" else ""
        return Got(False, self.rest(name), sentence)
