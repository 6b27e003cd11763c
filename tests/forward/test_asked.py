"""Porch's own questions, over HTTP/1.1 and HTTP/2 alike. More over HTTP/1.1: test_client.py."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable

import pytest
import trustme

from porch.client import Answer, AnswerTooLarge
from porch.errors import BadGateway, ConnectionLost, GatewayTimeout, StreamReset
from porch.forward.address import BOTH, TWO, Address
from porch.forward.agreed import NoHttp2
from porch.forward.client import HttpClient
from porch.forward.resolve import Resolver
from porch.tls.origin import OriginTls, client_context_in_steps
from tests.forward.test_client import Origin, serving
from tests.support.h2_server import H2Peer, H2Server, OnRequest


def run(
    on_request: OnRequest,
    ask: Callable[[H2Server, HttpClient], Awaitable[Answer]],
) -> tuple[Answer, H2Server]:
    """The answer to a question at an origin that speaks HTTP/2 without TLS."""

    async def go() -> tuple[Answer, H2Server]:
        server = await H2Server(on_request).start()
        client = HttpClient(
            Address(host="127.0.0.1", port=server.port, protocols=TWO), Resolver(), b"a.test"
        )
        try:
            return await ask(server, client), server
        finally:
            await server.close()

    return asyncio.run(go())


async def get(server: H2Server, client: HttpClient) -> Answer:
    return await client.request(b"GET", b"/health", [(b"a", b"b")], timeout=2, most_bytes=1000)


def test_a_question_and_its_answer() -> None:
    heads = {}

    def answer(peer: H2Peer, stream: int) -> None:
        heads.update(peer.heads[stream])
        peer.answer(stream, 200, b"ok")

    answered, _ = run(answer, get)
    assert (answered.status, answered.body) == (200, b"ok")
    assert heads[b":authority"] == b"a.test"
    assert (heads[b":path"], heads[b":scheme"], heads[b"a"]) == (b"/health", b"http", b"b")
    assert b"connection" not in heads


def test_a_body_is_sent() -> None:
    async def post(server: H2Server, client: HttpClient) -> Answer:
        return await client.request(b"POST", b"/", body=b"x" * 100, timeout=2, most_bytes=1000)

    answered, _ = run(lambda peer, stream: peer.answer(stream, 200, peer.bodies[stream]), post)
    assert answered.body == b"x" * 100


def test_no_more_is_taken_than_is_wanted() -> None:
    with pytest.raises(AnswerTooLarge):
        run(lambda peer, stream: peer.answer(stream, 200, b"x" * 1001), get)


def test_what_is_enough_ends_it() -> None:
    async def enough(server: H2Server, client: HttpClient) -> Answer:
        return await client.request(
            b"GET", b"/", timeout=2, most_bytes=1000, is_enough=lambda body: len(body) > 2
        )

    def stream_on(peer: H2Peer, stream: int) -> None:
        peer.h2.send_headers(stream, [(b":status", b"200")])
        for piece in (b"a", b"b", b"c", b"d"):
            peer.h2.send_data(stream, piece)

    answered, _ = run(stream_on, enough)
    assert answered.body.startswith(b"abc")


def test_a_reset_a_malformed_head_and_a_close_are_errors() -> None:
    with pytest.raises(StreamReset):
        run(lambda peer, stream: peer.reset(stream, 2), get)
    with pytest.raises(BadGateway, match="with status 600"):
        run(lambda peer, stream: peer.answer(stream, 600), get)
    with pytest.raises(ConnectionLost):
        run(lambda peer, stream: peer.writer.close(), get)
    with pytest.raises(GatewayTimeout):
        run(
            lambda peer, stream: None,
            lambda server, client: client.request(b"GET", b"/", timeout=0.2, most_bytes=9),
        )


def test_one_who_speaks_http_1_1_is_no_http_2() -> None:
    async def go() -> None:
        async with serving(Origin(b"HTTP/1.1 400 Bad Request\r\n\r\n").serve) as port:
            client = HttpClient(Address(host="127.0.0.1", port=port, protocols=TWO), Resolver())
            with pytest.raises(BadGateway, match="no HTTP/2"):
                await client.request(b"GET", b"/", timeout=2, most_bytes=9)

    asyncio.run(go())


def origin_context(protocols: tuple[str, ...]) -> ssl.SSLContext:
    steps = client_context_in_steps(OriginTls(verify=False, protocols=protocols))
    while True:
        try:
            next(steps)
        except StopIteration as done:
            made: ssl.SSLContext = done.value
            return made


@pytest.mark.parametrize(
    ("offered", "protocols", "spoken"),
    [(["h2"], BOTH, "h2"), (["h2"], TWO, "h2"), (["http/1.1"], TWO, "")],
)
def test_over_tls_it_speaks_what_was_agreed(
    offered: list[str], protocols: tuple[str, ...], spoken: str
) -> None:
    async def go() -> None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("a.test").configure_cert(tls)
        tls.set_alpn_protocols(offered)
        server = await H2Server(lambda peer, stream: peer.answer(stream, 204)).start(tls)
        address = Address(
            host="127.0.0.1", port=server.port, tls=origin_context(protocols), protocols=protocols
        )
        client = HttpClient(address, Resolver())
        try:
            answered = await client.request(b"GET", b"/", timeout=2, most_bytes=9)
            assert (answered.status, spoken) == (204, "h2")
        except NoHttp2:
            assert not spoken
        finally:
            await server.close()

    asyncio.run(go())
