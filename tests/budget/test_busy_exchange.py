"""What it costs an exchange that a worker may refuse some, exactly: a call, and nothing without."""

from collections.abc import Iterator
from typing import Any

import pytest
from h2.events import ResponseReceived

from porch.config.build import build
from porch.config.load import load_mapping
from porch.config.logs import Logs
from porch.config.pools import pools
from porch.config.state import State
from porch.shield.busy import Busy, Terms
from porch.shield.busy_refusal import Refusal
from tests.budget.test_multiplexed_exchange import Multiplexed
from tests.budget.test_plain_exchange import Plain, calls_of
from tests.support.network import FakeClock, FakeLoop

REFUSED = [
    "ServerConnection.data_received",
    "RequestDecoder.again",
    "ServerConnection._take_head",
    "Door.open",
    "Busy.find",
    "Busy._judge",
    "Refusal.route",
    "Exchange.on_request",
    "Refusal.on_request",
    "answer",
    "ServerConnection.finish",
]


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLoop]:
    made = FakeLoop(FakeClock(monkeypatch))
    yield made
    made.close()


class Some(Plain):
    """A plain door with more words at the top."""

    def __init__(self, loop: FakeLoop, **words: Any) -> None:
        super().__init__(loop, {"example.com": "127.0.0.1:9"})
        state = State(pools())
        given = {"listen": ":80", "routes": {"example.com": "127.0.0.1:9"}, **words}
        built = build(load_mapping(given), state, Logs(self.log))
        assert built is not None
        router = built.settings.router
        if isinstance(router, Busy):
            router._find = self.door.settings.router.find  # the pool that is warm
            self.door.settings.router = router  # type: ignore[misc]
        self.router = router
        self.exchange()


def more(loop: FakeLoop, **words: Any) -> list[str]:
    """Calls that the words add."""
    without, found = (calls_of(Some(loop, **each).exchange) for each in ({}, words))
    for each in without:
        found.remove(each)
    return found


def test_it_takes_a_call_at_rest(loop: FakeLoop) -> None:
    assert more(loop, busy="20ms") == ["Busy.find"]


def test_it_takes_none_where_nobody_said_it(loop: FakeLoop) -> None:
    assert more(loop, busy=False) == []


def test_it_takes_no_task_no_timer_and_one_callback_of_its_turn(loop: FakeLoop) -> None:
    made = Some(loop, busy="20ms")
    loop.counts.clear()
    made.exchange()
    assert loop.counts == {"call_soon": 1}


def test_a_refusal_is_a_read_a_write_and_no_origin(loop: FakeLoop) -> None:
    made = Some(loop, busy={"hold": "0s"})
    assert isinstance(made.router, Busy)
    made.router.level.at = 3.0
    made.router._judges = True
    loop.run(made.ask)  # the first time its fields are made
    made.taken()
    reads, writes = made.client.reads, made.client.writes
    calls = calls_of(lambda: loop.run(made.ask))
    asked, answered = made.taken()
    assert asked == b""
    assert answered.startswith(b"HTTP/1.1 503 ")
    assert b"connection: close" not in answered.lower()
    assert (made.client.reads - reads, made.client.writes - writes) == (1, 1)
    assert set(REFUSED) <= set(calls)
    assert len(calls) <= 26, "\n" + "\n".join(calls)
    made.router._judges = False
    made.exchange()
    assert made.taken()[1].endswith(b'{"hello": 42}')


def test_a_stream_is_refused_alone_and_the_connection_goes_on(loop: FakeLoop) -> None:
    made = Multiplexed(loop)
    refusal = Refusal(1.0, 0.0, [0, 0, 0])
    router = Busy(made.door.settings.router.find, Terms(), refusal, lambda _: False)
    made.door.settings.router = router  # type: ignore[misc]
    made.exchanges(1)
    router.level.at = 3.0
    router._judges = True
    asked = made.requests(3)
    loop.run(lambda: made.client.feed(asked))
    told = made.far.receive_data(bytes(made.client.arrived))
    made.client.arrived.clear()
    heads = [dict(each.headers or ()) for each in told if isinstance(each, ResponseReceived)]
    assert [(each[b":status"], each[b"retry-after"]) for each in heads] == [(b"503", b"1")] * 3
    assert not any(origin.arrived for origin in made.origins)
    router._judges = False
    made.exchanges(2)
    assert not made.client.is_closing()
    made.log.close()
