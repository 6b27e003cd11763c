"""Router: the route of a request, in the same time for ten routes and ten thousand.

Dictionaries by host and by path, compiled from all entries at load; the order of the entries
never matters. What comes first is decided in entry.py, and explained by `candidates`.
"""

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from porch.errors import BadRequest
from porch.http.message import RequestHead
from porch.route.entry import Entry, order, why
from porch.route.host import normal_host
from porch.route.methods import meant
from porch.route.paths import TooManyReadings, climbs, odd, readings
from porch.route.pattern import Pattern
from porch.route.route import Route
from porch.route.site import AS_SENT, Choice, Site, Sites, is_folded
from porch.route.spellings import doubtful, spellings

if TYPE_CHECKING:
    from porch.keeper import Security

__all__ = ["LONGEST", "REMEMBERED", "Candidate", "Router"]

CAPITALS = 16
"""Keys with a capital of which is known how their paths begin."""
REMEMBERED, LONGEST = 1024, 256
"""Paths whose route is remembered, and the bytes of one at most."""
_Asked = tuple[RequestHead, bytes, "Security | None"]
"""What conditions see: the request, the client's address, the security of its connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """An entry whose host and path match a request.

    holds: whether its conditions hold too. loses: why it is not taken, "" if it is.
    """

    entry: Entry
    holds: bool
    loses: str


class Router:
    """Finds routes. It is made anew for each configuration.

    Two entries that tie (ties.ties, to be asked before) are taken in the order of their keys.
    Where all routes are guarded alike nothing is asked but `odd`; where they are not, paths are
    looked at in all spellings (spellings.py), and methods that a client asks for beside its own.
    What was found by host and path alone is remembered, of a bounded number of paths: a repeated
    one costs 0.16 us in place of 0.4 to 0.8, or of 1.0 to 1.9 where routes are guarded; one that
    never comes again 0.25 more.
    """

    __slots__ = (
        "_by_method",
        "_capitals",
        "_depends",
        "_entries",
        "_guards",
        "_has_regex",
        "_is_guarded",
        "_known",
        "_no_route",
        "_no_site",
        "_sites",
    )

    def __init__(self, entries: Iterable[Entry], *, no_site: Route, no_route: Route) -> None:
        """no_site: takes what no host matches; no_route: what no path of the hosts matches."""
        self._entries: list[Entry] = []
        self._sites = Sites()
        self._no_site = no_site
        self._no_route = no_route
        self._guards: set[frozenset[tuple[str, str]]] = set()
        self._is_guarded = self._by_method = self._depends = False
        self._known: dict[tuple[bytes, bytes], Route] = {}
        self._has_regex = False
        self._capitals: tuple[bytes, ...] = ()  # how paths of keys with a capital begin, in small
        for entry in entries:
            self.add(entry)

    def add(self, entry: Entry) -> None:
        """One more entry, in any order; all of them come before the first `find`."""
        self._entries.append(entry)
        self._sites.add(entry)
        self._guards.add(entry.route.guards)
        self._note_letters(entry.pattern)
        if len(self._guards) > 1:
            self._is_guarded = True
            self._by_method = self._by_method or any(
                each.conditions.methods for each in self._entries
            )

    def _note_letters(self, pattern: Pattern) -> None:
        """What a path in small letters begins with that a key may take for its own, whatever the
        letters' case; of regexes, and of many keys, that is not known."""
        self._has_regex = self._has_regex or pattern.regex is not None
        capitals = self._capitals if is_folded(pattern) else (*self._capitals, pattern.path.lower())
        is_known = len(capitals) <= CAPITALS and not self._has_regex
        self._capitals = capitals if is_known or not capitals else (b"",)

    def find(
        self, request: RequestHead, client_ip: bytes, security: "Security | None" = None
    ) -> Route:
        """The route of a request; `no_site` or `no_route` where there is none.

        request: its target is a path with a query, or b"*". client_ip: after `trust`. security: of
        the connection that it came by, None for plain HTTP. Raises
        BadRequest if the path can be read in several ways that differ in target or access, if
        some spelling of it or the method that a field asks for leads to a route that asks for more,
        and if it could climb out of where a rewrite puts it.
        """
        authority = request.authority
        path = request.target.partition(b"?")[0]
        known = self._known
        if (route := known.get((authority, path))) is not None:
            return route
        self._depends = False
        sites = self._sites[authority]
        asked = request, client_ip, security
        if self._is_guarded:
            route = self._find_guarded(sites, path, asked)
        elif odd(path) is not None:
            route = self._find_odd(sites, path, asked)
        else:
            route = self._match(sites, path, asked)
        if not self._depends and len(path) <= LONGEST:
            if len(known) >= REMEMBERED:
                known.clear()
            known[authority, path] = route
        return route

    def known_host(self, authority: bytes) -> bool:
        """Whether any route names this host; with a route for `*`, any host is known."""
        return bool(self._sites[authority])

    def candidates(
        self, request: RequestHead, client_ip: bytes, security: "Security | None" = None
    ) -> list[Candidate]:
        """All entries whose host and path (as sent) match, in the order of preference.

        Slow: it asks every entry, and shares no index with `find`.
        """
        host = normal_host(request.authority)
        path = request.target.partition(b"?")[0]
        matching = [
            each
            for each in self._entries
            if each.pattern.matches_host(host) and each.pattern.matches_path(path)
        ]
        matching.sort(key=order)
        failing = [each.conditions.failing(request, client_ip, security) for each in matching]
        winner = next(
            (each for each, fails in zip(matching, failing, strict=True) if not fails), None
        )
        return [
            Candidate(entry=each, holds=not fails, loses=_loses(each, fails, winner))
            for each, fails in zip(matching, failing, strict=True)
        ]

    def releasing(self) -> Generator[None, None, None]:
        """Forget all entries, one a step; nobody looks for a route here any more.

        Freeing ten thousand at once would stop a worker for many milliseconds.
        """
        while self._known:
            self._known.popitem()
            yield
        while self._entries:
            self._entries.pop()
            yield
        yield from self._sites.releasing()

    def __repr__(self) -> str:
        hosts = len({each.pattern.host for each in self._entries})
        return f"<Router {hosts} hosts {len(self._entries)} routes {len(self._known)} paths>"

    def _match(self, sites: tuple[Site, ...], path: bytes, asked: _Asked) -> Route:
        """The narrowest host first; in it exact, longest prefix, regex, whole host."""
        for site in sites:
            choice = site.exact.get(path)
            if choice and (route := choice.only or self._pick(choice, asked)):
                return route
            longest = site.longest
            if longest:
                cut = len(path)
                if cut > longest:
                    cut = path.rfind(b"/", 0, longest + 1)
                while cut > 0:
                    choice = site.prefixes.get(path[:cut])
                    if choice and (route := choice.only or self._pick(choice, asked)):
                        return route
                    cut = path.rfind(b"/", 0, cut)
            for match, choice in site.regexes:
                if match(path) and (route := choice.only or self._pick(choice, asked)):
                    return route
            choice = site.whole
            if choice and (route := choice.only or self._pick(choice, asked)):
                return route
        return self._no_route if sites else self._no_site

    def _pick(self, choice: Choice, asked: _Asked) -> Route | None:
        """Whose conditions hold: of this request, another of this path may find another."""
        self._depends = True
        return choice.pick(*asked)

    def _find_odd(self, sites: tuple[Site, ...], path: bytes, asked: _Asked) -> Route:
        """The route of a path that an origin may read in another way than it was sent."""
        route = self._match(sites, path, asked)
        try:
            others = readings(path)[1:]
        except TooManyReadings as error:
            raise BadRequest(str(error)) from None
        for reading in others:
            other = self._match(sites, reading, asked)
            if other.target != route.target or other.access != route.access:
                raise BadRequest(
                    f'the path can be read in two ways: as sent it takes "{route.key}", '
                    f'as {reading.decode("latin-1")} it takes "{other.key}"'
                )
        if route.rewrite is not None and climbs(path):
            raise BadRequest(
                f'the path has a .. segment, and "{route.key}" rewrites paths: '
                "it could leave what it is rewritten to"
            )
        return route

    def _find_guarded(self, sites: tuple[Site, ...], path: bytes, asked: _Asked) -> Route:
        """The route where another may ask for more. One call more for a plain path."""
        is_doubtful = doubtful(path) is not None
        if is_doubtful and odd(path) is not None:
            route = self._find_odd(sites, path, asked)
        else:
            route = self._match(sites, path, asked)
        if is_doubtful or path[-1:] == b"/":
            self._look_further(route, sites, path, asked)
        elif path != (small := path.lower()) or small.startswith(self._capitals):
            # One spelling, which may lead elsewhere by its letters' case alone: one look-up tells.
            folded = self._sites.folded(sites)
            if folded is not None and self._match(folded, small, asked) is not route:
                self._look_further(route, sites, path, asked)
        # Of no account for what is remembered: where no condition was asked about the path, none
        # is asked for another method.
        if self._by_method and (methods := meant(asked[0])):
            self._look_at_methods(route, sites, path, asked, methods)
        return route

    def _look_further(
        self, route: Route, sites: tuple[Site, ...], path: bytes, asked: _Asked
    ) -> None:
        """Refuse a path that some origin takes for one whose route asks for what this does not."""
        folded = self._sites.folded(sites)
        if folded is None or route is self._no_route or route is self._no_site:
            return
        try:
            found = spellings(path)
        except TooManyReadings as error:
            raise BadRequest(str(error)) from None
        lower = {each.lower() for each in found}
        bare = {each.rstrip(b"/") or each for each in lower} - lower  # `/x/` is `/x` to some
        for spelling in lower | bare:
            other = self._match(folded, spelling, asked)
            if other is route or not self._asks_more(other, route):
                continue
            if spelling in lower or not self._is_apart(other, route):
                raise BadRequest(
                    f'as sent the path takes "{route.key}", but some origins take it for '
                    f'{spelling.decode("latin-1")}, which takes "{other.key}": if yours does not, '
                    "give what is asked for a key of its own"
                )

    def _is_apart(self, other: Route, route: Route) -> bool:
        """Whether somebody has told what ends in a slash from what does not, as Express and Rails
        do not: by a key of its own, or as there is nothing else."""
        return other is self._no_route or route.key.startswith(f"{other.key}/")

    def _look_at_methods(
        self,
        route: Route,
        sites: tuple[Site, ...],
        path: bytes,
        asked: _Asked,
        methods: Iterable[bytes],
    ) -> None:
        """Refuse a method beside the request's own whose route asks for what this does not."""
        request = asked[0]
        for method in methods:
            said = RequestHead(
                method, request.target, request.authority, request.scheme, request.fields
            )
            other = self._match(sites, path, (said, *asked[1:]))
            if other is not route and self._asks_more(other, route):
                raise BadRequest(
                    f'the method is {request.method.decode()}, which takes "{route.key}", but some '
                    f"origins take it for {method.decode('latin-1')}, by its letters, a field or "
                    f'the query, which takes "{other.key}"'
                )

    def _asks_more(self, other: Route, route: Route) -> bool:
        """Whether what no origin hears of is among `other`, or a guard that `route` has not."""
        if other is AS_SENT or route is self._no_route or route is self._no_site:
            return False
        return other is self._no_route or not other.guards <= route.guards


def _loses(entry: Entry, failing: str, winner: Entry | None) -> str:
    if failing:
        return f"needs {failing}"
    return "" if winner is None or entry is winner else why(winner, entry)
