"""Siblings: the caches of all routes that answer for one host, since the URL that a request has
changed is the same through whichever of them it came, and others may keep answers of it by other
keys (RFC 9111 4.4).
"""

from porch.cache.bans import host_of
from porch.cache.invalidation import SAFE, invalidated
from porch.cache.key import KeyRules, digest, make, url
from porch.cache.queries import marked
from porch.cache.store import Store, Ways
from porch.cache.ways import ALL, way
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import RequestHead
from porch.route.paths import TooManyReadings, readings
from porch.route.pattern import Pattern
from porch.route.rewrite import Returned

__all__ = [
    "LONGEST",
    "REMEMBERED",
    "Attending",
    "Invalidate",
    "InvalidateAlone",
    "InvalidateAtDoor",
    "Siblings",
]

REMEMBERED, LONGEST = 1024, 256
"""URLs that are known to be in no cache, and the bytes of one at most."""


class _Ways:
    """How answers of one host are kept by one set of rules. suffixes: of their keys.
    is_listed: whether nothing else is in those. patterns: of the routes."""

    __slots__ = ("is_listed", "patterns", "suffixes")

    def __init__(self) -> None:
        self.is_listed = True
        self.suffixes: set[bytes] = set()
        self.patterns: dict[Pattern, None] = {}

    @property
    def suffix(self) -> bytes | None:
        """What stands behind each key; None where that is not one thing."""
        return min(self.suffixes) if self.is_listed and len(self.suffixes) == 1 else None

    def may_have(self, path: bytes) -> bool:
        """Whether one of the routes may have been asked for this path."""
        try:
            found = readings(path)
        except TooManyReadings:  # the router refuses it: no route was asked for it
            return False
        return any(each.matches_path(one) for each in self.patterns for one in found)


class Siblings:
    """Of one configuration."""

    def __init__(self) -> None:
        self._known: dict[bytes, dict[KeyRules, _Ways]] = {}
        self._apart: set[bytes] = set()  # URLs of which no cache has answers

    def __repr__(self) -> str:
        return f"<Siblings of {len(self._known)} hosts>"

    def add(self, pattern: Pattern, rules: KeyRules, suffix: bytes | None) -> None:
        """One more cache. suffix: behind its keys; None where more stands there than the rules and
        the URL tell."""
        host = ALL if pattern.host.startswith(ALL) else pattern.host
        ways = self._known.setdefault(host, {}).setdefault(rules, _Ways())
        self._apart.clear()
        ways.patterns[pattern] = None
        ways.is_listed = ways.is_listed and suffix is not None
        ways.suffixes.add(suffix or b"")

    @property
    def ways(self) -> Ways:
        """For Store.attend."""
        found: dict[bytes, bytes] = {}
        for host, known in self._known.items():
            each = (
                way(rules, pattern.key, pattern.method, ways.suffix)
                for rules, ways in known.items()
                for pattern in ways.patterns
            )
            found[host] = b"".join(sorted(each))
        return found

    def forget(self, store: Store, changed: bytes) -> None:
        """Nothing of this URL (Entry.url, by no rules) is served any more."""
        if not store.is_attended():
            # By whatever rules, what is kept of it begins so; some of what else does goes too.
            store.purge("prefix", changed.partition(b"?")[0])
            return
        if changed in self._apart:  # as a method of gRPC, called again and again: -2 us
            return
        scheme, _, rest = changed.partition(b"://")
        authority, slash, target = rest.partition(b"/")
        asked = RequestHead(b"GET", slash + target, authority, scheme, [])
        path = asked.target.partition(b"?")[0]
        is_apart = True
        for host in (host_of(changed), ALL):
            for rules, ways in self._known.get(host, {}).items():
                if not ways.may_have(path):
                    continue
                is_apart = False
                suffix = ways.suffix
                if suffix is not None:
                    key = make(asked, rules) + suffix
                    store.forget(digest(key), marked(key))
                else:
                    store.purge("url", url(asked, rules))
        if is_apart and len(changed) <= LONGEST:
            if len(self._apart) >= REMEMBERED:
                self._apart.clear()
            self._apart.add(changed)


class Attending:
    """The siblings of the configuration that is in force in this worker: whatever route a change
    came through, one of before a reload too, what is kept now is what it takes out."""

    __slots__ = ("_asked", "_siblings")

    def __init__(self) -> None:
        self._siblings = self._asked = Siblings()

    def prepare(self, siblings: Siblings) -> None:
        """Those of a configuration that is being built."""
        self._asked = siblings

    def commit(self, store: Store | None) -> None:
        """It is in force from now on."""
        self._siblings = self._asked
        if store is not None:
            store.attend(self._siblings.ways)

    def forget(self, store: Store, changed: bytes) -> None:
        """See Siblings."""
        self._siblings.forget(store, changed)


class _Invalidating(Filter):
    """back: how clients ask for what an origin names, on a route that rewrites. They may follow a
    Location as it stands too, so that both are let go of."""

    __slots__ = ("_back", "_siblings", "_store")

    def __init__(
        self, siblings: Siblings | Attending, store: Store, back: Returned | None = None
    ) -> None:
        self._siblings = siblings
        self._store = store
        self._back = back

    def _look(self, exchange: Exchange) -> None:
        request, response = exchange.request, exchange.response
        if request.method in SAFE or response is None:
            return
        for each in invalidated(request, response.status, response.fields):
            self._siblings.forget(self._store, each)
        back, outgoing = self._back, exchange.outgoing
        if back is None or outgoing is None:
            return
        went = RequestHead(request.method, outgoing.target, outgoing.authority, request.scheme, [])
        _, *named = invalidated(went, response.status, response.fields) or [b""]
        for each in named:
            target = b"/" + each.partition(b"://")[2].partition(b"/")[2]
            for known in back(target):
                asked = RequestHead(b"GET", known, request.authority, request.scheme, [])
                self._siblings.forget(self._store, url(asked))


class Invalidate(_Invalidating):
    """On each route to a pool of a host that one of them keeps answers of.

    An origin that was asked and not heard, since the client has left or time was over, or that was
    asked once more and said no, may have changed it: RFC 9111 4.4 wants no more than what is known.
    """

    __slots__ = ("_heard",)

    def __init__(
        self, siblings: Siblings | Attending, store: Store, back: Returned | None = None
    ) -> None:
        super().__init__(siblings, store, back)
        self._heard: set[Exchange] = set()

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter."""
        self._look(exchange)
        if exchange.request.method not in SAFE:
            self._heard.add(exchange)

    def settle(self, exchange: Exchange) -> None:
        """An exchange with a method that is not known to be safe has ended: what no cache beside
        this one tells, `InvalidateAlone` does."""
        request = exchange.request
        is_heard = exchange in self._heard
        self._heard.discard(exchange)
        if is_heard:
            may_have = any(each.connected for each in exchange.tried)
        else:
            may_have = exchange.outgoing is not None
        if may_have:
            self._siblings.forget(self._store, url(request))


class InvalidateAlone(Invalidate):
    """The same on a route that has no cache itself."""

    __slots__ = ()

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        if exchange.request.method not in SAFE:
            self.settle(exchange)


class InvalidateAtDoor(_Invalidating):
    """The same on a route that answers at the door, which is the origin then."""

    __slots__ = ()

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        self._look(exchange)
