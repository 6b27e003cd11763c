"""Real origins that speak HTTP/2: nghttpd, and servers on hyper-h2 that misbehave."""

import asyncio
import concurrent.futures
import contextlib
import re
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import trustme

from tests.e2e.conftest import PATIENCE, Door, memory
from tests.support.h2_server import H2Peer, H2Server
from tests.support.h2_socket import H2Socket
from tests.support.nghttpd import BIG, Nghttpd
from tests.support.nginx import nginx
from tests.support.ports import free_port


def later(peer: H2Peer, stream: int, seconds: float, body: bytes = b"ok") -> None:
    """The answer comes in so many seconds."""
    asyncio.get_running_loop().call_later(seconds, peer.answer, stream, 200, body)


def at_once(url: str, count: int, *, method: str = "GET", at_a_time: int = 20) -> list[int]:
    """The statuses of many requests that are under way together."""

    def ask(_: int) -> int:
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            return client.request(method, url).status_code

    with concurrent.futures.ThreadPoolExecutor(at_a_time) as threads:
        return list(threads.map(ask, range(count)))


# --- nghttpd -------------------------------------------------------------------------------------


def check_all(door: Door, origin: Nghttpd) -> None:
    """What a browser and an upload do."""
    with httpx.Client(base_url=door.url, trust_env=False, timeout=PATIENCE) as client:
        assert client.get("/small").content == b"small"
        answer = client.head("/small")
        assert (answer.status_code, answer.headers["content-length"]) == (200, "5")
        assert client.get("/none").status_code == 404
        big = client.get("/big")
        assert big.headers["content-length"] == str(BIG)
        assert big.content == (origin.folder / "big").read_bytes()
        assert client.post("/small", content=bytes(BIG)).status_code == 200
        pieces = iter([b"a" * 70_000] * 3)
        assert client.post("/small", content=pieces).status_code == 200
    assert set(at_once(f"{door.url}/small", 60)) == {200}


@pytest.mark.system
def test_nghttpd_without_tls(door: Callable[..., Door], nghttpd: Callable[..., Nghttpd]) -> None:
    origin = nghttpd("--no-tls")
    check_all(door(f'[routes]\n"*" = "h2c://127.0.0.1:{origin.port}"\n'), origin)


@pytest.mark.system
@pytest.mark.parametrize("scheme", ["h2", "https"])
def test_nghttpd_over_tls(
    door: Callable[..., Door], nghttpd: Callable[..., Nghttpd], tmp_path: Path, scheme: str
) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    pair = authority.issue_cert("localhost")
    pair.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    pair.cert_chain_pems[0].write_to_path(str(tmp_path / "cert.pem"))
    origin = nghttpd(str(tmp_path / "key.pem"), str(tmp_path / "cert.pem"))
    to = f'{{ to = "{scheme}://localhost:{origin.port}", tls = {{ ca = "{tmp_path}/ca.pem" }} }}'
    check_all(door(f'[routes]\n"*" = {to}\n'), origin)


@pytest.mark.system
def test_streams_that_are_asked_for_and_not_read_cost_under_two_mebibytes(
    door: Callable[..., Door], nghttpd: Callable[..., Nghttpd]
) -> None:
    origin = nghttpd("--no-tls")
    (origin.folder / "mb").write_bytes(bytes(1 << 20))
    made = door(
        f'workers = 1\nlog = false\nh2c = true\n[routes]\n"*" = "h2c://127.0.0.1:{origin.port}"\n'
    )
    (pid,) = made.workers
    with H2Socket(made.port) as client:
        for _ in range(20):
            assert client.answered(client.asks(b"/mb")).status == 200
    before = memory(pid)
    rounds = 4
    clients = [H2Socket(made.port, window=65535) for _ in range(rounds)]
    try:
        for client in clients:
            client.takes = False
            for _ in range(100):
                client.opens(b"/mb")
            client.flush()
            answers = client.answers.values()
            client.until(lambda got=answers: sum(len(each.body) for each in got) >= 65535)
        made.wait_until(
            lambda: made.ask("status")["upstreams"][0]["running"] == 100 * rounds, "all requests"
        )
        time.sleep(0.5)
        cost = (memory(pid) - before) / rounds
        assert cost < 2048, f"{cost:.0f} KiB a connection"
    finally:
        for client in clients:
            client.__exit__()


@pytest.mark.system
def test_clients_that_read_nothing_keep_no_other_waiting(
    door: Callable[..., Door], nghttpd: Callable[..., Nghttpd]
) -> None:
    """70 have begun to take a long answer and stopped, and 100 streams of another take nothing."""
    origin = nghttpd("--no-tls")
    made = door(
        f'workers = 1\nlog = false\nh2c = true\n[routes]\n"*" = "h2c://127.0.0.1:{origin.port}"\n'
    )
    stalled = []
    with contextlib.ExitStack() as stack:
        for _ in range(70):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)
            client.connect(("127.0.0.1", made.port))
            client.sendall(b"GET /big HTTP/1.1\r\nhost: a\r\n\r\n")
            stalled.append(client)
        for client in stalled[:10]:  # whose windows have grown by then
            came = 0
            while came < BIG // 2:
                came += len(client.recv(1 << 16))
        nothing = stack.enter_context(H2Socket(made.port, window=0))
        nothing.takes = False
        for _ in range(100):
            nothing.opens(b"/big")
        nothing.flush()
        made.wait_until(
            lambda: made.ask("status")["upstreams"][0]["running"] >= 150, "most requests"
        )
        with httpx.Client(base_url=made.url, trust_env=False, timeout=PATIENCE) as client:
            for _ in range(3):
                assert len(client.get("/big").content) == BIG
                began = time.monotonic()
                assert client.get("/small").content == b"small"
                assert time.monotonic() - began < 2


@pytest.mark.system
def test_an_origin_that_hangs_is_left_in_seconds(
    door: Callable[..., Door], nghttpd: Callable[..., Nghttpd]
) -> None:
    hung, well = nghttpd("--no-tls"), nghttpd("--no-tls")
    to = ", ".join(f'"h2c://127.0.0.1:{each.port}"' for each in (hung, well))
    made = door(f'[routes]\n"*" = {{ to = [{to}] }}\n', environ={"WEB_CONCURRENCY": "1"})
    assert set(at_once(f"{made.url}/small", 40)) == {200}
    hung.process.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    assert set(at_once(f"{made.url}/small", 10)) == {200}
    assert time.monotonic() - began < PATIENCE


# --- nginx ---------------------------------------------------------------------------------------

NGINX = """http {
  access_log off; keepalive_requests %(requests)d; {places}
  server { listen 127.0.0.1:%(port)d; http2 on; location / { return 200 "ok"; } }
}
"""


@contextlib.contextmanager
def serving(folder: Path, requests: int) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """An nginx that speaks HTTP/2 without TLS, so many requests on each connection; its port."""
    port = free_port()
    with nginx(folder, port, NGINX % {"port": port, "requests": requests}) as process:
        yield port, process


@pytest.mark.system
@pytest.mark.parametrize(("requests", "reloads"), [(20, False), (100_000, True)])
def test_an_origin_that_says_goodbye_often_loses_no_request(
    door: Callable[..., Door], tmp_path: Path, requests: int, reloads: bool
) -> None:
    """Of many uploads by streams, while nginx leaves connections by itself or is reloaded."""
    (tmp_path / "body").write_bytes(b"hello\n")
    with serving(tmp_path, requests) as (port, process):
        made = door(
            'h2c = true\nworkers = 1\nlog = { format = "json" }\n'
            f'[routes]\n"*" = "h2c://127.0.0.1:{port}"\n'
        )
        words = ["-n", "4000", "-c", "4", "-m", "64", "-d", str(tmp_path / "body"), made.url]
        load = subprocess.Popen(["h2load", *words], stdout=subprocess.PIPE, text=True)
        while reloads and load.poll() is None:
            process.send_signal(signal.SIGHUP)
            time.sleep(0.1)
        out = load.communicate(timeout=4 * PATIENCE)[0]
        failures = [
            line for line in made.log.splitlines() if '"status":200' not in line.replace(" ", "")
        ]
        assert "4000 succeeded, 0 failed, 0 errored" in out, [out, *failures[:3]]
        assert re.search(r"status codes: 4000 2xx", out), out


# --- misbehaving ---------------------------------------------------------------------------------


def test_goaways_under_load_lose_no_request(
    door: Callable[..., Door], h2_server: Callable[..., H2Server]
) -> None:
    """Each connection takes 10 requests, says so when the tenth is there, and looks at no other."""
    looked: dict[H2Peer, int] = {}

    def answer(peer: H2Peer, stream: int) -> None:
        looked[peer] = looked.get(peer, 0) + 1
        if looked[peer] == 10:
            peer.goaway(stream)
        if looked[peer] <= 10:
            later(peer, stream, 0.02)

    origin = h2_server(answer)
    made = door(f'[routes]\n"*" = "h2c://127.0.0.1:{origin.port}"\n')
    assert set(at_once(made.url, 100, method="POST", at_a_time=8)) == {200}
    assert len(origin.peers) > 8


def test_refused_streams_are_asked_again(
    door: Callable[..., Door], h2_server: Callable[..., H2Server]
) -> None:
    count = 0

    def answer(peer: H2Peer, stream: int) -> None:
        nonlocal count
        count += 1
        if count % 3 == 0:
            peer.reset(stream, 7)
        else:
            later(peer, stream, 0.01)

    origin = h2_server(answer)
    made = door(f'[routes]\n"*" = "h2c://127.0.0.1:{origin.port}"\n')
    with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
        statuses = [client.post(made.url, content=b"abc").status_code for _ in range(20)]
    assert set(statuses) == {200}
    assert count > 25


@pytest.mark.parametrize("most", [1, 3])
def test_no_connection_gets_more_streams_than_it_takes(
    door: Callable[..., Door], h2_server: Callable[..., H2Server], most: int
) -> None:
    origin = h2_server(lambda peer, stream: later(peer, stream, 0.05), {3: most})
    made = door(f'[routes]\n"*" = "h2c://127.0.0.1:{origin.port}"\n')
    assert set(at_once(made.url, 40)) == {200}
    assert max(peer.most for peer in origin.peers) == most
    assert len(origin.peers) > 1


def test_few_connections_carry_many_requests(
    door: Callable[..., Door], h2_server: Callable[..., H2Server]
) -> None:
    origin = h2_server(lambda peer, stream: later(peer, stream, 0.05))
    made = door(f'[routes]\n"*" = "h2c://127.0.0.1:{origin.port}"\n')
    assert set(at_once(made.url, 60)) == {200}
    assert len(origin.peers) <= len(made.workers)


def test_checks_speak_it_too(door: Callable[..., Door], h2_server: Callable[..., H2Server]) -> None:
    paths: list[bytes] = []

    def answer(peer: H2Peer, stream: int) -> None:
        path = peer.heads[stream][b":path"]
        paths.append(path)
        peer.answer(stream, 500 if path == b"/health" else 200)

    origin = h2_server(answer)
    health = '{ path = "/health", every = "200ms" }'
    to = f'{{ to = "h2c://127.0.0.1:{origin.port}", health = {health} }}'
    made = door(f'[routes]\n"*" = {to}\n')
    made.wait_until(lambda: "500" in str(made.ask("status")["upstreams"]), "a failed check")
    assert b"/health" in paths
