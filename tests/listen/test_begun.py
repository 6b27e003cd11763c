"""What a client without TLS begins with decides what is spoken: told by the bytes, however cut."""

from collections.abc import Iterator

import pytest

from porch import clock
from porch.clock import Deadlines
from porch.http.h2 import PREFACE
from porch.listen.begun import Begun
from porch.listen.door import Door
from porch.listen.h1 import ServerConnection
from porch.listen.h2 import MultiplexedConnection
from tests.listen.test_door import Settings
from tests.support.network import FakeClock, FakeLoop, FakeSocket, FakeTransport
from tests.support.speaker import frame

SETTINGS = frame(4, 0, 0, b"")
BAD = b"G@T / HTTP/1.1\r\n\r\n"


class Bench:
    """One connection of which nothing is known."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.loop = FakeLoop(FakeClock(monkeypatch))
        self.door = Door(Settings(), Deadlines())
        extra = {"peername": ("192.0.2.7", 5), "sockname": ("192.0.2.1", 80)}
        self.transport = FakeTransport(self.loop, {**extra, "socket": FakeSocket(-1)})
        self.begun = Begun(self.door, b"http", b"80")
        self.loop.run(lambda: self.transport.connect(self.begun))

    def feed(self, data: bytes) -> type:
        """What reads from now on."""
        self.loop.run(lambda: self.transport.feed(data))
        return type(self.transport.protocol)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    made = Bench(monkeypatch)
    yield made
    made.loop.close()


def test_the_preface_begins_http_2(bench: Bench) -> None:
    assert bench.feed(PREFACE + SETTINGS) is MultiplexedConnection
    assert frame(4, 1, 0, b"") in bytes(bench.transport.arrived), "its settings were read"
    assert bench.door.sessions == {bench.transport.protocol}
    assert len(bench.door.deadlines) == 1


@pytest.mark.parametrize("place", range(1, len(PREFACE)))
def test_the_preface_may_be_cut_anywhere(bench: Bench, place: int) -> None:
    assert bench.feed(PREFACE[:place]) is Begun
    assert bench.feed(PREFACE[place:] + SETTINGS) is MultiplexedConnection
    assert frame(4, 1, 0, b"") in bytes(bench.transport.arrived)


@pytest.mark.parametrize("data", [BAD, b"P", b"GET /\r\n", b"GET / HTTP/3\r\n", b"PRI\r\n"])
def test_anything_else_is_http_1(bench: Bench, data: bytes) -> None:
    bench.feed(data)
    assert bench.feed(BAD) is not MultiplexedConnection
    assert bytes(bench.transport.arrived)[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5")


@pytest.mark.parametrize(
    "data", [PREFACE[:20] + BAD, b"PRI * HTTP/1.1\r\n", b"IN VALID PREFACE\r\n\r\n", b"\0 \1 \2\n"]
)
def test_what_is_neither_ends_as_http_2_does_it(bench: Bench, data: bytes) -> None:
    assert bench.feed(data) is not ServerConnection
    goaway = bytes(bench.transport.arrived)
    assert (goaway[3], goaway[13:17]) == (7, b"\0\0\0\1"), "PROTOCOL_ERROR"
    assert bench.transport.seen in ("half-closed", "closed"), "and what follows is dropped"


PROXY = b"PROXY TCP4 203.0.113.9 198.51.100.1 56324 80\r\n"


@pytest.mark.parametrize(
    "header",
    [PROXY, PROXY[:9] + b"6 ::1 ::1 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + b"a" * 12],
)
@pytest.mark.parametrize("behind", [PREFACE + SETTINGS, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"])
def test_a_proxy_header_of_who_may_send_none_is_answered_so_that_a_person_can_read_it(
    bench: Bench, header: bytes, behind: bytes
) -> None:
    bench.feed(header + behind)
    assert bytes(bench.transport.arrived).startswith(b"HTTP/1.1 400 ")
    assert bench.transport.seen in ("half-closed", "closed")


def test_upgrade_to_it_is_no_way(bench: Bench) -> None:
    asked = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
    assert bench.feed(asked + b"http2-settings: AAMAAABk\r\n\r\n") is ServerConnection
    assert not bytes(bench.transport.arrived).startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize("first", [b"P", b"PRI", PREFACE[:12]])
def test_half_a_preface_has_the_time_of_a_head_and_then_its_answer(
    bench: Bench, first: bytes
) -> None:
    """It may be the beginning of POST or PUT."""
    assert bench.begun.deadline == clock.now + 75
    bench.feed(first)
    assert bench.begun.deadline == clock.now + 15
    bench.loop.run(bench.begun.on_deadline)
    (read,) = bench.door.sessions
    assert type(read) is ServerConnection
    assert read.deadline == clock.now
    bench.loop.run(read.on_deadline)
    assert bytes(bench.transport.arrived).startswith(b"HTTP/1.1 408 ")


def test_more_of_it_is_no_request_of_http_1(bench: Bench) -> None:
    bench.feed(PREFACE[:20])
    bench.loop.run(bench.begun.on_deadline)
    assert bytes(bench.transport.arrived).startswith(b"HTTP/1.1 505 ")


def test_who_says_nothing_at_all_is_closed_without_a_word(bench: Bench) -> None:
    bench.loop.run(bench.begun.on_deadline)
    assert bytes(bench.transport.arrived) == b""
    assert bench.transport.seen == "closed"
    assert bench.door.sessions == set()
    assert len(bench.door.deadlines) == 0


def test_a_door_that_drains_waits_for_who_has_begun(bench: Bench) -> None:
    bench.feed(b"PRI")
    bench.loop.run(bench.door.finish)
    bench.loop.run(bench.door.drain)
    assert bench.transport.seen == ""
    bench.loop.run(bench.door.close_now)
    assert bench.transport.seen == "closed"


def test_and_closes_who_has_not(bench: Bench) -> None:
    bench.loop.run(bench.door.drain)
    assert bench.transport.seen == "closed"


def test_who_leaves_is_forgotten(bench: Bench) -> None:
    bench.loop.run(bench.transport.feed_eof)
    assert bench.door.sessions == set()


def test_it_says_what_it_has(bench: Bench) -> None:
    bench.feed(b"PRI")
    assert repr(bench.begun) == "<Begun b'PRI'>"
