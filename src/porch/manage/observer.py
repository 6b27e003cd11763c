"""Observer: a process beside the workers that shows what they do, and takes nothing from them.

It reads what they write into shared memory and asks the supervisor for the rest. It serves by the
same listener and exchange as they do, so that a scrape has the bounds of any request. When it dies
another one takes its place and nobody else notices; it ends with its channel.

What it serves it is told by its channel, with the sockets: at the start, and whenever another
configuration says otherwise. Connections of what stays the same go on.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from socket import socket

from porch import clock
from porch.clock import Deadlines
from porch.config.administering import Administered
from porch.crowd import CrowdTable
from porch.http.h1 import HeadLimits
from porch.listen.address import ListenAddress
from porch.listen.crowd_gate import Bounds
from porch.listen.crowd_seats import Seats
from porch.listen.door import Door
from porch.manage.admin.door import AdminDoor
from porch.manage.admin.offer import Offers
from porch.manage.admin.operated import operated
from porch.manage.admin.relay import Relay
from porch.manage.channel import SHORT, Channel, Message
from porch.manage.facts import Facts
from porch.manage.listeners import Listeners
from porch.manage.observer_pages import Pages
from porch.manage.one_route import one_route
from porch.manage.page.broadcast import Broadcast
from porch.manage.page.page import Page
from porch.manage.seated import Seated
from porch.manage.tables import Tables
from porch.observe.error_page import error_response
from porch.observe.messages import Messages
from porch.route.plan import Plan
from porch.route.route import Route, Timeouts
from porch.shared import SharedTable

__all__ = ["BOUNDS", "FINISH", "FRESH", "PATIENCE", "Observer", "Served"]

PATIENCE = 2.0
"""Seconds that the supervisor has for an answer."""
FRESH = 0.1
"""Seconds for which an answer of the supervisor is told to others too: it has more to do."""
FINISH, _LOOK = 1.0, 0.005
"""Seconds that what runs has to end, and then connections, before another one takes over; and
seconds between two looks whether they have."""
BOUNDS = Bounds(most=128, per_client=16, are_fixed=True)
"""Who scrapes needs one connection. Each has a copy of one page at most that waits to be taken. Who
asks nothing makes room for a newcomer."""
STREAMS = 16
_TIMEOUTS = Timeouts(keep_alive=120.0)
"""Prometheus comes once a minute, or more often."""

Tell = Callable[[Facts | None], None]


@dataclass(frozen=True, slots=True)
class Served:
    """metrics: the addresses for scrapes. admin: what the admin door holds to, None for none. The
    sockets go with it, in this order: of metrics, then of admin.listen. generation: which of all
    that were told; what is asked for by an older one is refused."""

    metrics: tuple[ListenAddress, ...] = ()
    admin: Administered | None = None
    generation: int = field(default=0, compare=False)

    def is_same(self, other: "Served") -> bool:
        """Whether nobody could tell one from the other."""
        admin, others = self.admin, other.admin
        if admin is None or others is None:
            return self.metrics == other.metrics and admin is others
        return self.metrics == other.metrics and admin.is_same(others)


class Observer:
    """table, tables: where the workers count. channel: to the supervisor."""

    def __init__(
        self, table: SharedTable, tables: Tables, channel: Channel, messages: Messages
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._waiting: list[Tell] = []
        self._timer: asyncio.TimerHandle | None = None
        self._deadlines = Deadlines()
        seats = Seats(messages.warn)
        self._pages = Pages(self.ask, table, tables)
        plan = Plan([Seated(seats), self._pages])
        route = Route(key="metrics", plan=plan, timeouts=_TIMEOUTS)
        settings = one_route(
            route,
            Route(key="-"),
            limits=HeadLimits(),
            streams=STREAMS,
            bounds=replace(BOUNDS, seats=seats),
            error_page=error_response,
            report=messages.report,
        )
        self._door = Door(settings, self._deadlines, CrowdTable(1).row(0))
        self._door.warn = messages.warn
        self._door.shedding = seats
        self._told: tuple[float, Facts] | None = None
        self._listeners = Listeners(self._door, None, messages.warn)
        self._relay = Relay(self._send)
        self._broadcast = Broadcast(partial(self._send, "drawing"), table, tables)
        self._admin: AdminDoor | None = None

    @property
    def offers(self) -> Offers:
        """All that the admin door has beside logging in."""
        return {**operated(self._relay), **Page(self._broadcast).offers}

    async def serve(self) -> None:
        """Until the supervisor is gone, or says so by closing the channel."""
        loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        loop.add_reader(self._channel.fileno(), self._receive)
        self._ticking: asyncio.Handle = loop.call_soon(self._tick)
        await self._ended.wait()
        self._ticking.cancel()
        loop.remove_reader(self._channel.fileno())
        loop.remove_writer(self._channel.fileno())
        self._close()
        self._messages.close()

    def ask(self, tell: Tell) -> None:
        """What is so now. Who asks while somebody waits gets the same answer; who asks right after
        it too, but in the next turn of the loop: no connection is served twice before others."""
        if self._told is not None and clock.monotonic() - self._told[0] < FRESH:
            asyncio.get_running_loop().call_soon(tell, self._told[1])
            return
        self._waiting.append(tell)
        if len(self._waiting) == 1:
            self._send("facts", None)
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(PATIENCE, partial(self._tell, None))

    def _tell(self, facts: Facts | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._told = None if facts is None else (clock.monotonic(), facts)
        waiting, self._waiting = self._waiting, []
        for tell in waiting:
            tell(facts)

    def _receive(self) -> None:
        try:
            messages = self._channel.receive()
        except EOFError:
            self._ended.set()
            return
        for message in messages:
            try:
                self._take(message)
            except Exception as error:  # it is none of those behind it
                self._messages.fault(error)

    def _take(self, message: Message) -> None:
        if message.word == "facts":
            self._tell(message.data)
        elif message.word == "drawing":
            self._broadcast.on_drawing(message.data)
        elif message.word == "operated":
            self._relay.on_operated(*message.data)
            self._broadcast.on_revision(message.data[3])
        elif message.word == "finish":
            self._finishing = asyncio.get_running_loop().create_task(self._finish())
        elif message.word == SHORT:  # there was no room for the sockets: another may have some
            self._ended.set()
        elif message.word == "serve":
            served: Served = message.data
            self._relay.generation = served.generation
            addresses = [*served.metrics, *(served.admin.listen if served.admin else ())]
            found = [socket(fileno=number) for number in message.descriptors]
            self._serve(served, tuple(zip(addresses, found, strict=True)))

    async def _finish(self) -> None:
        """Another one will be here: take nobody in, and end when what is known was told. Pages
        that are open do not end by themselves."""
        self._listeners.listen({})
        self._door.drain()
        admin = self._admin
        if admin is not None:
            admin.drain()
        await _patiently(
            lambda: self._door.running + (admin.running if admin else 0) > self._broadcast.open
        )
        self._close()
        await _patiently(
            lambda: bool(self._door.sessions) or (admin is not None and admin.connections > 0)
        )
        self._ended.set()

    def _close(self) -> None:
        """Serve nothing more, and end what runs."""
        self._serve(Served(), ())
        self._door.close_now()

    def _serve(self, served: Served, sockets: tuple[tuple[ListenAddress, socket], ...]) -> None:
        """This from now on. A socket of an address that is served already is one too many."""
        count = len(served.metrics)
        self._listeners.listen(dict(sockets[:count]))
        admin, settings = self._admin, served.admin
        if settings is None:
            if admin is not None:
                admin.close()
                self._admin = None
                self._broadcast.stop()
            return
        if admin is None:
            admin = self._admin = AdminDoor(settings, self.offers, self._deadlines, self._messages)
            self._broadcast.start()
        else:
            admin.change(settings)
        admin.listen(dict(sockets[count:]))

    def _send(self, word: str, data: object) -> None:
        self._channel.send(word, data)
        self._flush()

    def _flush(self) -> None:
        """What the supervisor does not take yet goes when it does."""
        self._channel.flush()
        loop = asyncio.get_running_loop()
        if self._channel.is_full:
            loop.add_writer(self._channel.fileno(), self._flush)
        else:
            loop.remove_writer(self._channel.fileno())

    def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self._ticking = loop.call_later(clock.TICK, self._tick)  # whatever is raised below
        clock.tick()
        self._messages.flush()
        self._door.rates.tick()
        if self._listeners:
            self._pages.tick()
        if self._admin is not None:
            self._admin.tick()
        self._relay.tick()
        self._deadlines.check()


async def _patiently(is_so: Callable[[], bool]) -> None:
    """As long as it is so, and for FINISH at most."""
    for _ in range(round(FINISH / _LOOK)):
        if not is_so():
            return
        await asyncio.sleep(_LOOK)
