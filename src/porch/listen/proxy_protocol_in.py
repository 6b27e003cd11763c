"""A connection that begins with a PROXY header: until it is read, and what is served behind it.

Peers that `proxy_protocol` names must begin with one, and nobody else's is believed: whether there
is one is never guessed. Behind it the protocol has its place as if the client itself had
connected, TLS included.
"""

import asyncio
from collections.abc import Callable
from typing import Any, cast

from porch.listen.door import Door
from porch.listen.ip import ip_of
from porch.listen.opening import Looking
from porch.listen.proxy_protocol import Announced, BadHeader, decode

__all__ = ["WORD", "Announcing", "Proxied"]

WORD = "proxy_header_error"
"""By which connections are counted that were cut for their header, or for having none."""


class Proxied:
    """A transport with other ends. What is called often is the transport's own method, so that it
    costs nothing more."""

    __slots__ = (
        "_ends",
        "_transport",
        "abort",
        "can_write_eof",
        "close",
        "get_write_buffer_size",
        "is_closing",
        "pause_reading",
        "resume_reading",
        "set_protocol",
        "write",
        "write_eof",
        "writelines",
    )

    def __init__(self, transport: asyncio.Transport, announced: Announced) -> None:
        self._transport = transport
        self._ends = {"peername": announced.source, "sockname": announced.destination}
        self.abort = transport.abort
        self.can_write_eof = transport.can_write_eof
        self.close = transport.close
        self.get_write_buffer_size = transport.get_write_buffer_size
        self.is_closing = transport.is_closing
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.set_protocol = transport.set_protocol
        self.write = transport.write
        self.write_eof = transport.write_eof
        self.writelines = transport.writelines

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """See asyncio.BaseTransport. The ends are those that were announced."""
        return self._ends.get(name) or self._transport.get_extra_info(name, default)


class Announcing(Looking):
    """Reads the header, and gives its place to what is served behind it."""

    __slots__ = ("_factory",)

    def __init__(self, door: Door, factory: Callable[[], asyncio.Protocol]) -> None:
        """factory: makes what is served behind it, or at once to who is not to send one."""
        super().__init__(door)
        self._factory = factory

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        super().connection_made(transport)
        announces = self._door.settings.announces
        if announces is None or not announces(self._peer.encode()):
            self._become(self._factory(), self._transport, b"")
        else:
            self._look(self._door.settings.timeouts.head)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        self._first += data
        try:
            announced = decode(self._first)
        except BadHeader as error:
            self._cut(str(error))
            return
        if announced is None:
            return
        transport = self._transport
        if announced.source is not None:  # it is one as far as it is asked
            transport = cast("asyncio.Transport", Proxied(transport, announced))
        self._become(self._factory(), transport, self._first[announced.size :])

    @property
    def _peer(self) -> str:
        return ip_of(self._transport, "peername") or "unix"

    def _cut(self, why: str) -> None:
        """Nothing is answered: to whom would not be known."""
        door = self._door
        door.cuts[WORD] += 1
        text = f"a connection of {self._peer}, which is in proxy_protocol, was cut: {why}"
        door.warn(text, f"{WORD} {self._peer} {why}")
        self._leave()
        self._transport.abort()

    def eof_received(self) -> bool:
        """See asyncio.Protocol. Who only looks whether somebody listens says nothing."""
        if self._first:
            self._cut("it ended within its header")
        return False

    def on_deadline(self) -> None:
        """See clock.Waiting."""
        self._cut("its header did not come in time (timeouts.head)")
