"""A worker in the test's own process, on real loopback sockets, with what talks to it."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from porch.config.build import build
from porch.config.load import load, load_mapping
from porch.config.loaded import Loaded
from porch.config.logs import Logs
from porch.config.pools import pools
from porch.config.state import State
from porch.manage.worker import Worker
from porch.observe.messages import Messages

__all__ = ["ANY", "Client", "Origin", "Running", "is_open", "taken", "until"]

ANY = "127.0.0.1:0"
Then = Callable[[], Awaitable[None]]


class FakeOutput:
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines = b""

    def write(self, lines: bytes) -> None:
        self.lines += lines

    def close(self) -> None: ...


class Client:
    """A kept connection to the door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, port: int) -> "Client":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    def ask(self, host: str = "a.test") -> None:
        self._writer.write(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host.encode())

    async def status(self) -> int:
        """Of the next answer; 0 if the connection ends before it."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return 0
        length = next(
            (line for line in head.lower().split(b"\r\n") if line.startswith(b"content-l")), b": 0"
        )
        await self._reader.readexactly(int(length.split(b":")[1]))
        return int(head.split(b" ")[1])

    async def get(self, host: str = "a.test") -> int:
        self.ask(host)
        return await self.status()

    def close(self) -> None:
        self._writer.close()


class Origin:
    """Answers 200 when `may_answer` is set. arrived: set when a request is there."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.arrived = asyncio.Event()
        self.connections = 0

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                self.arrived.set()
                await self.may_answer.wait()
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass
        finally:
            writer.close()

    def close(self) -> None:
        self._server.close()


class Running:
    """A worker and the words it loads, which a test changes before a reload."""

    def __init__(self, folder: Path) -> None:
        self.words: dict[str, Any] = {
            "listen": [ANY],
            "routes": {"*": "respond:204"},
            "log": False,
            "grace": "20s",
        }
        self.file: Path | None = None
        self._base = folder
        self._output = FakeOutput()

    @property
    def said(self) -> str:
        return self._output.lines.decode()

    def load(self) -> Loaded:
        if self.file is not None:
            return load(self.file)
        loaded = load_mapping(self.words, "porch.toml")
        loaded.base = self._base
        return loaded

    def make(self) -> Worker:
        loaded, messages, self.state = self.load(), Messages(self._output), State(pools())
        built = build(loaded, self.state, Logs.open(loaded.config, loaded.base, messages))
        assert built is not None, loaded.report()
        self.worker = Worker(built, self.state, self.load, messages)
        return self.worker

    def serve(self, then: Then) -> None:
        """Serve while `then` runs; ended at once behind it if it did not."""

        async def main() -> None:
            ready = asyncio.Event()
            serving = asyncio.create_task(self.worker.serve(ready.set))
            await ready.wait()
            try:
                await then()
            finally:
                if not serving.done():
                    self.worker.stop()
                    self.worker.stop()
                await serving

        self.make().bind()
        asyncio.run(main())

    @property
    def ports(self) -> list[int]:
        return [int(each.rpartition(":")[2]) for each in self.worker.listening]

    async def connect(self, number: int = 0) -> Client:
        return await Client.connect(self.ports[number])


@pytest.fixture
def running(tmp_path: Path) -> Running:
    return Running(tmp_path)


async def until(true: Callable[[], object]) -> None:
    """Wait for what the loop is about to do."""
    while not true():  # noqa: ASYNC110  it is about what has no event
        await asyncio.sleep(0.001)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def taken() -> tuple[socket.socket, str]:
    """An address that somebody listens on."""
    sock = socket.create_server(("127.0.0.1", 0))
    return sock, f"127.0.0.1:{sock.getsockname()[1]}"
