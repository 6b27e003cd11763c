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

__all__ = ["Pool"]


class Pool:
    """The connections to one endpoint. See route.Connections.

    name: of the endpoint. idle_timeout: seconds a kept connection waits for its next exchange;
    shorter than common servers' own, so that it is seldom them who close. closed: nothing is
    kept any more.
    """

    __slots__ = (
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
        for connection in tuple(self._idle):
            connection.close()

    async def _dial(self, exchange: Exchange) -> None:
        connection = ClientConnection(self, self._limits, self._most_interim)
        try:
            await self._connect(exchange, connection)
        except BaseException:
            connection.abandon()  # cancelled while the loop was about to hand it over, say
            raise

    async def _connect(self, exchange: Exchange, connection: ClientConnection) -> None:
        try:
            async with asyncio.timeout(exchange.route.timeouts.connect):
                await self._dialer.dial(lambda: connection)
        except TimeoutError:
            connection.abandon()
            self._failed(exchange, ConnectTimeout(f"no connection to {self.name} in time"))
            return
        except PorchError as error:
            self._failed(exchange, error)
            return
        except Exception as error:  # a name that cannot be encoded, say; the exchange waits
            self._failed(exchange, ConnectFailed(f"{self.name}: {error or type(error).__name__}"))
            return
        if connection.closed:
            self._failed(exchange, ConnectFailed(f"{self.name} accepted and closed at once"))
            return
        if self._dialling.pop(exchange, None) is None:
            self.release(connection)
            return
        assert exchange.endpoint is not None
        exchange.endpoint.on_success()
        connection.exchange = exchange
        exchange.on_connected(connection)

    def _failed(self, exchange: Exchange, error: PorchError) -> None:
        if self._dialling.pop(exchange, None) is not None:
            if exchange.endpoint is not None and error.source == "upstream":
                exchange.endpoint.on_failure(error.word)
            exchange.on_connect_failed(error)
