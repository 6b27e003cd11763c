"""Which protocol an origin has chosen in the handshake (ALPN, RFC 7301), and who speaks it."""

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar, cast

from porch.errors import ConnectFailed

__all__ = ["Agreeing", "NoHttp2"]


class NoHttp2(ConnectFailed):
    """The endpoint does not speak HTTP/2, which `h2://` and `h2c://` want."""

    word = "http_protocol_error"
    sentence = "The endpoint speaks no HTTP/2; write http:// or https:// in `to`."


class Spoken(Protocol):
    """A protocol that can be given up before it was used."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""

    def abandon(self) -> None:
        """Nobody wants the connection."""


Kind = TypeVar("Kind", bound=Spoken)


class Agreeing(asyncio.Protocol, Generic[Kind]):
    """Hands a connection whose handshake is done over to who speaks what was agreed.

    make: what is spoken, or "" if nothing was agreed -> who speaks it; None if nobody does.
    connection: who does.
    """

    def __init__(self, make: Callable[[str], Kind | None]) -> None:
        self._make = make
        self._has_left = False
        self.connection: Kind | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        tls = transport.get_extra_info("ssl_object")
        if not self._has_left:
            self.connection = self._make(tls.selected_alpn_protocol() or "")
        if self.connection is None:
            cast("asyncio.Transport", transport).abort()
            return
        transport.set_protocol(cast("asyncio.BaseProtocol", self.connection))
        self.connection.connection_made(transport)

    def abandon(self) -> None:
        """Nobody wants the connection, made or still to be made."""
        self._has_left = True
        if self.connection is not None:
            self.connection.abandon()
