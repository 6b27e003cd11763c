"""The observer: serves by a real socket, and asks the other end of its channel."""

import asyncio
import hashlib
import os
import socket
from typing import Any

import pytest

from porch.config.administering import Key
from porch.listen.address import ListenAddress
from porch.manage import observer as module
from porch.manage.channel import SHORT, Channel, Message
from porch.manage.observer import BOUNDS, Observer, Served
from porch.manage.tables import Tables
from porch.observe.direct import Direct
from porch.observe.exposition import Exposition
from porch.observe.messages import Messages
from porch.shared import SharedTable
from tests.manage.conftest import until
from tests.manage.test_observer_pages import FACTS
from tests.support.admin import ANN, ROB, settings


class Running:
    """An observer and its supervisor's end."""

    def __init__(self) -> None:
        self.sock = socket.create_server(("127.0.0.1", 0))
        self.sock.setblocking(False)
        self.port = self.sock.getsockname()[1]
        self.ours, self.theirs = Channel.pair()
        self.address = ListenAddress(host="127.0.0.1", port=self.port)
        self.asked = 0
        self.operated: list[Any] = []
        self.observer = Observer(
            SharedTable(2, 200), Tables.of(2, 1024), self.theirs, Messages(Direct(2))
        )
        self.serve(Served((self.address,)), self.sock)
        self.sock.close()

    def serve(self, served: Served, *socks: socket.socket) -> None:
        """Tell it what it serves."""
        self.ours.send("serve", served, [each.fileno() for each in socks])

    def answer(self) -> None:
        for message in self.ours.receive():
            if message.word == "operate":
                self.operated.append(message.data)
                continue
            assert message.word == "facts"
            self.asked += 1
            self.ours.send("facts", FACTS)

    async def get(self, path: str, port: int = 0, token: str = "") -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", port or self.port)
        shown = f"Authorization: Bearer {token}\r\n" if token else ""
        head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{shown}Connection: close\r\n\r\n"
        writer.write(head.encode())
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

    assert run(story).asked == 1  # it was told right before


def test_told_to_finish_it_tells_what_is_known_and_ends_by_itself() -> None:
    async def story(running: Running) -> None:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            sock.setblocking(False)
            port = sock.getsockname()[1]
            address = ListenAddress(host="127.0.0.1", port=port)
            running.serve(Served((), settings(listen=(address,))), sock)
            asking = asyncio.create_task(running.get("/v1/status", port, ANN))
            await until(lambda: bool(running.operated))
        number = running.operated[0][0]
        running.ours.send("operated", (number, 202, {"begun": "upgrade"}, ""))
        running.ours.send("finish")
        answer = await asking
        assert answer.startswith(b"HTTP/1.1 202 ")
        assert answer.endswith(b'{"begun": "upgrade"}\n')
        await asyncio.wait_for(running.observer._ended.wait(), 10)
        with pytest.raises(ConnectionRefusedError):
            await running.get("/livez", port)

    run(story)


def test_what_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FINISH", 0.05)

    async def story(running: Running) -> None:
        asking = asyncio.create_task(running.get("/livez"))
        await until(lambda: running.observer._door.running == 1)
        running.ours.send("finish")
        await asyncio.wait_for(running.observer._ended.wait(), 10)
        assert not (await asking).startswith(b"HTTP/1.1 2")

    run(story, answers=False)


def test_those_who_ask_at_once_are_told_the_same() -> None:
    async def story(running: Running) -> None:
        told: asyncio.Queue[Any] = asyncio.Queue()
        for _ in range(5):
            running.observer.ask(told.put_nowait)
        assert [await told.get() for _ in range(5)] == [FACTS] * 5

    assert run(story).asked == 1


def test_many_scrapes_at_once_cost_one_page_and_others_are_answered_meanwhile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[bytes] = []
    page = Exposition.page

    def count(self: Exposition, *given: Any) -> bytes:
        made.append(given[2])
        return page(self, *given)

    monkeypatch.setattr(Exposition, "page", count)
    ended: list[str] = []

    async def scrapes(running: Running) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        scrape = b"GET /metrics HTTP/1.1\r\nHost: x\r\n"
        writer.write((scrape + b"\r\n") * 9 + scrape + b"Connection: close\r\n\r\n")
        answer = await asyncio.wait_for(reader.read(), 10)
        assert answer.count(b"HTTP/1.1 200 OK") == answer.count(b"porch_build_info{") == 10
        writer.close()
        ended.append("/metrics")

    async def story(running: Running) -> None:
        scraping = [asyncio.create_task(scrapes(running)) for _ in range(10)]
        assert (await running.get("/livez")).startswith(b"HTTP/1.1 200 OK\r\n")
        ended.append("/livez")
        await asyncio.gather(*scraping)
        assert ended[0] == "/livez", "each connection has one answer a turn"

    run(story)
    assert len(made) == 1


def test_who_asks_nothing_makes_room_for_a_newcomer() -> None:
    async def story(running: Running) -> None:
        address = ("127.0.0.1", running.port)
        silent = [socket.create_connection(address) for _ in range(BOUNDS.per_client + 8)]
        for number, each in enumerate(silent):
            each.sendall((b"", b"GET / HT")[number % 2])
        for _ in range(3):
            assert (await running.get("/livez")).startswith(b"HTTP/1.1 200 OK\r\n")
        for each in silent:
            each.close()

    run(story)


def test_one_client_has_so_many_that_are_answered_and_is_told_of_no_setting() -> None:
    async def story(running: Running) -> None:
        warned: list[str] = []
        running.observer._door.warn = lambda text, about: warned.append(text)
        address = ("127.0.0.1", running.port)
        asking = [socket.create_connection(address) for _ in range(BOUNDS.per_client)]
        for each in asking:
            each.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        await until(lambda: running.observer._door.running == BOUNDS.per_client)
        with socket.create_connection(address) as further:
            further.setblocking(False)
            assert await asyncio.get_running_loop().sock_recv(further, 1) == b""
        assert warned == [
            f"127.0.0.1 has {BOUNDS.per_client} connections already: further ones are closed"
        ]
        for each in asking:
            each.close()

    run(story, answers=False)


def test_a_silent_supervisor_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.05)

    async def story(running: Running) -> None:
        assert (await running.get("/livez")).startswith(b"HTTP/1.1 503 ")

    run(story, answers=False)


# --- the admin door ------------------------------------------------------------------------------


def opened() -> tuple[ListenAddress, socket.socket, int]:
    """An address for it."""
    sock = socket.create_server(("127.0.0.1", 0))
    sock.setblocking(False)
    port = sock.getsockname()[1]
    return ListenAddress(host="127.0.0.1", port=port), sock, port


async def until_heard(running: Running) -> None:
    """The observer has taken what it was told."""
    await running.get("/livez")


def test_it_serves_an_admin_door_when_it_is_told_and_scrapes_go_on_beside_it() -> None:
    async def story(running: Running) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"ok\n")).startswith(b"HTTP/1.1 200 ")
        address, sock, port = opened()
        _, scrapes, _ = opened()  # one too many
        for token, role in ((ANN, "all"), (ANN, "read"), (ROB, "all")):
            key = Key(hashlib.sha256(token.encode()).digest(), "ann", role)  # type: ignore[arg-type]
            admin = settings(listen=(address,), keys=(key,))
            running.serve(Served((running.address,), admin), scrapes, sock)
            await until_heard(running)
            told = await running.get("/v1/session", port, token)
            assert told.startswith(b"HTTP/1.1 200 ")
            assert f'"role": "{role}"'.encode() in told
        assert (await running.get("/v1/session", port, ANN)).startswith(b"HTTP/1.1 401 ")
        open_files = len(os.listdir("/proc/self/fd"))
        for _ in range(5):
            running.serve(Served((running.address,), admin), scrapes, sock)
            await until_heard(running)
        assert len(os.listdir("/proc/self/fd")) == open_files
        running.serve(Served((running.address,)), scrapes)
        sock.close()
        scrapes.close()
        await until_heard(running)
        with pytest.raises(ConnectionRefusedError):
            await running.get("/v1/session", port, ROB)
        writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 "), "it is the same connection"
        writer.close()

    run(story)


def test_an_operation_goes_to_the_supervisor_and_its_silence_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("porch.manage.admin.relay.PATIENCE", 0.1)

    async def story(running: Running) -> None:
        address, sock, port = opened()
        running.serve(Served((), settings(listen=(address,)), generation=5), sock)
        sock.close()
        asking = asyncio.create_task(running.get("/v1/status", port, ANN))
        await until(lambda: running.operated)
        number, name, words, who, if_match, generation = running.operated[0]
        assert (name, words, who, if_match) == ("status", {}, "ann by token from 127.0.0.1", ())
        assert generation == 5
        running.ours.send("operated", (number, 200, {"version": "1"}, '"1-2"'))
        answer = await asking
        assert b'{"version": "1"}' in answer
        assert b'etag: "1-2"' in answer
        answer = await running.get("/v1/status", port, ANN)
        assert answer.startswith(b"HTTP/1.1 504 ")
        assert b"the supervisor does not answer" in answer

    run(story)


def test_without_room_for_sockets_it_ends_so_that_another_is_started() -> None:
    async def main() -> None:
        running = Running()
        serving = asyncio.create_task(running.observer.serve())
        await asyncio.sleep(0)
        running.observer._take(Message(SHORT, "serve", ()))
        await asyncio.wait_for(serving, 10)
        running.ours.close()
        running.theirs.close()

    asyncio.run(main())


def test_a_fault_at_one_look_at_the_clock_leaves_the_next_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without them nothing has a deadline, and silent clients would take all room for ever."""
    told: list[Any] = []
    looks: list[float] = []

    async def story(running: Running) -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, found: told.append(found))

        def look() -> None:
            looks.append(0.0)
            raise ValueError("a fault")

        monkeypatch.setattr(running.observer._deadlines, "check", look, raising=False)
        await until(lambda: len(looks) > 2)

    monkeypatch.setattr(module.clock, "TICK", 0.01)
    monkeypatch.setattr(module, "Deadlines", _Deadlines)
    run(story)
    assert len(told) >= 2


class _Deadlines(module.Deadlines):
    """One of which a test may say what it does."""


def test_a_message_that_meets_a_fault_loses_none_of_those_behind_it(
    capfd: pytest.CaptureFixture[str],
) -> None:
    async def story(running: Running) -> None:
        await running.get("/livez")
        running.ours.send("operated", None)  # both are there in one read
        running.ours.send("finish")
        await asyncio.wait_for(running.observer._ended.wait(), 10)

    run(story)
    assert capfd.readouterr().err.count("a fault of Porch; the door serves on: ") == 1
