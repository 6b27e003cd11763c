"""Dialling: an endpoint's name into an open connection.

Addresses of a name are tried as RFC 8305 (Happy Eyeballs) says, by aiohappyeyeballs, so that a
dead IPv6 path costs a quarter of a second and not the whole patience.
"""

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar, cast

from porch import clock
from porch.clock import INFINITY
from porch.errors import (
    ConnectFailed,
    ConnectionRefused,
    ConnectTimeout,
    DnsError,
    NoDescriptors,
    PorchError,
)
from porch.forward.address import Address
from porch.forward.blame import TELLING, blame, broken
from porch.forward.proxy_protocol_header import header
from porch.forward.resolve import AddrInfo, Resolver
from porch.tls.origin import client_context

__all__ = ["Dialer"]

Protocol = TypeVar("Protocol", bound=asyncio.Protocol)

LOOK_AGAIN = 60.0
"""Seconds between two looks at a certificate that is refused."""
PATIENCE = 1.0
"""Seconds that a look may take: the request that failed waits for it."""
EYEBALLS_DELAY = 0.25
"""Seconds before the next address is tried beside the first (RFC 8305 5)."""
_IN_A_HANDSHAKE = (ssl.SSLError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
"""What no connect(2) says: the connection was there."""


class Dialer:
    """Opens connections to one address.

    protocols: see Address. is_secure: whether TLS is spoken. one: opens those where HTTP/1.1 alone
    is offered; None if that may not be spoken. client: for whom they are, where the address is to
    be told (Address.announces); None for what the door itself asks.
    """

    __slots__ = (
        "_address",
        "_announcement",
        "_look_again",
        "_resolver",
        "_shown",
        "is_secure",
        "one",
        "protocols",
    )

    def __init__(self, address: Address, resolver: Resolver, client: bytes | None = None) -> None:
        self._address = address
        self._announcement = header(address.announces, client)
        self.protocols = address.protocols
        self.is_secure = address.tls is not None
        other = address.one
        self.one: Dialer | None = (
            None if other is None else self if other is address else Dialer(other, resolver, client)
        )
        self._resolver = resolver
        self._look_again = -INFINITY
        self._shown: bytes | None = None

    async def dial(self, make: Callable[[], Protocol]) -> Protocol:
        """A connected protocol. Raises ConnectFailed or one of its kinds."""
        address = self._address
        try:
            if address.path:
                return await self._dial_unix(make)
            return await self._dial_tcp(make, address.tls)
        except ssl.SSLCertVerificationError as error:
            wanted = address.server_name or address.host
            shown = await self._look() if error.verify_code in TELLING else None
            raise blame(str(address), wanted, error, shown) from error
        except OSError as error:
            raise _failure(address, error) from error

    async def _dial_unix(self, make: Callable[[], Protocol]) -> Protocol:
        address = self._address
        loop = asyncio.get_running_loop()
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            await loop.sock_connect(sock, address.path)
            if self._announcement:
                await loop.sock_sendall(sock, self._announcement)
        except BaseException:
            sock.close()
            raise
        _, protocol = await loop.create_unix_connection(
            make,
            sock=sock,
            ssl=address.tls,
            server_hostname=(address.server_name or "localhost") if address.tls else None,
        )
        return protocol

    async def _look(self) -> bytes | None:
        """The certificate that was refused, seen in a handshake that believes it and says nothing
        else: not asked for again for a while, however many requests fail meanwhile."""
        if self._look_again > clock.monotonic():
            return self._shown
        self._look_again = clock.monotonic() + LOOK_AGAIN
        try:
            async with asyncio.timeout(PATIENCE):
                seen = await self._dial_tcp(_Seen, client_context(verify=False))
        except (OSError, TimeoutError):
            self._shown = None
        else:
            self._shown = seen.certificate
        return self._shown

    async def _dial_tcp(self, make: Callable[[], Protocol], tls: ssl.SSLContext | None) -> Protocol:
        address = self._address
        infos = await self._resolver.resolve(address.host, address.port)
        loop = asyncio.get_running_loop()
        sock = await _connect(infos, loop)
        made = False

        def make_noted() -> Protocol:
            nonlocal made
            made = True
            return make()

        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._announcement:
                await loop.sock_sendall(sock, self._announcement)
            _, protocol = await loop.create_connection(
                make_noted,
                sock=sock,
                ssl=tls,
                server_hostname=(address.server_name or address.host) if tls else None,
            )
        except BaseException:
            if not made:  # from then on the socket is the transport's to close
                sock.close()
            raise
        return protocol


class _Seen(asyncio.Protocol):
    """Takes the certificate and leaves."""

    certificate: bytes | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.certificate = transport.get_extra_info("ssl_object").getpeercert(True)
        cast("asyncio.Transport", transport).abort()


async def _connect(infos: list[AddrInfo], loop: asyncio.AbstractEventLoop) -> socket.socket:
    """A connected socket. One address is dialled here; several race."""
    if len(infos) > 1:
        from aiohappyeyeballs import start_connection

        return await start_connection(
            infos, happy_eyeballs_delay=EYEBALLS_DELAY, interleave=1, loop=loop
        )
    family, kind, number, _, where = infos[0]
    sock = socket.socket(family, kind, number)
    try:
        sock.setblocking(False)
        await loop.sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


def _failure(address: Address, error: OSError) -> PorchError:
    """The kind of failure, in words."""
    if address.tls and isinstance(error, _IN_A_HANDSHAKE):
        return broken(str(address), error)
    if error.errno in (errno.EMFILE, errno.ENFILE):
        return NoDescriptors(f"{address}: {error.strerror}")
    if isinstance(error, socket.gaierror):
        return DnsError(f"{address.host} does not resolve: {error.strerror}")
    if error.errno == errno.ECONNREFUSED or isinstance(error, ConnectionRefusedError):
        return ConnectionRefused(f"{address} refused the connection")
    if error.errno == errno.ECONNRESET:  # whoever listened has ended in the middle
        return ConnectionRefused(f"{address} reset the connection before it was made")
    if error.errno == errno.ETIMEDOUT:
        return ConnectTimeout(f"{address} did not answer: {error.strerror or error}")
    if error.errno == errno.ENOENT:
        return ConnectionRefused(f"{address} does not exist")
    return ConnectFailed(f"{address}: {error.strerror or error}")
