"""Door: what all listeners of a worker share, and where a request meets its route."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from porch.clock import Deadlines
from porch.crowd import Crowd
from porch.errors import InternalError, PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.http.h1 import HeadLimits
from porch.http.message import Field, RequestHead
from porch.keeper import ClientStream, Security, Timer
from porch.listen.crowd_gate import Bounds, Gate
from porch.listen.crowd_shed import MakesRoom, Shedding
from porch.listen.door_session import Session
from porch.listen.handshakes import Handshakes
from porch.listen.rates import Rates
from porch.route.route import Route, Timeouts

__all__ = ["SOME", "Door", "ErrorPage", "Router", "Settings"]

ErrorPage = Callable[[Exchange, PorchError], Response]


class Router(Protocol):
    """What a door asks of a router (route/router.py)."""

    def find(self, request: RequestHead, client_ip: bytes, security: Security | None) -> Route:
        """The route of a request; one that answers 404 where there is none."""


class Settings(Protocol):
    """What a running configuration says to the listeners. Replaced whole by a reload."""

    @property
    def router(self) -> Router:
        """Finds the routes."""

    @property
    def limits(self) -> HeadLimits:
        """Of each new connection's heads."""

    @property
    def streams(self) -> int:
        """That a client may have open on each new connection of HTTP/2."""

    @property
    def timeouts(self) -> Timeouts:
        """Of connections between exchanges; an exchange has its route's."""

    @property
    def malformed(self) -> Route:
        """Takes the requests that are refused before they have a route."""

    @property
    def error_page(self) -> ErrorPage:
        """Makes the answer for an error."""

    @property
    def report(self) -> Callable[[Exchange, Exception], None]:
        """Tells the operator of a defect."""

    @property
    def own_fields(self) -> tuple[Field, ...]:
        """Fields of every answer made at the door, such as Server."""

    @property
    def bounds(self) -> Bounds:
        """How many clients there may be, and how often they may come."""

    @property
    def min_rate(self) -> int:
        """Bytes a second that a client has to take of what it was sent, where no route says it."""

    @property
    def h2c(self) -> bool:
        """Whether HTTP/2 is taken without TLS."""

    @property
    def client_ip(self) -> Callable[[bytes, RequestHead], bytes] | None:
        """(the peer's address, the request) -> the client's address; None where nobody is
        trusted."""

    @property
    def announces(self) -> Callable[[bytes], bool] | None:
        """Whether a peer begins with a PROXY header, by its address; None where nobody does."""


SOME = 64
"""Requests after which it is time to put away what is over."""


def _nobody_listens(text: str, about: str) -> None:
    """Where there is no operator."""


def _nothing_is_left() -> None:
    """Where there is nothing to put away, or nobody rests."""


class Door:
    """The shared state of a worker's listeners.

    settings: of the running configuration; a reload assigns a new one, and running exchanges
    keep the route they have. accepted: connections so far, by listener. requests: so far. cuts:
    connections ended for what the client sent, by reason word. running: exchanges that have not
    ended. sessions: the open client connections. gate: lets them in. shedding: closes
    those that only wait. rates: looks after those that are slow. closing: each
    answer is the last of its connection. draining: nor is one waited for between requests.
    handshakes: those of TLS under way. warn: tells the operator of a client: the whole text, and
    what of it is said but once however many clients do it.
    put_away: called every SOME requests, and at look_at: has the lines of the log made of what has
    ended, so that its memory is used anew. rests: nobody looks at the clock; wake has it looked at.
    """

    __slots__ = (
        "accepted",
        "closing",
        "cuts",
        "deadlines",
        "draining",
        "gate",
        "handshakes",
        "look_at",
        "put_away",
        "rates",
        "requests",
        "rests",
        "running",
        "sessions",
        "settings",
        "shedding",
        "wake",
        "warn",
    )

    def __init__(
        self, settings: Settings, deadlines: Deadlines, crowd: Crowd | None = None
    ) -> None:
        """crowd: where all workers count who is here; None where nobody does."""
        self.settings = settings
        self.deadlines = deadlines
        self.sessions: set[Session] = set()
        self.handshakes = Handshakes(self.sessions, deadlines)
        self.closing = self.draining = False
        self.warn: Callable[[str, str], None] = _nobody_listens
        self.cuts = Counter[str]()
        self.gate = Gate(crowd, self.cuts, self._warn)
        self.shedding: MakesRoom = Shedding(self.sessions, self.cuts, self._warn)
        self.rates = Rates(self.sessions, deadlines, self.cuts, self._warn)
        self.put_away: Callable[[], object] = _nothing_is_left
        self.wake: Callable[[], object] = _nothing_is_left
        self.rests = False
        self.look_at = SOME
        self.accepted: dict[str, int] = {}
        self.requests = 0
        self.running = 0

    @property
    def own_fields(self) -> tuple[Field, ...]:
        """See keeper.Keeper."""
        return self.settings.own_fields

    def _warn(self, text: str, about: str) -> None:
        self.warn(text, about)

    def open(self, client: ClientStream, request: RequestHead) -> Exchange:
        """The exchange of a request, on its route.

        Raises BadRequest for an ambiguous path, Misdirected for another host than the handshake
        was for, and InternalError for a defect of the routing, which is reported.
        """
        settings = self.settings
        client_ip = client.peer
        security = client.security
        if security is not None and security.passed != request.authority:
            security.check(request)
        try:
            if settings.client_ip is not None:
                client_ip = settings.client_ip(client_ip, request)
            route = settings.router.find(request, client_ip, security)
        except PorchError:
            raise
        except Exception as error:
            lost = Exchange(self, client, request, settings.malformed, client_ip)
            settings.report(lost, error)
            raise InternalError(f"{type(error).__name__}: {error}") from error
        self.requests += 1
        self.running += 1
        if self.requests >= self.look_at:
            self.look_at = self.requests + SOME
            self.put_away()
        return Exchange(self, client, request, route, client_ip)

    def refuse(
        self, client: ClientStream, request: RequestHead | None, error: PorchError
    ) -> Exchange:
        """Answer a request that never had a route, and have it logged as any other."""
        if request is None:
            request = RequestHead(b"-", b"-", b"", b"http", [])
        exchange = Exchange(self, client, request, self.settings.malformed, client.peer)
        self.requests += 1
        self.running += 1
        exchange.request_done = True
        exchange.fail(error)
        return exchange

    def error_page(self, exchange: Exchange, error: PorchError) -> Response:
        """See keeper.Keeper."""
        return self.settings.error_page(exchange, error)

    def report(self, exchange: Exchange, error: Exception) -> None:
        """See keeper.Keeper."""
        self.settings.report(exchange, error)

    def later(self, seconds: float, call: Callable[[], object]) -> Timer:
        """See keeper.Keeper."""
        loop = asyncio.get_running_loop()
        return loop.call_later(seconds, call) if seconds else loop.call_soon(call)

    def finish(self) -> None:
        """Let all connections end by themselves: each with its next answer, which says so, or when
        it was idle for `timeouts.keep_alive`, or as soon as its client has heard of it. No request
        is lost to a close that it crossed."""
        self.closing = True
        for session in tuple(self.sessions):
            session.announce()

    def drain(self) -> None:
        """Stop taking requests: idle connections close, the others after their exchange."""
        self.closing = self.draining = True
        for session in tuple(self.sessions):
            session.drain()

    def close_now(self) -> None:
        """End everything that still runs."""
        for session in tuple(self.sessions):
            session.close_now()
