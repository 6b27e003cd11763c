"""A worker in the test's own process on real loopback sockets, driven by its channel."""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from porch.config.handover import pack
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.config.logs import open_log_files
from porch.manage.candidate import Candidate
from porch.manage.channel import Channel
from porch.manage.columns import pack as pack_columns
from porch.manage.in_force import InForce
from porch.manage.listening import Listening
from porch.manage.parcel import Parcel
from porch.manage.prepared import Change
from porch.manage.worker import Worker
from porch.observe.messages import Messages

__all__ = ["ANY", "Client", "Origin", "Running", "is_open", "until"]

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
        self.say(b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n" % host.encode())

    def say(self, data: bytes) -> None:
        self._writer.write(data)

    async def head(self) -> bytes:
        """Of the next answer; empty if the connection ends before it."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, ConnectionResetError):
            return b""
        head = head.lower()
        lines = (line for line in head.split(b"\r\n") if line.startswith(b"content-length"))
        await self._reader.readexactly(int(next(lines, b": 0").split(b":")[1]))
        return head

    async def get(self, host: str = "a.test") -> int:
        """The status; 0 if the connection ends before it."""
        self.ask(host)
        head = await self.head()
        return int(head.split(b" ")[1]) if head else 0

    async def is_closed(self) -> bool:
        return not await self._reader.read(1)

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
    """A worker, and what a supervisor would hold for it. words: of its configuration."""

    def __init__(self, folder: Path) -> None:
        self.words: dict[str, Any] = {
            "listen": [ANY],
            "routes": {"*": "respond:204"},
            "log": False,
            "grace": "20s",
        }
        self.folder = folder
        self._output = FakeOutput()
        self.channel, self._theirs = Channel.pair()
        self.heard: list[tuple[str, object]] = []

    @property
    def said(self) -> str:
        return self._output.lines.decode()

    def load(self) -> Loaded:
        loaded = load_mapping(self.words, "porch.toml")
        loaded.base = self.folder
        return loaded

    def make(self) -> Worker:
        candidate = Candidate.examine(self.load())
        assert candidate is not None
        listening = Listening()
        listening.open(candidate.listen, 1)
        self.in_force = InForce(candidate, listening, open_log_files(candidate.logs))
        equipment = self.in_force.equip(0, 1, -1)
        self.worker = Worker(equipment, self._theirs, Messages(self._output))
        return self.worker

    def serve(self, then: Then) -> None:
        """Serve while `then` runs; ended at once behind it if it did not end by itself."""

        async def main() -> None:
            serving = asyncio.create_task(self.worker.serve())
            await self.hear("ready")
            try:
                await then()
            finally:
                if not serving.done():
                    self.worker.stop()
                    self.worker.stop()
                await serving
                self.in_force.close()

        self.make()
        asyncio.run(main())

    async def hear(self, *words: str) -> tuple[str, object]:
        """The next message of the worker with one of these words."""
        while not (found := [each for each in self.heard if each[0] in words]):
            self.heard += [(each.word, each.data) for each in self.channel.receive()]
            await asyncio.sleep(0.001)
        self.heard.remove(found[0])
        return found[0]

    async def prepare(self) -> str:
        """Send `words` as a change, the way a supervisor does. The worker's answer."""
        loaded = self.load()
        candidate = Candidate.examine(loaded)
        assert candidate is not None, loaded.report()
        in_force = self.in_force
        fresh = in_force.listening.open(candidate.listen, 1)
        files: dict[Path, int] = {}
        if candidate.loaded.config.log != in_force.candidate.loaded.config.log:
            files = open_log_files(candidate.logs)
        columns = pack_columns(in_force.columns.assign(candidate.endpoints))
        parcel = Parcel([*columns, *pack(loaded)])
        change = Change(
            columns=len(columns),
            listen=fresh,
            files=[*files],
        )
        sockets = [in_force.listening.sockets[each][0].fileno() for each in fresh]
        self.channel.send("prepare", change, [parcel.descriptor, *sockets, *files.values()])
        parcel.close()
        for number in files.values():
            os.close(number)
        in_force.candidate = candidate
        while self.channel.is_full:
            self.channel.flush()
            await asyncio.sleep(0)
        return (await self.hear("prepared", "refused"))[0]

    async def reload(self) -> None:
        assert await self.prepare() == "prepared"
        self.channel.send("commit")
        await self.hear("committed")

    def port(self, number: int = 0) -> int:
        sockets = [each[0] for each in self.in_force.listening.sockets.values()]
        return int(sockets[number].getsockname()[1])

    async def connect(self, number: int = 0) -> Client:
        return await Client.connect(self.port(number))


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    made = Running(tmp_path)
    yield made
    made.channel.close()
    made._theirs.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration's file, with nothing in it."""
    file = tmp_path / "porch.toml"
    file.touch()
    return file


async def until(true: Callable[[], object]) -> None:
    """Wait for what the loop is about to do."""
    while not true():  # noqa: ASYNC110  it is about what has no event
        await asyncio.sleep(0.001)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
