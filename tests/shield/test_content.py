"""Whole bodies are looked at before an origin hears of the request."""

import asyncio
import gzip
import threading
from collections.abc import Callable
from typing import Any

import pytest

from porch.buffer.request import BufferRequest
from porch.compress.requests import DecodeRequests
from porch.exchange import Exchange
from porch.shield.auth_thread import MOST_OF_ONE, SlowThread
from porch.shield.content import AT_ONCE, Content, Look, LookAtBody, Watch, has_body
from porch.shield.content_errors import BadContent, NobodyLooks
from tests.support.hooks import FakeExchange, seen
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
CHUNKED = b"POST /up HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
PIECE = b"x" * 60_000


class Sought(Content):
    """Refuses bodies with `bad` in them, and heads with it too."""

    def judge(self, exchange: Exchange) -> Look | None:
        if b"bad" in exchange.request.target:
            raise BadContent("It is bad.")
        return self._find if has_body(exchange) else None

    @staticmethod
    def _find(body: bytes) -> None:
        if b"bad" in body:
            raise BadContent("The body is bad.")


def upload(size: int, extra: bytes = b"") -> bytes:
    return b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n%b\r\n" % (size, extra)


@pytest.fixture
def looked(scenario: Make) -> Make:
    def make(most: int = 1_000_000, watch: Watch | None = None, **words: Any) -> Scenario:
        content = Sought(most, watch)
        buffered = BufferRequest(words.pop("buffer", None), content.wants)
        behind = words.pop("behind", ())
        look = LookAtBody(content, buffered, None)
        return scenario(filters=[content, *behind, buffered, look], **words)

    return make


def test_what_is_refused_by_its_head_is_not_gathered(looked: Make) -> None:
    looked().client(b"GET /bad HTTP/1.1\r\nhost: x\r\n\r\n").client_gets(
        400, b"http_request_denied"
    ).dialled(0).ended(1, "http_request_denied")


def test_the_origin_hears_nothing_of_a_body_that_is_refused(looked: Make) -> None:
    (
        looked()
        .client(upload(6) + b"a b")
        .dialled(0)
        .client(b"ad ")
        .client_gets(400, b"http_request_denied")
        .dialled(0)
    )


def test_what_is_not_goes_on_whole(looked: Make) -> None:
    (
        looked()
        .client(upload(6) + b"abc")
        .dialled(0)
        .client(b"def")
        .upstream_gets(b"POST /up", b"abcdef", field=(b"content-length", b"6"))
        .upstream(OK)
        .client_gets(200, b"hi")
        .ended(1, "")
    )


def test_a_large_one_is_looked_at_to_its_end(looked: Make) -> None:
    story = looked().client(upload(600_000))
    for _ in range(10):
        story.client(PIECE)
    story.upstream_gets(b"POST /up", PIECE * 10).upstream(OK).client_gets(200)
    story.client(upload(600_003))
    for _ in range(10):
        story.client(PIECE)
    story.client(b"bad").client_gets(400)


def test_in_chunks_too(looked: Make) -> None:
    story = looked().client(CHUNKED + b"3\r\na b\r\n").dialled(0).client(b"2\r\nad\r\n0\r\n\r\n")
    story.client_gets(400).dialled(0)


def test_more_than_is_looked_at_is_413(looked: Make) -> None:
    looked(most=10).client(upload(11)).client_gets(413, b"http_request_denied").dialled(0)
    story = looked(most=10).client(CHUNKED + b"5\r\n12345\r\n").client(b"6\r\n123456\r\n")
    story.client_gets(413).dialled(0)


def test_what_is_coded_cannot_be_looked_at_unless_it_is_decoded(looked: Make) -> None:
    coded = b"content-encoding: gzip\r\n"
    looked().client(upload(3, coded) + b"abc").client_gets(415).dialled(0)
    body = gzip.compress(b"it is bad")
    story = looked(behind=[DecodeRequests(1000)])
    story.client(upload(len(body), coded) + body).client_gets(400).dialled(0)
    body = gzip.compress(b"it is good")
    story = looked(behind=[DecodeRequests(1000)]).client(upload(len(body), coded))
    story.client(body).upstream_gets(b"POST /up", b"it is good").upstream(OK).client_gets(200)


def test_a_call_of_grpc_is_not_let_past(looked: Make) -> None:
    story = looked().client(upload(5, b"content-type: application/grpc+json\r\n") + b"ab")
    story.client_gets(415).dialled(0)


def test_with_buffer_request_the_smaller_bound_holds(looked: Make) -> None:
    looked(buffer=5).client(upload(6)).client_gets(413).dialled(0)
    story = looked(buffer=5_000_000).client(upload(3) + b"bad").client_gets(400).dialled(0)
    story.client(upload(3) + b"abc").upstream_gets(b"POST /up", b"abc").upstream(OK)
    story.client_gets(200)


# --- that only looks on -----------------------------------------------------------------------


def test_who_only_looks_on_tells_and_refuses_nobody(looked: Make) -> None:
    said: list[str] = []
    watch = Watch("json_body", said.append)
    story = looked(most=10, watch=watch)
    story.client(b"GET /bad?token=x HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(b"GET /bad?token=x")
    story.upstream(OK).client_gets(200)
    story.client(upload(3) + b"bad").upstream_gets(b"POST /up", b"bad").upstream(OK)
    story.client_gets(200)
    story.client(upload(11) + b"12345678901").upstream_gets(b"POST /up").upstream(OK)
    story.client_gets(200)
    story.client(upload(3, b"content-encoding: x\r\n") + b"abc").upstream_gets(b"POST /up")
    story.upstream(OK).client_gets(200)
    assert watch.count == 4
    (line,) = said
    assert "would answer 400 to 'GET /bad' of 192.0.2.7 (It is bad.), and to 1 requests" in line
    story.advance(61)
    story.client(b"GET /bad HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(b"GET /bad").upstream(OK)
    story.client_gets(200)
    assert "5 requests" in said[1]


def test_it_does_not_hold_back_what_has_no_length(looked: Make) -> None:
    story = looked(watch=Watch("x", print)).client(CHUNKED + b"3\r\nbad\r\n")
    story.dialled(1).client(b"0\r\n\r\n").upstream_gets(b"POST /up", b"bad").upstream(OK)
    story.client_gets(200)


# --- beside the loop ----------------------------------------------------------------------------


class Waiting(FakeExchange):
    """An exchange with a whole body, that is told how it goes on."""

    def __init__(self, body: bytes) -> None:
        super().__init__(method=b"POST", length=len(body))
        self.body = body
        self.client_ip = b"192.0.2.1"
        self.request_done = True
        self.ended = 0.0
        self.told = asyncio.Event()
        self.error: Exception | None = None

    def resume(self) -> None:
        self.told.set()

    def fail(self, error: Exception) -> None:
        self.error = error
        self.told.set()


class Bodies:
    """What was gathered of such."""

    def size_of(self, exchange: Exchange) -> int:
        return len(self.body_of(exchange))

    def body_of(self, exchange: Exchange) -> bytes:
        return exchange.body  # type: ignore[attr-defined, no-any-return]


def begun(body: bytes, content: Content, look: LookAtBody) -> Waiting:
    waiting = Waiting(body)
    waiting.bytes_in = len(body)
    content.on_request(seen(waiting))
    look.on_request(seen(waiting))
    return waiting


def test_a_large_body_is_looked_at_in_another_thread() -> None:
    async def story() -> None:
        where: list[int] = []

        class Told(Sought):
            @staticmethod
            def _find(body: bytes) -> None:
                where.append(threading.get_ident())
                Sought._find(body)

        content = Told(1_000_000, None)
        look = LookAtBody(content, Bodies(), SlowThread("bodies"))
        fine = begun(b"x" * (AT_ONCE + 1), content, look)
        assert not fine.told.is_set()
        await fine.told.wait()
        assert fine.error is None
        bad = begun(b"x" * AT_ONCE + b"bad", content, look)
        await bad.told.wait()
        assert isinstance(bad.error, BadContent)
        begun(b"x" * AT_ONCE, content, look)
        assert [each == threading.get_ident() for each in where] == [False, False, True]

    asyncio.run(story())


def test_one_client_may_have_a_few_wait() -> None:
    async def story() -> None:
        goes_on = threading.Event()

        class Slow(Sought):
            @staticmethod
            def _find(body: bytes) -> None:
                goes_on.wait(10)

        content = Slow(1_000_000, None)
        look = LookAtBody(content, Bodies(), SlowThread("bodies"))
        body = b"x" * (AT_ONCE + 1)
        waiting = [begun(body, content, look) for _ in range(MOST_OF_ONE)]
        with pytest.raises(NobodyLooks):
            begun(body, content, look)
        watched = Slow(1_000_000, Watch("x", print))
        begun(body, watched, LookAtBody(watched, Bodies(), look._thread))
        assert watched.watch is not None
        assert watched.watch.count == 1
        left = waiting[0]
        left.ended = 1.0
        goes_on.set()
        for each in waiting[1:]:
            await each.told.wait()
        assert not left.told.is_set(), "its client has left"

    asyncio.run(story())


def test_a_look_that_breaks_lets_nothing_through() -> None:
    async def story() -> None:
        class Broken(Sought):
            @staticmethod
            def _find(body: bytes) -> None:
                raise ValueError("oh")

        content = Broken(1_000_000, None)
        look = LookAtBody(content, Bodies(), SlowThread("bodies"))
        broken = begun(b"x" * (AT_ONCE + 1), content, look)
        await broken.told.wait()
        assert getattr(broken.error, "status", 0) == 500

    asyncio.run(story())
