"""The observer: serves by a real socket, and asks the other end of its channel."""

import asyncio
import socket
from typing import Any

import pytest

from porch.listen.address import ListenAddress
from porch.manage import observer as module
from porch.manage.channel import Channel
from porch.manage.observer import Observer
from porch.manage.tables import Tables
from porch.observe.direct import Direct
from porch.observe.messages import Messages
from porch.shared import SharedTable
from tests.manage.test_observer_pages import FACTS


class Running:
    """An observer and its supervisor's end."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]
        self.ours, self.theirs = Channel.pair()
        address = ListenAddress(host="127.0.0.1", port=self.port)
        self.asked = 0
        self.observer = Observer(
            {address: self.sock},
            SharedTable(2, 200),
            Tables.of(2, 1024),
            self.theirs,
            Messages(Direct(2)),
        )

    def answer(self) -> None:
        for message in self.ours.receive():
            assert message.word == "facts"
            self.asked += 1
            self.ours.send("facts", FACTS)

    async def get(self, path: str) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        return answer


def run(story: Any, *, answers: bool = True) -> Running:
    async def main() -> Running:
        running = Running()
        if answers:
            asyncio.get_running_loop().add_reader(running.ours.fileno(), running.answer)
        serving = asyncio.create_task(running.observer.serve())
        await story(running)
        asyncio.get_running_loop().remove_reader(running.ours.fileno())
        running.ours.close()
        await asyncio.wait_for(serving, 10)  # it ends with its channel
        running.theirs.close()
        return running

    return asyncio.run(main())


def test_it_serves_until_its_channel_ends() -> None:
    async def story(running: Running) -> None:
        assert (await running.get("/livez")).startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"porch_build_info" in await running.get("/metrics")

    assert run(story).asked == 2


def test_those_who_ask_at_once_are_told_the_same() -> None:
    async def story(running: Running) -> None:
        told: asyncio.Queue[Any] = asyncio.Queue()
        for _ in range(5):
            running.observer.ask(told.put_nowait)
        assert [await told.get() for _ in range(5)] == [FACTS] * 5

    assert run(story).asked == 1


def test_a_silent_supervisor_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    async def story(running: Running) -> None:
        assert (await running.get("/livez")).startswith(b"HTTP/1.1 503 ")

    run(story, answers=False)
