"""Answers in a coding that their client does not take."""

import gzip
from collections.abc import Callable

import pytest

from porch.compress.decoder import FLOOR, STEP
from porch.compress.refused import AnswerBomb, AnswerDamaged
from porch.compress.restoring import Restoring, refuses, undoable
from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Field, ResponseHead, Trailers
from porch.route.route import Timeouts
from porch.transform import transform
from tests.scenario.conftest import scenario
from tests.support.scenario import Scenario

__all__ = ["scenario"]

GET = b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n"


def answer(*fields: Field, status: int = 200, coding: bytes = b"br") -> ResponseHead:
    return ResponseHead(status, [(b"content-encoding", coding), *fields])


@pytest.mark.parametrize(
    ("accept", "does"),
    [
        (b"gzip", True),
        (b"", True),
        (b"gzip, br", False),
        (None, False),
        (b"*", False),
        (b"gzip, identity;q=0", False),
    ],
)
def test_who_takes_it_or_nothing_else_gets_it_as_it_is(accept: bytes | None, does: bool) -> None:
    assert refuses(accept, b"br") is does


def test_what_cannot_or_must_not_be_undone_stays() -> None:
    assert undoable(answer()) == b"br"
    assert undoable(answer(coding=b"compress")) is None
    assert undoable(answer(coding=b"gzip, br")) is None
    assert undoable(answer((b"content-encoding", b"br"))) is None
    assert undoable(answer((b"content-encoding", b"gzip"))) is None
    assert undoable(answer(status=304)) is None
    assert undoable(answer((b"cache-control", b"no-transform"))) is None
    assert undoable(ResponseHead(200, [])) is None


def test_identity_beside_it_is_no_coding() -> None:
    assert undoable(answer((b"content-encoding", b"identity"))) == b"br"


class Kinds(Filter):
    """Restores every answer, in front of what changes it besides."""

    def on_response(self, exchange: Exchange) -> None:
        Restoring(exchange, b"gzip")


def answered(data: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + chunk(data) + end


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def get(story: Scenario) -> Scenario:
    return story.client(GET).upstream_gets(b"GET /a")


@pytest.fixture
def story(scenario: Callable[..., Scenario]) -> Scenario:
    return get(scenario(filters=[Kinds()], timeouts=Timeouts(idle=5.0)))


def waiting(story: Scenario) -> int:
    return len(story.clients[-1].transport.buffer)


def test_it_is_what_it_was(story: Scenario) -> None:
    data = gzip.compress(b"hello" * 99)
    story.upstream(answered(data[:20], b"")).upstream(chunk(data[20:]))
    story.upstream(b"0\r\nrepr-digest: x\r\na: b\r\n\r\n")
    story.client_gets(200, b"hello" * 99, without=b"content-encoding", trailers=[(b"a", b"b")])


def test_a_small_one_says_its_length(story: Scenario) -> None:
    data = gzip.compress(b"hello" * 99)
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(data)
    story.upstream(head).upstream(data[:20]).client_gets_nothing().upstream(data[20:])
    story.client_gets(200, b"hello" * 99, field=(b"content-length", b"495"))
    assert story.latest.bytes_out == 495


@pytest.mark.parametrize("size", [1 << 20, 5 << 20])
def test_what_the_client_does_not_take_is_not_decoded(story: Scenario, size: int) -> None:
    story.client_full().upstream(answered(gzip.compress(bytes(size)))).ended(1, "")
    assert waiting(story) <= 3 * STEP
    for _ in range(size // 50_000):
        story.client_drained(50_000)
        assert waiting(story) <= 4 * STEP
    story.client_drained().client_gets(200, bytes(size))
    get(story).upstream(answered(gzip.compress(b"next"))).client_gets(200, b"next")


def test_its_origin_is_not_read_meanwhile(story: Scenario) -> None:
    data = gzip.compress(bytes(5 << 20))
    story.client_full().upstream(answered(data[:-9], b"")).upstream_is_read(False)
    assert waiting(story) <= 3 * STEP
    story.client_drained().upstream_is_read().upstream(chunk(data[-9:]) + b"0\r\n\r\n")
    story.client_gets(200, bytes(5 << 20))


def test_trailers_leave_to_a_client_that_is_full_with_the_last_piece(story: Scenario) -> None:
    data = gzip.compress(bytes(STEP + 66_000))
    story.client_full().upstream(answered(data, b"0\r\na: b\r\n\r\n")).ended(1, "")
    story.client_drained(STEP + 1000)
    story.client_drained().client_gets(200, bytes(STEP + 66_000), trailers=[(b"a", b"b")])


def test_the_next_request_waits_for_the_end_of_the_answer(story: Scenario) -> None:
    story.client_full().upstream(answered(gzip.compress(bytes(1 << 20)))).client(GET)
    story.upstream_gets_nothing().client_drained().client_gets(200, bytes(1 << 20))
    story.upstream_gets(b"GET /a").upstream(answered(gzip.compress(b"a"))).client_gets(200, b"a")


def test_a_client_that_leaves_or_takes_nothing_is_given_up(story: Scenario) -> None:
    story.client_full().upstream(answered(gzip.compress(bytes(1 << 20)))).client_leaves()
    get(story.connects()).client_full().upstream(answered(gzip.compress(bytes(1 << 20))))
    story.ended(2).advance(16.0).client_sees("reset")
    get(story.connects()).client_full()
    story.upstream(answered(gzip.compress(bytes(1 << 20))[:-9], b"")).client_leaves()
    story.ended(3, "client_gone").upstream_sees("closed")


def test_damage_behind_what_waited_ends_visibly(story: Scenario) -> None:
    data = gzip.compress(bytes(1 << 20))[:-8] + b"rubbish!"
    story.client_full().upstream(answered(data)).ended(1, "").client_drained()
    story.client_sees("closed")
    assert not bytes(story.clients[-1].transport.arrived).endswith(b"0\r\n\r\n")
    story.clients[-1].transport.arrived.clear()


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"this is no gzip at all", AnswerDamaged),
        (gzip.compress(bytes(FLOOR * 2)), AnswerBomb),
    ],
)
def test_lies_and_bombs_are_told_of(story: Scenario, data: bytes, why: type[AnswerDamaged]) -> None:
    story.upstream(answered(data, b"")).advance(0.5, tick=0.01)
    story.ended(1, "http_response_content_coding")
    error = story.recorder.ended[-1].error
    assert error is not None
    assert type(error) is why
    assert error.detail.startswith("gzip: ")
    assert (error.__traceback__, error.__context__) == (None, None)
    story.client_sees("reset" if why is AnswerDamaged else "closed")
    story.clients[-1].transport.arrived.clear()


def test_what_changes_it_besides_is_behind_it(scenario: Callable[..., Scenario]) -> None:
    class Upper(Filter):
        def on_response(self, exchange: Exchange) -> None:
            transform(exchange, self)

        def change(
            self, trailers: Trailers | None, data: bytes, end: bool
        ) -> tuple[Trailers | None, bytes]:
            return trailers, data.upper()

    for filters in ([Upper(), Kinds()], [Kinds(), Upper()]):
        story = get(scenario(filters=filters)).upstream(answered(gzip.compress(b"hello")))
        story.client_gets(200, b"HELLO")
