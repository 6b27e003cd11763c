"""How connections over TLS end: with TLS's own word, without it, on one side, in the handshake."""

import contextlib
import json
import socket
import ssl
import struct
from collections.abc import Callable

import pytest
import trustme

from tests.e2e.conftest import PATIENCE, Connection, Door, echo

AUTHORITY = trustme.CA()
PLAIN = None
V1_2, V1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a.test\r\n"
SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"
ASK = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"


class End:
    """A client's end of a connection, each of whose words is said by hand. version: None speaks
    no TLS."""

    def __init__(self, started: Door, version: ssl.TLSVersion | None) -> None:
        port = started.ports[0 if version else 1]
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._near: ssl.SSLObject | None = None
        if version is None:
            return
        context = ssl.create_default_context()
        AUTHORITY.configure_trust(context)
        context.minimum_version = context.maximum_version = version
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._near = context.wrap_bio(self._in, self._out, server_hostname="a.test")
        while True:
            try:
                self._near.do_handshake()
                break
            except ssl.SSLWantReadError:
                self._flush()
                self._in.write(self._socket.recv(65536))
        self._flush()

    def close(self) -> None:
        self._socket.close()

    def _flush(self) -> None:
        self._socket.sendall(self._out.read())

    def say(self, data: bytes) -> None:
        if self._near is None:
            self._socket.sendall(data)
        else:
            self._near.write(data)
            self._flush()

    def say_end(self) -> None:
        """TLS's own end; the connection stays open."""
        assert self._near is not None
        with contextlib.suppress(ssl.SSLError):
            self._near.unwrap()
        self._flush()

    def close_sending(self) -> None:
        """TCP's end alone."""
        self._socket.shutdown(socket.SHUT_WR)

    def read(self, ending: bytes = b"") -> bytes:
        """Until `ending`, or all; a reset ends it too."""
        found = b""
        with contextlib.suppress(ConnectionResetError):
            while not (ending and found.endswith(ending)):
                data = self._socket.recv(65536)
                if not data:
                    break
                found += data if self._near is None else self._opened(data)
        return found

    def _opened(self, data: bytes) -> bytes:
        assert self._near is not None
        self._in.write(data)
        found = b""
        with contextlib.suppress(ssl.SSLError):
            while piece := self._near.read(65536):
                found += piece
        return found


@pytest.fixture
def connect():
    """Connects to a door."""
    ends = []

    def made(started: Door, version: ssl.TLSVersion | None) -> End:
        ends.append(End(started, version))
        return ends[-1]

    yield made
    for each in ends:
        each.close()


@pytest.fixture
def secured(door, origin, tmp_path):
    """Starts a door for a.test by HTTPS and without, before an origin that does as `serve`."""
    file = tmp_path / "a.pem"
    AUTHORITY.issue_cert("a.test").private_key_and_cert_chain_pem.write_to_path(file)

    def start(serve: Callable[[Connection], None]) -> tuple[Door, list[Connection]]:
        served = origin(serve)
        started = door(
            'listen = ["https://127.0.0.1:0", "127.0.0.1:0"]\nworkers = 1\nlog = "json"\n'
            f'[routes]\n"*" = "127.0.0.1:{served.port}"\n'
            f'[site."a.test"]\ncert = "{file}"\nkey = "{file}"\n'
        )
        return started, served.connections

    return start


def _logged(started: Door, count: int) -> list[dict]:
    started.wait_until(lambda: started.log.count("\n") >= count, "the log")
    return [json.loads(line) for line in started.log.splitlines()]


@pytest.mark.parametrize("version", [PLAIN, V1_2, V1_3])
def test_a_whole_request_with_tcps_end_alone_behind_it_is_answered(secured, connect, version):
    started, _ = secured(echo)
    for request in (GET, POST + b"Content-Length: 5\r\n\r\nwhole"):
        end = connect(started, version)
        end.say(request)
        end.close_sending()
        assert end.read().startswith(b"HTTP/1.1 200 ")
    assert [line["reason"] for line in _logged(started, 2)] == [None, None]


@pytest.mark.parametrize("version", [PLAIN, V1_2, V1_3])
@pytest.mark.parametrize(
    "request_",
    [
        POST + b"Content-Length: 10\r\n\r\nwhole",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nwhole\r\n",
    ],
)
def test_a_body_that_tcps_end_cuts_is_not_taken_for_whole(secured, connect, version, request_):
    seen = []

    def serve(connection: Connection) -> None:
        try:
            connection.read_body(connection.read_head())
        except (OSError, EOFError):
            seen.append("cut")
            raise
        seen.append("whole")

    started, at_origin = secured(serve)
    end = connect(started, version)
    end.say(request_)
    started.wait_until(lambda: any(b"whole" in each.received for each in at_origin), "the body")
    end.close_sending()
    assert end.read() == b""
    (line,) = _logged(started, 1)
    assert (line["reason"], line["status"]) == ("client_gone", 0)
    started.wait_until(lambda: seen, "the origin's end")
    assert seen == ["cut"]


def test_an_origin_that_ends_its_side_of_a_tunnel_hears_the_client_to_its_end(secured, connect):
    heard = []

    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(SWITCH + b"last")
        connection.socket.shutdown(socket.SHUT_WR)
        with contextlib.suppress(EOFError):
            while True:
                heard.append(connection.read())

    started, _ = secured(serve)
    end = connect(started, V1_3)
    end.say(ASK)
    assert end.read(b"last").endswith(b"\r\n\r\nlast")
    end.say(b"still here")
    end.say_end()
    (line,) = _logged(started, 1)
    assert (line["reason"], line["status"]) == (None, 101)
    assert b"".join(heard) == b"still here"


def test_a_client_that_ends_its_side_of_a_tunnel_hears_the_origin_to_its_end(secured, connect):
    def serve(connection: Connection) -> None:
        connection.read_head()
        connection.send(SWITCH)
        with contextlib.suppress(EOFError):
            while True:
                connection.read()
        connection.send(b"last")

    started, _ = secured(serve)
    end = connect(started, V1_3)
    end.say(ASK)
    assert end.read(b"\r\n\r\n").startswith(b"HTTP/1.1 101 ")
    end.say_end()
    end.close_sending()
    assert end.read() == b"last"
    (line,) = _logged(started, 1)
    assert (line["reason"], line["status"]) == (None, 101)


@pytest.mark.parametrize("resets", [True, False])
def test_an_origin_that_leaves_in_the_handshake_is_told_of_as_what_it_is(
    door, origin, client, resets
):
    def serve(connection: Connection) -> None:
        connection.read()
        if resets:
            linger = struct.pack("ii", 1, 0)
            connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    started = door(f'debug = true\n[routes]\n"*" = "https://localhost:{origin(serve).port}"\n')
    status, head, body = client(started).send(GET).read_answer()
    assert status == 502
    assert b"error=tls_protocol_error" in head
    verb = b"reset" if resets else b"closed"
    assert b"it %b the connection in the TLS handshake" % verb in body
