"""Door: the admin door as the observer serves it: its own listeners, bounds and timeouts.

What it offers is given by others (offer.py). It has nothing of the door that serves the sites but
the kernel of it: parser, exchange, HTTP/2 and TLS are the same, and strict in the same way.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from socket import socket

from porch.buffer.request import BufferRequest
from porch.clock import Deadlines
from porch.config.administering import Administered
from porch.crowd import CrowdTable
from porch.errors import PorchError
from porch.exchange import Exchange
from porch.filter import Response
from porch.http.h1 import HeadLimits
from porch.listen.address import ListenAddress
from porch.listen.crowd_gate import Bounds
from porch.listen.crowd_seats import Seats
from porch.listen.door import Door
from porch.listen.security import Choose, Chosen
from porch.manage.admin.entrance import METHODS, Entrance, Reception, allowed, most
from porch.manage.admin.guards import GUARDS
from porch.manage.admin.guesses import Guesses
from porch.manage.admin.login import Login
from porch.manage.admin.offer import Offers, refusal
from porch.manage.admin.proof import Proof
from porch.manage.listeners import Listeners
from porch.manage.one_route import one_route
from porch.manage.seated import Seated
from porch.observe.messages import Messages
from porch.route.plan import Plan
from porch.route.route import Route, Timeouts
from porch.tls.hello import Hello
from porch.tls.later import Later
from porch.tls.presented import Kind, Presented, Presenter

__all__ = ["BOUNDS", "LIMITS", "STREAMS", "TIMEOUTS", "AdminDoor"]

BOUNDS = Bounds(most=128, per_client=32, are_fixed=True)
"""People and their tools. A page keeps one stream of events open; whoever opens more than that is
kept from others by these, and never from those who come by the socket for commands. Who asks
nothing, or has not shown who asks, makes room for a newcomer: see crowd_seats.py."""
STREAMS = 32
TIMEOUTS = Timeouts(head=10.0, idle=10.0, keep_alive=75.0)
LIMITS = HeadLimits(request_line=65536, head=65536 + 16384, fields=64)
"""As at the control socket: the words of a question stand in its query."""


class AdminDoor:
    """settings: of now. deadlines: looked at by who made it. guesses: at tokens."""

    def __init__(
        self, settings: Administered, offers: Offers, deadlines: Deadlines, messages: Messages
    ) -> None:
        """offers: beside those to log in and out."""
        self._messages = messages
        self._proof = Proof(settings, messages.warn)
        self._choose = _chooser(settings)
        self.guesses = Guesses(messages.warn)
        offers = {**offers, **Login(self._proof, self.guesses).offers}
        body = BufferRequest(None, partial(most, offers))
        seats = Seats(messages.warn)
        entrance = Entrance(offers, self._proof, self.guesses, Seated(seats))
        plan = Plan([entrance, body, Reception(offers, body.body_of), GUARDS])
        route = Route(key="admin", plan=plan, timeouts=TIMEOUTS)
        held = one_route(
            route,
            Route(key="-", plan=Plan([GUARDS])),
            limits=LIMITS,
            streams=STREAMS,
            bounds=replace(BOUNDS, seats=seats),
            error_page=_error_page,
            report=messages.report,
        )
        self._door = Door(held, deadlines, CrowdTable(1).row(0))
        self._door.warn = messages.warn
        self._door.shedding = seats
        self._listeners = Listeners(self._door, self._choose_now, messages.warn)

    def listen(self, sockets: Mapping[ListenAddress, socket]) -> None:
        """See Listeners."""
        self._listeners.listen(sockets)

    def change(self, settings: Administered) -> None:
        """From now on these hold. Connections end: each was let in by what held before, and so
        were streams that run. Sessions of tokens that are there still go on."""
        self._proof.settings = settings
        self._proof.sessions.keep(settings.keys)
        self.guesses.forgive()
        self._choose = _chooser(settings)
        self._door.close_now()

    def tick(self) -> None:
        """Called a few times a second."""
        self._door.rates.tick()
        self._proof.sessions.sweep()

    @property
    def running(self) -> int:
        """Exchanges that have not ended."""
        return self._door.running

    @property
    def connections(self) -> int:
        """That are open."""
        return len(self._door.sessions)

    def drain(self) -> None:
        """Take nobody in any more; what runs goes on."""
        self.listen({})
        self._door.drain()

    def close(self) -> None:
        """Serve no more."""
        self.listen({})
        self._door.close_now()

    def _choose_now(self, hello: Hello, address: str) -> Chosen | Later | None:
        return self._choose(hello, address)


def _error_page(exchange: Exchange, error: PorchError) -> Response:
    """What is told is no more than what is wrong with the request, whose path nobody knows here."""
    if error.status != 405:
        return refusal(exchange, error.status or 500, error.sentence)
    allow = allowed(METHODS)
    return refusal(exchange, 405, f"only {allow} are here", [(b"allow", allow.encode())])


def _chooser(settings: Administered) -> Choose:
    """With a context of its own: no ticket of before a change is taken, and so no certificate that
    was verified by what held then."""
    if settings.certificate is None:
        return lambda hello, address: None
    kind = Kind(client_ca=settings.client_ca)
    return Presenter(Presented({"admin": settings.certificate}, kind=kind)).choose
