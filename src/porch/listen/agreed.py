"""Which protocol is spoken on a connection whose handshake is done (RFC 7301)."""

import asyncio

from porch.listen.door import Door
from porch.listen.h1 import ServerConnection
from porch.listen.h2 import MultiplexedConnection
from porch.listen.security import Agreed

__all__ = ["agreed_connection"]


def agreed_connection(door: Door, port: bytes, agreed: Agreed) -> asyncio.Protocol:
    """The protocol inside; HTTP/1.1 where the client said nothing."""
    kind = MultiplexedConnection if agreed.protocol == "h2" else ServerConnection
    return kind(door, b"https", port, agreed)
