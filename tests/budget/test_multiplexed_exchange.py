"""What exchanges with a client that speaks HTTP/2 cost, exactly: Python calls, writes, tasks.

As in test_plain_exchange.py. The requests of one read are counted together, and what each of them
adds: what a connection costs a turn of the loop is shared by all that runs in it.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from h2.connection import H2Connection

from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.logs import Logs
from porch.config.pools import pools
from porch.config.state import State
from porch.forward.pool import Pool
from porch.listen.door import Door
from porch.listen.h2 import MultiplexedConnection
from porch.observe.ended import Ended
from tests.budget.test_plain_exchange import OK, calls_of
from tests.support.dialer import FakeDialer
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport

MOST_CALLS = 28
"""Of one more exchange in the same turns of the loop."""
MOST_CALLS_A_TURN = 13
"""Of the connection, for all exchanges of a turn, in and out."""

HEAD = [
    (b":method", b"GET"),
    (b":scheme", b"https"),
    (b":authority", b"example.com"),
    (b":path", b"/api/users?page=2"),
    (b"user-agent", b"curl/8.5.0"),
    (b"accept", b"*/*"),
]


class Multiplexed:
    """A door with one client's connection, and as many kept ones to the origin as are needed."""

    def __init__(self, loop: FakeLoop) -> None:
        self.loop = loop
        self.origins: list[FakeTransport] = []
        loaded = load_mapping({"listen": ":80", "routes": {"example.com": "127.0.0.1:9"}})
        state = State(pools())
        self.log = Ended([])
        built = build(loaded, state, Logs(self.log))
        assert built is not None, loaded.report()
        self.door = Door(built.settings, state.deadlines)
        (endpoint,) = built.entries[0].route.destination.endpoints  # type: ignore[union-attr]
        pool: Any = endpoint.connections
        assert isinstance(pool, Pool)
        pool._dialer = FakeDialer(self._connect)  # type: ignore[assignment]
        self.client = self._transport()
        self.far = H2Connection()
        self.far.initiate_connection()
        connection = MultiplexedConnection(self.door, b"https", b"443")
        loop.run(lambda: self.client.connect(connection))
        for _ in range(3):
            self.exchanges(8)

    def exchanges(self, count: int) -> None:
        """So many requests that come in one read, and their answers in one turn."""
        asked = self.requests(count)
        self.loop.run(lambda: self.client.feed(asked))
        self.loop.run(self.answer)
        self.taken()

    def requests(self, count: int) -> bytes:
        for _ in range(count):
            number = self.far.get_next_available_stream_id()
            self.far.send_headers(number, HEAD, end_stream=True)
        return self.far.data_to_send()

    def answer(self) -> None:
        for origin in self.origins:
            if origin.arrived:
                origin.arrived.clear()
                origin.feed(OK)

    def taken(self) -> None:
        """Let the client have what was sent."""
        self.far.receive_data(bytes(self.client.arrived))
        self.client.arrived.clear()

    def calls(self, count: int) -> list[str]:
        """What so many exchanges call, without the client's own."""
        asked = self.requests(count)
        found = calls_of(lambda: self.loop.run(lambda: self.client.feed(asked)))
        found += calls_of(lambda: self.loop.run(self.answer))
        self.taken()
        return found

    def _connect(self) -> FakeTransport:
        self.origins.append(self._transport())
        return self.origins[-1]

    def _transport(self) -> FakeTransport:
        extra = {"peername": ("192.0.2.7", 1), "sockname": ("192.0.2.1", 443)}
        return FakeTransport(self.loop, {**extra, "socket": FakeSocket(-1)})


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


@pytest.fixture
def several(loop: FakeLoop) -> Iterator[Multiplexed]:
    made = Multiplexed(loop)
    yield made
    made.log.close()


def test_one_more_exchange_in_a_turn_takes_a_bounded_number_of_python_calls(
    several: Multiplexed,
) -> None:
    one, eight = several.calls(1), several.calls(8)
    assert several.door.running == 0
    more = (len(eight) - len(one)) / 7
    assert more <= MOST_CALLS, "\n" + "\n".join(eight)
    assert len(one) - more <= MOST_CALLS_A_TURN, "\n" + "\n".join(one)


def test_all_answers_of_a_turn_leave_in_one_write(several: Multiplexed) -> None:
    asked = several.requests(8)
    before = several.client.writes
    several.loop.run(lambda: several.client.feed(asked))
    assert several.client.writes == before
    several.loop.run(several.answer)
    assert several.client.writes == before + 1
    several.taken()


def test_no_task_no_timer_and_one_callback_a_turn_in_and_one_out(several: Multiplexed) -> None:
    several.loop.counts.clear()
    several.exchanges(8)
    assert several.loop.counts == {"call_soon": 2}


def test_each_exchange_costs_the_same(several: Multiplexed) -> None:
    assert several.calls(4) == several.calls(4)
