"""Security: what a handshake with a client has settled, and for which requests it counts."""

import ssl
from collections.abc import Callable
from typing import Protocol

from porch.errors import Misdirected, NotSecured
from porch.http.message import RequestHead
from porch.route.host import normal_host
from porch.tls.client_certificate import ClientCertificate
from porch.tls.hello import Hello
from porch.tls.later import Later

__all__ = ["PLAIN", "Agreed", "Choose", "Chosen"]


class Chosen(Protocol):
    """What a connection is served with.

    first: whose tickets it may resume with; context: whose certificate is shown.
    """

    @property
    def first(self) -> ssl.SSLContext:
        """The context that the connection begins with."""

    @property
    def context(self) -> ssl.SSLContext:
        """The context that has the certificate."""

    def covers(self, host: str) -> bool:
        """Whether a request for this host may come by the same connection."""

    def is_spoken_to(self, host: str) -> bool:
        """Whether this host takes the TLS that is spoken by this connection."""

    def asks(self, host: str) -> bool:
        """Whether this host takes the certificate that the client was asked for."""


Choose = Callable[[Hello, str], Chosen | Later | None]
"""(what the client said, the address that it came to) -> None: nobody of this name is served.
Later: it is not known yet, and is asked again when that is told."""


class Agreed:
    """What one client's handshake has settled. See keeper.Security."""

    __slots__ = ("_asked", "_chosen", "_shown", "_ssl", "passed")

    def __init__(self, chosen: Chosen, asked: str, side: ssl.SSLObject) -> None:
        """chosen: what it is served with. asked: the host in its hello, "" for none. side: ours,
        its handshake done."""
        self._chosen = chosen
        self._asked = asked
        self._ssl = side
        self._shown: ClientCertificate | None = None
        self.passed: bytes | None = None

    @property
    def protocol(self) -> str | None:
        """The protocol inside that both sides speak (RFC 7301); None where nothing was said."""
        return self._ssl.selected_alpn_protocol()

    def check(self, request: RequestHead) -> None:
        """See keeper.Security. RFC 9110 7.4 and 15.5.20, RFC 6066 3."""
        asked = self._asked
        host = request.authority.decode("latin-1")
        if host == asked or (host := normal_host(request.authority).decode("latin-1")) == asked:
            self.passed = request.authority  # as long as it lives: no reload takes this back
            return
        if not asked and not self._chosen.is_spoken_to(host):
            raise Misdirected("the handshake named no host, and this one asks for another")
        if asked and not self._chosen.covers(host):
            raise Misdirected(f"the handshake was for {asked}")

    def certificate(self, request: RequestHead) -> ClientCertificate | None:
        """See keeper.Security. A session that is resumed has the certificate of its first
        handshake: OpenSSL keeps it in the ticket."""
        host = normal_host(request.authority).decode("latin-1")
        if not self._chosen.asks(host):
            return None
        if self._shown is None:
            self._shown = ClientCertificate.shown_in(self._ssl)
        return self._shown


class _Plain:
    """The security of who speaks no TLS to a port that wants it."""

    passed = None

    def check(self, request: RequestHead) -> None:
        """See keeper.Security."""
        authority = request.authority.decode("latin-1")
        raise NotSecured(f"https://{authority}/ is what was meant")

    def certificate(self, request: RequestHead) -> None:
        """See keeper.Security."""


PLAIN = _Plain()
