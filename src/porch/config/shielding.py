"""From the words that protect to the filters of a route, in their order.

What costs least and needs least goes first: where the client comes from, what it asks for, how
often, and then who it is. Limits that ask who it is come behind what finds that out. What a
request says in detail comes last: who may not come in learns nothing of it.
"""

from collections.abc import Iterable

from porch.config.accessing import Accessing
from porch.config.authing import Authing
from porch.config.botting import Botting
from porch.config.browsing import browsing
from porch.config.busying import knowing
from porch.config.connecting import per_client
from porch.config.contents import Contents
from porch.config.limiting import Limits
from porch.config.loaded import Loaded
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.route.scheme import Trusts

__all__ = ["Shielding"]


class Shielding:
    """Of one configuration. accessing: what decides by addresses. authing: what lets clients in.
    contents: what looks at bodies, when those are gathered."""

    def __init__(self, loaded: Loaded, state: State, trusts: Trusts = None) -> None:
        """trusts: see client_scheme."""
        self._trusts = trusts
        self.accessing = Accessing(loaded, state)
        self.botting = Botting(loaded, state, trusts)
        self.contents = Contents(loaded, state)
        self._loaded = loaded
        self._state = state
        self.authing = Authing(loaded, state, trusts)
        self._of_limits = Limits(loaded, state)

    def network(self, settings: RouteSettings) -> list[Filter]:
        """By address: networks, countries. Before all others: who may not come in is told nothing
        else, not even where the host is served by HTTPS."""
        return self.accessing.filters(settings)

    def of(
        self, settings: RouteSettings, name: str, host: str, shown: Iterable[Filter] = ()
    ) -> list[Filter]:
        """The filters of one route, but for `network`. name: as limits of it are known, over
        reloads. host: of its key. shown: what looks at client certificates: behind preflights, for
        a browser shows none with those."""
        return [
            *per_client(self._loaded, self._state),
            *self._bots(settings),
            *self._limits(settings, name, host, of_identity=False),
            *self.authing.answering(settings),
            *self._browser(settings, host),
            *shown,
            *self._identity(settings, host),
            *knowing(self._loaded, self._state, settings),
            *self._limits(settings, name, host, of_identity=True),
            *self.contents.filters(settings),
        ]

    def _bots(self, settings: RouteSettings) -> list[Filter]:
        """By what is asked for, and by what."""
        return self.botting.filters(settings)

    def _limits(
        self, settings: RouteSettings, name: str, host: str, *, of_identity: bool
    ) -> list[Filter]:
        """How often. of_identity: those that count by who the client is."""
        return [*self._of_limits.of(settings, name, host, of_identity=of_identity)]

    def _browser(self, settings: RouteSettings, host: str) -> list[Filter]:
        """Across origins: CORS, CSRF; what browsers are told."""
        return browsing(settings, self._trusts)

    def _identity(self, settings: RouteSettings, host: str) -> list[Filter]:
        """Who it is, and whether that one may come in."""
        return self.authing.filters(settings, host)
