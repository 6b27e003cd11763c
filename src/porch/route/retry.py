"""Retry: what follows when an attempt has failed.

One a route. What it decides itself is the minimum that every route needs; what answers and how long
a silence are failures too, others say (balance/refused_answers.py, patience.py, hedge.py).
"""

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from porch import clock
from porch.clock import INFINITY
from porch.errors import ConnectionRefused, LeftBehind, PorchError
from porch.http.message import RequestHead

if TYPE_CHECKING:
    from porch.exchange import Exchange

__all__ = [
    "BACKOFF",
    "LEFT_BEHIND",
    "MOST_PAUSE",
    "REFUSALS",
    "SAFE_TO_REPEAT",
    "SPENT",
    "Retry",
    "is_repeatable",
]

SAFE_TO_REPEAT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"PUT", b"DELETE", b"QUERY"))
"""Idempotent methods (RFC 9110 9.2.2; RFC 10008)."""

BACKOFF = 0.025
"""Seconds, see Retry.backoff."""

MOST_PAUSE = 1.0
"""Seconds that a back-off may last."""

REFUSALS = 16
"""Endpoints that may refuse the connection besides, where a configuration says no number: a refusal
costs an origin nothing and a client a millisecond, and when many die at once one may be left."""

LEFT_BEHIND = 32
"""Attempts of a request that origins had not looked at when they closed connections on which they
served others: of 100 that are sent at once to one that takes 10 on each, the last is sent 10 times.
They wait for no more than a connection, and who came first is sent first."""

SPENT = "retry_budget_spent"
"""What the log and explain say where only the budget stood against a further attempt."""


def is_repeatable(request: RequestHead) -> bool:
    """Whether a request may be sent again that an origin may have seen.

    A client that sends Idempotency-Key asks for just that, whatever the method
    (draft-ietf-httpapi-idempotency-key-header 2).
    """
    return request.method in SAFE_TO_REPEAT or bool(request.get(b"idempotency-key"))


class Retry:
    """attempts: further ones behind the first. refusals: of endpoints, that do not count. total:
    seconds from the request's arrival, behind which nothing is tried again. backoff: seconds, the
    most that the second repetition waits; the first goes at once and each later one may wait for
    twice as long. text: all of it in words.
    """

    __slots__ = ("_random", "attempts", "backoff", "refusals", "text", "total")

    def __init__(
        self,
        attempts: int = 2,
        total: float = INFINITY,
        backoff: float = BACKOFF,
        text: str = "",
        number: Callable[[], float] = random.random,
        refusals: int = 0,
    ) -> None:
        """number: in [0, 1), for tests."""
        self.refusals = refusals
        self.attempts = attempts
        self.total = total
        self.backoff = backoff
        self.text = text
        self._random = number

    def __repr__(self) -> str:
        return f"<Retry {self.attempts} more>"

    def can(self, exchange: "Exchange", error: PorchError, pause: float = 0.0) -> bool:
        """Whether a further attempt may follow this error, so many seconds from now.

        Never behind a byte to the client, and never of a body that was not kept. Where only the
        budget is against it, the error says so from now on.
        """
        most = self.attempts
        if isinstance(error, ConnectionRefused):
            most += self.refusals
        elif most and isinstance(error, LeftBehind):
            most = max(most, LEFT_BEHIND)
        if exchange.status or exchange.attempts > most:
            return False
        if exchange.held is None and not exchange.gathered:
            return False
        if error.retry == "never" or clock.monotonic() + pause >= exchange.started + self.total:
            return False
        repeats = error.retry == "repeat"
        if repeats and not is_repeatable(exchange.request):
            return False
        if not exchange.was_stale(error) and exchange.other() is None:
            return False
        destination = exchange.route.destination
        if repeats and not (destination is not None and destination.budget.has_room()):
            error.detail = f"{error.detail}; not tried again: {SPENT}".removeprefix("; ")
            return False
        return True

    def again(self, exchange: "Exchange", error: PorchError) -> bool:
        """Make a further attempt, if it may be. Whether the exchange goes on."""
        if not self.can(exchange, error):
            return False
        pause = 0.0
        if error.retry == "repeat":
            self.spend(exchange)
            pause = self._pause(exchange, error)
        exchange.attempt(exchange.endpoint if exchange.was_stale(error) else None, later=pause > 0)
        if pause:
            attempt = exchange.attempts
            exchange.keeper.later(pause, lambda: _connect(exchange, attempt))
        return True

    def spend(self, exchange: "Exchange") -> None:
        """One more request than came in. Only behind `can`."""
        destination = exchange.route.destination
        assert destination is not None
        destination.budget.spend()

    def _pause(self, exchange: "Exchange", error: PorchError) -> float:
        """Full jitter: those that fail together do not come back together."""
        told: float = getattr(error, "pause", 0.0)
        if exchange.attempts == 1 or exchange.was_stale(error):
            return told
        most: float = min(self.backoff * 2 ** (exchange.attempts - 2), MOST_PAUSE)
        return max(told, most * self._random())


def _connect(exchange: "Exchange", attempt: int) -> None:
    """The pause before this attempt is over."""
    place = exchange.endpoint
    if exchange.ended or exchange.attempts != attempt or place is None:
        return
    stream = place.connections.acquire(exchange)
    if stream is not None:
        exchange.on_connected(stream)
