"""Damaged talk of real HTTP/2 clients: at the codec alone, and at a connection with its exchanges.

Whatever comes, in whatever pieces, and whatever is called meanwhile: nothing is raised but
ConnectionBroken, every exchange ends exactly once, and neither streams nor windows nor memory leak.
"""

import contextlib
import gc
import random
import tracemalloc
from typing import cast

import pytest
from ngh2 import NGH2Error

from porch.errors import InternalError
from porch.http.h1 import HeadLimits
from porch.http.h2 import WINDOW, ConnectionBroken, Ended, Reset
from porch.http.h2_request import Refused
from porch.http.h2_server import ServerCodec
from porch.http.message import RequestHead
from porch.listen.h2 import MultiplexedConnection
from porch.route.route import Timeouts
from tests.support.far import Far
from tests.support.h2_mutate import CAPTURES, damaged_talk
from tests.support.mutate import cut
from tests.support.scenario import Scenario

STATUS = (b":status", b"200")


def use(codec: ServerCodec, chance: random.Random, stream: int) -> None:
    """Call something, for a stream that may be there or not."""
    number = chance.choice((stream, 1, 3, 99))
    kind = chance.randrange(12)
    if kind < 3:
        codec.head(number, STATUS, [], chance.choice((b"", b"ab")), chance.random() < 0.5)
    elif kind < 5:
        codec.data(number, bytes(chance.choice((0, 1, 70_000))), chance.random() < 0.5)
    elif kind == 5:
        codec.interim(number, [(b":status", b"103")])
    elif kind == 6:
        codec.trailers(number, [(b"x", b"1")])
    elif kind == 7:
        codec.reset(number, chance.choice((0, 2, 7, 8)))
    elif kind == 8:
        codec.taken(number, chance.choice((0, 1, 1 << 20)))
    elif kind == 9:
        chance.choice((codec.ping, codec.shut, codec.go_away))()
    elif kind == 10:
        codec.release(number)
    else:
        codec.window(number), codec.queued(number), codec.wants_write


def talk(codec: ServerCodec, chance: random.Random) -> str:
    """One damaged talk with a codec. Returns how it ended."""
    stream = 1
    for piece in cut(chance, damaged_talk(chance)):
        try:
            pieces = codec.receive(piece)
        except ConnectionBroken:
            return "broken"
        for number, what, data, _ in pieces:
            assert not isinstance(what, Exception)
            if isinstance(what, RequestHead):
                stream = number
                assert what.authority
                assert what.target[:1] in (b"/", b"*")
            elif isinstance(what, Ended):
                return "ended"
            elif data and chance.random() < 0.9:
                codec.taken(number, len(data))
        for _ in range(chance.randrange(3)):
            use(codec, chance, stream)
        codec.take()
        if any(isinstance(what, Ended) for _, what, _, _ in codec.happened()):
            return "ended"
    return "open"


@pytest.mark.parametrize("seed", range(4))
def test_a_codec_says_what_damaged_talk_means_or_that_it_is_broken(seed: int) -> None:
    chance = random.Random(seed)
    ends = [talk(ServerCodec(HeadLimits(), b"http", 128), chance) for _ in range(150)]
    assert {*ends} == {"broken", "ended", "open"}
    assert ends.count("open") > 20, "else only refusals would be tried"


def test_codecs_that_are_gone_leave_nothing_behind() -> None:
    chance = random.Random(7)
    for _ in range(100):
        talk(ServerCodec(HeadLimits(), b"http", 128), chance)
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(200):
            talk(ServerCodec(HeadLimits(), b"http", 128), chance)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] - before < 200_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", CAPTURES)
def test_what_real_clients_say_is_understood_however_it_is_cut(name: str) -> None:
    found = []
    for size in (1, 5, 9, 100, 1 << 20):
        codec = ServerCodec(HeadLimits(), b"http", 128)
        told: dict[int, list[object]] = {}
        data = CAPTURES[name]
        for at in range(0, len(data), size):
            for number, what, body, _ in codec.receive(data[at : at + size]):
                assert not isinstance(what, Refused | Reset)
                if isinstance(what, RequestHead):
                    told[number] = [what.method, what.target, what.authority, what.fields, b""]
                elif body:
                    told[number][-1] = cast("bytes", told[number][-1]) + body
                    codec.taken(number, len(body))
            codec.take()
        assert codec.glitches.spent is None
        found.append(told)
    assert found[0]
    assert all(each == found[0] for each in found)


# --- a connection with its exchanges ---------------------------------------------------------

ANSWERS = (
    b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    b"HTTP/1.1 204 X\r\n\r\n",
    b"HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
    b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-sum: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\ncontent-length: 90000\r\n\r\n" + bytes(90_000),
    b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi",
    b"nonsense\r\n\r\n",
)


class World:
    """A door, a client of HTTP/2 by bytes, and origins that answer at random."""

    def __init__(self, story: Scenario, chance: random.Random) -> None:
        self.story = story
        self.chance = chance

    def connects(self) -> MultiplexedConnection:
        story = self.story
        transport = story._transport(False, peername=("192.0.2.7", 5), sockname=("192.0.2.1", 80))
        story.clients.append(Far("client", transport))
        connection = MultiplexedConnection(story.door, b"http", b"80")
        story._do(lambda: transport.connect(connection))
        return connection

    def origins(self) -> None:
        """Each that was asked something may answer, or leave."""
        story, chance = self.story, self.chance
        for at, far in enumerate(story.upstreams):
            if far.transport.is_closing():
                continue
            asked = bytes(far.transport.arrived)
            far.transport.arrived.clear()
            if asked and chance.random() < 0.8:
                story.upstream(chance.choice(ANSWERS), at=at)
            elif chance.random() < 0.1:
                story.upstream_eof(at=at)

    def play(self) -> None:
        """One damaged talk."""
        story, chance = self.story, self.chance
        connection = self.connects()
        transport = story.clients[-1].transport
        for piece in cut(chance, damaged_talk(chance)):
            if transport.is_closing():
                break
            story._do(lambda piece=piece: transport.feed(piece))  # type: ignore[misc]
            self.origins()
            transport.arrived.clear()
            if chance.random() < 0.1:
                story.advance(seconds=chance.choice((1, 20, 100)))
        for _ in range(4):
            self.origins()
        transport.arrived.clear()
        if not connection.streams and not transport.is_closing():
            with contextlib.suppress(NGH2Error):  # it is about to end
                held = connection.codec._connection.local_window_size
                assert held > WINDOW // 2, "what was taken may not come again"
        if not transport.is_closing():
            story.client_leaves()
        story.advance(seconds=200, tick=10)
        assert not connection.streams
        assert not connection.slow
        story.clients.clear()


def play(seed: int, rounds: int) -> None:
    chance = random.Random(seed)
    with pytest.MonkeyPatch.context() as monkeypatch:
        story = Scenario(monkeypatch, timeouts=Timeouts(tunnel=70), retries=1)
        world = World(story, chance)
        try:
            for _ in range(rounds):
                world.play()
            story.advance(seconds=4000, tick=10)
            story.check_nothing_left()
            assert [e for e in story.setup.reports if not isinstance(e, InternalError)] == []
            for far in story.upstreams:
                far.transport.arrived.clear()
        finally:
            story.finish()


@pytest.mark.parametrize("seed", range(4))
def test_a_connection_lives_through_damaged_talk_and_leaves_nothing(seed: int) -> None:
    play(seed, 25)
