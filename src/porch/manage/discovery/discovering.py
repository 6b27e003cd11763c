"""Discovering: a worker's part in finding endpoints.

Every worker puts into its pools what the supervisor says was found. The first one looks, and tells
the supervisor, which tells all workers and gives each endpoint the columns where it is counted.
"""

import asyncio
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping, Sequence

from porch.balance.standing import EndpointName
from porch.config.build import Built
from porch.config.listing import Listing
from porch.config.members import LoadProvider, Members, Sought
from porch.config.state import MakeCells, State
from porch.config.steps import Steps, advance, complete
from porch.manage.columns import cells_by
from porch.manage.discovery.apart import load_provider
from porch.manage.discovery.seeking import Seeking
from porch.manage.slices import SLICE
from porch.observe.messages import Messages
from porch.shared import SharedTable

__all__ = ["FIRST", "Discovering", "News"]

FIRST = 1.0
"""Seconds that a first list is waited for: at the start, and when a reload names a new source."""
News = tuple[Listing, Mapping[EndpointName, int]]
"""What a source has said, and the columns of those of its endpoints that are new."""


class Discovering:
    """state: of the worker. table: where it counts, and in which row. send: to the supervisor.
    messages: to the operator. looks: whether this worker runs the providers. load: those of the
    operator's own."""

    def __init__(
        self,
        state: State,
        table: tuple[SharedTable, int],
        send: Callable[[str, object], None],
        messages: Messages,
        *,
        looks: bool,
        load: LoadProvider = load_provider,
    ) -> None:
        self._state = state
        self._table = table
        self._send = send
        self._messages = messages
        self._looks = looks
        self._load = load
        self._columns: dict[EndpointName, int] = {}
        self._members: Sequence[Members] = ()
        self._sought: Mapping[str, Sought] = {}
        self._steps: Steps[None] | None = None
        self._is_working = False
        self._awaited: set[str] = set()
        self._then: Callable[[], None] | None = None
        self._patience: asyncio.TimerHandle | None = None
        self._seeking: Seeking | None = None

    def cells(self, columns: Mapping[EndpointName, int]) -> MakeCells:
        """Where endpoints are counted: those of a configuration, and those that were found."""
        return cells_by(*self._table, ChainMap(self._columns, columns))  # type: ignore[arg-type]

    def know(self, news: Iterable[News]) -> None:
        """What was found before this worker was forked."""
        for listing, columns in news:
            self._state.listings[listing.source] = listing
            self._columns.update(columns)

    # --- configurations ------------------------------------------------------------------------

    def take(self, built: Built) -> None:
        """It is in force with the next step of the state. What was said while it was built, it
        hears now."""
        if self._steps is not None:
            self._steps.close()
            self._steps = None
        for each in built.members:
            if each.is_outdated(self._state):
                complete(each.refreshing(self._state, now=False))
        self._members, self._sought = built.members, built.sought
        listings = self._state.listings
        for name in listings.keys() - built.sought.keys():
            del listings[name]
        self._seek(built.sought)

    def prepare(self, built: Built, then: Callable[[], None]) -> None:
        """It is about to be in force: `then` is called when its new sources have been heard, or
        after FIRST."""
        self._seek({**self._sought, **built.sought})
        self._wait(built.sought if self._looks else (), then)

    def forget(self) -> None:
        """Nothing comes of what was prepared."""
        self._then = None
        self._end_wait()
        self._seek(self._sought)

    async def start(self) -> None:
        """The loop runs: look, and wait for what is found first, for FIRST at most."""
        if self._looks:
            tell = self._messages.tell
            self._seeking = Seeking(
                self._state.listings,
                lambda listing: self._send("found", listing),
                tell,
                self._messages.warn,
                self._load,
            )
        self._seek(self._sought)
        is_heard = asyncio.Event()
        self._wait(self._sought, is_heard.set)
        await is_heard.wait()

    def close(self) -> None:
        """Look for nothing more."""
        self._end_wait()
        if self._seeking is not None:
            self._seeking.close()

    def _seek(self, sought: Mapping[str, Sought]) -> None:
        if self._seeking is not None:
            self._seeking.seek(sought)

    # --- waiting for a first word --------------------------------------------------------------

    def _wait(self, names: Iterable[str], then: Callable[[], None]) -> None:
        self._end_wait()  # a worker that starts goes on, should a reload come meanwhile
        self._then = then
        self._awaited = set(names)
        self._patience = asyncio.get_running_loop().call_later(FIRST, self._end_wait)
        self._look()

    def _look(self) -> None:
        """Has all been heard that is waited for?"""
        listings = self._state.listings
        self._awaited = {each for each in self._awaited if not _is_heard(listings.get(each))}
        if not self._awaited and self._then is not None:
            self._end_wait()

    def _end_wait(self) -> None:
        then, self._then = self._then, None
        self._awaited = set()
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        if then is not None:
            then()

    # --- what was found ------------------------------------------------------------------------

    def on_found(self, listing: Listing, columns: Mapping[EndpointName, int]) -> None:
        """The supervisor says so. It is in the pools a little later: an endpoint is made in 10 us,
        and there may be thousands."""
        before = self._state.listings.get(listing.source)
        if before is not None and before.found != listing.found:
            gone = set(before.addresses) - set(listing.addresses)
            for members in self._members if gone else ():
                for address in gone if listing.source in members.sources else ():
                    self._columns.pop((members.upstream.name, address), None)
        self._state.listings[listing.source] = listing
        self._columns.update(columns)
        if not self._is_working:
            self._is_working = True
            self._work()

    def _work(self) -> None:
        if self._steps is None:
            outdated = (each for each in self._members if each.is_outdated(self._state))
            members = next(outdated, None)
            if members is None:
                self._is_working = False
                self._look()
                return
            self._steps = members.refreshing(self._state, now=True)
        if not advance(self._steps, SLICE):
            self._steps = None
        asyncio.get_running_loop().call_soon(self._work)


def _is_heard(listing: Listing | None) -> bool:
    if listing is None:
        return False
    return bool(listing.trouble) or (listing.found is not None and not listing.is_old)
