"""Accepting: what is served, what waits, and that nothing of a backlog is thrown away."""

import asyncio
import errno
import os
import resource
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
import uvloop

from porch.clock import Deadlines
from porch.listen import listener
from porch.listen.address import ListenAddress
from porch.listen.door import Door
from porch.listen.listener import MOST_UNSENT, Listener, most
from porch.listen.sockets import bind
from tests.listen.conftest import PATIENCE, Run
from tests.listen.test_door import Settings

LOCAL = ListenAddress(host="127.0.0.1")
ASKS = b"G@T\r\n\r\n"
ANSWER = b"HTTP/1.1 400 Bad Request\r\n"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shortage is over as soon as nobody waits."""
    monkeypatch.setattr(listener, "CALM", 0.0)
    monkeypatch.setattr(listener, "RETRY", 0.001)


class Said(list[str]):
    """What the operator is told."""

    def __init__(self) -> None:
        super().__init__()
        self.news = asyncio.Event()

    def say(self, text: str) -> None:
        self.append(text)
        self.news.set()

    async def lines(self, count: int) -> list[str]:
        while len(self) < count:
            self.news.clear()
            await self.news.wait()
        return [text.partition(": ")[2] for text in self]


class Odd(socket.socket):
    """A listening socket that fails as told, then is an ordinary one. accepted: by turns."""

    failures: tuple[int, ...] = ()
    asked = 0

    def _accept(self) -> tuple[int, Any]:
        self.asked += 1
        if self.failures:
            number, *rest = self.failures
            self.failures = tuple(rest)
            raise OSError(number, os.strerror(number))
        return super()._accept()


def odd(*failures: int) -> Odd:
    sock = Odd(fileno=bind(LOCAL)[0].detach())
    sock.setblocking(False)
    sock.failures = failures
    return sock


def listening(sock: socket.socket | None = None, say: Callable[[str], object] = print) -> Listener:
    return Listener(LOCAL, sock or bind(LOCAL)[0], say)


def door() -> Door:
    return Door(Settings(), Deadlines())


def dialled(made: Listener) -> socket.socket:
    """A client that waits in the backlog, its request sent."""
    client = socket.create_connection(made.sock.getsockname())
    client.sendall(ASKS)
    client.setblocking(False)
    return client


async def answer(client: socket.socket) -> bytes:
    got = await asyncio.get_running_loop().sock_recv(client, 4096)
    return got.partition(b"\n")[0] + b"\n"


@asynccontextmanager
async def ended(made: Listener, at: Door) -> AsyncIterator[None]:
    """Close the listener, and all connections that are left."""
    try:
        yield
    finally:
        made.close()
        at.close_now()
        while at.sessions:
            for session in at.sessions:
                transport = getattr(session, "_transport", None)
                if transport is not None:
                    transport.abort()
            await asyncio.sleep(0)


def test_a_listener_serves_until_it_is_closed(run: Run, tmp_path: Path) -> None:
    address = ListenAddress(path=str(tmp_path / "sock"))

    async def main() -> None:
        made, at = Listener(address, bind(address)[0]), door()
        made.start(at, None)
        async with ended(made, at):
            reader, writer = await asyncio.open_unix_connection(address.path)
            writer.write(ASKS)
            assert await reader.readline() == ANSWER
            assert made.port == 0
            assert at.accepted == {str(address): 1}
            made.close()
            with pytest.raises(ConnectionRefusedError):
                await asyncio.open_unix_connection(address.path)
            writer.close()

    run(main())
    assert os.path.exists(address.path)  # who bound it removes it: it may live on with another


def test_a_listener_that_never_started_closes_its_socket(run: Run) -> None:
    made, other = listening(), listening()
    made.close()
    run(other.drain())
    assert (made.sock.fileno(), other.sock.fileno()) == (-1, -1)


def test_the_port_is_the_one_really_bound() -> None:
    made = listening()
    assert made.port == made.sock.getsockname()[1] > 0
    made.close()


def test_small_answers_do_not_wait_for_company(run: Run) -> None:
    """TCP_NODELAY is set on what is accepted."""

    async def main() -> None:
        made, at = listening(), door()
        made.start(at, None)
        async with ended(made, at):
            with closing(dialled(made)) as client:
                await answer(client)
                (session,) = at.sessions
                sock = session._transport.get_extra_info("socket")  # type: ignore[attr-defined]
                assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0

    run(main())


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.EPERM, errno.EHOSTUNREACH])
def test_a_connection_that_fails_does_not_disturb_the_next(run: Run, number: int) -> None:
    async def main() -> None:
        said = Said()
        made, at = listening(odd(number, number), said.say), door()
        made.start(at, None)
        async with ended(made, at):
            with closing(dialled(made)) as client:
                assert await answer(client) == ANSWER
        assert said == []

    run(main())


@pytest.mark.parametrize(("own", "at_once"), [(1, 64), (0, 4)])
def test_a_socket_that_is_shared_is_left_to_the_others_sooner(
    run: Run, own: int, at_once: int
) -> None:
    async def main() -> None:
        sock = odd()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, own)
        made, at = listening(sock), door()
        clients = [dialled(made) for _ in range(80)]
        made.start(at, None)
        async with ended(made, at):
            while not sock.asked:  # noqa: ASYNC110 - turns are counted here
                await asyncio.sleep(0)
            assert sock.asked == at_once
            for client in clients:
                assert await answer(client) == ANSWER
                client.close()

    run(main())


# --- too few descriptors ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "clients"),
    [
        (64, 48),
        (1024, 768),
        (20_000, 18_976),
        (1 << 20, (1 << 20) - 1024),
        (resource.RLIM_INFINITY, sys.maxsize),
    ],
)
def test_a_quarter_of_the_descriptors_is_kept(limit: int, clients: int) -> None:
    assert most(limit) == clients


@pytest.mark.usefixtures("quick")
def test_those_beyond_the_limit_wait_and_are_served_when_others_leave(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "most", lambda _: 2)

    async def main() -> None:
        said = Said()
        made, at = listening(say=said.say), door()
        clients = [dialled(made) for _ in range(5)]
        made.start(at, None)
        async with ended(made, at):
            assert await said.lines(1) == [
                "2 clients are connected, further clients wait; "
                "a higher limit of open files (ulimit -n, LimitNOFILE) lets them in"
            ]
            for client in clients:
                assert await answer(client) == ANSWER
                assert len(at.sessions) <= 2
                client.close()
            assert (await said.lines(2))[1] == "no client waits any more"

    run(main())


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM])
def test_a_shortage_is_told_once_and_nobody_is_lost(run: Run, number: int) -> None:
    async def main() -> None:
        said = Said()
        sock = odd(*[number] * 5)
        made, at = listening(sock, said.say), door()
        made.start(at, None)
        async with ended(made, at):
            with closing(dialled(made)) as client:
                assert await answer(client) == ANSWER
            begin, end = await said.lines(2)
            assert begin.startswith(f"{os.strerror(number)}, further clients wait; ")
            assert end == "no client waits any more"

    run(main())


def test_the_loop_does_not_spin_in_a_shortage(run: Run) -> None:
    async def main() -> None:
        said = Said()
        sock = odd(*[errno.EMFILE] * 1000)
        made, at = listening(sock, said.say), door()
        made.start(at, None)
        async with ended(made, at):
            with closing(dialled(made)):
                await said.lines(1)
                for _ in range(100):
                    await asyncio.sleep(0)
                assert sock.asked < 5

    run(main())


@pytest.mark.usefixtures("quick")
def test_a_closed_listener_does_not_come_back_after_a_shortage(run: Run) -> None:
    async def main() -> None:
        said = Said()
        sock = odd(*[errno.EMFILE] * 1000)
        made, at = listening(sock, said.say), door()
        made.start(at, None)
        with closing(dialled(made)):
            await said.lines(1)
            asked = sock.asked
            made.close()
            await asyncio.sleep(0.01)  # the next look would have come ten times
            assert (sock.asked, sock.fileno()) == (asked, -1)

    run(main())


def serve_with(limit: int, hoarded: int) -> None:
    """A child's life: serve with few descriptors until stdin ends. Prints the port first, then
    what the operator is told."""

    async def main() -> None:
        said = partial(print, flush=True)
        made, at = listening(say=said), door()
        kept = [os.dup(0) for _ in range(hoarded)]
        ending = asyncio.Event()
        asyncio.get_running_loop().add_reader(0, ending.set)
        made.start(at, None)
        said(str(made.port))
        await ending.wait()
        assert len(kept) == hoarded
        os._exit(0)

    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    uvloop.run(main())


@pytest.mark.parametrize(
    ("hoarded", "told"), [(0, "48 clients are connected"), (40, "Too many open files")]
)
def test_a_process_with_few_descriptors_serves_all_in_turn(hoarded: int, told: str) -> None:
    code = f"from tests.listen.test_listener import serve_with; serve_with(64, {hoarded})"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            port = int(child.stdout.readline())
            clients = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(120)]
            assert f"{told}, further clients wait" in child.stdout.readline()
            for client in clients:
                client.sendall(ASKS)
                assert client.recv(4096).startswith(ANSWER)
                client.close()
            assert child.stdout.readline().endswith(": no client waits any more\n")
        finally:
            child.stdin.close()


def test_where_many_are_connected_the_system_keeps_little_for_each_that_comes(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "CROWDED", 2)

    def kept(made: Listener) -> int:
        return made.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT)

    async def main() -> None:
        made, at = listening(), door()
        made.start(at, None)
        async with ended(made, at):
            others: list[Any] = [object() for _ in range(3)]
            for sessions, most_unsent in ((others, MOST_UNSENT), ([], 0)):
                at.sessions.update(sessions)
                with closing(dialled(made)) as client:
                    assert await answer(client) == ANSWER
                assert kept(made) == most_unsent
                at.sessions.difference_update(sessions)

    run(main())


# --- the end ----------------------------------------------------------------------------------


def test_a_drain_serves_all_that_wait_in_the_backlog(run: Run) -> None:
    async def main() -> None:
        made, at = listening(), door()
        clients = [dialled(made) for _ in range(200)]
        at.drain()
        made.start(at, None)
        async with ended(made, at):
            await made.drain()
            assert made.sock.fileno() == -1
            for client in clients:
                assert await answer(client) == ANSWER
                client.close()

    run(main())


def test_a_drain_waits_for_descriptors(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "most", lambda _: 3)
    monkeypatch.setattr(listener, "RETRY", 0.001)

    async def main() -> None:
        made, at = listening(say=lambda _: None), door()
        clients = [dialled(made) for _ in range(20)]
        at.drain()
        made.start(at, None)
        async with ended(made, at):
            draining = asyncio.ensure_future(made.drain())
            for client in clients:
                assert await answer(client) == ANSWER
                client.close()
            await draining

    run(main())


def test_a_drain_without_descriptors_ends_where_nobody_waits(run: Run) -> None:
    async def main() -> None:
        made, at = listening(odd(*[errno.EMFILE] * 1000)), door()
        made.start(at, None)
        await asyncio.wait_for(made.drain(), 5)
        assert made.is_short

    run(main())


def test_a_drain_gives_up_where_nobody_could_give_a_descriptor_back(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "HOPE", 0.1)
    said: list[str] = []

    async def main() -> None:
        made, at = listening(odd(*[errno.EMFILE] * 100_000), said.append), door()
        with closing(dialled(made)):
            made.start(at, None)
            at.sessions.add(cast("Any", made))
            draining = asyncio.ensure_future(made.drain())
            await asyncio.sleep(0.3)
            assert not draining.done(), "a client has one that may be free soon"
            at.sessions.clear()
            await asyncio.wait_for(draining, 5)
            assert "had let them in" in said[-1]

    run(main())


def test_a_drain_that_is_cancelled_closes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "most", lambda _: 0)

    async def main() -> None:
        made, at = listening(), door()
        with closing(dialled(made)):
            made.start(at, None)
            draining = asyncio.ensure_future(made.drain())
            await asyncio.sleep(0)
            draining.cancel()
            with pytest.raises(asyncio.CancelledError):
                await draining
            assert made.sock.fileno() == -1

    run(main())


def test_a_drain_ends_when_the_listener_is_closed(run: Run) -> None:
    async def main() -> None:
        made, at = listening(odd(*[errno.EMFILE] * 1000)), door()
        made.start(at, None)
        draining = asyncio.ensure_future(made.drain())
        await asyncio.sleep(0)
        made.close()
        await draining
        await made.drain()

    run(main())


def test_a_sibling_serves_on_while_a_listener_drains(run: Run) -> None:
    """No client meets a closed door while another worker's socket of the address is open."""

    async def main() -> None:
        ours, theirs = (listening(sock) for sock in bind(LOCAL, 2))
        at = door()
        ours.start(at, None)
        clients = [dialled(ours) for _ in range(100)]
        draining = asyncio.ensure_future(ours.drain())
        while not draining.done():
            await asyncio.sleep(0)
            clients.append(dialled(theirs))
        theirs.start(at, None)
        async with ended(theirs, at):
            for client in clients:
                assert await answer(client) == ANSWER
                client.close()

    run(main())


def test_a_close_leaves_the_backlog_to_who_has_the_socket_too(run: Run) -> None:
    async def main() -> None:
        made, at = listening(), door()
        heir = listening(made.sock.dup())
        made.start(at, None)
        clients = [dialled(made) for _ in range(5)]
        made.close()
        heir.start(at, None)
        async with ended(heir, at):
            for client in clients:
                assert await answer(client) == ANSWER
                client.close()

    run(main())
