"""Cached: a Scenario whose route has a cache, with a store in memory and locks of several workers.

What the other workers do is said by the test: they hold a lock, they store, they let go.
"""

import os
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from porch import clock
from porch.balance.least_requests import LeastRequests
from porch.balance.upstream import Upstream
from porch.cache.entry import Entry
from porch.cache.filter import Cache
from porch.cache.key import KeyRules
from porch.cache.memory_store import MemoryStore
from porch.cache.pages import telling
from porch.cache.passes import Passes
from porch.cache.policy import Policy
from porch.cache.shelf import Shelf
from porch.cache.siblings import Invalidate, Siblings
from porch.config.caches import CLIENT_PHASES
from porch.filter import Filter
from porch.forward.headers import Forwarding, ForwardingHeaders
from porch.route.pattern import parse_key
from porch.route.plan import Plan
from porch.route.route import Route
from tests.support.scenario import Recorder, Scenario

__all__ = ["Cached", "FakeLocks"]


class FakeLocks:
    """mine: what this worker holds; others: what another does. before: what happens before this one
    claims another."""

    def __init__(self) -> None:
        self.mine: set[bytes] = set()
        self.others: set[bytes] = set()
        self.before: list[Callable[[], object]] = []

    def claim(self, primary: bytes) -> bool:
        while self.before:
            self.before.pop()()
        if self.is_held(primary):
            return False
        self.mine.add(primary)
        return True

    def release(self, primary: bytes) -> None:
        self.mine.discard(primary)

    def is_held(self, primary: bytes) -> bool:
        return primary in self.mine or primary in self.others


class Cached(Scenario):
    """See the module, and Scenario. fills: which exchanges with the origin for the cache began and
    ended. behind: filters that face the origin."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        *,
        policy: Policy | None = None,
        rules: KeyRules | None = None,
        size: int = 64 << 20,
        behind: Sequence[Filter] = (),
        **settings: Any,
    ) -> None:
        super().__init__(monkeypatch, **settings)
        monkeypatch.setattr(clock, "uptime", clock.monotonic)
        self.fills = Recorder()
        self.locks = FakeLocks()
        self.store = MemoryStore(size)
        self._file = os.memfd_create("passes")
        self.shelf = Shelf(self.store, self.locks, Passes(self._file))
        self.setup.error_page = telling(self.setup.error_page, self.shelf)
        route = self.setup.route
        headers = ForwardingHeaders(Forwarding(via=b""))
        asked = Route(
            key=route.key,
            plan=Plan([headers, *behind, self.fills], without=CLIENT_PHASES),
            destination=Upstream("pool", self.endpoints, LeastRequests(lambda: 0.0), self.roster),
            timeouts=route.timeouts,
            upgrades=frozenset(),
            retry=route.retry,
        )
        self.siblings = Siblings()
        self.siblings.add(parse_key("*"), rules or KeyRules(), b"")
        self.changing = changing = Invalidate(self.siblings, self.store)
        known = rules or KeyRules()
        self.cache = Cache(self.shelf, asked, policy or Policy(), known, changing=changing)
        filters = settings.get("filters", ())
        route.plan = Plan([self.recorder, *filters, self.cache, changing, headers, *behind])

    def entry(self, body: bytes, *fields: tuple[bytes, bytes], lifetime: float = 60.0) -> Entry:
        """An answer that another worker stores."""
        return Entry(
            200,
            list(fields),
            len(body),
            self.store.now(),
            0.0,
            lifetime,
            "max-age",
            url=b"http://x/a",
        )

    def meanwhile(self, work: Callable[[], object]) -> None:
        """Another worker does it when this one has looked, and is about to ask the origin."""
        self.locks.before.append(work)

    def check_nothing_left(self) -> None:
        """See Scenario."""
        super().check_nothing_left()
        shelf = self.shelf
        assert not shelf.asked, f"still asked: {shelf.asked}"
        assert not shelf.members, f"still members: {shelf.members}"
        assert not self.locks.mine, "a lock is still held"
        assert not self.cache._notes
        assert not self.cache._standing
        assert not self.cache._passing
        assert not self.cache._coming
        assert not self.changing._heard
        keeper = shelf._keeper
        assert keeper is None or keeper.running == 0, "a fill never ended"
        assert self.door.running == 0
        assert not self.store._growing, "a body is still on its way"
        os.close(self._file)
