"""Dialling over loopback: what is connected, and what each failure is called."""

import asyncio
import datetime
import errno
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import trustme
import uvloop

from porch import clock
from porch.errors import (
    ConnectFailed,
    ConnectionRefused,
    ConnectTimeout,
    DnsError,
    HandshakeFailed,
    HandshakeRefused,
    NoDescriptors,
    PorchError,
    TlsError,
)
from porch.forward import dial
from porch.forward.address import BOTH, ONE, TWO, Address
from porch.forward.dial import Dialer
from porch.forward.resolve import AddrInfo, Resolver
from porch.tls.refused import CertificateExpired, CertificateForAnother, CertificateUnknown
from tests.support.ports import free_port


class Near(asyncio.Protocol):
    """The protocol that is dialled for."""

    def __init__(self) -> None:
        self.got = asyncio.get_running_loop().create_future()
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if not self.got.done():
            self.got.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set_result(exc)


class Greeter(asyncio.Protocol):
    """Says hello and waits."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.write(b"hello")


class Names(Resolver):
    """Knows every name as these addresses, in this order."""

    def __init__(self, *addresses: str, error: OSError | None = None) -> None:
        super().__init__()
        self._addresses = addresses
        self._error = error

    async def resolve(self, host: str, port: int) -> list[AddrInfo]:
        if self._error is not None:
            raise self._error
        return [(await Resolver().resolve(each, port))[0] for each in self._addresses]


@asynccontextmanager
async def listening(
    tls: ssl.SSLContext | None = None, make: type[asyncio.Protocol] = Greeter
) -> AsyncIterator[int]:
    server = await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def greet(address: Address, resolver: Resolver | None = None) -> Near:
    """Dial, take the greeting, close."""
    near = await Dialer(address, resolver or Resolver()).dial(Near)
    assert await near.got == b"hello"
    near.transport.close()
    await near.lost
    return near


async def failure(address: Address, resolver: Resolver | None = None) -> PorchError:
    with pytest.raises(PorchError) as caught:
        await Dialer(address, resolver or Resolver()).dial(Near)
    return caught.value


def test_a_listening_port_is_connected_without_delay() -> None:
    async def main() -> None:
        async with listening() as port:
            near = await greet(Address(host="127.0.0.1", port=port))
            sock = near.transport.get_extra_info("socket")
            assert sock is not None

    asyncio.run(main())


def test_nagles_algorithm_is_off() -> None:
    async def main() -> None:
        async with listening() as port:
            near = await Dialer(Address(host="127.0.0.1", port=port), Resolver()).dial(Near)
            sock = near.transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            near.transport.close()
            await near.lost

    asyncio.run(main())


def test_a_port_where_nobody_listens_refuses() -> None:
    port = free_port()
    error = asyncio.run(failure(Address(host="127.0.0.1", port=port)))
    assert type(error) is ConnectionRefused
    assert error.detail == f"127.0.0.1:{port} refused the connection"


def test_the_next_address_is_tried_where_the_first_refuses() -> None:
    async def main() -> None:
        async with listening() as port:
            await greet(Address(host="api.test", port=port), Names("127.0.0.2", "127.0.0.1"))
            await greet(Address(host="api.test", port=port), Names("::1", "127.0.0.1"))

    asyncio.run(main())


def test_all_addresses_refusing_is_a_refusal() -> None:
    address = Address(host="api.test", port=free_port())
    error = asyncio.run(failure(address, Names("127.0.0.1", "127.0.0.2")))
    assert type(error) is ConnectionRefused


def test_a_name_that_does_not_resolve_is_an_error_of_its_own() -> None:
    broken = Names(error=socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
    error = asyncio.run(failure(Address(host="api.test", port=1), broken))
    assert type(error) is DnsError
    assert error.detail == "api.test does not resolve: Name or service not known"


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ETIMEDOUT, ConnectTimeout),
        (errno.ENETUNREACH, ConnectFailed),
        (errno.EHOSTUNREACH, ConnectFailed),
        (errno.EMFILE, NoDescriptors),
    ],
)
def test_what_the_system_says_is_passed_on(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: type[PorchError]
) -> None:
    async def refuse(*_: Any) -> socket.socket:
        raise OSError(number, "in its words")

    monkeypatch.setattr(dial, "_connect", refuse)
    error = asyncio.run(failure(Address(host="127.0.0.1", port=9)))
    assert type(error) is kind
    assert "in its words" in error.detail


def test_every_failure_of_dialling_may_be_repeated_elsewhere() -> None:
    for kind in (ConnectFailed, ConnectionRefused, ConnectTimeout, DnsError, HandshakeFailed):
        assert kind.retry == "always"
    assert TlsError.retry == HandshakeRefused.retry == "always"


def test_unix_sockets(tmp_path: Path) -> None:
    path = str(tmp_path / "sock")

    async def main() -> None:
        assert type(await failure(Address(path=path))) is ConnectionRefused
        server = await asyncio.get_running_loop().create_unix_server(Greeter, path)
        await greet(Address(path=path))
        server.close()
        await server.wait_closed()
        error = await failure(Address(path=path))  # the file is left, nobody listens
        assert type(error) is ConnectionRefused
        assert path in error.detail

    asyncio.run(main())


def contexts(name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Of a server called `name` and of a client that trusts its CA."""
    ca = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(name).configure_cert(server)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    return server, client


def with_tls(test: Callable[[int, ssl.SSLContext], Awaitable[None]]) -> None:
    server, client = contexts("api.test")

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's side
        async with listening(server) as port:
            await test(port, client)

    asyncio.run(main())


def test_tls_names_the_host_or_whom_it_is_told() -> None:
    async def test(port: int, client: ssl.SSLContext) -> None:
        await greet(Address(host="api.test", port=port, tls=client), Names("127.0.0.1"))
        named = Address(host="127.0.0.1", port=port, tls=client, server_name="api.test")
        await greet(named)

    with_tls(test)


def test_another_name_in_the_certificate_is_refused() -> None:
    async def test(port: int, client: ssl.SSLContext) -> None:
        error = await failure(Address(host="other.test", port=port, tls=client), Names("127.0.0.1"))
        assert type(error) is CertificateForAnother
        where = f"other.test:{port}"
        assert error.detail == f"{where}: its certificate is not for other.test but for api.test"

    with_tls(test)


def test_a_ca_that_nobody_knows_is_refused() -> None:
    async def test(port: int, _: ssl.SSLContext) -> None:
        stranger = ssl.create_default_context()
        error = await failure(Address(host="api.test", port=port, tls=stranger), Names("127.0.0.1"))
        assert type(error) is CertificateUnknown

    with_tls(test)


def test_one_that_has_expired_says_when_and_is_not_looked_at_for_each_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ca = trustme.CA()
    until = datetime.datetime(2020, 2, 1, tzinfo=datetime.UTC)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made = ca.issue_cert("api.test", not_before=until - datetime.timedelta(31), not_after=until)
    made.configure_cert(server)
    client = ssl.create_default_context()
    ca.configure_trust(client)
    handshakes = 0

    def count(*_: object) -> None:
        nonlocal handshakes
        handshakes += 1

    server.sni_callback = count

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # the server's side
        async with listening(server) as port:
            address = Address(host="127.0.0.1", port=port, tls=client, server_name="api.test")
            dialer = Dialer(address, Resolver())
            for _ in range(3):
                with pytest.raises(CertificateExpired, match="it was valid until 2020-02-01 00:00"):
                    await dialer.dial(Near)
            assert handshakes == 4
            monkeypatch.setattr(clock, "monotonic", lambda: 1e9)
            with pytest.raises(CertificateExpired):
                await dialer.dial(Near)
            assert handshakes == 6

    asyncio.run(main())


def test_an_origin_that_leaves_before_it_can_be_looked_at_has_still_a_reason() -> None:
    async def main() -> None:
        dialer = Dialer(Address(host="127.0.0.1", port=free_port()), Resolver())
        assert await dialer._look() is None

    asyncio.run(main())


def in_each_loop(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """The words of a handshake's end are the loop's own."""
    for make in (uvloop.new_event_loop, asyncio.new_event_loop):
        with asyncio.Runner(loop_factory=make) as runner:
            runner.get_loop().set_exception_handler(lambda *_: None)  # the server's side
            runner.run(work())


class LeavesInTheHandshake(asyncio.Protocol):
    """Takes the hello, says `answer` and is gone. resets: without an end."""

    answer = b""
    resets = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(self.answer)
        if self.resets:
            sock = self.transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        else:
            self.transport.close()


@pytest.mark.parametrize(
    ("answer", "resets", "kind", "detail"),
    [
        (b"", True, HandshakeFailed, "it reset the connection in the TLS handshake"),
        (b"", False, HandshakeFailed, "it closed the connection in the TLS handshake"),
        (
            b"HTTP/1.1 400 Bad Request\r\n\r\n",
            False,
            HandshakeFailed,
            "what it answers is not TLS (",
        ),
        (b"\x16\x03\x03\x00\x7a\x02", False, HandshakeFailed, "it closed the connection in the"),
        (b"\x15\x03\x03\x00\x02\x02\x28", False, HandshakeRefused, "SSLV3_ALERT_HANDSHAKE_FAI"),
        (b"\x15\x03\x03\x00\x02\x02\x70", False, HandshakeRefused, "TLSV1_UNRECOGNIZED_NAME"),
    ],
)
def test_an_origin_that_ends_a_handshake_was_reached_and_is_said_to_have_done_so(
    answer: bytes, resets: bool, kind: type[PorchError], detail: str
) -> None:
    class Origin(LeavesInTheHandshake):
        pass

    Origin.answer, Origin.resets = answer, resets

    async def main() -> None:
        async with listening(make=Origin) as port:
            _, client = contexts("api.test")
            address = Address(host="127.0.0.1", port=port, tls=client, server_name="api.test")
            error = await failure(address)
            assert type(error) is kind
            assert error.detail.startswith(f"127.0.0.1:{port}: {detail}")

    in_each_loop(main)


def test_without_tls_an_origin_that_resets_is_in_no_handshake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(*_: Any) -> socket.socket:
        raise ConnectionResetError(errno.ECONNRESET, "reset")

    monkeypatch.setattr(dial, "_connect", refuse)
    error = asyncio.run(failure(Address(host="127.0.0.1", port=9)))
    assert type(error) is ConnectionRefused, "who listened has died: the kernel resets who waits"
    assert error.detail == "127.0.0.1:9 reset the connection before it was made"


def test_a_dial_that_is_given_up_leaves_no_socket_behind() -> None:
    async def main() -> None:
        async with listening() as port:
            for turns in range(6):
                dialler = Dialer(Address(host="127.0.0.1", port=port), Resolver())
                task = asyncio.ensure_future(dialler.dial(Near))
                for _ in range(turns):
                    await asyncio.sleep(0)
                task.cancel()
                try:
                    near = await task
                except asyncio.CancelledError:
                    continue
                near.transport.close()
                await near.lost

    asyncio.run(main())  # a socket left open is a ResourceWarning, which is an error here


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (Address(host="api.test", port=80), "api.test:80"),
        (Address(host="::1", port=80), "[::1]:80"),
        (Address(path="/run/app.sock"), "unix:/run/app.sock"),
    ],
)
def test_an_address_is_written_as_in_the_configuration(address: Address, text: str) -> None:
    assert str(address) == text


def test_http_1_1_alone_is_dialled_for_where_it_may_be_spoken() -> None:
    tls, tls_one = (ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) for _ in range(2))
    plain = Dialer(Address(host="a", port=1), Resolver())
    assert (plain.one, plain.is_secure, plain.protocols) == (plain, False, ONE)
    assert Dialer(Address(host="a", port=1, protocols=TWO), Resolver()).one is None
    address = Address(host="a", port=1, protocols=BOTH, tls=tls, tls_one=tls_one)
    dialer = Dialer(address, Resolver())
    assert dialer.one is not None
    assert (dialer.protocols, dialer.one.protocols, dialer.one.is_secure) == (BOTH, ONE, True)


async def _first_line(of: Address, client: bytes | None) -> bytes:
    """What an origin gets before anything else."""
    listening = socket.socket(socket.AF_UNIX if of.path else socket.AF_INET)
    listening.bind(of.path or (of.host, of.port))
    listening.listen()
    near = await Dialer(of, Resolver(), client).dial(Near)
    accepted = listening.accept()[0]
    near.transport.write(b"GET /\r\n")
    accepted.settimeout(5)
    loop = asyncio.get_running_loop()
    first: bytes = await loop.run_in_executor(None, accepted.makefile("rb").readline)
    near.transport.abort()
    await near.lost
    accepted.close()
    listening.close()
    return first


@pytest.mark.parametrize(
    ("announces", "client", "first"),
    [
        ("", b"192.0.2.1", b"GET /\r\n"),
        ("v1", b"192.0.2.1", b"PROXY TCP4 192.0.2.1 0.0.0.0 0 0\r\n"),
        ("v1", None, b"PROXY UNKNOWN\r\n"),
        ("v2", b"192.0.2.1", b"\r\n"),
    ],
)
def test_an_origin_is_told_first_for_whom_a_connection_is(
    tmp_path: Path, announces: str, client: bytes | None, first: bytes
) -> None:
    of = Address(host="127.0.0.1", port=free_port(), announces=announces)
    assert asyncio.run(_first_line(of, client)) == first
    of = Address(path=f"{tmp_path}/origin.sock", announces=announces)
    assert asyncio.run(_first_line(of, client)) == first


def test_a_dialler_for_http_1_alone_tells_the_same() -> None:
    of = Address(host="a", port=1, protocols=BOTH, announces="v1")
    dialer = Dialer(of, Resolver(), b"192.0.2.1")
    assert dialer.one is not None
    assert dialer.one._announcement == dialer._announcement != b""
