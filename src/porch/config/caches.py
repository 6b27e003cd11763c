"""The caches of routes: from what the words say to filters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from porch.cache.filter import Cache
from porch.cache.invalidation import SAFE
from porch.cache.siblings import (
    Attending,
    Invalidate,
    InvalidateAlone,
    InvalidateAtDoor,
    Siblings,
)
from porch.cache.store import Store
from porch.config.authing import auth_of, shown_inside, tells_who, told_fields
from porch.config.caching import caching
from porch.config.loaded import Loaded, RouteEntry
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.route.pattern import Pattern
from porch.route.plan import Plan
from porch.route.rewrite import returned
from porch.route.route import Route
from porch.shield.internal import SendInternal

__all__ = ["CLIENT_PHASES", "Caches", "faces_origin", "key_suffix"]

CLIENT_PHASES = ("on_response", "on_cut", "on_request_data")
"""What an exchange for the store has no part in: each client's own has them."""


Kind = TypeVar("Kind", Invalidate, InvalidateAlone)


class Caches:
    """Of one configuration."""

    def __init__(
        self, loaded: Loaded, state: State, trusts: Callable[[bytes], bool] | None
    ) -> None:
        """trusts: whether a peer's claims are believed, by its address; None for nobody's."""
        self._loaded = loaded
        self._state = state
        self._trusts = trusts
        self._siblings = Siblings()
        state.attending.prepare(self._siblings)
        self._passes_inside: bool | None = None
        self._keeping = frozenset(_keeping(loaded))

    def among(
        self,
        filters: tuple[list[Filter], list[Filter], list[Filter]],
        named: tuple[str, RouteEntry],
        settings: RouteSettings,
        route: Route,
        is_personal: bool,
    ) -> list[Filter]:
        """All filters of a route in their order, with its cache among them, if it has one, and
        with what lets go of the answers of other routes of its host, if those have one.

        filters: those before all others, those of the route, those behind that choose and spare
        endpoints. named: the route with its conditions, and as written. is_personal: whether the
        origin is told the client's certificate.
        """
        before, own, behind = filters
        facing = [*before, *filter(faces_origin, own), *behind]
        changing = self._invalidate(named[1], Invalidate)
        cache = self._cache(named, settings, route, is_personal, (facing, changing))
        if not cache:
            changing = self._invalidate(named[1], InvalidateAlone)
        # What is sent from inside is no answer to hear that from; what is not is heard of once
        # more when its Location is as clients know it.
        sends = any(isinstance(each, SendInternal) for each in own)
        return [*(changing if sends else ()), *before, *own, *cache, *changing, *behind]

    def at_door(self, pattern: Pattern | None) -> list[Filter]:
        """The same for a route that answers at the door: it has no cache."""
        found = self._changed(pattern)
        return [] if found is None else [InvalidateAtDoor(*found)]

    def _invalidate(self, entry: RouteEntry, kind: type[Kind]) -> list[Kind]:
        pattern, model = entry.pattern, entry.model
        found = self._changed(pattern)
        if found is None or pattern is None:
            return []
        back = returned(pattern, strip=bool(model.strip), template=model.rewrite)
        return [kind(*found, back)]

    def _changed(self, pattern: Pattern | None) -> tuple[Attending, Store] | None:
        """Of a route that may take unsafe methods, where one that keeps may be asked for the same
        URLs."""
        shelf = self._state.shelf
        if shelf is None or pattern is None or pattern.method in SAFE or not self._keeping:
            return None
        host = pattern.host
        is_any = host[:1] == b"*" or not self._keeping.isdisjoint((host, b"*"))
        return (self._state.attending, shelf.store) if is_any else None

    def _cache(
        self,
        named: tuple[str, RouteEntry],
        settings: RouteSettings,
        route: Route,
        is_personal: bool,
        around: tuple[Sequence[Filter], Sequence[Invalidate]],
    ) -> list[Filter]:
        """around: all filters that face the origin; what lets go of answers, if anything does."""
        facing, changing = around
        words, shelf = settings.cache, self._state.shelf
        if shelf is None or words is None:
            return []
        if is_personal and "authorization" not in (words.ignore or ()):
            return []
        name, entry = named
        assert entry.pattern is not None
        base = self._loaded.base
        found = caching(words, self._state.load_cache_key, base, entry.model.canary)
        if found is None:
            return []
        asked = Route(
            key=route.key,
            plan=Plan(facing, without=CLIENT_PHASES),
            destination=route.destination,
            target=route.target,
            rewrite=route.rewrite,
            timeouts=route.timeouts,
            limits=route.limits,
            retry=route.retry,
            upgrades=frozenset(),
            where=route.where,
        )
        is_internal = bool(entry.model.internal)
        suffix = key_suffix(name, entry.pattern, is_internal=is_internal)
        key = found.key
        who = auth_of(settings)
        has_more = found.function or self._trusts or key.fields or key.cookies
        self._siblings.add(entry.pattern, key, None if has_more else suffix)
        return [
            Cache(
                shelf,
                asked,
                replace(
                    found.policy,
                    max_object=min(found.policy.max_object, shelf.largest),
                    tells_who=self._tells_who(settings, is_internal=is_internal),
                    told=frozenset() if who is None else frozenset(told_fields(who)),
                ),
                found.key,
                suffix=suffix,
                function=found.function,
                trusts=self._trusts,
                changing=next(iter(changing), None),
            )
        ]

    def _tells_who(self, settings: RouteSettings, *, is_internal: bool) -> bool:
        """Whether the origin of a route may know from the door who asks; that of an internal one,
        since a route that sends there passes on what it was shown."""
        if tells_who(settings):
            return True
        if is_internal and self._passes_inside is None:
            self._passes_inside = shown_inside(self._loaded).passes
        return is_internal and bool(self._passes_inside)


def _keeping(loaded: Loaded) -> Iterator[bytes]:
    """The hosts that anything may be kept of; b"*" for all of a kind."""
    if loaded.config.cache:
        yield b"*"
    for host, site in loaded.sites.items():
        if site.cache:
            yield b"*" if host.startswith("*") else host.encode()
    for each in loaded.routes:
        if each.model.cache and each.pattern is not None:
            named = each.pattern.host
            yield b"*" if named.startswith(b"*") else named


def key_suffix(name: str, pattern: Pattern, *, is_internal: bool) -> bytes:
    """What keeps apart the answers of routes that may be asked for the same URL: those that have a
    method or conditions, beside which others have what they leave, and those that no client can
    ask. name: with the conditions."""
    is_for_all = name == pattern.key and pattern.method is None
    inside = b" internal" if is_internal else b""
    return inside if is_for_all else b"%b route:%b" % (inside, name.encode())


def faces_origin(each: Filter) -> bool:
    """Whether a filter has a part in what an origin is asked or answers."""
    kind = type(each)
    return (
        kind.on_upstream_request is not Filter.on_upstream_request
        or kind.on_upstream_response is not Filter.on_upstream_response
    )
