"""Demand: a worker's part in certificates that are got when a client asks for them.

It serves what is on its shelf or in the store, and asks who decides (deciding.py, in one worker)
for what is in neither. Clients wait meanwhile; the loop does not.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from porch import clock
from porch.certs.covered import Covered
from porch.certs.shelf import Shelf, Shelved, take_down
from porch.certs.store import Store, StoreError
from porch.certs.verdicts import Verdicts
from porch.tls.certificate import Certificate
from porch.tls.later import Later

__all__ = ["ANY", "Demand"]

ANY = "*"
"""Stands for all names whose certificates may be others by now."""

AGAIN = 2.0
"""Seconds until it is asked again: who decides may have died."""
RENEWS = 3600.0
"""Seconds until a renewal that nothing was heard of is asked for again."""
SOON = 60.0
"""Seconds until the store is looked at again that could not be read."""


@dataclass(slots=True, eq=False)
class _Waited:
    """A name that clients wait for. client: the first of them. is_asked: it is not in the store,
    and who decides was asked. is_got: it was told that it is there."""

    later: Later
    client: str = ""
    is_asked: bool = field(default=False)
    is_got: bool = field(default=False)


class Demand:
    """See tls.presented.Demand. store: read in a thread. shelf: it outlives a reload, and so this.

    ask: tells who decides that clients wait, [(name, client), ...]. say: tells the operator.
    """

    def __init__(
        self,
        covered: Covered,
        store: Store,
        shelf: Shelf,
        ask: Callable[[list[tuple[str, str]]], None],
        say: Callable[[str], None],
    ) -> None:
        self.covers = covered
        self._store = store
        self._shelf = shelf
        self._ask = ask
        self._say = say
        self._waited: dict[str, _Waited] = {}
        self._denied = Verdicts()
        self._due: dict[str, None] = {}
        self._asked: dict[str, str] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_looking = self._has_told = self._is_closed = False

    def find(self, name: str) -> Certificate | Later | None:
        """See tls.presented.Demand."""
        found = self._shelf.find(name)
        if found is not None:
            if found.renews <= (now := clock.wall()):
                found.renews = now + RENEWS
                self._ask_soon(name, "")
            return found.certificate
        if self._denied.find(name)[0] is not None:
            return None
        waited = self._waited.get(name)
        if waited is None:
            later = Later(lambda client: self._begin(name, client), lambda: self._leave(name))
            waited = self._waited[name] = _Waited(later)
        return waited.later

    def on_certified(self, names: Iterable[str]) -> None:
        """Some worker has got these."""
        for name in names:
            if name == ANY:
                self._shelf.clear()
            waited = self._waited.get(name)
            if waited is not None:
                waited.is_got = True
            if waited is not None or name in self._shelf:
                self._look_at(name)

    def on_denied(self, name: str, seconds: float) -> None:
        """There is none, and will be none for so long."""
        if (found := self._shelf.find(name)) is not None:
            found.renews = clock.wall() + seconds
        elif name in self._waited and self._waited[name].is_asked:
            self._deny(name, seconds)  # else it may be in the store

    def close(self) -> None:
        """Those who wait are to ask another, who has taken this one's place in the next turn of
        the loop."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
        for name in self._waited:
            asyncio.get_running_loop().call_soon(self._end, name)

    # --- those who wait ------------------------------------------------------------------------

    def _begin(self, name: str, client: str) -> None:
        self._waited[name].client = client
        self._look_at(name)

    def _leave(self, name: str) -> None:
        self._waited.pop(name, None)

    def _end(self, name: str) -> None:
        waited = self._waited.pop(name, None)
        if waited is not None:
            waited.later.come()

    def _deny(self, name: str, seconds: float) -> None:
        self._denied.keep(name, verdict=False, seconds=seconds)
        self._end(name)

    def _ask_soon(self, name: str, client: str) -> None:
        """All of a turn of the loop in one message."""
        if not self._asked:
            asyncio.get_running_loop().call_soon(self._ask_now)
        self._asked[name] = client

    def _ask_now(self) -> None:
        asked, self._asked = self._asked, {}
        if not self._is_closed:
            self._ask([*asked.items()])
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(AGAIN, self._again)

    def _again(self) -> None:
        self._timer = None
        for name, waited in self._waited.items():
            if waited.is_asked:
                self._ask_soon(name, waited.client)

    # --- the store -----------------------------------------------------------------------------

    def _look_at(self, name: str) -> None:
        """In a thread, for a disk may hang and the door has to serve."""
        self._due[name] = None
        if self._is_looking:
            return
        due, self._due = [*self._due], {}
        loop = asyncio.get_running_loop()

        def look() -> None:
            taken = {each: self._taken(each) for each in due}
            with contextlib.suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(self._on_looked, taken)

        self._is_looking = True
        try:
            threading.Thread(target=look, name="porch shelf", daemon=True).start()
        except RuntimeError:
            trouble = "the system gives no thread (ulimit -u, TasksMax)"
            found: dict[str, Shelved | str | None] = dict.fromkeys(due, trouble)
            loop.call_soon(self._on_looked, found)

    def _taken(self, name: str) -> Shelved | str | None:
        try:
            return take_down(self._store, name)
        except StoreError as error:
            return str(error)

    def _on_looked(self, found: dict[str, Shelved | str | None]) -> None:
        self._is_looking = False
        for name, each in found.items():
            if isinstance(each, Shelved):
                self._shelf.put(name, each)
                self._end(name)
            elif name in self._waited:
                self._miss(name, each)
        if self._due:
            self._look_at(next(iter(self._due)))

    def _miss(self, name: str, trouble: str | None) -> None:
        """It is not there. It may be told meanwhile that it is."""
        waited = self._waited[name]
        if trouble is not None:
            if not self._has_told:
                self._has_told = True
                self._say(f"no certificates on demand: {trouble}")
            self._deny(name, SOON)
        elif waited.is_got and name not in self._due:
            self._deny(name, SOON)
        elif not waited.is_asked:
            waited.is_asked = True
            self._ask_soon(name, waited.client)
