"""Begun: a connection without TLS on which HTTP/2 may be spoken, until it is known whether it is.

Who knows that it is begins with a preface that is no request of HTTP/1.1 (RFC 9113 3.3, 3.4). It
is not switched to by Upgrade, which the RFC has withdrawn.
"""

import asyncio
import re

from porch import clock
from porch.clock import INFINITY
from porch.http.h2 import PREFACE
from porch.listen.door import Door
from porch.listen.h1 import ServerConnection
from porch.listen.h2 import MultiplexedConnection
from porch.listen.opening import Looking

__all__ = ["Begun"]

Speaks = ServerConnection | MultiplexedConnection

_NEITHER = re.compile(rb"(?:PRI \*|(?!PROXY )[^ \r\n]+ [^ \r\n]+ (?!HTTP/))[^\n]*\n")
"""A first line that is none of HTTP/1.1's, whose third word is its version, nor HTTP/2's whole
preface: what is to begin as HTTP/2 and does not ends as HTTP/2 wants it (RFC 9113 3.4). A PROXY
header of who may send none is neither; a balancer's operator can read the 400 of HTTP/1.1, and
GOAWAY may be left out there."""


class Begun(Looking):
    """Gives its place to the connection that reads the version which the first bytes are of."""

    __slots__ = ("_port", "_scheme")

    def __init__(self, door: Door, scheme: bytes, port: bytes) -> None:
        """See h1.ServerConnection."""
        super().__init__(door)
        self._scheme = scheme
        self._port = port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._look(self._door.settings.timeouts.keep_alive)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        first = self._first = self._first + data
        if len(first) < len(PREFACE) and PREFACE.startswith(first):
            if len(first) == len(data):  # patience with it counts from its first byte
                self.deadline = clock.now + self._door.settings.timeouts.head
            return
        is_two = first.startswith(PREFACE) or _NEITHER.match(first) is not None
        self._speak(MultiplexedConnection if is_two else ServerConnection)

    def _speak(self, kind: type[Speaks]) -> Speaks:
        served = kind(self._door, self._scheme, self._port)
        return self._become(served, self._transport, self._first)

    def on_deadline(self) -> None:
        """See clock.Waiting. What has begun as either version, as POST does, gets the answer of
        HTTP/1.1 to a head that does not come."""
        if self._first:
            self._speak(ServerConnection).deadline = clock.now
        else:
            self.close_now()

    def idle_since(self) -> float:
        """See door_session.Session."""
        return INFINITY if self._first else self.deadline - self._door.settings.timeouts.keep_alive

    shed = Looking.drain
