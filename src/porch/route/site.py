"""The index of a router: authority -> sites, and in a site path -> choice.

Compiled from the entries one by one, in any order, so that a worker which serves can make it
between two requests; built for look-ups that are a dictionary's.
"""

import re
from bisect import insort
from collections.abc import Callable, Generator, Iterator, MutableMapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from porch.http.message import RequestHead
from porch.route.condition import NONE
from porch.route.entry import Entry, Order, order
from porch.route.host import normal_host
from porch.route.pattern import Kind, Pattern
from porch.route.route import Route

if TYPE_CHECKING:
    from porch.keeper import Security

__all__ = ["AS_SENT", "Choice", "Site", "Sites", "is_folded"]

Match = Callable[[bytes], re.Match[bytes] | None]

AS_SENT = Route(key="-")
"""Of a folded site, where two keys differ by letters' case alone: whoever wrote them has an origin
that tells them apart."""
_ESCAPE = re.compile(rb"%[0-9A-F]{2}")
_REMEMBERED = 4096
"""Authorities that are remembered besides two for each host of the configuration."""


class Choice:
    """What shares one host and one path.

    only: the route, where the first has no conditions; saves the usual request a call.
    """

    __slots__ = ("_entries", "only")

    def __init__(self, first: Entry) -> None:
        self._entries = [first]
        self.only = None if first.conditions else first.route

    @property
    def entries(self) -> Sequence[Entry]:
        """All of them, in the order in which they are asked."""
        return self._entries

    @property
    def first(self) -> Entry:
        """The entry that is asked first."""
        return self._entries[0]

    def add(self, entry: Entry) -> None:
        """One more, wherever its rank puts it."""
        insort(self._entries, entry, key=order)
        first = self._entries[0]
        self.only = None if first.conditions else first.route

    def pick(
        self, request: RequestHead, client_ip: bytes, security: "Security | None" = None
    ) -> Route | None:
        """The first route whose conditions hold."""
        for entry in self._entries:
            if entry.conditions.holds(request, client_ip, security):
                return entry.route
        return None


def is_folded(pattern: Pattern) -> bool:
    """Whether a key's path has no capital, those of escapes aside."""
    path = _ESCAPE.sub(b"", pattern.path)
    return path == path.lower()


class Site:
    """The entries of one host. longest: bytes of its longest prefix, 0 without any. guards: what
    keeps requests out of its routes, of each that differs."""

    __slots__ = ("_folded", "exact", "guards", "longest", "prefixes", "regexes", "whole")

    def __init__(self) -> None:
        self.exact: dict[bytes, Choice] = {}
        self.prefixes: dict[bytes, Choice] = {}
        self.longest = 0
        self.regexes: list[tuple[Match, Choice]] = []
        self.whole: Choice | None = None
        self.guards: set[frozenset[tuple[str, str]]] = set()
        self._folded: Site | None = None

    @property
    def folded(self) -> "Site":
        """The same for an origin to which letters in another case are the same, to be asked for
        paths in small letters. Made when it is first asked for: a step for each entry, where any
        key has a capital or is a regex."""
        if self._folded is None:
            entries = [*self._entries()]
            is_plain = not self.regexes and all(
                each.pattern.path == each.pattern.path.lower() for each in entries
            )
            self._folded = self if is_plain else _folded(entries)
        return self._folded

    def add(self, entry: Entry) -> None:
        """An entry of this host; all of them come before `folded`."""
        self.guards.add(entry.route.guards)
        pattern = entry.pattern
        if pattern.kind is Kind.PREFIX:
            _add(self.prefixes, pattern.path, entry)
            self.longest = max(self.longest, len(pattern.path))
        elif pattern.kind is Kind.EXACT:
            _add(self.exact, pattern.path, entry)
        elif pattern.regex is not None:
            regex: tuple[Match, Choice] = (pattern.regex.match, Choice(entry))
            insort(self.regexes, regex, key=_order_of_regex)
        elif self.whole is None:
            self.whole = Choice(entry)
        else:
            self.whole.add(entry)

    def releasing(self) -> Generator[None, None, None]:
        """See Router.releasing."""
        for choices in (self.exact, self.prefixes):
            yield from _emptying(choices)
        while self.regexes:
            self.regexes.pop()
            yield
        self.whole = None
        folded, self._folded = self._folded, None
        yield
        if folded is not None and folded is not self:
            yield from folded.releasing()

    def _entries(self) -> Iterator[Entry]:
        for choices in (self.exact, self.prefixes):
            for choice in choices.values():
                yield from choice.entries
        for _, choice in self.regexes:
            yield from choice.entries
        if self.whole is not None:
            yield from self.whole.entries


class Sites(dict[bytes, tuple[Site, ...]]):
    """authority -> the sites whose host it matches, the narrowest first.

    Each authority is worked out once and remembered; bounded, since clients choose them.
    """

    __slots__ = ("_any", "_exact", "_folded", "_most", "_wildcards")

    def __init__(self) -> None:
        super().__init__()
        self._exact: dict[bytes, Site] = {}
        self._wildcards: dict[bytes, Site] = {}
        self._any: tuple[Site, ...] = ()
        self._most = _REMEMBERED
        self._folded: dict[tuple[Site, ...], tuple[Site, ...] | None] = {}

    def folded(self, sites: tuple[Site, ...]) -> tuple[Site, ...] | None:
        """See Site.folded; None where all routes of these sites are guarded alike."""
        try:
            return self._folded[sites]
        except KeyError:
            differ = len(set().union(*(each.guards for each in sites))) > 1
            found = tuple([each.folded for each in sites]) if differ else None
            self._folded[sites] = found
            return found

    def add(self, entry: Entry) -> None:
        """One more entry; all of them come before the first look-up."""
        self._site(entry.pattern.host).add(entry)

    def releasing(self) -> Generator[None, None, None]:
        """See Router.releasing."""
        yield from _emptying(self)
        self._folded.clear()
        for table in (self._exact, self._wildcards):
            while table:
                _, site = table.popitem()
                yield from site.releasing()
        for site in self._any:
            yield from site.releasing()
        self._any = ()

    def _site(self, host: bytes) -> Site:
        if host == b"*":
            if not self._any:
                self._any = (Site(),)
            return self._any[0]
        is_wildcard = host.startswith(b"*.")
        table = self._wildcards if is_wildcard else self._exact
        name = host[2:] if is_wildcard else host
        site = table.get(name)
        if site is None:
            site = table[name] = Site()
            self._most += 2
        return site

    def __missing__(self, authority: bytes) -> tuple[Site, ...]:
        host = normal_host(authority)
        exact = self._exact.get(host)
        sites: tuple[Site, ...] = () if exact is None else (exact,)
        if self._wildcards:
            sites += self._under_wildcards(host)
        sites += self._any
        if len(self) >= self._most:
            self.clear()
        self[authority] = sites
        return sites

    def _under_wildcards(self, host: bytes) -> tuple[Site, ...]:
        """The longest first. A `*` stands for whole labels, of which none is empty."""
        found = []
        label, dot, rest = host.partition(b".")
        while label and dot:
            site = self._wildcards.get(rest)
            if site is not None:
                found.append(site)
            label, dot, rest = rest.partition(b".")
        return tuple(found)


def _folded(entries: Sequence[Entry]) -> Site:
    site = Site()
    spelled: dict[bytes, set[bytes]] = {}
    for entry in entries:
        spelled.setdefault(entry.pattern.path.lower(), set()).add(entry.pattern.path)
    for entry in entries:
        path, regex = entry.pattern.path.lower(), entry.pattern.regex
        if regex is not None:
            regex = re.compile(regex.pattern, regex.flags | re.IGNORECASE)
        pattern = replace(entry.pattern, path=path, regex=regex, method=None)
        if len(spelled[path]) > 1:
            entry = replace(entry, route=AS_SENT, conditions=NONE)
        site.add(replace(entry, pattern=pattern))
    return site


def _add(choices: dict[bytes, Choice], path: bytes, entry: Entry) -> None:
    choice = choices.get(path)
    if choice is None:
        choices[path] = Choice(entry)
    else:
        choice.add(entry)


def _order_of_regex(regex: tuple[Match, Choice]) -> Order:
    return order(regex[1].first)


def _emptying(table: MutableMapping[bytes, Any]) -> Generator[None, None, None]:
    while table:
        table.popitem()
        yield
