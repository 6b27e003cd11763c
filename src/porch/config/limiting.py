"""From the word `limit` to the filters of a route."""

from collections.abc import Sequence

from porch.balance.standing import LIMITED
from porch.config.loaded import Loaded
from porch.config.schema_limit import LimitModel, parts_of
from porch.config.settings import RouteSettings, site_of
from porch.config.state import State
from porch.config.units import spell_duration
from porch.route.condition import Source
from porch.shield.limit import ByField, ClientLimiting, Count, LateLimiting, Limit, Limiting
from porch.shield.limit_bucket import Bucket
from porch.shield.limit_costs import Cost, by_bytes, by_field, by_function, by_time
from porch.shield.limit_keys import (
    Key,
    by_all,
    by_claim,
    by_client,
    by_code,
    by_country,
    by_host,
    by_identity,
    by_name,
    by_value,
    together,
)
from porch.shield.limit_table import LimitRow, LimitTable
from porch.shield.limit_usage import ByUsage, UsageLimiting
from porch.shield.limit_window import MOST, Window

__all__ = ["Limits", "row_of"]

_PLAIN: dict[str, Key] = {
    "client": by_client,
    "identity": by_identity,
    "host": by_host,
    "all": by_all,
}
_MEASURES = {"requests": "", "bytes": "content-bytes", "time": "milliseconds"}
_ALONE_KEYS = 1024


def row_of(state: State) -> LimitRow:
    """Where this worker counts what holds over all of them. Who only checks has a table of its own,
    of which no more is there than is used."""
    if state.limit_row is None:
        state.limit_row = LimitTable(2, _ALONE_KEYS).row(1)
    return state.limit_row


class Limits:
    """Of one configuration."""

    def __init__(self, loaded: Loaded, state: State) -> None:
        self._loaded = loaded
        self._state = state

    def of(
        self, settings: RouteSettings, name: str, host: str, *, of_identity: bool
    ) -> list[Limiting]:
        """The filter of a route, if it has limits of this kind. name: of the route. host: of its
        key."""
        words = settings.nearest("limit")
        if not words:
            return []
        scope = self._scope(settings, name, host)
        names = _names(words)
        found = [
            self._limit(each, policy, scope, name)
            for each, policy in zip(words, names, strict=True)
            if each.is_of_identity == of_identity
        ]
        if not found:
            return []
        if any(isinstance(each.cost, ByUsage) for each in found):
            return [UsageLimiting(found)]
        if any(each.cost is not None for each in found):
            return [LateLimiting(found)]
        only = found[0]
        is_plain = len(found) == 1 and only.key is by_client and not only.dry_run
        return [ClientLimiting(only) if is_plain else Limiting(found)]

    def _scope(self, settings: RouteSettings, name: str, host: str) -> str:
        """Where the limits were said, which is what they count for."""
        for layer in reversed(settings.layers):
            if layer.limit is None:
                continue
            if layer is settings.layers[0]:
                return "all routes"
            return (
                f"site {_site_name(self._loaded, host)}"
                if layer is site_of(self._loaded, host)
                else name
            )
        raise AssertionError("somebody has said it")

    def _limit(self, words: LimitModel, policy: str, scope: str, route: str) -> Limit:
        rate = words.of
        kind, name = words.costs
        cost = self._cost(kind, name)
        unit = -(-rate.amount // MOST)
        most = max(1, rate.amount // unit)
        row = row_of(self._state)
        burst = 1 if words.smooth and words.burst is None else words.burst
        count: Count
        counted = repr((scope, policy, rate.seconds, kind, name, burst is None, unit))
        if burst is None:
            count = Window(row, counted, most, rate.seconds, late=cost is not None)
        else:
            count = Bucket(row, counted, most, rate.seconds, burst)
        return Limit(
            policy,
            f"{words.rate} per {words.per}",
            scope,
            self._key(words.per, route),
            count,
            self._state.counter((f"{scope}: {policy}", LIMITED)),
            cost=cost,
            unit=unit,
            measure=_MEASURES.get(kind, "units"),
            dry_run=bool(words.dry_run),
            tells=words.tell is not False,
            say=self._state.tell,
        )

    def _key(self, per: str, route: str) -> Key:
        return together([self._part(kind, name, route) for kind, name in parts_of(per)])

    def _part(self, kind: str, name: str, route: str) -> Key:
        if kind in _PLAIN:
            return _PLAIN[kind]
        if kind == "route":
            return by_name(route.encode())
        if kind == "country":
            return by_country(self._state.country_of)
        if kind == "claim":
            return by_claim(name)
        if kind == "py":
            found = self._state.load_limit_key(f"py:{name}", self._loaded.base)
            return by_client if found is None else by_code(found)
        source: Source = "header" if kind == "header" else "cookie" if kind == "cookie" else "query"
        return by_value(source, (name.lower() if kind == "header" else name).encode())

    def _cost(self, kind: str, name: str) -> Cost | None:
        if kind == "bytes":
            return by_bytes
        if kind == "time":
            return by_time
        if kind == "header":
            return ByField(by_field(name.encode()))
        if kind == "json":
            return ByUsage(name)
        if kind == "py":
            function = self._state.load_cost(f"py:{name}", self._loaded.base)
            return by_function(function or (lambda exchange: 1))
        return None


def _site_name(loaded: Loaded, host: str) -> str:
    """The name of the site that speaks for this host."""
    site = site_of(loaded, host)
    return next(name for name, each in loaded.sites.items() if each is site)


def _names(words: Sequence[LimitModel]) -> list[str]:
    """What clients and `porch status` call each limit; none twice."""
    found: list[str] = []
    for each in words:
        plain = each.name or "-".join(
            part for kind, name in parts_of(each.per) for part in (kind, name) if part
        )
        shown = "".join(char for char in plain if " " <= char <= "~")
        if shown in found:
            shown = f"{shown}-{spell_duration(each.of.seconds)}"
        while shown in found:
            shown += "+"
        found.append(shown)
    return found
