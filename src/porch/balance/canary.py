"""Canary: a new version that some of the requests of a route go to, and the rest do not.

Who goes there is decided by the request alone, so that all workers decide alike and nobody keeps
a list: a field or a cookie that asks for it, else a share of the clients or of the requests.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

from porch.balance.abort import AbortRule
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.http.message import RequestHead
from porch.route.condition import NONE, READERS, Conditions
from porch.route.route import Budget, Destination, Place

__all__ = ["ALWAYS", "NEVER", "Canary", "CanaryRule"]

ALWAYS, NEVER = (b"1", b"always"), (b"0", b"never")
"""Values of the cookie that asks for the canary, or for the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryRule:
    """Who goes to the canary.

    share: 0 to 1. headers: where all of them hold, it is asked for. cookie: one with a value of
    ALWAYS asks for it, of NEVER for the others; b"" for none. sticky: a client has its place by its
    address and keeps it, also when the share grows; else each request is drawn. sticky_cookie: its
    place follows from the value of this cookie where it has one. salt: routes with equal ones send
    a client to their canaries alike.
    """

    share: float = 0.0
    headers: Conditions = NONE
    cookie: bytes = b""
    sticky: bool = True
    sticky_cookie: bytes = b""
    salt: bytes = b""

    def __str__(self) -> str:
        words = [f"{self.share * 100:g}% of the {'clients' if self.sticky else 'requests'}"]
        if self.headers:
            words.append(str(self.headers))
        if self.cookie:
            words.append(f"cookie {self.cookie.decode('latin-1')} = 1")
        return "; or ".join(words)


class Canary:
    """A pool and its canary. See route.Destination.

    name: of the route, with its conditions. words: all that the configuration says of it: said
    otherwise it is another one. rule, abort: who goes there, and when it is taken back. is_back: it
    was taken back, nobody goes there. canary, stable: the two pools. target: the canary's
    addresses, in words.
    """

    __slots__ = (
        "_number",
        "abort",
        "canary",
        "is_back",
        "manner",
        "name",
        "rule",
        "stable",
        "target",
        "words",
    )

    def __init__(
        self,
        name: str,
        stable: Destination,
        canary: Destination,
        rule: CanaryRule,
        number: Callable[[], float] = random.random,
    ) -> None:
        """number: in [0, 1), for tests with a seed."""
        self.name = name
        self.manner = stable.manner
        self.stable = stable
        self.canary = canary
        self.rule = rule
        self.abort: AbortRule | None = None
        self.words = self.target = ""
        self.is_back = False
        self._number = number

    def __repr__(self) -> str:
        return f"<Canary {self.name} {self.rule}{' taken back' if self.is_back else ''}>"

    @property
    def budget(self) -> Budget:
        """See route.Destination. All requests of the route count in it."""
        return self.stable.budget

    @property
    def endpoints(self) -> Sequence[Place]:
        """See route.Destination."""
        return (*self.stable.endpoints, *self.canary.endpoints)

    def candidates(self, exchange: Exchange) -> Iterator[Place]:
        """See route.Destination. Behind the canary's endpoints come the others: where it refuses
        connections nobody sees it."""
        if self.is_back or not self.takes(exchange.request, exchange.client_ip):
            return self.stable.candidates(exchange)
        return chain(self.canary.candidates(exchange), self.stable.candidates(exchange))

    def nobody(self, error: PorchError | None) -> PorchError:
        """See route.Destination."""
        return self.stable.nobody(error)

    def takes(self, request: RequestHead, client_ip: bytes) -> bool:
        """Whether the request goes to the canary, unless that was taken back."""
        rule = self.rule
        asked = self._asks(request, client_ip)
        if asked is not None:
            return asked
        if not rule.sticky:
            return self._number() < rule.share
        who = _cookie(request, rule.sticky_cookie) if rule.sticky_cookie else None
        return _point(rule.salt, who or client_ip) < rule.share

    def is_drawn(self, request: RequestHead, client_ip: bytes) -> bool:
        """Whether `takes` leaves it to chance."""
        return not self.rule.sticky and self._asks(request, client_ip) is None

    def _asks(self, request: RequestHead, client_ip: bytes) -> bool | None:
        """Whether it asks for the canary or for the others, if it does."""
        rule = self.rule
        if rule.headers and rule.headers.holds(request, client_ip):
            return True
        asked = _cookie(request, rule.cookie) if rule.cookie else None
        return True if asked in ALWAYS else False if asked in NEVER else None


_cookie = READERS["cookie"]


def _point(salt: bytes, who: bytes) -> float:
    """Where somebody stands between 0 and 1, always at the same place."""
    return int.from_bytes(blake2b(who, digest_size=8, key=salt[:64]).digest()) / 2**64
