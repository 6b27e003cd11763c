"""Random interleavings of all that can happen to clients, origins, endpoints and the clock.

Whatever the order: every exchange ends exactly once, every count goes back to 0, no connection
is idle and busy at once, no client gets another's answer, what is cut short never looks whole, and
no POST comes to an origin twice.
"""

import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch.balance.hedge import HedgedRetry
from porch.config.schema_retry import RetryModel
from porch.exchange import Exchange
from porch.forward.pool import Pool
from porch.route.route import Timeouts
from tests.support.far import Far
from tests.support.scenario import Scenario

MOST_CLIENTS = 3

ACTIONS = (
    *("client_sends",) * 8,
    *("answers",) * 4,
    *("origin_sends",) * 8,
    "connects",
    "client_eof",
    "client_leaves",
    "client_full",
    "client_drained",
    "origin_eof",
    "origin_resets",
    "origin_full",
    "origin_drained",
    "endpoint",
    "advance",
    "drains",
    "finishes",
    "closes_now",
)
Step = tuple[str, int, int]
"""What happens, and two numbers that say to whom and how much."""


def request(kind: int, path: bytes) -> tuple[bytes, bytes]:
    """(method, bytes) of a request."""
    host = b" HTTP/1.1\r\nhost: x\r\n"
    upgrade = b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"
    if kind == 1:
        return b"HEAD", b"HEAD " + path + host + b"\r\n"
    if kind == 2:
        return b"POST", b"POST " + path + host + b"content-length: 9\r\n\r\nabcdefghi"
    if kind == 3:
        body = b"4\r\nabcd\r\n0\r\nx-sum: 1\r\n\r\n"
        return b"PUT", b"PUT " + path + host + b"transfer-encoding: chunked\r\n\r\n" + body
    if kind == 4:
        expect = b"content-length: 2\r\nexpect: 100-continue\r\n\r\nab"
        return b"PUT", b"PUT " + path + host + expect
    if kind == 5:
        return b"GET", b"GET " + path + host + upgrade
    if kind == 6:
        return b"GET", b"GET " + path + b" HTTP/1.1\r\n\r\n"
    return b"GET", b"GET " + path + host + b"\r\n"


def answer(kind: int, path: bytes) -> bytes:
    """The bytes of an answer that carries the path it is for."""
    ok = b"HTTP/1.1 200 OK\r\nx-for: " + path + b"\r\n"
    body = path * 3
    whole = ok + b"content-length: %d\r\n\r\n" % len(body) + body
    if kind == 1:
        chunked = ok + b"transfer-encoding: chunked\r\n\r\n"
        return chunked + b"%x\r\n%b\r\n0\r\nx-sum: 1\r\n\r\n" % (len(body), body)
    if kind == 2:
        return ok + b"x-end: close\r\n\r\n" + body
    if kind == 3:
        return b"HTTP/1.1 100 X\r\n\r\nHTTP/1.1 103 X\r\nlink: a\r\n\r\n" + whole
    if kind == 4:
        return b"HTTP/1.1 204 X\r\nx-for: " + path + b"\r\n\r\n"
    if kind == 5:
        switch = b"HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        return switch + b"x-for: " + path + b"\r\n\r\n\x81\x03raw"
    if kind == 6:
        return whole + b"surplus"
    if kind == 7:
        return whole.replace(b"200 OK", b"503 X", 1)
    return whole


class Party:
    """A client or an origin: what it has still to send, and how far it has read."""

    def __init__(self, far: Far) -> None:
        self.far = far
        self.out = b""
        self.asked: list[tuple[bytes, bytes]] = []
        self.raw = False
        self.answering = False

    def read_heads(self) -> None:
        """Take what came, message by message."""
        far = self.far
        arrived = far.transport.arrived
        while True:
            if self.raw:
                arrived.clear()
                return
            if far.message is not None and not far.message.ended:
                far.read_body()
            if far.message is not None and far.message.ended:
                self.on_end()
                far.message = None
            if far.message is not None or b"\r\n\r\n" not in arrived:
                return
            self.on_head()

    def on_head(self) -> None:
        raise NotImplementedError

    def on_end(self) -> None:
        raise NotImplementedError


class Client(Party):
    def on_head(self) -> None:
        method, path = self.asked[0]
        message = self.far.read_head(bodiless=method == b"HEAD")
        status = int(message.line.split(b" ")[1])
        if status == 101 or status >= 200:
            assert message.values(b"x-for") in ([path], []), f"{message.fields} for {path!r}"
            if not message.values(b"x-for"):
                assert message.values(b"server") == [b"porch"]
        self.raw = status == 101

    def on_end(self) -> None:
        message = self.far.message
        assert message is not None
        status = int(message.line.split(b" ")[1])
        if status < 200:
            return
        method, path = self.asked.pop(0)
        if message.values(b"x-for") and method != b"HEAD" and status != 204:
            whole = path * 3
            if message.values(b"x-end"):  # only the origin knows where it ends
                whole = whole[: len(message.body)]
            assert message.body == whole, "an answer that was cut short looks whole"


class Origin(Party):
    posted: set[bytes]

    def on_head(self) -> None:
        message = self.far.read_head(bodiless=False)
        method, path, _ = message.line.split(b" ")
        self.asked.append((method, path))
        if method == b"POST":
            assert path not in self.posted, "a POST came twice"
            self.posted.add(path)

    def on_end(self) -> None:
        message = self.far.message
        assert message is not None
        if message.line.startswith(b"POST"):
            assert message.body == b"abcdefghi"
        if message.line.startswith(b"PUT"):
            assert message.body in (b"abcd", b"ab")


class World:
    """Carries out steps. Which client or origin a step means follows from its numbers."""

    def __init__(self, story: Scenario) -> None:
        self.story = story
        self.clients: list[Client] = []
        self.origins: list[Origin] = []
        self.posted: set[bytes] = set()

    def do(self, action: str, which: int, size: int) -> None:
        while len(self.origins) < len(self.story.upstreams):
            self.origins.append(Origin(self.story.upstreams[len(self.origins)]))
            self.origins[-1].posted = self.posted
        side, _, verb = action.partition("_")
        if side == "client":
            if self.clients:
                self.client(verb, which % len(self.clients), size)
        elif side == "origin":
            if self.origins:
                self.origin(verb, which % len(self.origins), size)
        elif action == "connects":
            self.connect()
        elif action == "answers":
            if self.origins:
                self.answer(self.origins[size % len(self.origins)], which)
        elif action == "endpoint":
            self.story.endpoint(("accepts", "refuses", "hangs")[size % 3], at=which % 2)
        elif action == "advance":
            self.story.advance((0.25, 1, 5, 16, 61, 0.25, 1, 76)[which])
        elif which == size == 0:
            getattr(self.story, action)()
        for party in (*self.clients, *self.origins):
            party.read_heads()
        self.check()

    def pauses(self, won: list[Any]) -> list[Exchange]:
        """Whose attempt waits: for its time to come, or for the connection of a second."""
        ended = set(map(id, self.story.recorder.ended))
        dialling = [each._exchange for each in won if each._exchange.upstream is None]
        paused = [
            each
            for each in self.story.recorder.began
            if id(each) not in ended
            and each.attempts > 1
            and each.upstream is None
            and not any(each in e.connections._dialling for e in self.story.endpoints)  # type: ignore[attr-defined]
        ]
        return [*dialling, *paused]

    def connect(self) -> None:
        if len(self.clients) < MOST_CLIENTS:
            self.story.connects()
            self.clients.append(Client(self.story.clients[-1]))

    def client(self, verb: str, at: int, size: int) -> None:
        party = self.clients[at]
        if verb != "sends":
            getattr(self.story, f"client_{verb}")(at=at)
            return
        if not party.out:
            path = b"/%d-%d" % (at, len(self.story.recorder.ended) * 100 + len(party.asked))
            method, party.out = request(size % 8, path)
            party.asked.append((method, path))
        piece, party.out = party.out[: size + 1], party.out[size + 1 :]
        self.story.client(piece, at=at)

    def origin(self, verb: str, at: int, size: int) -> None:
        party = self.origins[at]
        if verb != "sends":
            getattr(self.story, f"upstream_{verb}")(at=at)
            return
        piece, party.out = party.out[: size + 1], party.out[size + 1 :]
        if piece:
            self.story.upstream(piece, at=at)

    def answer(self, party: Origin, kind: int) -> None:
        if party.asked and not party.out:
            _, path = party.asked.pop(0)
            party.out = answer(kind, path)
            party.raw = kind == 5

    def check(self) -> None:
        """What holds at every moment."""
        recorder = self.story.recorder
        ended = set(map(id, recorder.ended))
        assert len(ended) == len(recorder.ended), "an exchange ended twice"
        live = [each for each in recorder.began if id(each) not in ended]
        retry = self.story.setup.route.retry
        rivals = [*retry.rivals.values()] if isinstance(retry, HedgedRetry) else []
        beside: list[Any] = [each for each in rivals if not (each.won or each.is_over)]
        won: list[Any] = [each for each in rivals if each.won]
        for endpoint in self.story.endpoints:
            pool = endpoint.connections
            assert isinstance(pool, Pool)
            under_way = [
                each
                for each in live
                if each.endpoint is endpoint
                and (
                    each.upstream is not None or each in pool._dialling or each in self.pauses(won)
                )
            ]
            second = [each for each in beside if each.endpoint is endpoint]
            assert endpoint.running == len(under_way) + len(second), f"{endpoint}: {under_way}"
            assert set(pool._dialling) <= {*live, *beside, *won}
            busy = {id(each.upstream) for each in under_way} | {id(each._stream) for each in second}
            for connection in pool._idle:
                assert id(connection) not in busy, f"idle and busy: {connection}"
                assert connection.exchange is None


def play(taken: Iterable[Step], **settings: Any) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        timeouts = Timeouts(tunnel=70)
        story = Scenario(monkeypatch, **{"endpoints": 2, "timeouts": timeouts, **settings})
        world = World(story)
        try:
            world.connect()
            for step in taken:
                world.do(*step)
            story.advance(seconds=4000, tick=10)  # a timeout for each request that waits
            story.check_nothing_left()
            for far in (*story.clients, *story.upstreams):
                far.transport.arrived.clear()
        except BaseException:
            story.give_up()
            raise
        finally:
            story.finish()


@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 7), st.integers(0, 90))))
def test_whatever_happens_every_exchange_ends_once_and_nothing_is_left(taken: list[Step]) -> None:
    play(taken)


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("upstream_tls", [False, True])
@given(st.integers(0, 2**32))
@settings(max_examples=settings().max_examples // 4)
def test_long_walks_end_as_well(tls: bool, upstream_tls: bool, seed: int) -> None:
    """Long ones at random: hypothesis likes short lists."""
    draw = random.Random(seed)
    choice = ((draw.choice(ACTIONS), draw.randrange(8), draw.randrange(91)) for _ in range(150))
    play(choice, tls=tls, upstream_tls=upstream_tls)


@given(st.integers(0, 2**32))
@settings(max_examples=settings().max_examples // 2)
def test_they_end_as_well_where_all_is_tried_again_that_may_be(seed: int) -> None:
    draw = random.Random(seed)
    choice = [(draw.choice(ACTIONS), draw.randrange(8), draw.randrange(91)) for _ in range(150)]
    words = {"attempts": 3, "on": [503], "each": "1s", "total": "20s", "hedge": "100ms"}
    play(choice, endpoints=3, retry=RetryModel.model_validate(words))
