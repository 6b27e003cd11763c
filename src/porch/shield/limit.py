"""Limits: how often one may come, and what they may cost; who is over it is answered 429.

What is left is told with every answer, as draft-ietf-httpapi-ratelimit-headers-10 has it:
RateLimit-Policy says what holds, RateLimit what is left and in how many seconds there will be more,
which is never later than Retry-After says.
"""

from collections.abc import Callable, Sequence
from math import ceil
from typing import NoReturn, Protocol, TypeVar

from porch import clock
from porch.balance.endpoint import FAILED
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Field
from porch.route.route import REQUESTS
from porch.shared import Cells
from porch.shield.limit_costs import Cost
from porch.shield.limit_keys import COLON, Key, network
from porch.shield.limited import RateLimited

__all__ = ["ByField", "ClientLimiting", "Count", "LateLimiting", "Limit", "Limiting"]

_REMEMBERED = 4096
"""Fields that are kept as they are written."""
_INTEGER = 999_999_999_999_999
"""The greatest number of a field (RFC 9651 3.3.1)."""
_BETWEEN = 60.0
"""Seconds between two messages of a limit that only looks on."""


Text = TypeVar("Text")


class Count(Protocol):
    """How a limit counts (limit_window.py, limit_bucket.py)."""

    most: int
    seconds: float

    def take(self, key: bytes, now: float, units: int = 1) -> int:
        """See Window."""

    def charge(self, key: bytes, now: float, units: int) -> None:
        """See Window."""

    def wait(self, key: bytes, now: float) -> float:
        """See Window."""


class _Remembered(dict[int, Text]):
    """What is left -> what is told of it. Bounded."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[int], Text]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, left: int) -> Text:
        found = self._make(left)
        if len(self) < _REMEMBERED:
            self[left] = found
        return found


def _fields(policies: bytes, said: bytes) -> list[Field]:
    """What holds, and what is left, as clients are told."""
    return [(b"ratelimit-policy", policies), (b"ratelimit", said)]


class Limit:
    """One limit of a route. name: of its policy. text: as an operator reads it. where: it was said.

    cost: what a request costs, None for 1. unit: for so much of it one is counted. cells: REQUESTS
    is how many would have been refused while it only looked on, FAILED how many were. dry_run:
    whether it looks on. tells: whether clients are told. said: what is told, by what is left.
    say: to the operator.
    """

    __slots__ = (
        "_named",
        "_said_at",
        "_unit",
        "cells",
        "charge",
        "cost",
        "dry_run",
        "key",
        "name",
        "policy",
        "said",
        "say",
        "take",
        "tells",
        "text",
        "units",
        "wait",
        "where",
        "window",
    )

    def __init__(
        self,
        name: str,
        text: str,
        where: str,
        key: Key,
        count: Count,
        cells: Cells,
        *,
        cost: Cost | None = None,
        unit: int = 1,
        measure: str = "",
        dry_run: bool = False,
        tells: bool = True,
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        """measure: of what is counted, in the draft's words; "" for requests."""
        self.name = name
        self.text = text
        self.where = where
        self.key = key
        self.take = count.take
        self.charge = count.charge
        self.wait = count.wait
        self.cells = cells
        self.cost = cost
        self.units = 1 if cost is None else 0
        self.dry_run = dry_run
        self.tells = tells and not dry_run
        self.say = say
        self.window = max(1, ceil(count.seconds))
        self._unit = unit
        self._said_at = 0.0
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        self._named = f'"{quoted}";r='.encode("ascii")
        self.said = _Remembered(self._left)
        policy = f'"{quoted}";q={min(count.most * unit, _INTEGER)};w={self.window}'
        policy += f';qu="{measure}"' if measure else ""
        self.policy = policy.encode("ascii")

    def __repr__(self) -> str:
        return f"<Limit {self.text}{', looking on' if self.dry_run else ''}>"

    def nothing_left(self, wait: float) -> bytes:
        """A member of RateLimit: nothing is left for so long."""
        return b"%b0;t=%d" % (self._named, max(1, ceil(wait)))

    def last(self, key: bytes, now: float) -> bytes:
        """The same of who has taken the last: until one more may come, which with `smooth` is with
        every answer."""
        return self.nothing_left(self.wait(key, now))

    def units_of(self, cost: int) -> int:
        """How many are counted for a cost."""
        return -(-cost // self._unit)

    def _left(self, left: int) -> bytes:
        """A member of RateLimit: so many are left."""
        return b"%b%d;t=%d" % (self._named, min(left * self._unit, _INTEGER), self.window)

    def look_on(self, exchange: Exchange, now: float) -> None:
        """It would have been refused."""
        own = self.cells.own
        own[REQUESTS] += 1
        if now >= self._said_at:
            self._said_at = now + _BETWEEN
            client = exchange.client_ip.decode("latin-1")
            self.say(
                f"limit {self.text} ({self.where}) only looks on: it would refuse {client},"
                f" and {self.cells.total(REQUESTS)} requests so far"
            )


class _Charges:
    """What an exchange will be charged. costs: what is known of them before the end."""

    __slots__ = ("costs", "keys")

    def __init__(self, keys: Sequence[bytes | None]) -> None:
        self.keys = keys
        self.costs: list[int | None] = [None] * len(keys)


class ByField:
    """A cost that is read when the origin's answer comes, before any other sees it; an answer that
    is no origin's costs nothing."""

    __slots__ = ("read",)

    def __init__(self, read: Cost) -> None:
        self.read = read

    def __call__(self, exchange: Exchange) -> int:
        """At the end, if it was not read: there was no answer of an origin."""
        return 0


class Limiting(Filter):
    """Limits of a route that count requests, one after the other. One that is refused is counted in
    none of them."""

    __slots__ = ("_charges", "_policy", "_told", "limits")

    def __init__(self, limits: Sequence[Limit]) -> None:
        self.limits = tuple(limits)
        self._policy = b", ".join(each.policy for each in limits if each.tells)
        self._told: dict[Exchange, list[Field]] = {}
        self._charges: dict[Exchange, _Charges] | None = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {', '.join(each.text for each in self.limits)}>"

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        now = clock.monotonic()
        told: list[bytes] = []
        keys: list[bytes | None] = []
        read: Key | None = None
        found: bytes | None = None
        for limit in self.limits:
            if limit.key is not read:  # else the one before has read it: nearly always addresses
                read = limit.key
                found = read(exchange)
            key = found
            if key is not None:
                left = limit.take(key, now, limit.units)
                if left >= 0:
                    if limit.tells:
                        told.append(limit.said[left] if left else limit.last(key, now))
                elif limit.dry_run:
                    limit.look_on(exchange, now)
                    key = None
                else:
                    self._refuse(exchange, limit, key, keys)
            keys.append(key)
        if told:
            self._told[exchange] = _fields(self._policy, b", ".join(told))
        if self._charges is not None:
            self._charges[exchange] = _Charges(keys)

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        told = self._told.get(exchange)
        response = exchange.response
        if told is not None and response is not None:
            response.fields = response.fields + told

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._told.pop(exchange, None)

    def _refuse(
        self,
        exchange: Exchange,
        limit: Limit,
        key: bytes,
        before: Sequence[bytes | None],
    ) -> NoReturn:
        """before: keys of the limits that have let it in."""
        now = clock.monotonic()
        for other, taken in zip(self.limits, before, strict=False):
            if taken is not None and other.units:
                other.charge(taken, now, -1)
        limit.cells.own[FAILED] += 1
        wait = limit.wait(key, now)
        if limit.tells:
            self._told[exchange] = _fields(self._policy, limit.nothing_left(wait))
        raise RateLimited(f"limit {limit.text} ({limit.where})", max(1.0, wait))


class ClientLimiting(Limiting):
    """One limit, of requests by address, that refuses: what most doors have, in fewer steps. A
    request comes when its exchange begins, for hardly anything stands before it. said: what is
    told, by what is left."""

    __slots__ = ("_limit", "_take", "_tells", "said")

    def __init__(self, limit: Limit) -> None:
        super().__init__([limit])
        self._limit = limit
        self._take = limit.take
        self._tells = limit.tells
        self.said = _Remembered(lambda left: _fields(self._policy, limit.said[left]))

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        key = exchange.client_ip
        if COLON in key:
            key = network(key)
        left = self._take(key, exchange.started)
        if left < 0:
            self._refuse(exchange, self._limit, key, ())
        if self._tells:
            self._told[exchange] = self.said[left] if left else self._last(key, exchange.started)

    def _last(self, key: bytes, now: float) -> list[Field]:
        return _fields(self._policy, self._limit.last(key, now))


class LateLimiting(Limiting):
    """Limits of which some count what a request costs, when it is over."""

    __slots__ = ()

    def __init__(self, limits: Sequence[Limit]) -> None:
        super().__init__(limits)
        self._charges = {}

    def on_upstream_response(self, exchange: Exchange) -> None:
        """See Filter."""
        assert self._charges is not None
        charges = self._charges.get(exchange)
        if charges is not None:
            for number, limit in enumerate(self.limits):
                if isinstance(limit.cost, ByField):
                    charges.costs[number] = limit.cost.read(exchange)

    def on_end(self, exchange: Exchange) -> None:
        """See Filter. One cost that cannot be found out keeps no other from being charged."""
        self._told.pop(exchange, None)
        assert self._charges is not None
        charges = self._charges.pop(exchange, None)
        if charges is None:
            return
        now = clock.monotonic()
        for limit, key, known in zip(self.limits, charges.keys, charges.costs, strict=True):
            if key is not None and limit.cost is not None:
                try:
                    cost = limit.cost(exchange) if known is None else known
                except Exception as error:
                    exchange.keeper.report(exchange, error)
                    cost = 1
                if cost:
                    limit.charge(key, now, limit.units_of(cost))
