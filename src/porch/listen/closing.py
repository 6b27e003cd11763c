"""Closing: what is left of a client's connection behind its last answer.

A close at once could destroy what was written last (RFC 9112 9.6); a client that must not take
what came for the whole is reset.
"""

import asyncio
import struct
from socket import SO_LINGER, SOL_SOCKET
from typing import Any

from porch import clock
from porch.errors import PorchError
from porch.http.websocket import Frames
from porch.keeper import unsent
from porch.listen.door import Door
from porch.listen.door_session import Busy, Owed
from porch.listen.rates import taken

__all__ = ["DRAIN", "LINGER", "MOST_TAKEN", "Closing", "descriptor_of", "flush", "owed", "reset"]

DRAIN = 5.0
"""Seconds that the rest of a body is taken for whose answer has gone out already, so that the
connection can be used on. Who takes longer is left (nginx's lingering_timeout)."""
LINGER = 2.0
"""Seconds that a closing connection still takes bytes, so that the client can read the answer
before a reset destroys it (RFC 9112 9.6)."""


MOST_TAKEN = 16 << 20
"""Bytes that it takes in that time, a read counting for A_READ at least: who floods is not read."""
A_READ = 1024


class Closing(Busy, asyncio.Protocol):
    """Takes the place of a protocol that has said all: takes and drops what still comes, for a
    moment, and then closes. It is one of the door's sessions.

    deadline: until when the client may send; then, until when what was written must have moved.
    """

    __slots__ = ("_door", "_heard", "_taken", "_transport", "_unsent", "deadline")

    def __init__(
        self, door: Door, transport: asyncio.Transport, heard: Frames | None = None
    ) -> None:
        """heard: of a WebSocket that was told its end and has yet to agree (RFC 6455 7.1.1). To
        any other client our side is ended at once."""
        self._door = door
        self._transport = transport
        self._heard = heard
        self._unsent = -1
        self._taken = 0
        self.deadline = clock.now + LINGER
        door.sessions.add(self)
        door.deadlines.watch(self)
        transport.set_protocol(self)
        if heard is None:
            if transport.can_write_eof():
                transport.write_eof()
            else:
                transport.close()

    def __repr__(self) -> str:
        return f"<Closing {'lingers' if self._heard is None else 'waits for a Close frame'}>"

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._taken += max(len(data), A_READ)
        if self._taken > MOST_TAKEN:
            self._transport.pause_reading()
        if self._heard is not None:
            self._heard.feed(data)
            if self._heard.closed:
                self._close()

    def eof_received(self) -> bool:
        """See asyncio.Protocol."""
        self._close()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._door.sessions.discard(self)
        self._door.deadlines.discard(self)

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        if self._heard is not None:
            self._close()
        else:
            self._unsent = flush(self._transport, self._unsent)
            self.deadline = clock.now + self._door.settings.timeouts.idle

    def announce(self) -> None:
        """See door.Session. It has a short time of its own."""

    def drain(self) -> None:
        """See door.Session. It has a short time of its own."""

    def close_now(self) -> None:
        """See door.Session. It has a short time of its own."""

    def owed(self) -> Owed:
        """See door_session.Session."""
        return owed(self._transport, self._door.settings.min_rate, unsent(self._transport))

    def give_up(self, error: PorchError) -> None:
        """See door_session.Session."""
        reset(self._transport)

    def _close(self) -> None:
        self._heard = None
        self.deadline = clock.now + self._door.settings.timeouts.idle
        self._transport.close()


def descriptor_of(connection: Any) -> int:
    """See keeper.ClientStream.descriptor: the method of whoever has a `_transport`."""
    return int(connection._transport.get_extra_info("socket").fileno())


def owed(transport: asyncio.Transport, least: int, waits: int) -> Owed:
    """See door_session.Session. waits: bytes for the client besides those that the transport has no
    room for. What the system holds is among them only where nothing comes behind it."""
    if not least or not (waits or transport.get_write_buffer_size()):
        return None
    took = taken(transport.get_extra_info("socket"))
    return None if took < 0 else (took, least)


def flush(transport: asyncio.Transport, before: int) -> int:
    """Look whether what was written last leaves: end a connection for which nothing is left, or
    where it does not move. before: what was left at the last look, -1 for none. Returns what is
    left now, in bytes."""
    left = unsent(transport)
    if not left:
        transport.abort()
    elif left == before:
        reset(transport)
    return left


def reset(transport: asyncio.Transport) -> None:
    """Close with a reset, not with a clean end."""
    socket = transport.get_extra_info("socket")
    if socket is not None:
        socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
