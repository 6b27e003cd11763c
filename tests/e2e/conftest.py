"""Real doors and real origins on loopback, started and stopped by the tests."""

import asyncio
import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from porch.manage.control.client import ask as ask_door
from tests.support.h2_server import H2Server, OnRequest
from tests.support.nghttpd import Nghttpd
from tests.support.pebble import Pebble, running

ROOT = Path(__file__).parent.parent.parent
SOURCE = ROOT / "src"
PATIENCE = 15.0
START = 45.0
"""Seconds for a door to start: half a second of a processor, for which others may stand in line."""


class Door:
    """A running `porch run`. errors: what it said to stderr so far; log: its access log.

    environ: more variables for it. prepare: called in its process before Porch is started.
    within: the words of a command that runs it, as its child.
    """

    def __init__(
        self,
        folder: Path,
        config: str,
        *arguments: str,
        environ: Mapping[str, str] | None = None,
        prepare: Callable[[], object] | None = None,
        within: Sequence[str] = (),
    ) -> None:
        self.file = folder / "porch.toml"
        self.file.write_text(config, encoding="utf-8")
        self._out = (folder / "out").open("wb")
        self._err = (folder / "err").open("wb")
        self.folder = folder
        self.environ = os.environ | {
            "PYTHONPATH": str(SOURCE),
            "XDG_RUNTIME_DIR": str(folder),
            "STATE_DIRECTORY": str(folder / "state"),
            "CACHE_DIRECTORY": str(folder / "cache"),
            "PYTHONUNBUFFERED": "1",
            **(environ or {}),
        }
        self.process = subprocess.Popen(
            [*within, sys.executable, "-m", "porch", "run", str(self.file), *arguments],
            stdout=self._out,
            stderr=self._err,
            env=self.environ,
            preexec_fn=prepare,
        )

    @property
    def errors(self) -> str:
        return (self.folder / "err").read_text(encoding="utf-8", errors="replace")

    @property
    def log(self) -> str:
        return (self.folder / "out").read_text(encoding="utf-8", errors="replace")

    def wait_until(self, true: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
        until = time.monotonic() + patience
        while not true():
            if time.monotonic() > until:
                raise AssertionError(f"{what} did not happen; the door said: {self.errors}")
            time.sleep(0.01)

    def wait_ready(self) -> None:
        self.wait_until(
            lambda: self.process.poll() is not None or "Ctrl-C stops" in self.errors,
            "the start",
            START,
        )
        assert self.process.poll() is None, self.errors

    @property
    def ports(self) -> list[int]:
        return [int(port) for port in re.findall(r"listening on \S*:(\d+)", self.errors)]

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write(self, text: str) -> None:
        """Replace the configuration, as an editor does; `listen` stays what it is."""
        listen = self.file.read_text(encoding="utf-8").partition("\n")[0]
        new = self.file.with_suffix(".new")
        new.write_text(text if "listen" in text else f"{listen}\n{text}", encoding="utf-8")
        new.replace(self.file)

    def porch(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run a command that speaks to this door."""
        return subprocess.run(
            [sys.executable, "-m", "porch", *words, "--config", str(self.file)],
            capture_output=True,
            text=True,
            timeout=60,
            env=self.environ,
            check=False,
        )

    def ask(self, word: str, **words: object) -> dict[str, Any]:
        """What the door answers to a command, without a process for each. Not for threads."""
        with mock.patch.dict(os.environ, XDG_RUNTIME_DIR=str(self.folder)):
            return ask_door(self.file, word, words)

    def reload(self) -> str:
        """Have it load its file again. Returns the reason if that was refused."""
        return str(self.ask("reload").get("error", ""))

    @property
    def workers(self) -> list[int]:
        """The processes that the supervisor has started and that have not ended."""
        return children(self.process.pid)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def stop(self, number: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self._out.close()
        self._err.close()
        return code


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Callable[..., Door]]:
    """Starts a door: `door(config)`, with `listen` on a free port unless the text says more."""
    doors: list[Door] = []

    def start(config: str, *, ready: bool = True, **more: Any) -> Door:
        folder = tmp_path / f"door{len(doors)}"
        folder.mkdir()
        if "listen" not in config:
            config = 'listen = ["127.0.0.1:0"]\n' + config
        started = Door(folder, config, **more)
        doors.append(started)
        if ready:
            started.wait_ready()
        return started

    yield start
    for each in doors:
        each.stop()


@pytest.fixture
def pebble(tmp_path: Path) -> Iterator[Pebble]:
    """A real authority of the test's own."""
    folder = tmp_path / "pebble"
    folder.mkdir()
    with running(folder) as made:
        yield made


def children(pid: int) -> list[int]:
    """Those of a process that have not ended."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    except OSError:
        return []
    return [int(each) for each in text.split() if not is_ended(int(each))]


def is_ended(pid: int) -> bool:
    """Whether a process is gone, or is but waited for."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return True
    return text.rpartition(") ")[2][0] in "ZX"


def memory(pid: int) -> int:
    """KiB that a process has in memory (its resident set), apart from the tables that the workers
    share, which fill up to the size they have."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace")
    whole, shared = (re.findall(rf"^{word}:\s*(\d+)", text, re.M) for word in ("VmRSS", "RssShmem"))
    return int(whole[0]) - int(shared[0])


def clients_of(pid: int, port: int) -> set[int]:
    """The ports of clients whose connections to `port` a process holds."""
    held = set()
    for fd in Path(f"/proc/{pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            held.add(fd.readlink().name)
    found = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        words = line.split()
        near, far = (int(each.rpartition(":")[2], 16) for each in words[1:3])
        if near == port and f"socket:[{words[9]}]" in held:
            found.add(far)
    return found - {0}


class Origin:
    """A scripted origin: `serve(connection, number)` runs in a thread for each connection.

    received: the bytes of each connection, in order. gone: set when a connection was closed by
    the door.
    """

    def __init__(self, serve: Callable[["Connection"], None]) -> None:
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connections: list[Connection] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self._listener.accept()
                accepted.settimeout(PATIENCE)
                accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection = Connection(accepted)
                self.connections.append(connection)
                threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection: "Connection") -> None:
        try:
            self._serve(connection)
        except (OSError, EOFError):
            connection.gone.set()
        finally:
            connection.socket.close()

    @property
    def received(self) -> bytes:
        return b"".join(each.received for each in self.connections)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for each in self.connections:
            with contextlib.suppress(OSError):
                each.socket.shutdown(socket.SHUT_RDWR)


class Connection:
    """One connection to a scripted origin."""

    def __init__(self, accepted: socket.socket) -> None:
        self.socket = accepted
        self.received = b""
        self._read = 0
        self.gone = threading.Event()

    def read(self) -> bytes:
        data = self.socket.recv(65536)
        if not data:
            raise EOFError
        self.received += data
        return data

    def read_head(self) -> bytes:
        """The next head, without its empty line."""
        while (end := self.received.find(b"\r\n\r\n", self._read)) < 0:
            self.read()
        head = self.received[self._read : end]
        self._read = end + 4
        return head

    def read_bytes(self, count: int) -> bytes:
        while len(self.received) < self._read + count:
            self.read()
        data = self.received[self._read : self._read + count]
        self._read += count
        return data

    def read_body(self, head: bytes) -> bytes:
        """The body that `head` announces."""
        lower = head.lower()
        found = re.search(rb"content-length: (\d+)", lower)
        if found:
            return self.read_bytes(int(found[1]))
        body = b""
        while b"transfer-encoding: chunked" in lower:
            while (end := self.received.find(b"\r\n", self._read)) < 0:
                self.read()
            size = int(self.received[self._read : end], 16)
            self._read = end + 2
            body += self.read_bytes(size)
            self.read_bytes(2)
            if not size:
                break
        return body

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def wait_closed(self, seconds: float = PATIENCE) -> bool:
        """Whether the door closes the connection within this time."""
        self.socket.settimeout(seconds)
        try:
            while self.socket.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        self.gone.set()
        return True


@pytest.fixture
def origin() -> Iterator[Callable[[Callable[[Connection], None]], Origin]]:
    """Starts a scripted origin."""
    origins: list[Origin] = []

    def start(serve: Callable[[Connection], None]) -> Origin:
        started = Origin(serve)
        origins.append(started)
        return started

    yield start
    for each in origins:
        each.close()


def echo(connection: Connection) -> None:
    """An origin that answers each request with the head and body it got."""
    while True:
        head = connection.read_head()
        body = connection.read_body(head)
        said = head + b"\r\n\r\n" + body
        connection.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%b"
            % (len(said), b"" if head.startswith(b"HEAD ") else said)
        )


class Client:
    """A client that speaks bytes."""

    def __init__(self, door: Door) -> None:
        self.socket = door.connect()
        self._buffer = b""

    def send(self, data: bytes) -> "Client":
        self.socket.sendall(data)
        return self

    def read_until(self, ending: bytes) -> bytes:
        while ending not in self._buffer:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError(f"closed after {self._buffer[-200:]!r}")
            self._buffer += data
        end = self._buffer.index(ending) + len(ending)
        found, self._buffer = self._buffer[:end], self._buffer[end:]
        return found

    def read_head(self) -> bytes:
        return self.read_until(b"\r\n\r\n")

    def read_bytes(self, count: int) -> bytes:
        while len(self._buffer) < count:
            data = self.socket.recv(65536)
            if not data:
                raise EOFError
            self._buffer += data
        found, self._buffer = self._buffer[:count], self._buffer[count:]
        return found

    def read_answer(self) -> tuple[int, bytes, bytes]:
        """(status, head, body) of an answer with Content-Length."""
        head = self.read_head()
        found = re.search(rb"content-length: (\d+)", head.lower())
        body = self.read_bytes(int(found[1])) if found else b""
        return int(head.split(b" ")[1]), head, body

    def read_rest(self) -> bytes:
        """All until the close; a reset is a close too."""
        with contextlib.suppress(ConnectionResetError):
            while data := self.socket.recv(65536):
                self._buffer += data
        found, self._buffer = self._buffer, b""
        return found

    def close(self) -> None:
        self.socket.close()


def asked(running: Door, request: bytes) -> bytes:
    """All that is answered to one request on a connection of its own."""
    client = Client(running)
    client.socket.sendall(request)
    client.socket.shutdown(socket.SHUT_WR)
    try:
        return client.read_rest()
    finally:
        client.close()


@pytest.fixture
def client() -> Iterator[Callable[[Door], Client]]:
    """Connects to a door."""
    clients: list[Client] = []

    def connect(to: Door) -> Client:
        connected = Client(to)
        clients.append(connected)
        return connected

    yield connect
    for each in clients:
        each.close()


# --- origins that speak HTTP/2 -------------------------------------------------------------------


@pytest.fixture
def nghttpd(tmp_path: Path) -> Iterator[Callable[..., Nghttpd]]:
    """Starts servers of files."""
    made: list[Nghttpd] = []

    def start(*more: str) -> Nghttpd:
        folder = tmp_path / f"nghttpd{len(made)}"
        folder.mkdir()
        made.append(Nghttpd(folder, *more))
        return made[-1]

    yield start
    for each in made:
        each.stop()


@pytest.fixture
def h2_server() -> Iterator[Callable[..., H2Server]]:
    """Starts servers on hyper-h2, in a thread with a loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made: list[H2Server] = []

    def start(
        on_request: OnRequest,
        settings: dict[int, int] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> H2Server:
        server = H2Server(on_request, settings)
        asyncio.run_coroutine_threadsafe(server.start(tls), loop).result(PATIENCE)
        made.append(server)
        return server

    yield start
    for each in made:
        asyncio.run_coroutine_threadsafe(each.close(), loop).result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()
