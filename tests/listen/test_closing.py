"""What is left of a connection behind its last answer; a reset, as a real client sees it."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from porch import clock
from porch.clock import Deadlines
from porch.http.websocket import Frames
from porch.listen import closing as module
from porch.listen.closing import LINGER, MOST_TAKEN, Closing, flush, reset
from porch.listen.door import Door
from tests.listen.conftest import Run
from tests.listen.test_door import Settings
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport


class Bench:
    """A connection whose protocol has said all. left: what its far end has not taken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.clock = FakeClock(monkeypatch)
        self.loop = FakeLoop(self.clock)
        self.door = Door(Settings(), Deadlines())
        self.left = 0
        monkeypatch.setattr(module, "unsent", lambda _: self.left)

    def closing(self, heard: Frames | None = None, tls: bool = False) -> Closing:
        self.transport = FakeTransport(self.loop, {"socket": FakeSocket(-1)}, tls)
        self.transport.connect(asyncio.Protocol())
        made: list[Closing] = []
        self.loop.run(lambda: made.append(Closing(self.door, self.transport, heard)))
        return made[0]

    def wait(self, seconds: float) -> None:
        self.clock.time += seconds
        clock.tick()
        self.loop.run(self.door.deadlines.check)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    made.loop.close()


def test_our_side_ends_at_once_and_what_comes_is_dropped_until_the_clients_end(
    bench: Bench,
) -> None:
    closing = bench.closing()
    assert bench.transport.seen == "half-closed"
    assert bench.door.sessions == {closing}
    assert repr(closing) == "<Closing lingers>"
    bench.loop.run(lambda: bench.transport.feed(b"more"))
    bench.loop.run(bench.door.drain)
    bench.loop.run(bench.door.close_now)
    assert bench.transport.seen == "half-closed", "it has a short time of its own"
    bench.loop.run(bench.transport.feed_eof)
    assert bench.transport.seen == "closed"
    assert bench.door.sessions == set()
    assert len(bench.door.deadlines) == 0


def test_where_one_side_cannot_end_alone_both_do(bench: Bench) -> None:
    bench.closing(tls=True)
    assert bench.transport.seen == "closed"


def test_a_client_that_does_not_end_is_waited_for_a_moment(bench: Bench) -> None:
    bench.closing()
    bench.wait(LINGER)
    assert bench.transport.seen == "half-closed"
    bench.wait(2 * clock.TICK)
    assert bench.transport.seen == "closed"


def test_what_was_written_has_more_time_as_long_as_it_moves(bench: Bench) -> None:
    bench.left = 100
    bench.closing()
    idle = bench.door.settings.timeouts.idle + 2 * clock.TICK
    bench.wait(LINGER + 2 * clock.TICK)
    for left in (50, 20):
        bench.left = left
        bench.wait(idle)
        assert bench.transport.seen == "half-closed"
    bench.wait(idle)
    assert bench.transport.seen == "reset"


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_who_floods_is_not_read_to_the_end_of_the_moment(bench: Bench, size: int) -> None:
    closing = bench.closing()
    reads = 0
    while not bench.transport.paused:
        bench.loop.run(lambda: closing.data_received(bytes(size)))
        reads += 1
    assert reads == MOST_TAKEN // max(size, 1024) + 1
    bench.wait(LINGER + 2 * clock.TICK)
    assert bench.transport.is_closing()


def test_a_websocket_is_waited_for_until_it_agrees_and_no_longer_than_others(bench: Bench) -> None:
    bench.closing(Frames(masked=True))
    assert bench.transport.seen == ""
    bench.loop.run(lambda: bench.transport.feed(b"\x81\x80keys"))
    assert bench.transport.seen == ""
    bench.loop.run(lambda: bench.transport.feed(b"\x88\x80keys"))
    assert bench.transport.seen == "closed"
    bench.closing(Frames(masked=True))
    bench.wait(LINGER + 2 * clock.TICK)
    assert bench.transport.seen == "closed"


def test_a_flush_ends_what_is_done_or_stuck(bench: Bench) -> None:
    for left, before, seen in ((0, 7, "closed"), (7, 7, "reset"), (6, 7, ""), (7, -1, "")):
        bench.closing(Frames(masked=True))
        bench.left = left
        bench.loop.run(lambda before=before: flush(bench.transport, before))  # type: ignore[misc]
        assert bench.transport.seen == seen


def test_the_client_of_a_connection_that_is_reset_gets_no_clean_end(run: Run) -> None:
    async def main() -> None:
        made: list[asyncio.Transport] = []

        class Protocol(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                assert isinstance(transport, asyncio.Transport) or hasattr(transport, "abort")
                made.append(transport)  # type: ignore[arg-type]

        loop = asyncio.get_running_loop()
        server = await loop.create_server(Protocol, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while not made:  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0)
        made[0].write(b"half of ")
        assert await reader.read(8) == b"half of "
        reset(made[0])
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        server.close()

    run(main())


def test_a_transport_without_a_socket_is_aborted(run: Run) -> None:
    class Nothing:
        ended = False

        def get_extra_info(self, name: str) -> socket.socket | None:
            return None

        def abort(self) -> None:
            self.ended = True

    nothing = Nothing()
    reset(nothing)  # type: ignore[arg-type]
    assert nothing.ended
