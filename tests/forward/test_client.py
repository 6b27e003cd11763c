"""Asking over loopback: real sockets on both sides, and an origin that does as the test says."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from porch.client import Answer, AnswerTooLarge
from porch.errors import (
    BadGateway,
    ConnectFailed,
    ConnectionLost,
    ConnectionRefused,
    ConnectTimeout,
    GatewayTimeout,
    IncompleteResponse,
    PorchError,
    UpstreamStalled,
)
from porch.forward.address import Address
from porch.forward.client import HttpClient
from porch.forward.resolve import AddrInfo, Resolver
from porch.tls.refused import CertificateUnknown
from tests.forward.test_dial import free_port

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Origin:
    """Answers each connection with `says`, and keeps it open. got: the heads that came.
    met: a head came. left: the other side has closed."""

    def __init__(self, says: bytes = OK, *, closes: bool = False) -> None:
        self.says = says
        self.closes = closes
        self.got: list[bytes] = []
        self.written = 0
        self.met = asyncio.Event()
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.got.append(await reader.readuntil(b"\r\n\r\n"))
            self.met.set()
            writer.write(self.says)
            if self.closes:
                writer.close()
            await reader.read()
            self.left.set()
        except (asyncio.IncompleteReadError, OSError):
            self.left.set()
        finally:
            writer.close()

    async def flood(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As much as anybody takes."""
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(bytes(65536))
                self.written += 65536
                await writer.drain()
        except OSError:
            self.left.set()
        finally:
            writer.close()


@asynccontextmanager
async def serving(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def at(port: int, tls: ssl.SSLContext | None = None, authority: bytes = b"") -> HttpClient:
    return HttpClient(Address(host="127.0.0.1", port=port, tls=tls), Resolver(), authority)


async def ask(client: HttpClient, method: bytes = b"GET", timeout: float = 5.0) -> Answer:  # noqa: ASYNC109
    return await client.request(method, b"/healthz?a=1", timeout=timeout, most_bytes=1000)


def asked(origin: Origin, method: bytes = b"GET", authority: bytes = b"") -> Answer:
    """The answer, with the connection seen closed at the other side."""

    async def main() -> Answer:
        async with serving(origin.serve) as port:
            answer = await ask(at(port, authority=authority), method)
            await origin.left.wait()
            return answer

    return asyncio.run(main())


def failed(origin: Origin, timeout: float = 5.0) -> PorchError:
    async def main() -> None:
        async with serving(origin.serve) as port:
            await ask(at(port), timeout=timeout)

    with pytest.raises(PorchError) as caught:
        asyncio.run(main())
    return caught.value


def test_an_answer_comes_whole_and_its_connection_is_closed() -> None:
    origin = Origin(b"HTTP/1.1 200 OK\r\nETag: x\r\ncontent-length: 2\r\n\r\nok")

    answer = asked(origin)

    assert (answer.status, answer.body, answer.get(b"etag")) == (200, b"ok", b"x")
    head = origin.got[0]
    assert head.startswith(b"GET /healthz?a=1 HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"connection: close\r\n" in head
    assert b"content-length" not in head


@pytest.mark.parametrize(
    ("says", "body"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", b"ok"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK, b"ok"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (OK + b"and more than was announced", b"ok"),
    ],
)
def test_every_framing_is_read(says: bytes, body: bytes) -> None:
    assert asked(Origin(says)).body == body


def test_a_body_that_ends_with_the_connection_is_whole() -> None:
    assert asked(Origin(b"HTTP/1.1 200 OK\r\n\r\nok", closes=True)).body == b"ok"


def test_the_answer_to_head_has_no_body_whatever_its_length_says() -> None:
    answer = asked(Origin(b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n"), b"HEAD")

    assert (answer.status, answer.body) == (200, b"")


def test_the_host_may_be_another() -> None:
    origin = Origin()

    asked(origin, authority=b"shop.test")

    assert b"\r\nhost: shop.test\r\n" in origin.got[0]


def test_a_body_is_sent_with_its_length() -> None:
    origin = Origin()

    async def main() -> None:
        async with serving(origin.serve) as port:
            fields = [(b"content-type", b"text/plain")]
            await at(port).request(b"POST", b"/", fields, b"body", timeout=5, most_bytes=9)

    asyncio.run(main())

    assert b"content-type: text/plain\r\ncontent-length: 4\r\n" in origin.got[0]


def test_a_unix_socket_is_asked(tmp_path: Path) -> None:
    origin = Origin()

    async def main() -> Answer:
        path = str(tmp_path / "s")
        server = await asyncio.start_unix_server(origin.serve, path)
        async with server:
            return await ask(HttpClient(Address(path=path), Resolver()))

    assert asyncio.run(main()).status == 200
    assert b"\r\nhost: localhost\r\n" in origin.got[0]


@pytest.mark.parametrize(
    ("says", "closes", "kind"),
    [
        (b"", True, ConnectionLost),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok", True, IncompleteResponse),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n", False, AnswerTooLarge),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", False, BadGateway),
    ],
)
def test_what_is_no_answer_has_its_error(says: bytes, closes: bool, kind: type[PorchError]) -> None:
    error = failed(Origin(says, closes=closes))

    assert type(error) is kind
    assert error.detail.startswith("127.0.0.1:")


@pytest.mark.parametrize(
    ("says", "kind"),
    [(b"", GatewayTimeout), (b"HTTP/1.1 200 OK\r\n\r\no", UpstreamStalled)],
)
def test_silence_is_told_by_what_had_not_come(says: bytes, kind: type[PorchError]) -> None:
    assert type(failed(Origin(says), timeout=0.05)) is kind


def test_of_an_endless_body_no_more_is_read_than_is_taken() -> None:
    origin = Origin()

    async def main() -> None:
        async with serving(origin.flood) as port:
            with pytest.raises(AnswerTooLarge, match="more than 1000 bytes"):
                await ask(at(port))
            await origin.left.wait()

    asyncio.run(main())

    assert origin.written < 16_000_000  # what the buffers between the two hold


def test_nobody_listens() -> None:
    with pytest.raises(ConnectionRefused):
        asyncio.run(ask(at(free_port())))


def test_a_name_that_takes_too_long_is_no_connection() -> None:
    class Slow(Resolver):
        async def resolve(self, host: str, port: int) -> list[AddrInfo]:
            await asyncio.sleep(60)
            return []

    client = HttpClient(Address(host="a.test", port=80), Slow())

    with pytest.raises(ConnectTimeout, match=r"a\.test:80"):
        asyncio.run(ask(client, timeout=0.02))


def test_a_name_that_cannot_be_one_is_a_failure_in_words() -> None:
    client = HttpClient(Address(host=f"{'a' * 64}.test", port=80), Resolver())

    with pytest.raises(ConnectFailed):
        asyncio.run(ask(client))


def test_a_certificate_is_verified() -> None:
    authority = trustme.CA()
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(ours)
    trusting, strange = ssl.create_default_context(), ssl.create_default_context()
    authority.configure_trust(trusting)
    origin = Origin()

    async def main() -> None:
        async with serving(origin.serve, ours) as port:
            assert (await ask(at(port, trusting))).body == b"ok"
            with pytest.raises(CertificateUnknown):
                await ask(at(port, strange))

    asyncio.run(main())


def test_whoever_is_cancelled_leaves_no_connection() -> None:
    origin = Origin(b"")

    async def main() -> None:
        async with serving(origin.serve) as port:
            task = asyncio.create_task(ask(at(port)))
            await origin.met.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await origin.left.wait()

    asyncio.run(main())


def test_a_port_can_be_touched() -> None:
    met = asyncio.Queue[bytes]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            met.put_nowait(await reader.read())
        except OSError:
            met.put_nowait(b"")
        writer.close()

    async def main() -> None:
        async with serving(serve) as port:
            await at(port).connect(timeout=5)
            assert await met.get() == b""
        with pytest.raises(ConnectionRefused):
            await at(port).connect(timeout=5)

    asyncio.run(main())


def test_who_has_enough_leaves_before_the_end() -> None:
    origin = Origin(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n")
    seen: list[bytes] = []

    def is_enough(body: bytes) -> bool:
        seen.append(body)
        return True

    async def main() -> Answer:
        async with serving(origin.serve) as port:
            answer = await at(port).request(
                b"GET", b"/events", timeout=5, most_bytes=9, is_enough=is_enough
            )
            await origin.left.wait()
            return answer

    assert asyncio.run(main()).body == b"ok"
    assert seen == [b"ok"]
