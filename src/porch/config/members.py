"""Members: who is in a pool some of whose endpoints are found.

The list of a source changes while the pool serves. Endpoints that stay are the same objects, with
their connections, counts and reasons; those that go finish what runs on them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from porch.balance.discover.found import Provider
from porch.balance.endpoint import Endpoint
from porch.balance.upstream import Upstream
from porch.config.finding import Source
from porch.config.listing import Entry, Listing, nothing_yet, protocols_of
from porch.config.state import Ask, State
from porch.config.steps import Steps
from porch.forward.address import Address

__all__ = ["Arrange", "LoadProvider", "Members", "Share", "Sought"]


LoadProvider = Callable[[str, Path], Provider]
"""("module:function", the folder where modules are found too) -> what it names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """A source that a configuration names. provider: who looks for it, given what loads one of the
    operator's own; raises ValueError with a sentence."""

    source: Source
    provider: Callable[[LoadProvider], Provider]


Arrange = Callable[[Sequence[Endpoint]], Iterator[None]]
"""Makes ready, in steps, what an algorithm needs of these endpoints."""


@dataclass(frozen=True, slots=True)
class Share:
    """A pool's part in a source. weight, priority: times, and added to, what each endpoint has."""

    source: Source
    weight: int
    priority: int = 0


class MakeAsk(Protocol):
    """What a pool asks a State for."""

    def __call__(self, address: Address, weight: int, priority: int) -> Ask:
        """An endpoint of it."""


@dataclass(slots=True, eq=False)
class Members:
    """upstream: the pool. fixed: its endpoints that stand in the file. shares: its sources. secure:
    how those with "https://" are spoken to, None where there can be none; without a server_name
    their certificates must name their source's or their own host. ask: for an endpoint of it.
    arrange: what takes long, done by steps where nobody is served from it yet."""

    upstream: Upstream
    fixed: Sequence[Endpoint]
    shares: Sequence[Share]
    ask: MakeAsk
    arrange: Arrange | None = None
    secure: Address | None = None
    _found: dict[Address, Ask] = field(default_factory=dict)
    _of: tuple[Listing | None, ...] = ()

    @property
    def sources(self) -> list[str]:
        """Their names."""
        return [str(each.source) for each in self.shares]

    def is_outdated(self, state: State) -> bool:
        """Whether a source has said something else since `refreshing`."""
        return self._now(state) != self._of

    def refreshing(self, state: State, *, now: bool) -> Steps[None]:
        """Put what the sources say into the pool, an endpoint a step. now: it is in force; else it
        is asked for with the configuration that is being built."""
        before, self._of = self._of, self._now(state)
        if before and [_found(each) for each in before] == [_found(each) for each in self._of]:
            self.upstream.missing = nothing_yet(state.listings, self.sources)
            return
        wanted: dict[Address, Ask] = {}
        endpoints = dict.fromkeys(self.fixed)
        fixed = {each.name for each in self.fixed}
        for share, listing in zip(self.shares, self._of, strict=True):
            for entry in _found(listing):
                address = self._address(share.source, entry)
                if address not in wanted and str(address) not in fixed:
                    ask = self.ask(address, entry[1] * share.weight, entry[2] + share.priority)
                    wanted[address] = ask
                    endpoints[state.endpoint(ask, now=now)] = None
                yield
        if self.arrange is not None and not (now and self.upstream.endpoints):
            yield from self.arrange([*endpoints])
        self.upstream.use([*endpoints], nothing_yet(state.listings, self.sources))
        gone = [ask for address, ask in self._found.items() if address not in wanted]
        self._found = wanted
        for ask in gone:
            state.drop(ask, now=now)
            yield

    def _now(self, state: State) -> tuple[Listing | None, ...]:
        return tuple(state.listings.get(each) for each in self.sources)

    def _address(self, source: Source, entry: Entry) -> Address:
        name = entry[0]
        if name.startswith("unix:"):
            return Address(path=name.removeprefix("unix:"))
        scheme, _, where = name.rpartition("://")
        host, _, port = where.rpartition(":")
        host = host.strip("[]")
        if scheme == "https":
            assert self.secure is not None
            server_name = self.secure.server_name or source.server_name
            return replace(self.secure, host=host, port=int(port), server_name=server_name)
        return Address(host=host, port=int(port), protocols=protocols_of(name))


def _found(listing: Listing | None) -> tuple[Entry, ...]:
    return (listing.found if listing is not None else None) or ()
