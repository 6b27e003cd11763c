"""Which version of HTTP is spoken on a connection: by what the handshake settled, or by what the
client begins with."""

import asyncio

from porch.listen.begun import Begun
from porch.listen.door import Door
from porch.listen.h1 import ServerConnection
from porch.listen.h2 import MultiplexedConnection
from porch.listen.security import Agreed

__all__ = ["agreed_connection", "plain_connection"]


def agreed_connection(door: Door, port: bytes, agreed: Agreed) -> asyncio.Protocol:
    """The protocol inside TLS (RFC 7301); HTTP/1.1 where the client said nothing."""
    kind = MultiplexedConnection if agreed.protocol == "h2" else ServerConnection
    return kind(door, b"https", port, agreed)


def plain_connection(door: Door, port: bytes) -> asyncio.Protocol:
    """The protocol without TLS: HTTP/2 by prior knowledge alone, where it is taken at all."""
    kind = Begun if door.settings.h2c else ServerConnection
    return kind(door, b"http", port)
