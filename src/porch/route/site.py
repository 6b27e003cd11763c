"""The index of a router: authority -> sites, and in a site path -> choice.

Compiled from the entries one by one, in any order, so that a worker which serves can make it
between two requests; built for look-ups that are a dictionary's.
"""

import re
from bisect import insort
from collections.abc import Callable, Generator, MutableMapping
from typing import TYPE_CHECKING, Any

from porch.http.message import RequestHead
from porch.route.entry import Entry, Order, order
from porch.route.host import normal_host
from porch.route.pattern import Kind
from porch.route.route import Route

if TYPE_CHECKING:
    from porch.keeper import Security

__all__ = ["Choice", "Site", "Sites"]

Match = Callable[[bytes], re.Match[bytes] | None]

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


class Site:
    """The entries of one host. longest: bytes of its longest prefix, 0 without any."""

    __slots__ = ("exact", "longest", "prefixes", "regexes", "whole")

    def __init__(self) -> None:
        self.exact: dict[bytes, Choice] = {}
        self.prefixes: dict[bytes, Choice] = {}
        self.longest = 0
        self.regexes: list[tuple[Match, Choice]] = []
        self.whole: Choice | None = None

    def add(self, entry: Entry) -> None:
        """An entry of this host."""
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
        yield


class Sites(dict[bytes, tuple[Site, ...]]):
    """authority -> the sites whose host it matches, the narrowest first.

    Each authority is worked out once and remembered; bounded, since clients choose them.
    """

    __slots__ = ("_any", "_exact", "_most", "_wildcards")

    def __init__(self) -> None:
        super().__init__()
        self._exact: dict[bytes, Site] = {}
        self._wildcards: dict[bytes, Site] = {}
        self._any: tuple[Site, ...] = ()
        self._most = _REMEMBERED

    def add(self, entry: Entry) -> None:
        """One more entry; all of them come before the first look-up."""
        self._site(entry.pattern.host).add(entry)

    def releasing(self) -> Generator[None, None, None]:
        """See Router.releasing."""
        yield from _emptying(self)
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
