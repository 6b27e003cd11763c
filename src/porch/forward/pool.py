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
    shorter than common servers' own, so that it is seldom them who close.
    """

    __slots__ = (
        "_deadlines",
        "_dialer",
        "_dialling",
        "_idle",
        "_limits",
        "_most_interim",
        "idle_timeout",
        "name",
    )

    def __init__(
        self, name: str, dialer: Dialer, deadlines: Deadlines, limits: HeadLimits, most_interim: int
    ) -> None:
        self.name = name
        self.idle_timeout = 4.0
        self._dialer = dialer
        self._deadlines = deadlines
        self._limits = limits
        self._most_interim = most_interim
        self._idle: list[ClientConnection] = []
        self._dialling: dict[Exchange, asyncio.Task[None]] = {}

    def __repr__(self) -> str:
        return f"<Pool {self.name} {len(self._idle)} idle, {len(self._dialling)} dialling>"

    def acquire(self, exchange: Exchange) -> ClientConnection | None:
        """See route.Connections."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            if not connection.closed:
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
        connection.reused = True
        connection.deadline = clock.now + self.idle_timeout
        self._idle.append(connection)

    def forget(self, connection: ClientConnection) -> None:
        """The connection has closed."""
        self._deadlines.discard(connection)
        if connection in self._idle:
            self._idle.remove(connection)

    def close(self) -> None:
        """Close what is idle and give up what is being dialled."""
        for connection in tuple(self._idle):
            connection.close()
        for task in self._dialling.values():
            task.cancel()
        self._dialling.clear()

    async def _dial(self, exchange: Exchange) -> None:
        try:
            async with asyncio.timeout(exchange.route.timeouts.connect):
                connection = await self._dialer.dial(self._make)
        except TimeoutError:
            self._failed(exchange, ConnectTimeout(f"no connection to {self.name} in time"))
            return
        except PorchError as error:
            self._failed(exchange, error)
            return
        except OSError as error:
            self._failed(exchange, ConnectFailed(f"{self.name}: {error.strerror or error}"))
            return
        self._deadlines.watch(connection)
        if self._dialling.pop(exchange, None) is None or exchange.ended:
            self.release(connection)
            return
        assert exchange.endpoint is not None
        exchange.endpoint.on_success()
        connection.exchange = exchange
        exchange.on_connected(connection)

    def _failed(self, exchange: Exchange, error: PorchError) -> None:
        if self._dialling.pop(exchange, None) is not None:
            if exchange.endpoint is not None:
                exchange.endpoint.on_failure(error.word)
            exchange.on_connect_failed(error)

    def _make(self) -> ClientConnection:
        return ClientConnection(self, self._limits, self._most_interim)
