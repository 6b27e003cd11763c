"""Slow attacks by slowhttptest, and floods, at a real door, while somebody else is served."""

import contextlib
import re
import resource
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import Door
from tests.support.handshake import client as client_of
from tests.support.handshake import files

pytestmark = pytest.mark.system

CONFIG = """\
listen = ["127.0.0.1:0"]
workers = 2
log = false
[routes]
"a.test" = "respond:204"
"*" = "respond:204"
"*/up" = {{ to = "127.0.0.1:9", buffer_request = true }}
"*/big/*" = {{ to = "file:{folder}", strip = true }}
"""
GET = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"
WAITS = 1.0
"""Seconds that one in a hundred innocent requests may take on a machine that others use too; see
docs/connections.md for what was measured."""
SECONDS = 25


class Innocent:
    """Asks again and again, each time on a new connection, from another address."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._is_over = False
        self.times: list[float] = []
        self.failures: list[str] = []
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._is_over:
            begun = time.monotonic()
            try:
                with socket.create_connection(
                    ("127.0.0.1", self._port), 10, source_address=("127.0.0.9", 0)
                ) as client:
                    client.sendall(GET)
                    assert client.recv(100).startswith(b"HTTP/1.1 204")
            except (OSError, AssertionError) as error:
                self.failures.append(repr(error))
            self.times.append(time.monotonic() - begun)
            time.sleep(0.02)

    def __enter__(self) -> "Innocent":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join()

    @property
    def slow(self) -> float:
        """Seconds that 99 of 100 have taken at most."""
        return sorted(self.times)[int(len(self.times) * 0.99)]


@pytest.fixture
def attackers() -> Iterator[int]:
    """How many connections there are descriptors for, 5,000 at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield min(5000, hard // 4)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def attack(door: Door, connections: int, path: str, *words: str) -> str:
    """What slowhttptest says at its end."""
    tool = shutil.which("slowhttptest")
    assert tool is not None, "scripts/install-system installs it"
    ran = subprocess.run(
        [
            *("nice", "-n", "19", tool, *words, "-c", str(connections), "-r", "1000", "-i", "5"),
            *("-l", str(SECONDS), "-p", "5", "-v", "1", "-u", door.url + path),
        ],
        capture_output=True,
        text=True,
        timeout=SECONDS + 60,
        check=False,
    )
    return re.sub(r"\x1b\[[0-9;]*m", "", ran.stdout)


@pytest.mark.parametrize(
    ("path", "words", "cut"),
    [
        ("/", ("-H",), ""),
        ("/up", ("-B", "-s", "8192", "-x", "10", "-t", "POST"), "slow_client"),
        ("/big/big", ("-X", "-w", "10", "-y", "20", "-n", "5", "-z", "32", "-k", "3"), ""),
    ],
    ids=["heads", "bodies", "reads"],
)
def test_thousands_of_slow_connections_keep_nobody_else_waiting(
    door: Callable[..., Door],
    tmp_path: Path,
    attackers: int,
    path: str,
    words: tuple[str, ...],
    cut: str,
) -> None:
    (tmp_path / "big").write_bytes(bytes(1 << 20))
    running = door(CONFIG.format(folder=tmp_path))
    with Innocent(running.port) as innocent:
        told = attack(running, attackers, path, *words)
    assert not re.search(r"service available:\s+NO", told)
    assert not innocent.failures
    assert innocent.slow < WAITS
    if cut:
        assert running.ask("status")["cut"][cut] > attackers // 2
    elif "-H" in words:
        assert int(re.findall(r"closed:\s+(\d+)", told)[-1]) > attackers // 2


def test_a_flood_of_connections_of_one_client_keeps_nobody_else_waiting(
    door: Callable[..., Door], tmp_path: Path
) -> None:
    config = CONFIG.format(folder=tmp_path)
    running = door(f"{config}\n[connections]\nper_client = 100\nnew_per_client = 50\n")
    until = time.monotonic() + 8
    made = 0
    with Innocent(running.port) as innocent:
        while time.monotonic() < until:
            with contextlib.suppress(OSError), running.connect() as client:
                made += 1
                client.sendall(GET.replace(b"a.test", b"x%d.test" % made))
    assert not innocent.failures
    assert innocent.slow < WAITS
    running.wait_until(
        lambda: running.ask("status")["cut"]["client_arrivals"] > made // 2, "they were closed"
    )


def test_a_flood_of_handshakes_and_of_unknown_hosts_keeps_nobody_else_waiting(
    door: Callable[..., Door], tmp_path: Path
) -> None:
    """A whole hello on each of 1,000 connections, of which the door has to answer each with its
    key, and nothing behind it; and as many requests for hosts that nobody has."""
    cert, key = files(tmp_path, "a.test")
    routes = CONFIG.format(folder=tmp_path).replace('"*" = "respond:204"\n', "")
    site = f'\n[site."a.test"]\ncert = "{cert}"\nkey = "{key}"\n'
    both = 'listen = ["127.0.0.1:0", "https://127.0.0.1:0"]\n'
    running = door(routes.replace('listen = ["127.0.0.1:0"]\n', both) + site)
    hello = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        client_of("a.test").wrap_bio(
            ssl.MemoryBIO(), hello, server_hostname="a.test"
        ).do_handshake()
    sent = hello.read()
    plain, tls = running.ports
    with contextlib.ExitStack() as held, Innocent(plain) as innocent:
        for number in range(1000):
            client = held.enter_context(socket.create_connection(("127.0.0.1", tls), 10))
            client.sendall(sent)
            other = held.enter_context(socket.create_connection(("127.0.0.1", plain), 10))
            other.sendall(GET.replace(b"a.test", b"x%d.test" % number))
    assert not innocent.failures
    assert innocent.slow < WAITS
