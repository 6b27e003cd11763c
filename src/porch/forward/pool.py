"""Pool: the connections to one endpoint, idle, shared or being dialled.

Of those that serve one exchange at a time (h1.py) the one used last is used first (LIFO), so that
the others grow old and are closed. Those that many share (h2.py) are filled in order. Which kind an
endpoint speaks may only be known when it is connected (ALPN), so both are kept here.
"""

import asyncio

from porch import clock
from porch.clock import INFINITY, Deadlines
from porch.debug import debug
from porch.errors import ConnectFailed, ConnectTimeout, PorchError
from porch.exchange import Exchange
from porch.forward.address import ONE, TWO
from porch.forward.agreed import Agreeing, NoHttp2
from porch.forward.dial import Dialer
from porch.forward.h1 import ClientConnection
from porch.forward.h2 import SharedConnection
from porch.forward.shared_dial import SharedDial, is_left
from porch.http.h1 import HeadLimits
from porch.keeper import UpstreamStream
from porch.route.route import Place

__all__ = ["Pool"]

AHEAD = 5.0
"""Seconds that a dial may take for which nobody waits."""
ASSUMED_STREAMS = 100
"""Streams that an endpoint is thought to take until it says (RFC 9113 6.5.2 wants no fewer)."""

_Kind = ClientConnection | SharedConnection
_Opening = ClientConnection | SharedConnection | Agreeing[_Kind]


class Pool:
    """The connections to one endpoint. See route.Connections.

    name: of the endpoint. idle_timeout: seconds a kept connection waits for its next exchange;
    shorter than common servers' own, so that it is seldom them who close. closed: nothing is
    kept any more. most_streams: that the endpoint takes on a connection, by what it said last.
    dials: those that many wait for.
    """

    __slots__ = (
        "_ahead",
        "_aside",
        "_deadlines",
        "_dialer",
        "_dialling",
        "_idle",
        "_limits",
        "_most_interim",
        "_shared",
        "_speaks_one",
        "_takes_tunnels",
        "_wants_one",
        "closed",
        "dials",
        "idle_timeout",
        "most_streams",
        "name",
    )

    def __init__(
        self, name: str, dialer: Dialer, deadlines: Deadlines, limits: HeadLimits, most_interim: int
    ) -> None:
        self.name = name
        self.idle_timeout = 4.0
        self.closed = False
        self.most_streams = ASSUMED_STREAMS
        self._dialer = dialer
        self._deadlines = deadlines
        self._limits = limits
        self._most_interim = most_interim
        self._idle: list[ClientConnection] = []
        self._shared: list[SharedConnection] = []
        self._aside: dict[SharedConnection, None] = {}
        self._speaks_one = self._wants_one = False
        self._takes_tunnels = True
        self._dialling: dict[Exchange, asyncio.Task[None]] = {}
        self.dials: list[SharedDial] = []
        self._ahead: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        dialling = len(self._dialling) + sum(len(each.waiting) for each in self.dials)
        shared = f", {len(self._shared)} shared" if self._shared else ""
        aside = f", {len(self._aside)} aside" if self._aside else ""
        return f"<Pool {self.name} {len(self._idle)} idle{shared}{aside}, {dialling} dialling>"

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for a connection."""
        return bool(self._dialling or self.dials)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is kept and nobody waits; what is in use is not known here."""
        return not (self._idle or self._shared or self._aside or self.is_awaited)

    # --- asked by exchanges ----------------------------------------------------------------------

    def acquire(self, exchange: Exchange) -> UpstreamStream | None:
        """See route.Connections. In place of a kept connection that had closed it makes a new one:
        those that waited as long may be closed too. Whether it had is seen right before the request
        is written. One that was left behind is among the first on a new one, where its turn comes
        for certain."""
        idle = self._idle
        while idle and not exchange.reused:
            connection = idle.pop()
            if connection.closed:
                continue
            connection.exchange = exchange
            connection.deadline = INFINITY
            return connection
        aside = self._aside
        if (self._shared or aside) and not (self._needs_one(exchange) or is_left(exchange)):
            joins = aside and (exchange.client_full or exchange.sips)
            for shared in (*aside, *self._shared) if joins else tuple(self._shared):
                if shared.has_room and shared.is_there():
                    return shared.open(exchange)
        self._ask(exchange)
        return None

    def cancel(self, exchange: Exchange) -> None:
        """See route.Connections."""
        task = self._dialling.pop(exchange, None)
        if task is not None:
            task.cancel()
            return
        for dial in self.dials:
            if dial.waiting.pop(exchange, None) is not None:
                if not dial.waiting:
                    self.stop(dial)
                return

    def dial_ahead(self, place: Place) -> None:
        """See route.Connections."""
        if self._ahead is None or self._ahead.done():
            self._ahead = asyncio.get_running_loop().create_task(self._dial_ahead(place))

    # --- told by connections ---------------------------------------------------------------------

    def release(self, connection: ClientConnection) -> None:
        """Take back a connection that can serve again."""
        if self.closed:
            connection.close()
            return
        connection.reused = True
        connection.speaks_first = False
        connection.deadline = clock.now + self.idle_timeout
        self._idle.append(connection)

    def share(self, connection: SharedConnection) -> int:
        """Have exchanges share a connection that has settled. Returns how many there are then."""
        self._speaks_one = False
        self._shared.append(connection)
        return len(self._shared) + len(self._aside)

    def unshare(self, connection: SharedConnection) -> None:
        """No stream may begin on it any more."""
        self._aside.pop(connection, None)
        if connection in self._shared:
            self._shared.remove(connection)

    def set_aside(self, connection: SharedConnection) -> None:
        """Its clients take little: it is for those alone who take as little, or have no other."""
        if connection in self._shared:
            self._shared.remove(connection)
            self._aside[connection] = None

    def take_back(self, connection: SharedConnection) -> None:
        """It is for all again, before those that were made meanwhile."""
        if connection in self._aside:
            del self._aside[connection]
            self._shared.insert(0, connection)

    def offer(self, connection: SharedConnection) -> None:
        """There may be room for those who wait for another connection. Who was left behind goes on
        waiting, if this is not new."""
        is_new = not connection.has_begun
        for dial in tuple(self.dials):
            while dial.waiting and self._takes(connection, dial.next):
                if not is_new and is_left(dial.next):
                    break
                self._hand_over(connection, dial.first())
            if not dial.waiting:
                dial.deadline = min(dial.deadline, clock.now + AHEAD)

    def watch(self, connection: _Kind) -> None:
        """A connection was made. It is forgotten when it is lost, not before."""
        self._deadlines.watch(connection)

    def forget(self, connection: _Kind) -> None:
        """A connection is lost."""
        self._deadlines.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def stop(self, dial: SharedDial) -> None:
        """Nobody waits for it, or it is over."""
        if dial in self.dials:
            self.dials.remove(dial)
            self._deadlines.discard(dial)
            assert dial.task is not None
            dial.task.cancel()

    def give_up(self, exchange: Exchange) -> None:
        """It has waited as long as its route says."""
        why = "" if self.most_streams else ": it takes no requests (MAX_CONCURRENT_STREAMS is 0)"
        self._make_do(exchange, ConnectTimeout(f"no connection to {self.name} in time{why}"))

    def speak_one(self) -> bool:
        """The endpoint wants HTTP/1.1 from now on. Whether it may be spoken."""
        self._wants_one = self._dialer.one is not None
        return self._wants_one

    def tunnel_by_one(self) -> bool:
        """The endpoint takes no tunnels over HTTP/2. Whether HTTP/1.1 may be spoken for them."""
        self._takes_tunnels = False
        return self._dialer.one is not None

    def close(self) -> None:
        """Keep nothing. What is being dialled still serves the exchanges that wait for it."""
        self.closed = True
        if self._ahead is not None:
            self._ahead.cancel()
        for connection in tuple(self._idle):
            connection.close()
        for shared in (*self._shared, *self._aside):
            shared.leave()

    # --- dialling -------------------------------------------------------------------------------

    def _needs_one(self, exchange: Exchange) -> bool:
        """Whether only HTTP/1.1 will do."""
        if self._wants_one:
            return True
        if self._takes_tunnels or self._dialer.one is None:
            return False
        return exchange.request.upgrade in exchange.route.upgrades

    def _ask(self, exchange: Exchange) -> None:
        """Have a connection made for this exchange, or for it as well."""
        dialer = self._dialer
        if self._needs_one(exchange):
            assert dialer.one is not None
            dialer = dialer.one
        elif not (self._speaks_one or dialer.protocols == ONE):
            for dial in self.dials:
                if len(dial.waiting) < (self.most_streams or ASSUMED_STREAMS):
                    dial.add(exchange)
                    return
            made = SharedDial(self)
            made.add(exchange)
            self.dials.append(made)
            self._deadlines.watch(made)
            made.task = asyncio.get_running_loop().create_task(self._dial_shared(made))
            return
        task = asyncio.get_running_loop().create_task(self._dial(exchange, dialer))
        self._dialling[exchange] = task

    async def _dial_ahead(self, place: Place) -> None:
        connection = await self._open(self._dialer, AHEAD)
        if isinstance(connection, ClientConnection):
            place.on_success()
            self.release(connection)
        elif isinstance(connection, SharedConnection):
            if not connection.closed:
                place.on_success()
        elif connection.source == "upstream":
            place.on_failure(connection.word)

    async def _dial(self, exchange: Exchange, dialer: Dialer) -> None:
        connection = await self._open(dialer, exchange.route.timeouts.connect)
        if self._dialling.pop(exchange, None) is None:
            if isinstance(connection, ClientConnection):
                self.release(connection)
        elif isinstance(connection, PorchError):
            self._failed(exchange, connection)
        elif isinstance(connection, SharedConnection) and not connection.has_room:
            self._again(exchange)
        else:
            self._hand_over(connection, exchange)
            self._settle(connection)

    async def _dial_shared(self, dial: SharedDial) -> None:
        connection = await self._open(self._dialer, INFINITY)
        while isinstance(connection, SharedConnection) and connection.closed:
            if not dial.goes_on(connection.has_begun):
                connection = ConnectFailed(f"{self.name} accepted and closed at once")
                break
            connection = await self._open(self._dialer, INFINITY)
        self.dials.remove(dial)
        self._deadlines.discard(dial)
        if isinstance(connection, PorchError):
            while dial.waiting:
                self._make_do(dial.first(), connection)
            return
        if isinstance(connection, ClientConnection):
            self._speaks_one = True
            if not dial.waiting:
                self.release(connection)
            else:
                self._hand_over(connection, dial.first())
        else:
            while dial.waiting and self._takes(connection, dial.next):
                self._hand_over(connection, dial.first())
        while dial.waiting:
            self._again(dial.first())
        self._settle(connection)

    def _takes(self, connection: SharedConnection, exchange: Exchange) -> bool:
        """Whether an exchange that waits may have this connection."""
        joins = connection not in self._aside or exchange.client_full or exchange.sips
        return joins and connection.has_room

    def _again(self, exchange: Exchange) -> None:
        """A connection is there, but others have filled it, or it has closed again."""
        stream = self.acquire(exchange)
        if stream is not None:
            exchange.on_connected(stream)

    def _settle(self, connection: _Kind) -> None:
        """A closed pool keeps none."""
        if self.closed and isinstance(connection, SharedConnection):
            connection.leave()

    def _hand_over(self, connection: _Kind, exchange: Exchange) -> None:
        assert exchange.endpoint is not None
        exchange.endpoint.on_success()
        if isinstance(connection, ClientConnection):
            connection.exchange = exchange
            exchange.on_connected(connection)
        else:
            exchange.on_connected(connection.open(exchange))

    async def _open(self, dialer: Dialer, seconds: float) -> _Kind | PorchError:
        """Connect; the error if that fails."""
        began = clock.monotonic()
        made = await self._connect(dialer, seconds)
        if debug.is_on:
            how = "connected" if not isinstance(made, PorchError) else f"{made.word}: {made.detail}"
            debug.say(
                f"connect {self.name}: {how} after {(clock.monotonic() - began) * 1000:.1f} ms"
            )
        return made

    async def _connect(self, dialer: Dialer, seconds: float) -> _Kind | PorchError:
        opening = self._opening(dialer)
        try:
            async with asyncio.timeout(seconds if seconds < INFINITY else None):
                await dialer.dial(lambda: opening)
                connection = opening.connection if isinstance(opening, Agreeing) else opening
                if isinstance(connection, SharedConnection):
                    await asyncio.shield(connection.settled)  # others may know of it by then
        except TimeoutError:
            opening.abandon()
            return ConnectTimeout(f"no connection to {self.name} in time")
        except PorchError as error:
            opening.abandon()
            return error
        except Exception as error:  # a name that cannot be encoded, say; the exchange waits
            return ConnectFailed(f"{self.name}: {error or type(error).__name__}")
        except BaseException:
            opening.abandon()  # cancelled while the loop was about to hand it over, say
            raise
        if connection is None:
            return NoHttp2(f"{self.name} did not agree to h2 (ALPN)")
        if connection.closed and isinstance(connection, ClientConnection):
            return ConnectFailed(f"{self.name} accepted and closed at once")
        return connection

    def _opening(self, dialer: Dialer) -> _Opening:
        """Who will speak, or will find out who does."""
        if dialer.protocols == ONE:
            return ClientConnection(self, self._limits, self._most_interim)
        if not dialer.is_secure:
            return SharedConnection(self, self._limits, self._most_interim, b"http")
        return Agreeing(lambda agreed: self._speaking(dialer, agreed))

    def _speaking(self, dialer: Dialer, agreed: str) -> _Kind | None:
        if agreed == "h2":
            return SharedConnection(self, self._limits, self._most_interim, b"https")
        if dialer.protocols == TWO:
            return None
        return ClientConnection(self, self._limits, self._most_interim)

    def _make_do(self, exchange: Exchange, error: PorchError) -> None:
        """No other connection is to be had: one on which many are held up is better than none."""
        for shared in (*self._shared, *self._aside):
            if shared.has_room:
                exchange.on_connected(shared.open(exchange))
                return
        self._failed(exchange, error)

    def _failed(self, exchange: Exchange, error: PorchError) -> None:
        if exchange.endpoint is not None and error.source == "upstream":
            exchange.endpoint.on_unreached(error.word)
        exchange.on_connect_failed(error)
