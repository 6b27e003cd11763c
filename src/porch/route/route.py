"""Route: where a request goes, and all that is decided about it before it comes."""

from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from porch.route.plan import Plan
from porch.route.retry import Retry

if TYPE_CHECKING:
    from porch.errors import PorchError
    from porch.exchange import Exchange
    from porch.http.message import RequestHead
    from porch.keeper import UpstreamStream

__all__ = [
    "ALWAYS",
    "ANSWERED",
    "HEARD",
    "HIGH",
    "KNOWN",
    "LOW",
    "NORMAL",
    "REQUESTS",
    "RUNNING",
    "Budget",
    "Connections",
    "Destination",
    "Limits",
    "Place",
    "Route",
    "Timeouts",
]

RUNNING, REQUESTS, HEARD, ANSWERED = 0, 1, 2, 3
"""Of Place.counts: attempts under way, attempts so far, when a byte came and when an answer below
500 began (clock.milliseconds)."""

LOW, NORMAL, HIGH, ALWAYS, KNOWN = range(5)
"""How important the requests of a route are to a worker that cannot serve all: see shield/busy.py.
The first are refused first, ALWAYS never; KNOWN is HIGH for some clients and NORMAL for others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds of silence, never of the whole. A moving transfer is never cut.

    connect: until the endpoint accepted (Envoy 5, nginx 60).
    head: the client's head, from its first byte to its last (nginx 60, Apache 20).
    response: from the request's last byte to the answer's head (nginx 60).
    idle: between two pieces of a body, either way (nginx 60).
    keep_alive: of a client's connection between requests (nginx 75).
    upstream_idle: of a kept origin's connection (uvicorn and node close after 5).
    tunnel: without a byte either way in a WebSocket.
    half_close: how long a client that closed its sending side is still served in silence.
    """

    connect: float = 5.0
    head: float = 15.0
    response: float = 60.0
    idle: float = 60.0
    keep_alive: float = 75.0
    upstream_idle: float = 4.0
    tunnel: float = 3600.0
    half_close: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on what a message may be. Sizes in bytes.

    request_line: method, target and version (nginx 8 KiB in all).
    head: all of a head, of a request or an answer (HAProxy 16 KiB, Envoy 60 KiB).
    fields: how many fields a head may have (Envoy 100).
    body: of a request; None is unbounded.
    interim: how many interim answers an origin may send before its final one.
    streams: how many requests a client may have open on one connection of HTTP/2 (nginx 128).
    min_rate: bytes a second of a body that comes, and of an answer that waits; 0 for none (Kestrel
    240, Apache 500).
    """

    request_line: int = 16384
    head: int = 65536
    fields: int = 128
    body: int | None = None
    interim: int = 16
    streams: int = 128
    min_rate: int = 240


class Place(Protocol):
    """One endpoint, as an exchange sees it (balance/endpoint.py).

    counts: what the exchange notes here: RUNNING, REQUESTS, HEARD, ANSWERED. Shared with the other
    workers, so it is a sequence and no attribute.
    usual: seconds until the first byte of an answer, a moving mean; 0.0 while nothing is known.
    out: not empty while it is out of rotation.
    patience: seconds that an exchange waits for an answer before it asks `on_waits`.
    """

    name: str
    counts: MutableSequence[int]
    connections: "Connections"
    usual: float
    patience: float

    @property
    def out(self) -> Mapping[str, object]:
        """By kind, why no further requests should come here."""

    def on_failure(self, word: str) -> None:
        """No connection could be had, for this reason word."""

    def on_unreached(self, word: str) -> None:
        """The same, of one that an attempt waited for: it is counted as failed."""

    def on_success(self) -> None:
        """A connection could be had."""

    def on_bad(self, word: str) -> None:
        """A request was answered badly or not at all, in this word: of an error, or a status."""

    def on_heard(self) -> None:
        """An answer came, while it was out of rotation."""

    def on_waits(self, exchange: "Exchange") -> "PorchError | None":
        """The exchange has waited for `patience`: the error to leave with, if it waits in vain."""


class Connections(Protocol):
    """The connections to one endpoint, as an exchange sees them (forward/pool.py)."""

    def acquire(self, exchange: "Exchange") -> "UpstreamStream | None":
        """An idle connection now, or None: then `exchange.on_connected` or
        `exchange.on_connect_failed` is called later."""

    def cancel(self, exchange: "Exchange") -> None:
        """The exchange no longer waits."""

    def dial_ahead(self, place: Place) -> None:
        """Make a connection for whoever comes; `place` is told whether it could be had."""


class Budget(Protocol):
    """How many more requests than came in a pool may get (balance/budget.py)."""

    def has_room(self) -> bool:
        """Whether there may be one more now."""

    def spend(self) -> None:
        """There is one more."""


class Destination(Protocol):
    """A named pool, as an exchange sees it (balance/upstream.py).

    manner: how it chooses, in words, for explain; "" where there is nothing to choose.
    """

    name: str
    manner: str

    @property
    def budget(self) -> Budget:
        """Of its endpoints together."""

    @property
    def endpoints(self) -> Sequence[Place]:
        """All that it may lead to."""

    def candidates(self, exchange: "Exchange") -> Iterator[Place]:
        """Endpoints to try, best first; each at most once."""

    def nobody(self, error: "PorchError | None") -> "PorchError":
        """Why there is no candidate. error: of the last one that was tried, if any was."""


@dataclass(slots=True, kw_only=True, eq=False)
class Route:
    """One route of the configuration.

    key: as written, "example.com/api/*"; what log and explain show.
    plan: its hooks.
    destination: the pool, or None where a filter of the plan answers every request.
    target: `to` as words, for explain: "10.0.0.1:8000, 10.0.0.2:8000".
    rewrite: the target (path and query) that goes out for the one that came in, or None.
    retry: what follows a failed attempt.
    upgrades: the protocols that may be switched to, lower-case.
    importance: LOW to KNOWN.
    guards: what keeps requests out, (word, what it says): one that is the same, or less, than
        another's asks for no more.
    access: what decides who may pass. Two routes with equal (`target`, `access`) may stand for
        one another where a path can be read in several ways.
    where: "porch.toml:3", for explain and errors.
    """

    key: str
    plan: Plan = field(default_factory=Plan)
    destination: Destination | None = None
    target: str = ""
    rewrite: "Callable[[RequestHead], bytes] | None" = None
    timeouts: Timeouts = Timeouts()
    limits: Limits = Limits()
    retry: Retry = field(default_factory=Retry)
    upgrades: frozenset[bytes] = frozenset((b"websocket",))
    importance: int = NORMAL
    guards: frozenset[tuple[str, str]] = frozenset()
    access: object = None
    where: str = ""

    def __repr__(self) -> str:
        return f"<Route {self.key} to {self.target}>"
