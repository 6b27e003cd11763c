"""State: what a reload must not lose, kept by name.

Endpoints with their connections and what is known of them, rosters of pools, TLS contexts. A reload
asks for each by what it is; what nobody asked for is closed behind it.
"""

import ssl
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from weakref import WeakKeyDictionary, WeakSet

from porch.balance.consistent_hash import Key
from porch.balance.endpoint import WIDTH, Endpoint
from porch.balance.roster import Roster, Troubled, Waited
from porch.balance.standing import ORDERED, EndpointName, Standing, Standings
from porch.cache.shelf import Shelf
from porch.cache.siblings import Attending
from porch.clock import Deadlines
from porch.compress.workshop import Workshop
from porch.config.auth_state import AuthState
from porch.config.balancing import LoadKey
from porch.config.caching import LoadFunction
from porch.config.listing import Listing
from porch.config.orders import Orders
from porch.crowd import Crowd
from porch.exchange import Exchange
from porch.forward.address import Address
from porch.http.h1 import HeadLimits
from porch.route.route import Connections
from porch.shared import Cells
from porch.shield.busy_known import Known
from porch.shield.busy_level import KINDS
from porch.shield.limit_keys import CountryOf
from porch.shield.limit_table import LimitRow
from porch.tls.origin import OriginTls, client_context_in_steps

__all__ = ["Ask", "LoadCost", "MakeCells", "MakePool", "State"]


class Pool(Connections, Protocol):
    """The connections to one endpoint, as a reload sees them (forward/pool.py)."""

    idle_timeout: float

    def close(self) -> None:
        """Keep nothing."""


LoadCost = Callable[[str, Path], Callable[[Exchange], object] | None]
"""(py:module:function, where modules are found too) -> what a request costs; None if it cannot be
loaded."""

MakePool = Callable[[Address, Deadlines, HeadLimits, int], Pool]
"""(where to, what watches it, bounds on answers and on interim answers) -> connections."""

MakeCells = Callable[[EndpointName], Cells]
"""The cells where an endpoint is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """An endpoint that is asked for. pool: by which it outlives a reload. limits, most_interim:
    bounds on what it answers. idle: seconds that a kept connection waits."""

    address: Address
    pool: str
    weight: float
    limits: HeadLimits
    most_interim: int
    idle: float
    priority: int = 0

    @property
    def key(self) -> tuple[object, ...]:
        """Two that ask for the same endpoint have the same."""
        return self.pool, self.address, self.limits, self.most_interim


@dataclass(slots=True, eq=False, weakref_slot=True)
class _Kept:
    """An endpoint with its connections, and the weight that the file gives it."""

    endpoint: Endpoint
    pool: Pool
    weight: float


class State:
    """Of one worker. make_pool: see pools.py; check and explain have none that could dial.
    orders: what operators have said; weights among them go before those of the file.
    make_cells: see manage/columns.py; without it each endpoint counts for itself. A reload
    assigns another before it builds. standings: who is out of rotation. troubled: who has
    answered badly since somebody looked. waited: where somebody waits for an answer.
    address_of: each endpoint. listings: what is known of sources, by their names. workers: how
    many share what is promised of all of them; assigned before it builds, too. has_certificate:
    whether a host that the door gets one for has it by now. acme_answer: to an authority that
    asks for this token. load_key: the operator's own key of a hash. load_cache_key: that of the
    cache. shelf: where it keeps answers, None for nowhere; attending: by which keys; workshop:
    where they are coded. auth: what lets clients in. serves: whether anything will be balanced.
    load_limit_key, load_cost: the operator's own of a limit. limit_row, crowd: where limits, and
    those who are here, are counted, None while nobody has said. turned_away: requests refused
    by a busy worker, by importance. known: who was let in. country_of: an address. tell, warn: the
    operator; see Messages.

    Between `begin` and `commit` a configuration asks for what it needs. Without a commit, or
    before it, nothing that runs has changed.
    """

    def __init__(
        self, make_pool: MakePool | None = None, make_cells: MakeCells | None = None
    ) -> None:
        self.deadlines = Deadlines()
        self.standings = Standings()
        self.orders = Orders.none()
        self.troubled: Troubled = {}
        self.waited: Waited = set()
        self.address_of: WeakKeyDictionary[Endpoint, Address] = WeakKeyDictionary()
        self.listings: dict[str, Listing] = {}
        self.workers = 1
        self.has_certificate: Callable[[str], bool] = lambda host: True
        self.acme_answer: Callable[[str], bytes | None] = lambda token: None
        self.load_key: LoadKey = _no_key
        self.load_cache_key: LoadFunction = lambda word, base: None
        self.load_limit_key: LoadFunction = lambda word, base: None
        self.load_cost: LoadCost = lambda word, base: None
        self.limit_row: LimitRow | None = None
        self.crowd: Crowd | None = None
        self.turned_away = [0] * KINDS
        self.known = Known()
        self.country_of: CountryOf = lambda address: None
        self.tell: Callable[[str], None] = lambda text: None
        self.warn: Callable[[str, str], None] = lambda text, about: None
        self.shelf: Shelf | None = None
        self.attending = Attending()
        self.workshop = Workshop()
        self.serves = make_pool is not None
        self.auth = AuthState(serves=self.serves)
        self._make_pool = make_pool or _Nowhere
        self.make_cells = make_cells or (lambda _: Cells(WIDTH))
        self._running: dict[tuple[object, ...], _Kept] = {}
        self._asked: dict[tuple[object, ...], _Kept] = {}
        self._settings: dict[tuple[object, ...], Ask] = {}
        self._named: dict[EndpointName, WeakSet[_Kept]] = {}
        self._rosters: dict[str, Roster] = {}
        self._asked_rosters: dict[str, Roster] = {}
        self._counters: dict[EndpointName, Cells] = {}
        self._asked_counters: dict[EndpointName, Cells] = {}
        self._contexts: dict[OriginTls, ssl.SSLContext] = {}
        self._asked_contexts: dict[OriginTls, ssl.SSLContext] = {}

    def keep_on(self, shelf: Shelf | None) -> None:
        """Answers are kept there from now on, and what they are coded as beside them."""
        self.shelf = shelf
        self.workshop.forms.shelf = None if shelf is None else shelf.forms

    def begin(self) -> None:
        """A configuration is about to be built; one that never ran is forgotten."""
        self.auth.begin()
        self._asked = {}
        self._settings = {}
        self._asked_rosters = {}
        self._asked_counters = {}
        self._asked_contexts = {}

    def commit(self) -> None:
        """It runs from now on: forget what it did not ask for."""
        for _ in self.committing():
            pass

    def committing(self) -> Generator[None, None, None]:
        """The same: in force with the first step; what is over is then closed, one a step."""
        before, self._running = self._running, self._asked
        settings, running = self._settings, self._running
        self.auth.commit()
        self.attending.commit(None if self.shelf is None else self.shelf.store)
        self._rosters = self._asked_rosters
        counters, self._counters = self._counters, self._asked_counters
        self._contexts = self._asked_contexts
        self.begin()
        yield
        for name in counters.keys() - self._counters.keys():
            counters[name].leave()
        while settings:
            key, ask = settings.popitem()
            if key in running:  # else it was found no more meanwhile
                self._settle(running[key], ask)
            yield
        while before:
            key, kept = before.popitem()
            if running.get(key) is not kept:
                self._close(kept)
            yield

    def roster(self, pool: str) -> Roster:
        """What the pool keeps: what there is of it, or a new one."""
        found = self._asked_rosters.get(pool) or self._rosters.get(pool)
        if found is None:
            found = Roster(pool, self.standings.tell, self.troubled, self.waited)
        found.budget.workers = self.workers
        self._asked_rosters[pool] = found
        return found

    def named(self, name: EndpointName) -> tuple[Endpoint, ...]:
        """The endpoints of a name: one, unless a reload has changed how it is spoken with."""
        return tuple([kept.endpoint for kept in self._named.get(name, ())])

    def on_told(self, standing: Standing) -> None:
        """Another worker has taken an endpoint out of rotation, or put it back."""
        name, kind, why = standing
        self.standings.note(standing)
        for endpoint in self.named(name):
            endpoint.on_told(kind, why)

    def weigh(self, name: EndpointName) -> None:
        """What `orders` says of the weight of an endpoint has changed."""
        for kept in self._named.get(name, ()):
            self._weigh(kept)

    def _settle(self, kept: _Kept, ask: Ask) -> None:
        kept.weight = ask.weight
        kept.pool.idle_timeout = ask.idle
        if kept.endpoint.priority != ask.priority:
            kept.endpoint.priority = ask.priority
            kept.endpoint.roster.version += 1
        self._weigh(kept)

    def _weigh(self, kept: _Kept) -> None:
        endpoint = kept.endpoint
        weight = self.orders.weights.get((endpoint.roster.name, endpoint.name), kept.weight)
        if endpoint.full_weight != weight:
            endpoint.weigh(weight)

    def counter(self, name: EndpointName) -> Cells:
        """Cells of what is no endpoint, kept by their name as an endpoint's are."""
        found = self._asked_counters.get(name) or self._counters.get(name)
        if found is None:
            found = self.make_cells(name)
        self._asked_counters[name] = found
        return found

    def _forget(self, name: EndpointName, kept: _Kept) -> None:
        named = self._named[name]
        named.discard(kept)
        if not named:
            del self._named[name]
            for kind in self.standings.of(name).keys() - ORDERED:
                self.standings.note((name, kind, None))

    def endpoint(self, ask: Ask, *, now: bool = False) -> Endpoint:
        """The endpoint of a pool at an address: the one there is, or a new one.

        now: it was found for a pool that is in force, and has part in that at once.
        """
        key = ask.key
        kept = self._asked.get(key) or self._running.get(key)
        if kept is None:
            kept = self._make(ask, self._rosters[ask.pool] if now else self.roster(ask.pool))
        if now:
            self._running[key] = kept
            self._settle(kept, ask)
        else:
            self._asked[key] = kept
            self._settings[key] = ask
        return kept.endpoint

    def drop(self, ask: Ask, *, now: bool = False) -> None:
        """It is not asked for any more. now: it is found no more, and goes at once: what runs there
        ends in peace."""
        self._asked.pop(ask.key, None)
        self._settings.pop(ask.key, None)
        if now:
            kept = self._running.pop(ask.key, None)
            if kept is not None:
                self._close(kept)

    def _make(self, ask: Ask, roster: Roster) -> _Kept:
        name = (ask.pool, str(ask.address))
        connections = self._make_pool(ask.address, self.deadlines, ask.limits, ask.most_interim)
        weight = self.orders.weights.get(name, ask.weight)
        made = Endpoint(name[1], connections, weight, self.make_cells(name), roster)
        made.priority = ask.priority
        for kind, why in self.standings.of(name).items():
            made.on_told(kind, why)
        self.address_of[made] = ask.address
        kept = _Kept(made, connections, ask.weight)
        self._named.setdefault(name, WeakSet()).add(kept)
        return kept

    def _close(self, kept: _Kept) -> None:
        name = kept.endpoint.roster.name, kept.endpoint.name
        if kept not in self._named.get(name, ()):
            return  # it was found no more while a reload let go of it as well
        kept.pool.close()
        kept.endpoint.leave()
        self._forget(name, kept)

    def context(self, origin: OriginTls) -> Generator[None, None, ssl.SSLContext]:
        """The TLS context towards origins, one for all that want the same, made in steps.

        Other content of a file makes another one. Raises ssl.SSLError or ValueError if it is of
        no use.
        """
        context = self._asked_contexts.get(origin) or self._contexts.get(origin)
        if context is None:
            context = yield from client_context_in_steps(origin)
        self._asked_contexts[origin] = context
        return context

    def releasing(self) -> Generator[None, None, None]:
        """Forget what was asked for, one endpoint a step: it never runs."""
        while self._asked:
            self._asked.popitem()
            yield

    def tick(self) -> None:
        """Every quarter of a second, every one at rest: who waits, and what has expired."""
        self.deadlines.check()
        self.auth.tick()
        if self.shelf is not None:
            self.shelf.sweep()

    def close(self) -> None:
        """Close every connection to an origin."""
        for kept in self._running.values():
            kept.pool.close()


def _no_key(word: str, base: Path) -> Key:
    """Who only checks runs no code of the operator's."""
    return lambda exchange: None


class _Nowhere:
    """A pool where nothing is ever dialled."""

    def __init__(self, *_: object) -> None:
        self.idle_timeout = 0.0

    def acquire(self, exchange: object) -> None:
        """See Connections."""
        raise AssertionError("nobody serves with this configuration")

    def cancel(self, exchange: object) -> None:
        """See Connections."""

    def dial_ahead(self, place: object) -> None:
        """See Connections."""

    def close(self) -> None:
        """Nothing is open."""
