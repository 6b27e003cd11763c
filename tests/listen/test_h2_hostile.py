"""Clients of HTTP/2 that break its rules, and filters that would break them for us."""

from collections.abc import Callable, Iterator

import pytest

from porch.errors import InternalError
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.h2 import CALM, INTERNAL, PROTOCOL, STREAM_WINDOW, WINDOW
from porch.http.message import Field
from porch.route.route import Timeouts
from tests.support import h2_frames as wire
from tests.support.h2_raw import RawMultiplexed

Make = Callable[..., RawMultiplexed]

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"


@pytest.fixture
def story(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[RawMultiplexed] = []

    def make(**settings: object) -> RawMultiplexed:
        made.append(RawMultiplexed(monkeypatch, **settings))  # type: ignore[arg-type]
        return made[-1].greets()

    yield make
    for each in made:
        for far in each.clients:
            far.transport.arrived.clear()
        each.finish()


def head(stream: int, *more: Field, path: bytes = b"/case", end: bool = True) -> bytes:
    fields = [(name, path if name == b":path" else value) for name, value in wire.BASIC]
    return wire.headers(stream, [*fields, *more], end=end)


def statuses(tale: RawMultiplexed) -> dict[int, int]:
    return {each.stream: each.status for each in tale.said() if each.status}


# --- what was refused ----------------------------------------------------------------------------


def test_a_refused_head_is_answered_and_logged_with_what_is_known_of_it(story: Make) -> None:
    tale = story()
    tale.sends(head(1, (b"user-agent", b"curl"), path=b"/a#b"), head(3))
    assert statuses(tale) == {1: 400}
    (refused,) = tale.recorder.ended
    assert refused.error is not None
    assert refused.error.word == "http_request_error"
    assert (refused.request.method, refused.request.target) == (b"GET", b"/a#b")
    assert refused.request.get(b"user-agent") == b"curl"
    tale.upstream_gets(b"GET /case").upstream(OK)
    assert statuses(tale) == {3: 200}


def test_a_refused_head_of_head_has_no_body(story: Make) -> None:
    tale = story()
    fields = [(b":method", b"HEAD"), *wire.BASIC[1:], (b"expect", b"x")]
    tale.sends(wire.headers(1, fields))
    (answer,) = tale.said()
    assert (answer.status, answer.ends) == (417, True)


def test_the_body_of_a_refused_head_is_taken_and_dropped(story: Make) -> None:
    tale = story()
    for stream in range(1, 21, 2):
        body = [wire.data(stream, bytes(16384)) for _ in range(STREAM_WINDOW // 16384)]
        tale.sends(head(stream, path=b"/a#b", end=False), *body, wire.data(stream, b"", end=True))
    assert not tale.is_closing, tale.said()[-1]
    assert tale.connection.codec._connection.local_window_size > WINDOW // 2


def test_a_malformed_request_of_which_nothing_is_told_is_in_the_log_all_the_same(
    story: Make,
) -> None:
    tale = story()
    tale.sends(head(1, (b"X-Upper", b"1")), head(3, (b"connection", b"close")), head(5))
    resets = [(each.stream, each.code) for each in tale.said() if each.kind == wire.RESET]
    assert resets == [(1, PROTOCOL), (3, PROTOCOL)]
    for each in tale.recorder.ended:
        assert (each.request.method, each.request.target, each.status) == (b"-", b"-", 0)
        assert each.error is not None
        assert each.error.word == "http_request_error"
        assert each.client_ip == b"192.0.2.7"
    assert len(tale.recorder.ended) == 2
    assert tale.door.running == 1
    tale.upstream_gets(b"GET /case").upstream(OK)
    assert statuses(tale) == {5: 200}


def test_what_is_malformed_behind_a_head_is_no_further_request(story: Make) -> None:
    tale = story()
    tale.sends(head(1, (b"content-length", b"1"), end=False)).upstream_gets(b"GET /case", end=None)
    tale.sends(wire.data(1, b"ab"))
    assert len(tale.recorder.ended) == 1
    tale.sends(head(3)).upstream_gets(b"GET /case", at=-1).sends(wire.reset(3, PROTOCOL))
    assert len(tale.recorder.ended) == 2
    tale.sends(head(5, path=b"/a#b", end=False), wire.headers(5, [(b"X", b"1")]))
    assert len(tale.recorder.ended) == 3


# --- what was given up ----------------------------------------------------------------------------


def test_what_is_given_up_in_the_read_it_came_in_costs_no_request(story: Make) -> None:
    tale = story()
    tale.sends(*[head(n) + wire.reset(n) for n in range(1, 101, 2)], head(101))
    tale.upstream_gets(b"GET /case").upstream(OK)
    assert len(tale.upstreams) == 1
    assert len(tale.recorder.ended) == 1


def test_bodies_that_are_given_up_in_the_read_they_came_in_keep_no_window_shut(
    story: Make,
) -> None:
    tale = story()
    for stream in range(1, 41, 2):
        body = [wire.data(stream, bytes(16384)) for _ in range(8)]
        tale.sends(head(stream, end=False), *body, wire.reset(stream))
    assert not tale.is_closing, tale.said()[-1]
    assert tale.connection.codec._connection.local_window_size > WINDOW // 2


# --- who is cut -----------------------------------------------------------------------------------


def test_a_flood_ends_all_that_runs_with_its_reason_and_the_operator_hears_of_it(
    story: Make,
) -> None:
    tale = story()
    tale.sends(head(1)).upstream_gets(b"GET /case")
    tale.sends(wire.settings() * 50).sends(wire.settings() * 50)
    away = tale.said()[-1]
    assert (away.kind, away.code) == (wire.GOAWAY, CALM)
    assert away.payload[8:] == b"too many SETTINGS frames"
    assert tale.is_closing
    tale.ended(1, "client_flood").upstream_sees("closed")
    assert tale.warnings == ["the HTTP/2 connection of 192.0.2.7 was cut: too many SETTINGS frames"]


def test_who_waits_behind_a_flood_is_cut_without_a_further_byte(story: Make) -> None:
    """What counts here is known only when our answers to it have left."""
    tale = story()
    for first in (1, 201):
        tale.sends(*[head(n, (b"X", b"")) for n in range(first, first + 200, 2)])
    away = tale.said()[-1]
    assert (away.kind, away.code) == (wire.GOAWAY, CALM)
    assert tale.is_closing


def test_frames_that_are_no_http_2_end_it_with_another_word(story: Make) -> None:
    tale = story()
    tale.sends(head(1)).upstream_gets(b"GET /case")
    tale.sends(wire.window_update(1, 0))
    assert tale.is_closing
    tale.ended(1, "http_request_error").upstream_sees("closed")
    (warning,) = tale.warnings
    assert "WINDOW_UPDATE: window_size_increment == 0" in warning


def test_a_client_that_leaves_in_good_order_is_not_told_of(story: Make) -> None:
    tale = story()
    tale.sends(wire.goaway())
    assert tale.is_closing
    assert tale.warnings == []


# --- what comes in parts, or is ignored ---------------------------------------------------------

PART = b"\0\x40\0\1\4\0\0\0"
"""Of a head; the last byte of its stream's number is missing."""
IGNORED = {
    "PRIORITY": wire.priority(9),
    "unknown": wire.frame(0x77, 0, 0, b"x"),
    "PING that answers none": wire.ping(ack=True),
    "a late WINDOW_UPDATE": wire.window_update(1, 10),
    "DATA on the way": wire.data(1, b"a"),
}


@pytest.mark.parametrize("name", IGNORED)
def test_a_frame_that_is_ignored_is_no_part_of_a_head(story: Make, name: str) -> None:
    tale = story(timeouts=Timeouts(head=5, keep_alive=60))
    tale.sends(head(1)).upstream_gets(b"GET /case").upstream(OK)
    until = tale.connection.deadline
    tale.sends(IGNORED[name])
    assert tale.connection.deadline == until
    tale.sends(head(3)).upstream_gets(b"GET /case", at=-1).sends(IGNORED[name])
    tale.advance(10)
    assert [each for each in tale.said() if each.kind == wire.GOAWAY] == []


def away(tale: RawMultiplexed) -> bool:
    return any(each.kind == wire.GOAWAY for each in tale.said())


def test_part_of_a_head_behind_a_whole_one_has_its_own_time(story: Make) -> None:
    tale = story(timeouts=Timeouts(head=5, keep_alive=60))
    tale.sends(head(1) + PART + b"\3").upstream_gets(b"GET /case").upstream(OK)
    tale.advance(4)
    assert not away(tale)
    tale.advance(2)
    assert away(tale)


def test_part_of_a_head_beside_a_body_that_has_not_ended_is_timed(story: Make) -> None:
    tale = story(timeouts=Timeouts(head=5, keep_alive=60))
    tale.sends(head(1, end=False)).upstream_gets(b"GET /case", end=False)
    tale.sends(PART).advance(6)
    assert not away(tale), "what is the head of a frame only may be that of a body"
    tale.sends(b"\3").advance(6)
    assert away(tale)
    tale.upstream_sees("open")


# --- what must not leave -----------------------------------------------------------------------


class Adds(Filter):
    """Puts a field into each answer to /bad."""

    def __init__(self, field: Field) -> None:
        self._field = field

    def on_response(self, exchange: Exchange) -> None:
        assert exchange.response is not None
        if exchange.request.target == b"/bad":
            exchange.response.fields.append(self._field)


@pytest.mark.parametrize(
    "field", [(b"x", b"1\r\nset-cookie: a=b"), (b"X-Upper", b"1"), (b"connection", b"close")]
)
def test_a_field_that_must_not_leave_ends_its_stream_alone_and_is_reported(
    story: Make, field: Field
) -> None:
    tale = story(filters=[Adds(field)])
    tale.sends(head(1, path=b"/bad"), head(3))
    tale.upstream_gets(b"GET /bad", at=0).upstream(OK, at=0)
    tale.upstream_gets(b"GET /case", at=1).upstream(OK, at=1)
    said = tale.said()
    assert [(each.stream, each.code) for each in said if each.kind == wire.RESET] == [(1, INTERNAL)]
    assert {each.stream: each.status for each in said if each.status} == {3: 200}
    tale.reported(InternalError)
