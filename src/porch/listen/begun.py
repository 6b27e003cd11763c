"""Begun: a connection without TLS on which HTTP/2 may be spoken, until it is known whether it is.

Who knows that it is begins with a preface that is no request of HTTP/1.1 (RFC 9113 3.3, 3.4). It
is not switched to by Upgrade, which the RFC has withdrawn.
"""

import asyncio
import re
from typing import cast

from porch import clock
from porch.clock import INFINITY
from porch.http.h2 import PREFACE
from porch.listen.door import Door
from porch.listen.door_session import Busy
from porch.listen.h1 import ServerConnection
from porch.listen.h2 import MultiplexedConnection

__all__ = ["Begun"]

Speaks = ServerConnection | MultiplexedConnection

_NEITHER = re.compile(rb"(?:PRI \*|[^ \r\n]+ [^ \r\n]+ (?!HTTP/))[^\n]*\n")
"""A first line that is none of HTTP/1.1's, whose third word is its version, nor HTTP/2's whole
preface: what is to begin as HTTP/2 and does not ends as HTTP/2 wants it (RFC 9113 3.4)."""


class Begun(Busy, asyncio.Protocol):
    """Looks at the first bytes, and gives its place to the connection that reads them.

    deadline: until when there must be enough of them.
    """

    __slots__ = ("_door", "_first", "_port", "_scheme", "_transport", "deadline")

    def __init__(self, door: Door, scheme: bytes, port: bytes) -> None:
        """See h1.ServerConnection."""
        self._door = door
        self._scheme = scheme
        self._port = port
        self._first = b""

    def __repr__(self) -> str:
        return f"<Begun {self._first!r}>"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast("asyncio.Transport", transport)
        door = self._door
        self.deadline = clock.now + door.settings.timeouts.keep_alive
        door.sessions.add(self)
        door.deadlines.watch(self)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        first = self._first = self._first + data
        if len(first) < len(PREFACE) and PREFACE.startswith(first):
            if len(first) == len(data):  # patience with it counts from its first byte
                self.deadline = clock.now + self._door.settings.timeouts.head
            return
        is_two = first.startswith(PREFACE) or _NEITHER.match(first) is not None
        self._become(MultiplexedConnection if is_two else ServerConnection)

    def _become(self, kind: type[Speaks]) -> Speaks:
        """What reads from now on has the place, and what came."""
        self._leave()
        protocol = kind(self._door, self._scheme, self._port)
        transport = self._transport
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        protocol.data_received(self._first)
        return protocol

    def eof_received(self) -> bool:
        """See asyncio.Protocol."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._leave()

    def _leave(self) -> None:
        self._door.sessions.discard(self)
        self._door.deadlines.discard(self)

    def on_deadline(self) -> None:
        """See clock.Waiting. What has begun as either version, as POST does, gets the answer of
        HTTP/1.1 to a head that does not come."""
        if self._first:
            self._become(ServerConnection).deadline = clock.now
        else:
            self.close_now()

    def announce(self) -> None:
        """See door.Session: it is told with its first answer."""

    def idle_since(self) -> float:
        """See door_session.Session."""
        return INFINITY if self._first else self.deadline - self._door.settings.timeouts.keep_alive

    def drain(self) -> None:
        """See door.Session. What was not begun need not be answered."""
        if not self._first:
            self._transport.close()

    shed = drain

    def close_now(self) -> None:
        """See door.Session."""
        self._transport.abort()
