"""Opening: an accepted connection that has no protocol yet, or one that only looks at what comes
first."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from typing import TypeVar, cast

from porch import clock
from porch.listen.door import Door
from porch.listen.door_session import Busy, Session

__all__ = ["Looking", "Opening"]

P = TypeVar("P", bound=asyncio.Protocol)


class Opening(Busy):
    """A connection from accept until its protocol is connected. It counts among the door's
    sessions, and ends with them. sock: closed by its transport."""

    __slots__ = ("_sessions", "_steps", "_waiter")

    def __init__(
        self,
        sessions: set[Session],
        loop: asyncio.AbstractEventLoop,
        sock: socket.socket,
        factory: Callable[[], asyncio.BaseProtocol],
    ) -> None:
        """Raises what `factory` raises; then the connection is closed."""
        # Driven by hand. A task costs 5 us more, of the 80 of a connection with one exchange.
        self._steps: Iterator[asyncio.Future[object]]
        self._steps = loop.connect_accepted_socket(factory, sock).__await__()
        self._sessions = sessions
        try:
            self._waiter = waiter = next(self._steps)
        except OSError:
            sock.close()
        except BaseException:
            sock.close()
            raise
        else:
            sessions.add(self)
            waiter.add_done_callback(self._connected)

    def _connected(self, _: object) -> None:
        self._sessions.discard(self)
        try:  # and not by suppress, whose three calls in Python are a third of what all this costs
            next(self._steps, None)
        except (OSError, asyncio.CancelledError):
            return

    def announce(self) -> None:
        """See door.Session. It was accepted, so what it asks for is answered."""

    def drain(self) -> None:
        """See door.Session. It was accepted, so what it asks for is answered."""

    def close_now(self) -> None:
        """See door.Session."""
        self._waiter.cancel()


class Looking(Busy, asyncio.Protocol):
    """Looks at the first bytes, and gives its place to the protocol that they are for.

    deadline: until when there must be enough of them.
    """

    __slots__ = ("_door", "_first", "_transport", "deadline")

    def __init__(self, door: Door) -> None:
        self._door = door
        self._first = b""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._first!r}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)

    def _look(self, patience: float) -> None:
        """Wait for the first bytes for so many seconds."""
        self.deadline = clock.now + patience
        self._door.sessions.add(self)
        self._door.deadlines.watch(self)

    def _become(self, served: P, transport: asyncio.Transport, rest: bytes) -> P:
        """What reads from now on has the place, and what came for it."""
        self._leave()
        transport.set_protocol(served)
        served.connection_made(transport)
        if rest:
            served.data_received(rest)
        return served

    def _leave(self) -> None:
        self._door.sessions.discard(self)
        self._door.deadlines.discard(self)

    def eof_received(self) -> bool:
        """See asyncio.Protocol."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._leave()

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        raise NotImplementedError

    def announce(self) -> None:
        """See door.Session. It was accepted, so what it asks for is answered."""

    def drain(self) -> None:
        """See door.Session. What was not begun need not be answered."""
        if not self._first:
            self._transport.close()

    def close_now(self) -> None:
        """See door.Session."""
        self._transport.abort()
