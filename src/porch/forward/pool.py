"""Pool: the connections to one endpoint, idle or being dialled.

The one used last is used first (LIFO), so that the others grow old and are closed.
"""

import asyncio

from porch import clock
from porch.clock import INFINITY, Deadlines
from porch.errors import ConnectFailed, ConnectTimeout, PorchError
from porch.exchange import Exchange
from porch.forward.dial import Dialer
from porch.forward.h1 import ClientConnection
from porch.http.h1 import HeadLimits
from porch.route.route import Place

__all__ = ["Pool"]

AHEAD = 5.0
"""Seconds that a dial may take for which nobody waits."""


class Pool:
    """The connections to one endpoint. See route.Connections.

    name: of the endpoint. idle_timeout: seconds a kept connection waits for its next exchange;
    shorter than common servers' own, so that it is seldom them who close. closed: nothing is
    kept any more.
    """

    __slots__ = (
        "_ahead",
        "_deadlines",
        "_dialer",
        "_dialling",
        "_idle",
        "_limits",
        "_most_interim",
        "closed",
        "idle_timeout",
        "name",
    )

    def __init__(
        self, name: str, dialer: Dialer, deadlines: Deadlines, limits: HeadLimits, most_interim: int
    ) -> None:
        self.name = name
        self.idle_timeout = 4.0
        self.closed = False
        self._dialer = dialer
        self._deadlines = deadlines
        self._limits = limits
        self._most_interim = most_interim
        self._idle: list[ClientConnection] = []
        self._dialling: dict[Exchange, asyncio.Task[None]] = {}
        self._ahead: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"<Pool {self.name} {len(self._idle)} idle, {len(self._dialling)} dialling>"

    def acquire(self, exchange: Exchange) -> ClientConnection | None:
        """See route.Connections. In place of a kept connection that had closed it makes a new one:
        those that waited as long may be closed too."""
        idle = self._idle
        while idle and not exchange.reused:
            connection = idle.pop()
            if connection.closed:
                continue
            if connection.waiting(0):  # closed by the origin, or more than it had announced
                connection.close()
                continue
            connection.exchange = exchange
            connection.deadline = INFINITY
            return connection
        self._dialling[exchange] = asyncio.get_running_loop().create_task(self._dial(exchange))
        return None

    def cancel(self, exchange: Exchange) -> None:
        """See route.Connections."""
        task = self._dialling.pop(exchange, None)
        if task is not None:
            task.cancel()

    def dial_ahead(self, place: Place) -> None:
        """See route.Connections."""
        if self._ahead is None or self._ahead.done():
            self._ahead = asyncio.get_running_loop().create_task(self._dial_ahead(place))

    def release(self, connection: ClientConnection) -> None:
        """Take back a connection that can serve again."""
        if self.closed:
            connection.close()
            return
        connection.reused = True
        connection.deadline = clock.now + self.idle_timeout
        self._idle.append(connection)

    def watch(self, connection: ClientConnection) -> None:
        """A connection was made. It is forgotten when it is lost, not before."""
        self._deadlines.watch(connection)

    def forget(self, connection: ClientConnection) -> None:
        """The connection is lost."""
        self._deadlines.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Keep nothing. What is being dialled still serves the exchange that waits for it."""
        self.closed = True
        if self._ahead is not None:
            self._ahead.cancel()
        for connection in tuple(self._idle):
            connection.close()

    async def _dial_ahead(self, place: Place) -> None:
        connection = ClientConnection(self, self._limits, self._most_interim)
        try:
            error = await self._open(connection, AHEAD)
        except BaseException:
            connection.abandon()
            raise
        if error is not None:
            if error.source == "upstream":
                place.on_failure(error.word)
        else:
            place.on_success()
            self.release(connection)

    async def _dial(self, exchange: Exchange) -> None:
        connection = ClientConnection(self, self._limits, self._most_interim)
        try:
            await self._connect(exchange, connection)
        except BaseException:
            connection.abandon()  # cancelled while the loop was about to hand it over, say
            raise

    async def _connect(self, exchange: Exchange, connection: ClientConnection) -> None:
        error = await self._open(connection, exchange.route.timeouts.connect)
        if error is not None:
            self._failed(exchange, error)
            return
        if self._dialling.pop(exchange, None) is None:
            self.release(connection)
            return
        assert exchange.endpoint is not None
        exchange.endpoint.on_success()
        connection.exchange = exchange
        exchange.on_connected(connection)

    async def _open(self, connection: ClientConnection, seconds: float) -> PorchError | None:
        """Connect; the error if that fails."""
        try:
            async with asyncio.timeout(seconds):
                await self._dialer.dial(lambda: connection)
        except TimeoutError:
            connection.abandon()
            return ConnectTimeout(f"no connection to {self.name} in time")
        except PorchError as error:
            return error
        except Exception as error:  # a name that cannot be encoded, say; the exchange waits
            return ConnectFailed(f"{self.name}: {error or type(error).__name__}")
        if connection.closed:
            return ConnectFailed(f"{self.name} accepted and closed at once")
        return None

    def _failed(self, exchange: Exchange, error: PorchError) -> None:
        if self._dialling.pop(exchange, None) is not None:
            if exchange.endpoint is not None and error.source == "upstream":
                exchange.endpoint.on_failure(error.word)
            exchange.on_connect_failed(error)
