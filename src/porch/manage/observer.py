"""Observer: a process beside the workers that shows what they do, and takes nothing from them.

It reads what they write into shared memory and asks the supervisor for the rest. It serves by the
same listener and exchange as they do, so that a scrape has the bounds of any request. When it dies
another one takes its place and nobody else notices; it ends with its channel.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from socket import socket

from porch import clock
from porch.clock import Deadlines
from porch.config.build import DoorSettings
from porch.crowd import CrowdTable
from porch.http.h1 import HeadLimits
from porch.http.message import RequestHead
from porch.keeper import Security
from porch.listen.address import ListenAddress
from porch.listen.crowd_gate import Bounds
from porch.listen.door import Door
from porch.listen.listener import Listener
from porch.manage.channel import Channel
from porch.manage.facts import Facts
from porch.manage.observer_pages import Pages
from porch.manage.tables import Tables
from porch.observe.error_page import error_response
from porch.observe.messages import Messages
from porch.route.plan import Plan
from porch.route.route import Route, Timeouts
from porch.shared import SharedTable

__all__ = ["BOUNDS", "FRESH", "PATIENCE", "Observer"]

PATIENCE = 2.0
"""Seconds that the supervisor has for an answer."""
FRESH = 0.1
"""Seconds for which an answer of the supervisor is told to others too: it has more to do."""
BOUNDS = Bounds(most=128, per_client=16, are_fixed=True)
"""Who scrapes needs one connection. Each has a copy of one page at most that waits to be taken."""
STREAMS = 16
_TIMEOUTS = Timeouts(keep_alive=120.0)
"""Prometheus comes once a minute, or more often."""

Tell = Callable[[Facts | None], None]


class _OneRoute:
    """A router of one route."""

    def __init__(self, route: Route) -> None:
        self._route = route

    def find(self, request: RequestHead, client_ip: bytes, security: Security | None) -> Route:
        """See listen.door.Router."""
        return self._route


class Observer:
    """sockets: listening. table, tables: where the workers count. channel: to the supervisor."""

    def __init__(
        self,
        sockets: Mapping[ListenAddress, socket],
        table: SharedTable,
        tables: Tables,
        channel: Channel,
        messages: Messages,
    ) -> None:
        self._channel = channel
        self._messages = messages
        self._waiting: list[Tell] = []
        self._timer: asyncio.TimerHandle | None = None
        self._deadlines = Deadlines()
        pages = Pages(self.ask, table, tables)
        route = Route(key="metrics", plan=Plan([pages]), timeouts=_TIMEOUTS)
        self._door = Door(self._settings(route), self._deadlines, CrowdTable(1).row(0))
        self._door.warn = messages.warn
        self._told: tuple[float, Facts] | None = None
        self._listeners = [Listener(*each, messages.warn) for each in sockets.items()]

    def _settings(self, route: Route) -> DoorSettings:
        limits = HeadLimits()
        return DoorSettings(
            router=_OneRoute(route),  # type: ignore[arg-type]
            limits=limits,
            streams=STREAMS,
            timeouts=_TIMEOUTS,
            malformed=Route(key="-"),
            error_page=error_response,
            report=self._messages.report,
            client_ip=None,
            announces=None,
            own_fields=((b"server", b"porch"),),
            bounds=BOUNDS,
            min_rate=240,
            h2c=False,
        )

    async def serve(self) -> None:
        """Until the supervisor is gone, or says so by closing the channel."""
        loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        loop.add_reader(self._channel.fileno(), self._receive)
        for listener in self._listeners:
            listener.start(self._door, None)
        ticking = loop.create_task(self._tick())
        await self._ended.wait()
        ticking.cancel()
        loop.remove_reader(self._channel.fileno())
        for listener in self._listeners:
            listener.close()
        self._door.close_now()
        self._messages.close()

    def ask(self, tell: Tell) -> None:
        """What is so now. Who asks while somebody waits gets the same answer; who asks right after
        it too, but in the next turn of the loop: no connection is served twice before others."""
        if self._told is not None and clock.monotonic() - self._told[0] < FRESH:
            asyncio.get_running_loop().call_soon(tell, self._told[1])
            return
        self._waiting.append(tell)
        if len(self._waiting) == 1:
            self._channel.send("facts")
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
            if message.word == "facts":
                self._tell(message.data)

    async def _tick(self) -> None:
        while True:
            clock.tick()
            self._deadlines.check()
            self._door.rates.tick()
            self._messages.flush()
            await asyncio.sleep(clock.TICK)
