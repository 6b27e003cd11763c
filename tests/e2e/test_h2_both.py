"""HTTP/2 on both sides of a door, and WebSockets that cross it."""

import asyncio
import hashlib
import json
import os
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme
from websockets.asyncio.client import connect
from websockets.frames import Opcode
from websockets.protocol import Protocol, Side, State
from websockets.sync.server import ServerConnection, serve

from tests.e2e.conftest import PATIENCE, Door
from tests.support.h2_server import H2Peer, H2Server
from tests.support.h2_socket import H2Socket
from tests.support.nghttpd import BIG, Nghttpd
from tests.support.nginx import nginx
from tests.support.ports import free_port

AUTHORITY = trustme.CA()
MB = bytes(range(256)) * 4096
WORDS = ["one", b"x" * 70_000, "three"]


def trusting() -> ssl.SSLContext:
    """A client's context. Each says its own protocols in it."""
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With ca.pem and a.pem, the certificate of a.test and localhost with its key."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    made = AUTHORITY.issue_cert("a.test", "localhost", key_type=trustme.KeyType.ECDSA)
    made.private_key_and_cert_chain_pem.write_to_path(tmp_path / "a.pem")
    return tmp_path


@pytest.fixture
def secured(door: Callable[..., Door], folder: Path) -> Callable[[str], Door]:
    """Starts a door for a.test by HTTPS."""

    def start(to: str) -> Door:
        return door(
            f'listen = ["https://127.0.0.1:0"]\nworkers = 1\nlog = false\n'
            f'[routes]\n"a.test" = {to}\n'
            f'[site."a.test"]\ncert = "{folder}/a.pem"\nkey = "{folder}/a.pem"\n'
        )

    return start


# --- requests ------------------------------------------------------------------------------------


def answer(peer: H2Peer, stream: int) -> None:
    """What a request asks for by its path."""
    head = peer.heads[stream]
    h2 = peer.h2
    if head[b":path"] == b"/held":
        return
    if head[b":path"] == b"/early":
        h2.send_headers(stream, [(b":status", b"103"), (b"link", b"</a.css>")])
    got = hashlib.sha256(peer.bodies[stream]).hexdigest().encode()
    got += b" " + peer.trailers.get(stream, {}).get(b"x-asked", b"none")
    if head[b":method"] == b"HEAD":
        length = (b"content-length", b"%d" % len(got))
        h2.send_headers(stream, [(b":status", b"200"), length], end_stream=True)
    else:
        h2.send_headers(stream, [(b":status", b"200")])
        h2.send_data(stream, got)
        h2.send_headers(stream, [(b"x-sum", b"42")], end_stream=True)
    peer.flush()


def digest(body: bytes, trailer: str = "none") -> str:
    return f"{hashlib.sha256(body).hexdigest()} {trailer}"


@pytest.fixture
def both(
    h2_server: Callable[..., H2Server], secured: Callable[[str], Door]
) -> tuple[Door, H2Server]:
    """A door before an origin that speaks HTTP/2 alone."""
    origin = h2_server(answer)
    return secured(f'"h2c://127.0.0.1:{origin.port}"'), origin


def curl(port: int, folder: Path, path: str, *words: str) -> str:
    """What curl says by HTTP/2, and behind it the version it spoke and the status."""
    ran = subprocess.run(
        [
            *("curl", "-sS", "--http2", "--cacert", f"{folder}/ca.pem", "-m", "20"),
            *("--resolve", f"a.test:{port}:127.0.0.1", "-w", "\n%{http_version} %{http_code}"),
            *(*words, f"https://a.test:{port}{path}"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.system
def test_curl_gets_and_sends_files(
    secured: Callable[[str], Door], nghttpd: Callable[..., Nghttpd], folder: Path
) -> None:
    origin = nghttpd("--no-tls", "--echo-upload")
    port = secured(f'"h2c://127.0.0.1:{origin.port}"').ports[0]
    assert curl(port, folder, "/small") == "small\n2 200"
    head = curl(port, folder, "/big", "-I")
    assert f"content-length: {BIG}" in head
    got = folder / "got"
    assert curl(port, folder, "/big", "-o", str(got)) == "\n2 200"
    assert got.read_bytes() == (origin.folder / "big").read_bytes()
    (folder / "mb").write_bytes(MB)
    sent = ("--data-binary", f"@{folder}/mb", "-o", str(got))
    assert curl(port, folder, "/small", *sent) == "\n2 200"
    assert got.read_bytes() == MB


@pytest.mark.system
def test_a_long_answer_costs_no_page_faults(
    secured: Callable[[str], Door], nghttpd: Callable[..., Nghttpd], folder: Path
) -> None:
    origin = nghttpd("--no-tls")
    made = secured(f'"h2c://127.0.0.1:{origin.port}"')
    (pid,) = made.workers
    costs = []
    for _ in range(4):
        before = faults(pid)
        curl(made.port, folder, "/big", "-o", "/dev/null")
        costs.append(faults(pid) - before)
    assert min(costs[1:]) < BIG / 4096 / 10, costs


def faults(pid: int) -> int:
    """Pages that a process asked the system for so far."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[7])


@pytest.mark.system
def test_curl_sees_trailers_and_interim_answers(both: tuple[Door, H2Server], folder: Path) -> None:
    said = curl(both[0].ports[0], folder, "/early", "-i")
    assert said.index("HTTP/2 103") < said.index("link: </a.css>") < said.index("HTTP/2 200")
    assert digest(b"") + "x-sum: 42" in "".join(said.splitlines())


@pytest.mark.system
@pytest.mark.timeout(180)  # Go compiles it, and its library where nobody has before
def test_go_gets_asks_a_hundred_times_at_once_and_posts_trailers(
    both: tuple[Door, H2Server], folder: Path
) -> None:
    source = Path(__file__).parents[1] / "support" / "h2_client.go"
    ran = subprocess.run(
        ["go", "run", source, str(both[0].ports[0]), folder / "ca.pem", "a.test"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"GO111MODULE": "off", "GOFLAGS": "", "GOCACHE": str(folder / "cache")},
    )
    said = f"HTTP/2.0 200 {digest(b'')} 42"
    assert ran.stdout.splitlines() == [
        said,
        f"100 {said}",
        f"HTTP/2.0 200 {digest(b'x' * 300_000, 'so')} 42",
        "1 connections",
    ], ran.stderr
    assert len(both[1].peers) == 1, "and one to the origin"


def test_httpx(both: tuple[Door, H2Server]) -> None:
    made, origin = both
    words: Any = {"headers": {"host": "a.test"}, "extensions": {"sni_hostname": "a.test"}}
    url = f"https://127.0.0.1:{made.ports[0]}/"
    with httpx.Client(http2=True, verify=trusting(), trust_env=False, timeout=PATIENCE) as client:
        got = client.get(url, **words)
        assert (got.http_version, got.text) == ("HTTP/2", digest(b""))
        assert client.post(url, content=MB, **words).text == digest(MB)
        head = client.head(url, **words)
        assert (head.headers["content-length"], head.content) == ("69", b"")
    assert len(origin.peers) == 1


def test_trailers_go_both_ways(both: tuple[Door, H2Server]) -> None:
    with H2Socket(both[0].ports[0], trusting()) as client:
        number = client.opens(b"/", (b"trailer", b"x-asked"), method=b"POST", end=False)
        client.far.send_data(number, b"abc")
        client.far.send_headers(number, [(b"x-asked", b"so")], end_stream=True)
        client.flush()
        got = client.answered(number)
    assert got.body.decode() == digest(b"abc", "so")
    assert got.trailers == [(b"x-sum", b"42")]


def test_a_cancelled_request_is_cancelled_at_the_origin(both: tuple[Door, H2Server]) -> None:
    made, origin = both
    with H2Socket(made.ports[0], trusting()) as client:
        number = client.asks(b"/held")
        made.wait_until(lambda: origin.peers and origin.peers[0].heads, "the request")
        client.far.reset_stream(number, 8)
        client.flush()
        made.wait_until(lambda: origin.peers[0].resets, "the end")
        assert [*origin.peers[0].resets.values()] == [8]
        assert client.answered(client.asks(b"/")).status == 200
    assert len(origin.peers) == 1


def test_who_leaves_cancels_all_that_was_asked_for(both: tuple[Door, H2Server]) -> None:
    made, origin = both
    with H2Socket(made.ports[0], trusting()) as client:
        for _ in range(5):
            client.asks(b"/held")
        made.wait_until(lambda: origin.peers and len(origin.peers[0].heads) == 5, "the requests")
    made.wait_until(lambda: [*origin.peers[0].resets.values()] == [8] * 5, "their ends")


# --- WebSockets ----------------------------------------------------------------------------------


class Echo:
    """A WebSocket on a stream of HTTP/2 that says again what it hears."""

    def __init__(self, peer: H2Peer, stream: int) -> None:
        self._peer = peer
        self._stream = stream
        self._protocol = Protocol(Side.SERVER, state=State.OPEN)
        self._waits = b""
        self._ends = False
        head = peer.heads[stream]
        assert (head[b":method"], head[b":protocol"]) == (b"CONNECT", b"websocket")
        peer.hears[stream] = self._hear
        peer.h2.send_headers(stream, [(b":status", b"200")])
        peer.flush()

    def _hear(self, data: bytes) -> None:
        protocol = self._protocol
        protocol.receive_data(data)
        for frame in protocol.events_received():
            if frame.opcode is Opcode.TEXT:  # type: ignore[union-attr]
                protocol.send_text(frame.data)  # type: ignore[union-attr]
            elif frame.opcode is Opcode.BINARY:  # type: ignore[union-attr]
                protocol.send_binary(frame.data)  # type: ignore[union-attr]
        out = protocol.data_to_send()
        self._waits += b"".join(out)
        self._ends = b"" in out
        self.go_on()

    def go_on(self) -> None:
        """Send what windows allow."""
        h2 = self._peer.h2
        while self._waits:
            size = min(h2.local_flow_control_window(self._stream), h2.max_outbound_frame_size)
            if not size:
                asyncio.get_running_loop().call_later(0.01, self.go_on)
                break
            h2.send_data(self._stream, self._waits[:size])
            self._waits = self._waits[size:]
        if self._ends and not self._waits:
            h2.end_stream(self._stream)
        self._peer.flush()


async def talk(port: int, context: ssl.SSLContext | None) -> None:
    """A client of HTTP/1.1 says words and hears them."""
    secure: Any = {"ssl": context, "server_hostname": "a.test"} if context else {}
    url = f"ws{'s' if context else ''}://a.test/ws"
    async with (
        asyncio.timeout(PATIENCE),
        connect(url, host="127.0.0.1", port=port, **secure) as client,
    ):
        for word in WORDS:
            await client.send(word)
            assert await client.recv() == word


def talk_2(port: int, context: ssl.SSLContext) -> None:
    """A client of HTTP/2 does (RFC 8441)."""
    said = Protocol(Side.CLIENT, state=State.OPEN)
    with H2Socket(port, context) as client:
        client.until(lambda: client.far.remote_settings.enable_connect_protocol)
        version = (b"sec-websocket-version", b"13")
        number = client.opens(b"/ws", version, method=b"CONNECT", protocol=b"websocket", end=False)
        client.flush()
        heard = client.answers[number]
        client.until(lambda: heard.status)
        assert heard.status == 200
        for word in WORDS:
            data = word.encode() if isinstance(word, str) else word
            (said.send_text if isinstance(word, str) else said.send_binary)(data)
            client.says(number, b"".join(said.data_to_send()), end=False)
            frames: list[Any] = []
            while not frames:
                client.until(lambda: heard.body)
                said.receive_data(heard.body)
                heard.body = b""
                frames = said.events_received()
            assert frames[0].data == data


def test_websockets_go_through_streams(
    h2_server: Callable[..., H2Server], secured: Callable[[str], Door]
) -> None:
    origin = h2_server(Echo, {8: 1})
    made = secured(f'"h2c://127.0.0.1:{origin.port}"')
    asyncio.run(talk(made.ports[0], trusting()))
    talk_2(made.ports[0], trusting())
    made.wait_until(lambda: not origin.peers[0].h2.open_inbound_streams, "both ends")
    assert len(origin.peers) == 1


@pytest.fixture
def sockets() -> Iterator[int]:
    """The port of an origin that speaks HTTP/1.1 alone and says again what it hears."""

    def echo(connection: ServerConnection) -> None:
        for word in connection:
            connection.send(word)

    with serve(echo, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.socket.getsockname()[1]
        server.shutdown()
        thread.join()


def through(secured: Callable[[str], Door], folder: Path, port: int) -> None:
    """A request and WebSockets, by a door that speaks https:// with what listens at a port."""
    made = secured(
        f'{{ to = "https://localhost:{port}", tls = {{ ca = "{folder}/ca.pem" }} }}'
    ).ports[0]
    with H2Socket(made, trusting()) as client:
        assert client.answered(client.asks(b"/plain")).status == 204
    asyncio.run(talk(made, trusting()))
    talk_2(made, trusting())


def test_websockets_go_through_a_second_door(
    secured: Callable[[str], Door],
    door: Callable[..., Door],
    folder: Path,
    sockets: int,
) -> None:
    second = door(
        'listen = ["https://127.0.0.1:0"]\nworkers = 1\n'
        f'[routes]\n"*" = "127.0.0.1:{sockets}"\n"*/plain" = "respond:204"\n'
        f'[site.localhost]\ncert = "{folder}/a.pem"\nkey = "{folder}/a.pem"\n'
    )
    through(secured, folder, second.port)
    second.stop()
    lines = [json.loads(line) for line in second.log.splitlines()]
    assert [(line["status"], line["version"]) for line in lines] == [
        (204, "2"),
        (101, "2"),
        (101, "2"),
    ]


NGINX = """http {
  log_format spoken "$server_protocol $status"; access_log %(folder)s/nginx.log spoken; {places}
  server {
    listen 127.0.0.1:%(port)s ssl; http2 on;
    ssl_certificate %(folder)s/a.pem; ssl_certificate_key %(folder)s/a.pem;
    location /plain { return 204; }
    location / {
      proxy_pass http://127.0.0.1:%(to)s; proxy_http_version 1.1;
      proxy_set_header upgrade $http_upgrade; proxy_set_header connection upgrade;
    }
  }
}
"""


@pytest.fixture
def between(folder: Path, sockets: int) -> Iterator[int]:
    """The port of an nginx that speaks HTTP/2 over TLS, and WebSockets by HTTP/1.1 alone."""
    port = free_port()
    with nginx(folder, port, NGINX % {"folder": folder, "port": port, "to": sockets}):
        yield port


def test_for_websockets_http_1_1_is_spoken_where_streams_are_not_for_them(
    secured: Callable[[str], Door], folder: Path, between: int
) -> None:
    through(secured, folder, between)
    log = folder / "nginx.log"
    until = time.monotonic() + PATIENCE
    while log.read_text().count("\n") < 3 and time.monotonic() < until:
        time.sleep(0.02)
    assert log.read_text().split("\n") == ["HTTP/2.0 204", "HTTP/1.1 101", "HTTP/1.1 101", ""]
