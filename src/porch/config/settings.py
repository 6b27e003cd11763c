"""What a route is, once the top, its site and the route itself are put together.

The nearest word wins; tables (timeouts, limits, headers, tls, cache, compress) merge word by word.
"""

from collections.abc import Sequence
from typing import Any, Literal

from porch.config.headers import changes
from porch.config.loaded import Loaded, RouteEntry
from porch.config.schema import (
    HostWords,
    OverloadModel,
    PoolModel,
    RetryModel,
    RouteWords,
    SiteModel,
    StickyModel,
    TlsModel,
)
from porch.config.schema_buffer import BandwidthModel
from porch.config.schema_cache import CacheKeyModel, CacheModel
from porch.config.schema_change import MaintenanceModel
from porch.config.schema_compress import CompressModel
from porch.config.schema_health import EjectWords, HealthModel
from porch.config.schema_shield import ShieldWords
from porch.route.route import Limits, Timeouts

__all__ = [
    "RouteSettings",
    "changes",
    "host_word",
    "merge_cache",
    "merge_compress",
    "merge_limits",
    "merge_timeouts",
    "site_of",
]


_KEEP_OUT = ("allow", "deny", "auth", "limit", "block", "challenge", "csrf", "json_body", "openapi")
"""Words by which a request may be refused, whoever sends it and whatever it is answered with."""


class RouteSettings:
    """The words of one route after merging. None stands for the default. shield: all that protects,
    as a text: where it is the same, two routes protect alike. guards: those words of it that keep
    requests out, see Route.guards."""

    def __init__(self, layers: Sequence[RouteWords]) -> None:
        """layers: the top first, the route last."""
        self.layers = layers
        self.timeouts = merge_timeouts(layers)
        self.limits = merge_limits(layers)
        self.headers = [each.headers for each in layers if each.headers is not None]
        self.tls = _merge_tls([each.tls for each in layers if each.tls is not None])
        self.cache = merge_cache(layers)
        self.files = _merge([each.files for each in layers])
        self.compress = merge_compress(layers)
        self.balance: str | None = self.nearest("balance")
        self.health: HealthModel | Literal[False] | None = self.nearest("health")
        self.eject: EjectWords | Literal[False] | None = self.nearest("eject")
        self.slow_start: float | Literal[False] | None = self.nearest("slow_start")
        self.panic: float | Literal[False] | None = self.nearest("panic")
        self.sticky: StickyModel | Literal[False] | None = self.nearest("sticky")
        self.overload: OverloadModel | None = self.nearest("overload")
        self.retry: RetryModel = self.nearest("retry") or RetryModel()
        upgrade = self.nearest("upgrade")
        protocols = ["websocket"] if upgrade is None else upgrade
        self.upgrades = frozenset(each.lower().encode() for each in protocols)
        self.maintenance: MaintenanceModel | None = self.nearest("maintenance") or None
        self.buffer_request: int | None = self.nearest("buffer_request") or None
        self.buffer_response: int | None = self.nearest("buffer_response") or None
        self.bandwidth: BandwidthModel | None = self.nearest("bandwidth") or None
        self.underscores = bool(self.nearest("underscores"))
        self.forwarded = bool(self.nearest("forwarded"))
        self.grpc_web = bool(self.nearest("grpc_web"))
        self.shield = str([(word, self.nearest(word)) for word in ShieldWords.model_fields])
        said = ((word, self.nearest(word)) for word in _KEEP_OUT)
        self.guards = frozenset((word, str(value)) for word, value in said if value)
        via = self.nearest("via")
        self.via: str = "porch" if via in (None, True) else (via or "")

    def nearest(self, word: str) -> Any:
        """What the nearest layer says of a word; None where nobody does."""
        for layer in reversed(self.layers):
            value = getattr(layer, word)
            if value is not None:
                return value
        return None

    def look_after(self, pool: PoolModel) -> None:
        """What the pool says of its own health, over the top."""
        self.health = self.health if pool.health is None else pool.health
        self.eject = self.eject if pool.eject is None else pool.eject
        self.slow_start = self.slow_start if pool.slow_start is None else pool.slow_start
        self.panic = self.panic if pool.panic is None else pool.panic

    @classmethod
    def of(cls, loaded: Loaded, entry: RouteEntry, host: str) -> "RouteSettings":
        """The settings of a route whose key names `host`."""
        layers: list[RouteWords] = [loaded.config]
        site = site_of(loaded, host)
        if site is not None:
            layers.append(site)
        layers.append(entry.model)
        return cls(layers)


def site_of(loaded: Loaded, host: str) -> SiteModel | None:
    """The [site] of a host: its own, or that of the wildcard it is written as."""
    return loaded.sites.get(host.lower())


def host_word(loaded: Loaded, host: str, word: str) -> Any:
    """What holds of `word`, one of HostWords, for a host: its site, then those of wildcards it is
    under, the longest first and "*" last, then the top. None where nobody says it.

    A wildcard's holds for every host below it, for in a handshake no route is known yet, and what
    protects must not end where a host has a route of its own.
    """
    layers: list[HostWords | None] = [loaded.sites.get(host)]
    while host:
        host = host.partition(".")[2]
        layers.append(loaded.sites.get(f"*.{host}"))
    layers.append(loaded.sites.get("*"))
    found = (getattr(each, word) for each in (*layers, loaded.config) if each is not None)
    return next((each for each in found if each is not None), None)


def merge_timeouts(layers: Sequence[RouteWords]) -> Timeouts:
    """The timeouts of all layers over the defaults."""
    return Timeouts(**_merge([each.timeouts for each in layers]))


def merge_limits(layers: Sequence[RouteWords]) -> Limits:
    """The limits of all layers over the defaults."""
    return Limits(**_merge([each.limits for each in layers]))


def merge_cache(layers: Sequence[RouteWords]) -> CacheModel | None:
    """What is kept, and how; None for nothing.

    The nearest turns it on or off. The words of all hold, those of `key` too, also where one
    between turns it off: what keeps answers apart, or requests away, is not lost by another `ttl`.
    """
    said = [each.cache for each in layers if each.cache is not None]
    if not said or said[-1] is False:
        return None
    tables = [each for each in said if each]
    words = _merge(tables)
    keys = [each.key for each in tables if each.key is not None]
    if keys:
        words["key"] = _merge_keys(keys)
    return CacheModel.model_construct(**words)  # they are checked, and no texts any more


def merge_compress(layers: Sequence[RouteWords]) -> CompressModel | None:
    """How answers are coded; None for not at all. The nearest turns it on or off, and the words of
    all hold, so that `secrets` of a site is not lost by a route's codings."""
    said = [each.compress for each in layers if each.compress is not None]
    if not said or said[-1] is False:
        return None
    return CompressModel.model_construct(**_merge([each for each in said if each]))


def _merge_keys(keys: Sequence[CacheKeyModel]) -> CacheKeyModel:
    words: dict[str, Any] = {}
    for key in keys:
        if key.query is not None:  # these two exclude each other
            words.pop("ignore_query", None)
        if key.ignore_query is not None:
            words.pop("query", None)
        words |= _merge([key])
    return CacheKeyModel.model_construct(**words)


def _merge(tables: Sequence[Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for table in tables:
        if table is not None:
            for name in table.model_fields_set:
                merged[name] = getattr(table, name)
    return merged


def _merge_tls(tables: Sequence[TlsModel]) -> TlsModel:
    return TlsModel(**_merge(tables))
