"""What keeps origins, and internal routes, unseen: from words to filters."""

import os
from collections.abc import Callable
from dataclasses import replace

from porch.config.loaded import Loaded, RouteEntry
from porch.config.schema_hide import HideModel
from porch.config.settings import RouteSettings
from porch.filter import Filter
from porch.http.message import RequestHead
from porch.keeper import Security
from porch.route.condition import Conditions
from porch.route.entry import Entry
from porch.route.pattern import Kind, Pattern
from porch.route.plan import Plan
from porch.route.route import Route
from porch.route.router import Router
from porch.route.scheme import Trusts
from porch.shield.hide import TELLING, Hide, HideRules
from porch.shield.internal import Hidden, SendInternal, StripInternal

__all__ = ["INTERNAL", "Hiding"]

INTERNAL = "internal: no client reaches it"
"""The target of an internal route, in words, as a client finds it."""
_STRIP = StripInternal()


class Hiding:
    """Of one configuration, with the router of its internal routes. trusts: see client_scheme."""

    def __init__(self, loaded: Loaded, trusts: Trusts = None) -> None:
        self._trusts = trusts
        self._nobody = Route(key="-")
        self._router = Router((), no_site=self._nobody, no_route=self._nobody)
        self._roots: dict[bytes, list[tuple[bytes, bytes]]] = {}
        self._has_internal = False
        for entry in loaded.routes:
            if entry.model.internal and entry.pattern is not None:
                self._has_internal = True
                root = _root(entry, entry.pattern, loaded)
                if root is not None:
                    self._roots.setdefault(entry.pattern.host, []).append(root)

    def of(self, settings: RouteSettings, host: str) -> list[Filter]:
        """Of a route. host: of its key."""
        filters: list[Filter] = []
        if settings.nearest("accel"):
            roots = [each for key in {host.encode(), b"*"} for each in self._roots.get(key, ())]
            roots.sort(key=_longest)
            filters.append(SendInternal(self.find, roots))
        elif self._has_internal:
            filters.append(_STRIP)
        hide: HideModel | None = settings.nearest("hide") or None
        if hide is not None:
            names = frozenset(TELLING) | frozenset(hide.fields)
            filters.append(
                Hide(
                    HideRules(
                        names=names - frozenset(hide.keep),
                        addresses=frozenset(each.encode() for each in hide.addresses),
                    ),
                    self._trusts,
                )
            )
        return filters

    def inside(
        self,
        route: Route,
        entry: RouteEntry,
        conditions: Conditions,
        filters: list[Filter],
        outside: Callable[[list[Filter]], Plan],
    ) -> Entry:
        """Put an internal route where no client asks. What a client finds in its place.

        outside: the plan of a route that is logged.
        """
        assert entry.pattern is not None
        route.plan = Plan(filters)
        made = Entry(
            pattern=entry.pattern,
            route=route,
            conditions=conditions,
            priority=entry.model.priority,
        )
        self._router.add(made)
        hidden = Route(
            key=route.key,
            plan=outside([Hidden()]),
            target=INTERNAL,
            guards=frozenset((("internal", "true"),)),
            where=route.where,
        )
        return replace(made, route=hidden)

    def find(
        self, request: RequestHead, client_ip: bytes, security: Security | None
    ) -> Route | None:
        """See shield.internal.Find."""
        route = self._router.find(request, client_ip, security)
        return None if route is self._nobody else route


def _longest(root: tuple[bytes, bytes]) -> int:
    return -len(root[0])


def _root(entry: RouteEntry, pattern: Pattern, loaded: Loaded) -> tuple[bytes, bytes] | None:
    """The folder that an internal route is of, and the path that it is asked for by; None of one
    that has no folder, or whose paths do not tell the file."""
    target = entry.targets[0]
    is_plain = pattern.kind in (Kind.PREFIX, Kind.WHOLE) and entry.model.rewrite is None
    if target.kind != "file" or not is_plain:
        return None
    root = os.fsencode(os.path.abspath(loaded.base / target.path)).rstrip(b"/")
    path = pattern.path.removesuffix(b"/")
    return (root if entry.model.strip else root + path), path
