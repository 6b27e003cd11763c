"""The index of a router: authority -> sites, and in a site path -> choice.

Compiled once from the entries; built for look-ups that are a dictionary's.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from porch.http.message import RequestHead
from porch.route.condition import Conditions
from porch.route.entry import Entry
from porch.route.host import normal_host
from porch.route.pattern import Kind
from porch.route.route import Route

__all__ = ["Choice", "Site", "Sites"]

Key = TypeVar("Key")
Match = Callable[[bytes], re.Match[bytes] | None]

_REMEMBERED = 4096
"""Authorities that are remembered besides two for each host of the configuration."""


class Choice:
    """What shares one host and one path.

    only: the route, where the first has no conditions; saves the usual request a call.
    """

    __slots__ = ("_routes", "only")

    def __init__(self, entries: list[Entry]) -> None:
        self._routes: list[tuple[Conditions | None, Route]] = [
            (each.conditions if each.conditions else None, each.route) for each in entries
        ]
        first = entries[0]
        self.only = None if first.conditions else first.route

    def pick(self, request: RequestHead, client_ip: bytes) -> Route | None:
        """The first route whose conditions hold."""
        for conditions, route in self._routes:
            if conditions is None or conditions.holds(request, client_ip):
                return route
        return None


class Site:
    """The entries of one host. longest: bytes of its longest prefix, 0 without any."""

    __slots__ = ("exact", "longest", "prefixes", "regexes", "whole")

    def __init__(self, entries: list[Entry]) -> None:
        """entries: in order of rank."""
        kinds = _grouped(entries, lambda each: each.pattern.kind)
        self.exact = _choices(kinds.get(Kind.EXACT, []))
        self.prefixes = _choices(kinds.get(Kind.PREFIX, []))
        self.longest = max(map(len, self.prefixes), default=0)
        self.regexes: list[tuple[Match, Choice]] = [
            (each.pattern.regex.match, Choice([each]))
            for each in kinds.get(Kind.REGEX, [])
            if each.pattern.regex is not None
        ]
        self.whole = _choices(kinds.get(Kind.WHOLE, [])).get(b"")


class Sites(dict[bytes, tuple[Site, ...]]):
    """authority -> the sites whose host it matches, the narrowest first.

    Each authority is worked out once and remembered; bounded, since clients choose them.
    """

    __slots__ = ("_any", "_exact", "_most", "_wildcards")

    def __init__(self, entries: list[Entry]) -> None:
        super().__init__()
        self._exact: dict[bytes, Site] = {}
        self._wildcards: dict[bytes, Site] = {}
        self._any: tuple[Site, ...] = ()
        for host, group in _grouped(entries, lambda each: each.pattern.host).items():
            if host == b"*":
                self._any = (Site(group),)
            elif host.startswith(b"*."):
                self._wildcards[host[2:]] = Site(group)
            else:
                self._exact[host] = Site(group)
        self._most = _REMEMBERED + 2 * (len(self._exact) + len(self._wildcards))

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


def _grouped(entries: list[Entry], of: Callable[[Entry], Key]) -> dict[Key, list[Entry]]:
    groups: dict[Key, list[Entry]] = {}
    for each in entries:
        groups.setdefault(of(each), []).append(each)
    return groups


def _choices(entries: list[Entry]) -> dict[bytes, Choice]:
    groups = _grouped(entries, lambda each: each.pattern.path)
    return {path: Choice(group) for path, group in groups.items()}
