"""Opening: an accepted connection that has no protocol yet."""

import asyncio
import socket
from collections.abc import Callable, Coroutine
from typing import TypeVar

from porch.listen.door_session import Busy, Session

__all__ = ["Accepted", "Opening", "accept"]


Some = TypeVar("Some", bound="Accepted")


class Accepted(socket.socket):
    """It knows its family and its type. Any other socket finds the name of a number at each look,
    four calls in Python, and there are five looks until a connection has its protocol.

    peer: where it comes from, as accept(2) says."""

    __slots__ = ("family", "peer", "type")

    family: socket.AddressFamily
    peer: object
    type: socket.SocketKind


def accept(listening: socket.socket, family: socket.AddressFamily, kind: type[Some]) -> Some:
    """What `listening.accept()` returns first, in 2 us in place of 3.5. Raises OSError as it does.
    family: that of `listening`, which does not block and accepts streams."""
    descriptor, peer = listening._accept()  # type: ignore[attr-defined]
    accepted = kind(family, socket.SOCK_STREAM, 0, descriptor)
    accepted.family = family
    accepted.type = socket.SOCK_STREAM
    accepted.peer = peer
    return accepted


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
        self._sessions = sessions
        # Driven by hand. A task costs 5 us more, of the 80 of a connection with one exchange.
        self._steps: Coroutine[asyncio.Future[object], None, object]
        self._steps = loop.connect_accepted_socket(factory, sock)
        self._waiter: asyncio.Future[object] | None = None
        sessions.add(self)
        try:
            self._step(None)
        finally:
            if self._waiter is None:
                sock.close()

    def _step(self, _: object) -> None:
        try:
            self._waiter = waiter = self._steps.send(None)
        except (StopIteration, OSError, asyncio.CancelledError):
            self._sessions.discard(self)
        except Exception:
            self._sessions.discard(self)
            raise
        else:
            waiter.add_done_callback(self._step)

    def announce(self) -> None:
        """See door.Session. It was accepted, so what it asks for is answered."""

    def drain(self) -> None:
        """See door.Session. It was accepted, so what it asks for is answered."""

    def close_now(self) -> None:
        """See door.Session."""
        if self._waiter is not None:
            self._waiter.cancel()
