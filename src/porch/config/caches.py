"""The caches of routes: from what the words say to filters."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from porch.cache.filter import Cache
from porch.config.caching import caching
from porch.config.loaded import Loaded
from porch.config.settings import RouteSettings
from porch.config.state import State
from porch.filter import Filter
from porch.route.plan import Plan
from porch.route.route import Route

__all__ = ["CLIENT_PHASES", "Caches", "faces_origin", "key_suffix"]

CLIENT_PHASES = ("on_response", "on_cut", "on_request_data")
"""What an exchange for the store has no part in: each client's own has them."""


class Caches:
    """Of one configuration."""

    def __init__(
        self, loaded: Loaded, state: State, trusts: Callable[[bytes], bool] | None
    ) -> None:
        """trusts: whether a peer's claims are believed, by its address; None for nobody's."""
        self._loaded = loaded
        self._state = state
        self._trusts = trusts

    def among(
        self,
        filters: tuple[list[Filter], list[Filter], list[Filter]],
        name: str,
        settings: RouteSettings,
        route: Route,
        is_personal: bool,
    ) -> list[Filter]:
        """All filters of a route in their order, with its cache among them, if it has one.

        filters: those before all others, those of the route, those behind that choose and spare
        endpoints. name: of the route with its conditions. is_personal: whether the origin is told
        the client's certificate.
        """
        before, own, behind = filters
        facing = [*before, *filter(faces_origin, own), *behind]
        return [*before, *own, *self._cache(name, settings, route, is_personal, facing), *behind]

    def _cache(
        self,
        name: str,
        settings: RouteSettings,
        route: Route,
        is_personal: bool,
        facing: Sequence[Filter],
    ) -> list[Filter]:
        """facing: all filters that face the origin."""
        words, shelf = settings.cache, self._state.shelf
        if shelf is None or words is None:
            return []
        if is_personal and "authorization" not in (words.ignore or ()):
            return []
        found = caching(words, self._state.load_cache_key, self._loaded.base)
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
        suffix = key_suffix(name, route)
        return [
            Cache(
                shelf,
                asked,
                replace(found.policy, max_object=min(found.policy.max_object, shelf.largest)),
                found.key,
                suffix=suffix,
                function=found.function,
                trusts=self._trusts,
            )
        ]


def key_suffix(name: str, route: Route) -> bytes:
    """What keeps apart the answers of routes that differ by conditions alone. name: with them."""
    return b"" if name == route.key else b" route:" + name.encode()


def faces_origin(each: Filter) -> bool:
    """Whether a filter has a part in what an origin is asked or answers."""
    kind = type(each)
    return (
        kind.on_upstream_request is not Filter.on_upstream_request
        or kind.on_upstream_response is not Filter.on_upstream_response
    )
