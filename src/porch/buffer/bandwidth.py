"""Bandwidth: answers leave at a rate, evenly, whatever client and origin could do.

What is over the rate waits here, at most one piece of an answer; whoever it comes from is told that
the client is full.
"""

from collections.abc import Callable
from typing import Protocol

from porch import clock
from porch.between import HoldingClient
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import RequestHead, ResponseHead, Trailers
from porch.http.stream import Head

__all__ = ["Bandwidth", "Budget", "Counter", "PacedClient"]

STEP = 0.02
"""Seconds for which is sent at once."""
GRAIN = 0.001
"""Seconds for which nothing waits: timers of a loop are no finer."""
LEAST_STEP, MOST_STEP = 1024, 65536
"""Bytes that are sent at once."""
MOST_CLIENTS = 4096
"""Clients whose rate a worker knows; those that have had nothing for longest are forgotten."""


class Counter(Protocol):
    """Bytes sent, of all workers together."""

    def add(self, size: int) -> None:
        """So many more, by this worker."""

    def total(self) -> int:
        """Of all."""


class _Own:
    """A Counter of this worker alone."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def add(self, size: int) -> None:
        """See Counter."""
        self._count += size

    def total(self) -> int:
        """See Counter."""
        return self._count


class Budget:
    """So many bytes a second, for all who take from it. rate: bytes. What was not used is lost but
    for one step: nobody saves up for a burst."""

    __slots__ = ("_before", "_counter", "_since", "rate", "step")

    def __init__(self, rate: float, counter: Counter | None = None) -> None:
        self.rate = rate
        self.step = max(LEAST_STEP, min(MOST_STEP, int(rate * STEP)))
        self._counter = counter or _Own()
        self._since = clock.monotonic()
        self._before = self._counter.total()

    def __repr__(self) -> str:
        return f"<Budget {self.rate:.0f} bytes/s>"

    def reserve(self, size: int) -> float:
        """Seconds until so many bytes may leave. Who asks first is first, so that all who share it
        have the same of it."""
        now = clock.monotonic()
        before = self._counter.total()
        self._counter.add(size)
        ahead = (before - self._before) / self.rate - (now - self._since)
        if ahead < -STEP:  # it was idle
            self._since = now - STEP
            self._before = before
        return max(0.0, ahead)


class Bandwidth(Filter):
    """Paces the answers of a route. key: of a client, from its address, who has a Budget of its own
    in each worker; None for one Budget of all clients and workers."""

    __slots__ = ("_budgets", "_counter", "_key", "_rate")

    def __init__(
        self,
        rate: float,
        key: Callable[[bytes], bytes] | None = None,
        counter: Counter | None = None,
    ) -> None:
        self._rate = rate
        self._key = key
        self._counter = counter
        self._budgets: dict[bytes, Budget] = {}

    def __repr__(self) -> str:
        return f"<Bandwidth {self._rate:.0f} bytes/s {'a client' if self._key else 'in all'}>"

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        response = exchange.response
        if response is None or response.length == 0 or exchange.request.upgrade is not None:
            return
        PacedClient(exchange, self._budget(exchange.client_ip))

    def _budget(self, client_ip: bytes) -> Budget:
        name = b"" if self._key is None else self._key(client_ip)
        budget = self._budgets.pop(name, None) or Budget(self._rate, self._counter)
        while len(self._budgets) >= MOST_CLIENTS:
            del self._budgets[next(iter(self._budgets))]
        self._budgets[name] = budget  # the last that had something
        return budget


class PacedClient(HoldingClient):
    """A client that takes what its Budget allows."""

    __slots__ = ("_budget", "_data", "_due", "_end", "_reserved", "_trailers")

    def __init__(self, exchange: Exchange, budget: Budget) -> None:
        super().__init__(exchange)
        self._budget = budget
        self._data = memoryview(b"")
        self._trailers: Trailers | None = None
        self._end = False
        self._due = 0.0
        self._reserved = 0

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """See Stream."""
        self._data = memoryview(bytes(self._data) + data if self._data else data)
        self._end = end
        if isinstance(head, Trailers):
            self._trailers = head
            head = None
        self._leave(head)

    def unsent(self) -> int:
        """See ClientStream."""
        return len(self._data) + self.client.unsent()

    # --- the pace --------------------------------------------------------------------------------

    def _pump(self) -> None:
        self._leave(None)

    def _drop(self) -> None:
        self._data = memoryview(b"")
        self._end = False

    def _leave(self, head: ResponseHead | RequestHead | None) -> None:
        """Send what may leave now, and come back for the rest."""
        budget, client = self._budget, self.client
        while self._data and self._timer is None and not self._full:
            if not self._reserved:
                self._reserved = min(budget.step, len(self._data))
                delay = budget.reserve(self._reserved)
                if delay > GRAIN:
                    self._timer = self.exchange.keeper.later(delay, self._on_time)
                    self._due = clock.monotonic() + delay
                    break
            piece = bytes(self._data[: self._reserved])
            self._data = self._data[self._reserved :]
            self._reserved = 0
            last = self._end and not self._data and self._trailers is None
            self._end = self._end and not last
            client.send(head, piece, last)
            head = None
        if self._end and not self._data:
            self._end = False
            self._send_end(head)
        elif head is not None:
            client.send(head, b"", False)
        self._waits = bool(self._data)
        self._tell()
        exchange = self.exchange
        if self._timer is not None and not exchange.ended:  # it is not the client who is silent
            later = self._due + exchange.route.timeouts.idle
            exchange.deadline = max(exchange.deadline, later)

    def _send_end(self, head: Head | None) -> None:
        trailers, self._trailers = self._trailers, None
        if trailers is None or head is not None:
            self.client.send(head, b"", trailers is None)
        if trailers is not None:
            self.client.send(trailers, b"", True)
