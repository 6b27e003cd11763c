"""The cache between clients and origins that speak HTTP/2."""

import os
import ssl
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import trustme

from tests.e2e.conftest import Connection, Door, Origin
from tests.support.h2_server import H2Peer, H2Server
from tests.support.h2_socket import H2Socket

AUTHORITY = trustme.CA()
SIZE = 3_000_000
BODY = os.urandom(SIZE)

Start = Callable[..., Door]


@pytest.fixture
def secured(door: Start, tmp_path: Path) -> Callable[[str], Door]:
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    made = AUTHORITY.issue_cert("a.test", "localhost", key_type=trustme.KeyType.ECDSA)
    made.private_key_and_cert_chain_pem.write_to_path(tmp_path / "a.pem")

    def start(to: str) -> Door:
        return door(
            'listen = ["https://127.0.0.1:0"]\nworkers = 2\nlog = false\ncache = true\n'
            f'[routes]\n"localhost" = {to}\n'
            f'[site."localhost"]\ncert = "{tmp_path}/a.pem"\nkey = "{tmp_path}/a.pem"\n'
        )

    return start


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def h2_client(running: Door) -> httpx.Client:
    return httpx.Client(
        http2=True,
        verify=trusting(),
        base_url=f"https://localhost:{running.port}",
        trust_env=False,
    )


def test_clients_of_http_2_are_answered_from_the_store_within_their_windows(
    secured: Callable[[str], Door], origin: Callable[..., Origin]
) -> None:
    asked: list[bytes] = []

    def serve(connection: Connection) -> None:
        while True:
            asked.append(connection.read_head())
            connection.send(
                b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n%b"
                % (SIZE, BODY)
            )

    running = secured(f'"127.0.0.1:{origin(serve).port}"')
    for _ in range(2):
        with h2_client(running) as client:
            answers = [client.get("/a"), client.get("/a", headers={"range": "bytes=5-9"})]
        assert [each.http_version for each in answers] == ["HTTP/2"] * 2
        assert answers[0].content == BODY
        assert (answers[1].status_code, answers[1].content) == (206, BODY[5:10])
    assert len(asked) == 1


@pytest.mark.parametrize("size", [10, 200_000])
def test_heads_parts_and_conditions_of_http_2_are_answered_from_the_store(
    secured: Callable[[str], Door], origin: Callable[..., Origin], size: int
) -> None:
    asked: list[bytes] = []

    def serve(connection: Connection) -> None:
        while True:
            asked.append(connection.read_head())
            connection.send(
                b'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nETag: "1"\r\n'
                b"Content-Length: %d\r\n\r\n%b" % (size, BODY[:size])
            )

    running = secured(f'"127.0.0.1:{origin(serve).port}"')
    with h2_client(running) as client:
        assert client.get("/a").content == BODY[:size]
        head = client.head("/a")
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(size)
        for asks, status, content in (
            ({"range": "bytes=2-5"}, 206, BODY[2:6]),
            ({"range": "bytes=-3"}, 206, BODY[size - 3 : size]),
            ({"range": "bytes=2-5", "if-range": '"1"'}, 206, BODY[2:6]),
            ({"range": "bytes=2-5", "if-range": '"2"'}, 200, BODY[:size]),
            ({"range": "bytes=500000-"}, 416, b""),
            ({"if-none-match": '"1"'}, 304, b""),
        ):
            found = client.get("/a", headers=asks)
            assert (found.http_version, found.status_code) == ("HTTP/2", status)
            assert found.content == content
        several = client.get("/a", headers={"range": "bytes=0-1,4-5"})
        assert several.status_code == 206
        assert BODY[:2] in several.content
        assert BODY[4:6] in several.content
        assert client.head("/a", headers={"if-none-match": '"1"'}).status_code == 304
    assert len(asked) == 1


def test_origins_of_http_2_fill_it(
    secured: Callable[[str], Door], h2_server: Callable[..., H2Server]
) -> None:
    asked: list[bytes] = []

    def answer(peer: H2Peer, stream: int) -> None:
        asked.append(peer.heads[stream][b":path"])
        lasts = b"no-store" if asked[-1] == b"/private" else b"max-age=60"
        peer.h2.send_headers(stream, [(b":status", b"103"), (b"link", b"</a.css>")])
        peer.h2.send_headers(stream, [(b":status", b"200"), (b"cache-control", lasts)])
        peer.h2.send_data(stream, b"hello")
        peer.h2.send_headers(stream, [(b"x-sum", b"42")], end_stream=True)
        peer.flush()

    running = secured(f'"h2c://127.0.0.1:{h2_server(answer).port}"')
    with h2_client(running) as client:
        assert [client.get("/a").text for _ in range(3)] == ["hello"] * 3
        assert asked == [b"/a"]
        assert [client.get("/private").text for _ in range(2)] == ["hello"] * 2
        assert asked == [b"/a", b"/private", b"/private"]
        head = client.head("/a")
    assert (head.headers["content-length"], head.content) == ("5", b"")


def test_streams_of_one_connection_wait_together_and_leave_alone(
    secured: Callable[[str], Door], origin: Callable[..., Origin]
) -> None:
    asked: list[bytes] = []

    def serve(connection: Connection) -> None:
        while True:
            asked.append(connection.read_head())
            time.sleep(1.0)
            connection.send(
                b"HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: %d\r\n\r\n%b"
                % (SIZE, BODY)
            )

    running = secured(f'"127.0.0.1:{origin(serve).port}"')
    with H2Socket(running.port, trusting(), "localhost", stream_window=65535) as client:
        numbers = [client.asks("/a") for _ in range(4)]
        running.wait_until(lambda: asked, "the question")
        client.far.reset_stream(numbers[0], 8)
        client.flush()
        assert all(client.answered(number).body == BODY for number in numbers[1:])
    assert len(asked) == 1
