"""Mirror: a share of the requests also goes to a shadow, whose answers are thrown away.

A copy is an exchange of its own with a client that is nobody, so it is dialled, timed and counted
as any other, and its connections are of pools that nothing else uses. It begins when the client
has its answer: whatever the shadow does, no client waits for it or fails with it.
"""

import random
from collections.abc import Callable
from contextlib import suppress

from porch.clock import Deadlines
from porch.errors import ClientGone, PorchError
from porch.exchange import HELD, Exchange
from porch.filter import Filter, Response
from porch.http.message import Field, RequestHead
from porch.http.stream import Head
from porch.keeper import Security, Timer
from porch.nobody import Nobody
from porch.route.route import REQUESTS, Route
from porch.shared import Cells

__all__ = ["LARGEST", "MARK", "MOST", "ROOM", "Mirror"]

MARK = (b"x-forwarded-mirror", b"1")
"""The field by which a shadow knows a copy."""
MOST = 32
"""Copies of a route under way at once, in a worker."""
ROOM = 16 << 20
"""Bytes of bodies that wait for their clients' answers, of a route in a worker."""
LARGEST = 1 << 20
"""Bytes of an answer that are read before it is cut."""


class Mirror(Filter):
    """See the module. route: of the copies, with the shadow's pool. It must be the last filter.

    share: 0 to 1. left_out: its cell REQUESTS counts what was not copied: MOST were under way, the
    body is over HELD, or the bodies over ROOM.
    """

    __slots__ = ("_bodies", "_drawn", "_held", "_keeper", "_left_out", "_number", "route", "share")

    def __init__(
        self,
        route: Route,
        share: float,
        deadlines: Deadlines,
        left_out: Cells,
        number: Callable[[], float] = random.random,
    ) -> None:
        """number: in [0, 1), for tests with a seed."""
        self.route = route
        self.share = share
        self._left_out = left_out
        self._number = number
        self._keeper = _Keeper(deadlines)
        self._drawn: set[Exchange] = set()
        self._bodies: dict[Exchange, tuple[RequestHead, bytearray]] = {}
        self._held = 0

    def __repr__(self) -> str:
        return f"<Mirror {self.share:.0%} to {self.route.target}, {self.running} running>"

    @property
    def running(self) -> int:
        """Copies under way."""
        return self._keeper.running

    def on_request(self, exchange: Exchange) -> None:
        """See Filter."""
        if self._number() < self.share and exchange.request.upgrade is None:
            self._drawn.add(exchange)

    def on_upstream_request(self, exchange: Exchange) -> None:
        """See Filter. What goes to the first endpoint is what is copied."""
        if exchange not in self._drawn:
            return
        self._drawn.discard(exchange)
        outgoing, held = exchange.outgoing, exchange.held
        if outgoing is None or held is None or not self._fits(outgoing.length or len(held)):
            self._left_out.own[REQUESTS] += 1
            return
        self._held += len(held)
        head = RequestHead(
            outgoing.method,
            outgoing.target,
            outgoing.authority,
            outgoing.scheme,
            [*outgoing.fields, MARK],
            outgoing.length,
            version=outgoing.version,
        )
        self._bodies[exchange] = head, bytearray(held)

    def on_request_data(self, exchange: Exchange, data: bytes) -> bytes:
        """See Filter."""
        copied = self._bodies.get(exchange)
        if copied is not None:
            if self._fits(len(copied[1]) + len(data)):
                copied[1].extend(data)
                self._held += len(data)
            else:
                self._forget(exchange)
                self._left_out.own[REQUESTS] += 1
        return data

    def on_end(self, exchange: Exchange) -> None:
        """See Filter."""
        self._drawn.discard(exchange)
        copied = self._forget(exchange)
        if copied is not None and exchange.request_done and not exchange.upgraded:
            self._send(*copied, exchange.client_ip)

    def _fits(self, size: int) -> bool:
        return size <= HELD and self._held + size <= ROOM

    def _forget(self, exchange: Exchange) -> tuple[RequestHead, bytearray] | None:
        copied = self._bodies.pop(exchange, None)
        if copied is not None:
            self._held -= len(copied[1])
        return copied

    def _send(self, head: RequestHead, body: bytearray, client_ip: bytes) -> None:
        keeper = self._keeper
        if keeper.running >= MOST:
            self._left_out.own[REQUESTS] += 1
            return
        keeper.running += 1
        nobody = _Shadowed()
        nobody.exchange = Exchange(keeper, nobody, head, self.route, client_ip)
        with suppress(PorchError):
            nobody.exchange.on_request(bytes(body), True)


class _Shadowed(Nobody):
    """The client of a copy: takes everything and keeps nothing."""

    __slots__ = ("_taken", "exchange", "peer", "port", "security")

    interim = trailers = False

    def __init__(self) -> None:
        self.peer = self.port = b""
        self.security: Security | None = None
        self.exchange: Exchange | None = None
        self._taken = 0

    def send(self, head: Head | None, data: bytes, end: bool) -> None:
        """An answer without end is cut."""
        self._taken += len(data)
        if self._taken > LARGEST and not end and self.exchange is not None:
            self.exchange.fail(ClientGone("enough of the shadow's answer"))


class _Keeper:
    """Of copies. See keeper.Keeper. closing: none waits for anything."""

    closing = False

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadlines = deadlines
        self.running = 0
        self.own_fields: tuple[Field, ...] = ()

    def error_page(self, exchange: Exchange, error: PorchError) -> Response:
        """Nobody reads it."""
        return Response(error.status or 502)

    def report(self, exchange: Exchange, error: Exception) -> None:
        """Copies have no hooks that could fail."""

    def later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """Only what is tried again waits for a time."""
        raise AssertionError("a copy is tried once")
