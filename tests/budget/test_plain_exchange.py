"""What one plain exchange costs, exactly: Python calls, reads, writes, tasks, timers.

Counted on what `porch run` would build from the shortest configuration, access log and real
router included; only the transports and the dialler are fakes, and their calls are left out.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import porch
from porch import clock
from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.logs import Logs
from porch.config.pools import pools
from porch.config.state import State
from porch.debug import debug
from porch.forward.pool import Pool
from porch.listen.door import Door
from porch.listen.h1 import ServerConnection
from porch.observe.ended import Ended
from porch.observe.steps import Steps
from porch.route.route import HEARD, REQUESTS, RUNNING
from tests.support.dialer import FakeDialer
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport

MOST_CALLS = 31
"""Two of them are the turn's, shared by all requests that came in it."""

HERE = str(Path(porch.__file__).parent)
GET = (
    b"GET /api/users?page=2 HTTP/1.1\r\nHost: example.com\r\nUser-Agent: curl/8.5.0\r\n"
    b"Accept: */*\r\n\r\n"
)
OK = (
    b"HTTP/1.1 200 OK\r\ndate: Mon, 23 Nov 2026 20:00:00 GMT\r\nserver: uvicorn\r\n"
    b"content-length: 13\r\ncontent-type: application/json\r\n\r\n" + b'{"hello": 42}'
)


class Plain:
    """A door with one kept connection on each side, warm."""

    def __init__(self, loop: FakeLoop, routes: dict[str, Any]) -> None:
        self.loop = loop
        self.origins: list[FakeTransport] = []
        self.endpoints: list[Any] = []
        loaded = load_mapping({"listen": ":80", "routes": routes})
        state = State(pools())
        self.log = Ended([])
        self.said = OK
        built = build(loaded, state, Logs(self.log))
        assert built is not None, loaded.report()
        self.door = Door(built.settings, state.deadlines)
        for entry in built.entries:
            for endpoint in getattr(entry.route.destination, "endpoints", ()):
                self.endpoints.append(endpoint)
                pool: Pool = endpoint.connections
                pool._dialer = FakeDialer(self._connect)  # type: ignore[assignment]
        self.client = self._transport()
        self.connection = ServerConnection(self.door, b"http", b"80")
        loop.run(lambda: self.client.connect(self.connection))
        for _ in range(3):
            self.exchange()

    def exchange(self) -> None:
        """One request and its answer; the transports are as new behind it."""
        self.loop.run(self.ask)
        self.loop.run(self.answer)

    def ask(self) -> None:
        for each in self.origins:
            each.arrived.clear()
        self.client.feed(GET)

    def answer(self) -> None:
        next(each for each in self.origins if each.arrived).feed(self.said)

    def taken(self) -> tuple[bytes, bytes]:
        """What the origin and the client got; emptied."""
        got = bytes(self.origins[-1].arrived), bytes(self.client.arrived)
        self.origins[-1].arrived.clear()
        self.client.arrived.clear()
        return got

    def _connect(self) -> FakeTransport:
        self.origins.append(self._transport())
        return self.origins[-1]

    def _transport(self) -> FakeTransport:
        extra = {"peername": ("192.0.2.7", 1), "sockname": ("192.0.2.1", 80)}
        return FakeTransport(self.loop, {**extra, "socket": FakeSocket(-1)})


def calls_of(act: Callable[[], None]) -> list[str]:
    """The Python functions of Porch that `act` calls, in order."""
    names: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(HERE):
            names.append(frame.f_code.co_qualname)

    sys.setprofile(note)
    try:
        act()
    finally:
        sys.setprofile(None)
    return names


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


@pytest.fixture
def plain(loop: FakeLoop) -> Iterator[Plain]:
    made = Plain(loop, {"example.com": "127.0.0.1:9"})
    yield made
    made.log.close()


def test_a_plain_exchange_takes_at_most_31_python_calls(plain: Plain) -> None:
    plain.taken()
    calls = calls_of(plain.exchange)
    assert len(calls) <= MOST_CALLS, "\n" + "\n".join(calls)
    asked, answered = plain.taken()
    assert asked.startswith(b"GET /api/users?page=2 HTTP/1.1\r\nhost: example.com\r\n")
    assert answered.endswith(b'{"hello": 42}')


def test_answers_that_differ_take_two_calls_more_and_another_for_what_goes_without_saying(
    plain: Plain,
) -> None:
    calls = calls_of(plain.exchange)
    for more, said in enumerate((b"", b"connection: keep-alive\r\nkeep-alive: timeout=5\r\n"), 2):
        for kind in (b"a", b"b") * 2:  # lines that were seen before, in a head that was not
            plain.said = OK.replace(b"\r\n\r\n", b"\r\nx-kind: %b\r\n%b\r\n" % (kind, said))
            found = calls_of(plain.exchange)
        assert len(found) == len(calls) + more


def test_the_counter_counts(plain: Plain) -> None:
    names = Counter(calls_of(plain.exchange))
    assert names["ServerConnection.data_received"] == names["Exchange.end"] == 1
    assert names["ResponseDecoder.again"] == names["RequestDecoder.again"] == 1
    assert names["RequestHead.__init__"] == 2


def test_while_the_log_level_is_debug_an_exchange_costs_what_it_costs_else(plain: Plain) -> None:
    """What is to be said of it is said when it is put away."""
    before = calls_of(plain.exchange)
    debug.begin(clock.monotonic() + 60, [].append)
    plain.log.watch(Steps())
    try:
        assert calls_of(plain.exchange) == before
    finally:
        debug.end()


def test_each_exchange_costs_the_same(plain: Plain) -> None:
    assert calls_of(plain.exchange) == calls_of(plain.exchange)


def test_two_reads_and_two_writes(plain: Plain) -> None:
    def count() -> tuple[int, int]:
        both = (plain.client, plain.origins[-1])
        return sum(each.reads for each in both), sum(each.writes for each in both)

    before = count()
    plain.exchange()
    reads, writes = count()
    assert (reads - before[0], writes - before[1]) == (2, 2)
    assert len(plain.origins) == 1


def test_no_task_no_timer_and_one_callback_of_its_turn(plain: Plain) -> None:
    plain.loop.counts.clear()
    plain.exchange()
    assert plain.loop.counts == {"call_soon": 1}


def test_requests_of_one_turn_leave_behind_each_other_in_one_callback(plain: Plain) -> None:
    other = plain._transport()
    plain.loop.run(lambda: other.connect(ServerConnection(plain.door, b"http", b"80")))

    def ask() -> None:
        for each in plain.origins:
            each.arrived.clear()
        plain.client.feed(GET)
        other.feed(GET)
        assert not any(each.arrived for each in plain.origins)

    def both() -> None:
        plain.loop.run(ask)
        asked = [each for each in plain.origins if each.arrived]
        assert len(asked) == 2
        plain.loop.run(lambda: [each.feed(OK) for each in asked])

    for _ in range(3):
        both()
    plain.loop.counts.clear()
    alone, together = len(calls_of(plain.exchange)), len(calls_of(both))
    assert together == 2 * alone - 2
    assert plain.loop.counts == {"call_soon": 2}


def test_tasks_timers_and_callbacks_would_be_counted(loop: FakeLoop) -> None:
    plain = Plain(loop, {"example.com": "127.0.0.1:9"})
    assert loop.counts["create_task"] == 1
    assert loop.counts["call_at"] == 1
    assert loop.counts["call_soon"] > 1
    plain.log.close()


@pytest.mark.parametrize("routes", [10, 1000])
def test_more_routes_cost_no_more_calls(loop: FakeLoop, plain: Plain, routes: int) -> None:
    table: dict[str, Any] = {f"example.com/{each}/*": "127.0.0.1:9" for each in range(routes)}
    several = Plain(loop, {**table, "example.com": "127.0.0.1:9"})
    assert len(calls_of(several.exchange)) == len(calls_of(plain.exchange))
    several.log.close()


@pytest.mark.parametrize("count", [2, 4, 8])
@pytest.mark.parametrize(
    ("algorithm", "more"), [("least-requests", 1), ("least-time", 1), ("hash path", 6)]
)
def test_a_choice_takes_some_calls_more(
    loop: FakeLoop, algorithm: str, more: int, count: int
) -> None:
    """Of more than four, two are drawn and looked at by a call each."""
    several = {"to": [f"127.0.0.{each + 1}:9" for each in range(count)], "balance": algorithm}
    made = Plain(loop, {"example.com": several})
    try:
        for each in made.endpoints:
            each.counts[RUNNING] = 30  # enough for a hash to look at its bound
            each.usual = 0.01
            each.counts[HEARD] = clock.milliseconds
        here = max(made.endpoints, key=lambda each: each.counts[REQUESTS])
        here.counts[RUNNING] = 20
        for turn in range(5000):  # each has a connection then, and was looked at in this tick
            if turn >= 200 and len(made.origins) >= count:
                break
            made.exchange()
        for each in made.endpoints:
            each.usual = 0.01  # again: an answer takes no time here
        dialled, calls = -1, list[str]()
        while dialled != len(made.origins):  # a draw may still lead to one that was never asked
            dialled = len(made.origins)
            calls = calls_of(made.exchange)
    finally:
        made.log.close()
    if count > 4 and "least" in algorithm:
        more += {"least-requests": 2, "least-time": 4}[algorithm]
    assert len(calls) <= MOST_CALLS + more, "\n" + "\n".join(calls)
