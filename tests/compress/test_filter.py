"""Whole exchanges whose answers are coded, over a network in memory."""

from dataclasses import replace
from random import Random
from typing import Any, cast

import brotli
import pytest

from porch.compress import workshop as module
from porch.compress.coder import FAST
from porch.compress.filter import Compress
from porch.compress.workshop import Workshop
from porch.errors import ConnectionLost, InternalError
from porch.exchange import Exchange
from porch.filter import Filter, Kept, Response
from porch.http.message import Field, ResponseHead, Trailers
from porch.reader import InMemory, Reader, begun
from porch.route.plan import Plan
from porch.route.route import Route
from porch.transform import transform
from tests.compress.conftest import BODY, OK, PLAIN, RULES, Answers, Make, decoded, get, raw
from tests.support.scenario import Scenario
from tests.test_exchange import Bench, FakeStream

CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.mark.parametrize("coding", [b"gzip", b"zstd", b"br"])
def test_an_answer_is_coded_and_says_its_length(scenario: Make, coding: bytes) -> None:
    story = scenario().client(get(accept=coding)).upstream_gets(b"GET /a").upstream(PLAIN + BODY)
    fields, body = raw(story)
    assert fields[b"content-encoding"] == coding
    assert fields[b"content-length"] == b"%d" % len(body)
    assert fields[b"vary"] == b"Accept-Encoding"
    assert decoded(coding, body) == BODY
    assert story.latest.bytes_out == len(body)


def test_an_answer_in_several_reads_is_coded_at_once(scenario: Make) -> None:
    story = scenario().client(get()).upstream_gets(b"GET /a").upstream(PLAIN + BODY[:99])
    story.client_gets_nothing().upstream(BODY[99:])
    fields, body = raw(story)
    assert fields[b"content-length"] == b"%d" % len(body)
    assert decoded(b"gzip", body) == BODY


def test_a_stream_leaves_piece_by_piece(scenario: Make, shop: Workshop) -> None:
    story = scenario().client(get()).upstream_gets(b"GET /a").upstream(CHUNKED + chunk(b"a: 1\n"))
    head = story.clients[-1].read_head(bodiless=False)
    assert (b"content-encoding", b"gzip") in head.fields
    assert shop.running == 1
    got = head.body
    head.body = b""
    story.upstream(chunk(b"b: 2\n"))
    piece = story.clients[-1].read_body()
    assert piece.body, "it does not wait for more"
    got += piece.body
    piece.body = b""
    story.upstream(b"0\r\n\r\n")
    got += story.clients[-1].read_body().body
    assert decoded(b"gzip", got) == b"a: 1\nb: 2\n"
    story.ended(1, "")


@pytest.mark.parametrize("accept", [None, b"", b"identity", b"gzip;q=0", b"deflate"])
def test_who_takes_no_coding_gets_the_answer_as_it_is(scenario: Make, accept: bytes | None) -> None:
    story = scenario().client(get(accept=accept)).upstream_gets(b"GET /a").upstream(PLAIN + BODY)
    story.client_gets(200, BODY, field=(b"vary", b"Accept-Encoding"), without=b"content-encoding")


@pytest.mark.parametrize(
    "field",
    [
        b"content-encoding: compress",
        b"cache-control: no-transform",
        b"content-type: image/png",
        b"content-range: bytes 0-1/3",
    ],
)
def test_what_is_never_coded_is_not_said_to_vary(scenario: Make, field: bytes) -> None:
    head = PLAIN.replace(b"content-type: text/plain", field)
    story = scenario().client(get()).upstream_gets(b"GET /a").upstream(head + BODY)
    story.client_gets(200, BODY, without=b"vary")


def test_what_would_be_larger_stays(scenario: Make) -> None:
    noise = Random(1).randbytes(1500)
    head = OK + b'content-length: 1500\r\netag: "a"\r\n\r\n'
    story = scenario(least=1).client(get(accept=b"zstd")).upstream_gets(b"GET /a")
    story.upstream(head + noise)
    fields, body = raw(story)
    assert body == noise
    assert b"content-encoding" not in fields
    assert fields[b"etag"] == b'"a"'


def test_a_short_one_whose_length_nobody_said_stays_too(scenario: Make) -> None:
    story = scenario().client(get()).upstream_gets(b"GET /a")
    story.upstream(CHUNKED + chunk(b"short") + b"0\r\n\r\n")
    fields, body = raw(story)
    assert (fields.get(b"content-encoding"), body) == (None, b"short")


@pytest.mark.parametrize("accept", [b"gzip", b"identity", b""])
def test_a_coding_that_the_client_cannot_read_is_undone(scenario: Make, accept: bytes) -> None:
    data = brotli.compress(BODY)
    head = OK + b'content-encoding: br\r\netag: "a"\r\ncontent-length: %d\r\n\r\n' % len(data)
    story = scenario().client(get(accept=accept)).upstream_gets(b"GET /a").upstream(head + data)
    fields, body = raw(story)
    assert fields[b"etag"] == b'W/"a"'
    assert fields[b"vary"] == b"Accept-Encoding"
    assert fields[b"content-length"] == b"%d" % len(body)
    assert fields.get(b"content-encoding") == (accept if accept == b"gzip" else None)
    assert (decoded(b"gzip", body) if accept == b"gzip" else body) == BODY
    story.client(get(method=b"HEAD", accept=accept)).upstream_gets(b"HEAD /a").upstream(head)
    story.client_gets(200, field=(b"etag", b'W/"a"'), without=b"content-length", bodiless=True)


def test_what_waits_for_its_client_is_coded_to_the_end(scenario: Make, shop: Workshop) -> None:
    """Of the decoded, more than a step; of the coded, more than a client that is full is sent."""
    body = Random(1).randbytes(1_500_000).hex().encode()
    data = brotli.compress(body, quality=1)
    head = OK + b"content-encoding: br\r\ncontent-length: %d\r\n\r\n" % len(data)
    story = scenario().client(get()).upstream_gets(b"GET /a").client_full()
    story.upstream(head + data[:9000]).client_drained().client_full().upstream(data[9000:])
    while shop.running:
        story.client_drained(60_000)
    story.client_drained()
    assert decoded(b"gzip", raw(story)[1]) == body


def test_a_large_body_in_brotli_is_decoded_wholly(scenario: Make) -> None:
    body = Random(1).randbytes(1000) * 2000
    data = brotli.compress(body)
    head = OK + b"content-encoding: br\r\ncontent-length: %d\r\n\r\n" % len(data)
    story = scenario().client(get(accept=b"")).upstream_gets(b"GET /a").upstream(head + data)
    story.advance(0.2, tick=0.01)
    assert raw(story)[1] == body


@pytest.mark.parametrize("accept", [b"br", None, b"gzip, identity;q=0"])
@pytest.mark.parametrize("kind", [b"text/plain", b"image/png"])
def test_a_coding_that_is_undone_for_others_varies(
    scenario: Make, accept: bytes | None, kind: bytes
) -> None:
    data = brotli.compress(BODY)
    head = OK.replace(b"text/plain", kind) + b"content-encoding: br\r\ncontent-length: "
    story = scenario().client(get(accept=accept)).upstream_gets(b"GET /a")
    story.upstream(head + b'%d\r\netag: "a"\r\n\r\n' % len(data) + data)
    fields, body = raw(story)
    assert (fields[b"content-encoding"], fields[b"etag"], body) == (b"br", b'"a"', data)
    assert fields[b"vary"] == b"Accept-Encoding"


@pytest.mark.parametrize("second", [b"gzip", b"br"])
def test_two_codings_in_two_lines_are_left_alone(scenario: Make, second: bytes) -> None:
    lines = b"content-encoding: gzip\r\ncontent-encoding: %b\r\n" % second
    story = scenario().client(get(accept=b"identity")).upstream_gets(b"GET /a")
    story.upstream(OK + lines + b"content-length: 4\r\n\r\ntwic")
    message = story.clients[-1].read_head(bodiless=False)
    assert (message.values(b"content-encoding"), message.body) == ([b"gzip", second], b"twic")
    message.body = b""


def test_an_origin_that_lies_about_its_coding_ends_visibly(scenario: Make) -> None:
    head = OK + b"content-encoding: br\r\ntransfer-encoding: chunked\r\n\r\n"
    story = scenario().client(get()).upstream_gets(b"GET /a")
    story.upstream(head + chunk(b"this is no brotli at all")).advance(0.1, tick=0.01)
    story.client_gets_nothing().client_sees("reset").ended(1, "http_response_content_coding")


def test_head_says_what_get_would(scenario: Make) -> None:
    story = scenario().client(get(method=b"HEAD")).upstream_gets(b"HEAD /a").upstream(PLAIN)
    story.client_gets(
        200, field=(b"content-encoding", b"gzip"), without=b"content-length", bodiless=True
    )


def test_tags_come_back_as_they_were(scenario: Make) -> None:
    tag = b'etag: "a"\r\n'
    story = scenario().client(get()).upstream_gets(b"GET /a")
    story.upstream(PLAIN[:-2] + tag + b"\r\n" + BODY)
    fields, _ = raw(story)
    assert fields[b"etag"] == b'W/"a"'
    story.client(get(b'if-none-match: W/"a"'))
    story.upstream_gets(b"GET /a", field=(b"if-none-match", b'W/"a", "a"'))
    story.upstream(b"HTTP/1.1 304 Not Modified\r\n" + tag + b"\r\n")
    story.client_gets(304, field=(b"etag", b'W/"a"'), bodiless=True)
    story.client(get(b'if-none-match: "a"')).upstream_gets(b"GET /a")
    story.upstream(b"HTTP/1.1 304 Not Modified\r\n" + tag + b"\r\n")
    fields, _ = raw_304(story)
    assert fields[b"etag"] == b'"a"'
    assert fields[b"vary"] == b"Accept-Encoding"


def raw_304(story: Scenario) -> tuple[dict[bytes, bytes], bytes]:
    message = story.clients[-1].read_head(bodiless=True)
    return dict(message.fields), message.body


def test_what_is_made_at_the_door_is_coded_too(scenario: Make) -> None:
    made = Response(200, ((b"content-type", b"text/html"),), BODY)
    for _ in range(2):
        fields, body = raw(scenario(Answers(made)).client(get()))
        assert fields[b"content-length"] == b"%d" % len(body)
        assert decoded(b"gzip", body) == BODY
    assert made.body == BODY, "it is another's"
    scenario(Answers(made)).client(get(method=b"HEAD")).client_gets(
        200, field=(b"content-encoding", b"gzip"), without=b"content-length", bodiless=True
    )


def test_what_is_kept_has_the_fields_of_each_time(scenario: Make) -> None:
    fields: list[Field] = [(b"content-type", b"text/html"), (b"content-length", b"6400")]
    made = Kept(ResponseHead(200, fields, len(BODY)), BODY)
    got, body = raw(scenario(Answers(made)).client(get()))
    assert got[b"content-length"] == b"%d" % len(body)
    assert got[b"content-encoding"] == b"gzip"


class Kepts(Answers):
    """As a cache has them: another head each time, bytes with a name."""

    def __init__(self, body: bytes, name: bytes = b"1", source: bool = False, *more: Field) -> None:
        self.body = body
        self.name = name
        self.source = source
        self.more = more

    def on_request(self, exchange: Exchange) -> Response:
        size = len(self.body)
        fields = [(b"content-type", b"text/html"), (b"content-length", b"%d" % size)]
        head = ResponseHead(200, [*fields, *self.more], size)
        if exchange.request.method == b"HEAD":
            return Kept(head, b"", None, self.name)
        if self.source:
            made = begun(head, InMemory(self.body), [(0, size)], Reader)
            made.name = self.name
            return made
        return Kept(head, self.body, None, self.name)


def test_what_is_stored_is_coded_once(
    scenario: Make, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = scenario(Kepts(BODY))
    first = raw(story.client(get()))
    monkeypatch.setattr(type(shop.coders[b"gzip"]), "whole", None)
    again = raw(story.client(get()))
    assert first == again
    assert decoded(b"gzip", again[1]) == BODY
    story.client(get(method=b"HEAD")).client_gets(
        200, field=(b"content-length", b"%d" % len(again[1])), bodiless=True
    )


def test_a_stored_body_in_pieces_is_coded_once_too(scenario: Make, shop: Workshop) -> None:
    body = Random(2).randbytes(300_000).hex().encode()
    story = scenario(Kepts(body, source=True)).client(get())
    story.advance(0.1, tick=0.01)
    head = story.clients[-1].read_head(bodiless=False)
    assert head.ended
    assert head.values(b"content-length") == []
    assert decoded(b"gzip", head.body) == body
    head.body = b""
    fields, again = raw(story.client(get()))
    assert fields[b"content-length"] == b"%d" % len(again)
    assert decoded(b"gzip", again) == body


@pytest.mark.parametrize("size", [200, 9_500], ids=["small", "large"])
def test_a_stored_answer_that_the_origin_coded_is_given_in_another_coding_each_time(
    scenario: Make, size: int
) -> None:
    body = Random(2).randbytes(size * 16).hex().encode()
    coded = (b"content-encoding", b"br")
    data = brotli.compress(body, quality=1)
    story = scenario(Kepts(data, b"1", size > 200, coded))
    for number in range(4):
        story.client(get()).advance(0.1, tick=0.01)
        fields, got = raw(story)
        assert fields[b"content-encoding"] == b"gzip"
        assert decoded(b"gzip", got) == body
        if number:
            assert fields[b"content-length"] == b"%d" % len(got)
    story.client(get(accept=b"identity")).advance(0.1, tick=0.01)
    assert raw(story)[1] == body
    story.ended(5, "")


def test_what_is_known_not_to_shrink_is_not_tried_again(scenario: Make, shop: Workshop) -> None:
    noise = Random(3).randbytes(2000)
    story = scenario(Kepts(noise))
    for _ in range(2):
        story.client(get()).client_gets(200, noise, field=(b"vary", b"Accept-Encoding"))
    assert shop.forms.get(b"1", shop.coders[b"gzip"], len(noise)) == b""


class Numbers(Filter):
    """Says in each answer which one it is."""

    def __init__(self) -> None:
        self.count = 0

    def on_response(self, exchange: Exchange) -> None:
        transform(exchange, self)

    def change(
        self, trailers: Trailers | None, data: bytes, end: bool
    ) -> tuple[Trailers | None, bytes]:
        self.count += 1
        return trailers, b"%d: " % self.count + data


@pytest.mark.parametrize("source", [True, False])
def test_what_is_changed_on_its_way_is_nobody_else_s_form(
    monkeypatch: pytest.MonkeyPatch, shop: Workshop, source: bool
) -> None:
    filters = (Numbers(), Compress(RULES, shop), Kepts(BODY, source=source))
    story = Scenario(monkeypatch, filters=filters)
    for count in (b"1", b"2", b"3"):
        fields, body = raw(story.client(get()))
        assert fields[b"content-encoding"] == b"gzip"
        assert decoded(b"gzip", body) == count + b": " + BODY
    assert shop.forms.get(b"1", shop.coders[b"gzip"], len(BODY)) is None
    story.finish()


def test_a_large_body_in_memory_does_not_hold_up_the_others(scenario: Make) -> None:
    body = b"a large body, " * 200_000
    story = scenario(Answers(Response(200, ((b"content-type", b"text/html"),), body)))
    head = story.client(get()).clients[-1].read_head(bodiless=False)
    story.advance(0.1, tick=0.01)
    head = story.clients[-1].read_body()
    assert decoded(b"gzip", head.body) == body


def test_who_is_too_busy_sends_answers_as_they_are(scenario: Make, shop: Workshop) -> None:
    shop.brake.step = 2
    story = scenario().client(get()).upstream_gets(b"GET /a").upstream(PLAIN + BODY)
    story.client_gets(200, BODY, field=(b"vary", b"Accept-Encoding"), without=b"content-encoding")


def test_a_stream_that_finds_no_room_goes_out_as_it_is(
    scenario: Make, shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "ROOM", 1000)
    story = scenario().client(get()).upstream_gets(b"GET /a").upstream(CHUNKED + chunk(b"ab"))
    story.client_gets(200, b"ab", without=b"content-encoding", end=False)
    story.upstream(chunk(b"c") + b"0\r\n\r\n").client_gets(body=b"c")


def test_a_client_that_leaves_takes_its_stream_with_it(scenario: Make, shop: Workshop) -> None:
    story = scenario().client(get()).upstream_gets(b"GET /a").upstream(CHUNKED + chunk(b"ab"))
    assert shop.running == 1
    story.client_gets(200, end=False).client_leaves().ended(1, "client_gone")
    assert shop.running == 0


def test_an_origin_that_fails_in_the_middle_ends_it_visibly(scenario: Make) -> None:
    story = scenario().client(get()).upstream_gets(b"GET /a").upstream(CHUNKED + chunk(b"ab"))
    story.client_gets(200, end=False).upstream_resets().client_sees("closed").ended(1)


def test_sums_behind_the_body_go(scenario: Make) -> None:
    story = scenario().client(get()).upstream_gets(b"GET /a").upstream(CHUNKED + chunk(BODY))
    story.client_gets(200, end=False).upstream(b"0\r\nrepr-digest: x\r\nx-a: b\r\n\r\n")
    story.client_gets(body=None, trailers=[(b"x-a", b"b")])


def test_padding_has_no_length_of_its_own(scenario: Make) -> None:
    story = scenario(padding=64)
    lengths = set()
    for _ in range(20):
        story.client(get()).upstream_gets(b"GET /a").upstream(PLAIN + BODY)
        lengths.add(len(raw(story)[0][b"x-padding"]))
    assert len(lengths) > 3
    assert lengths <= set(range(1, 65))


def test_its_state_can_be_read(shop: Workshop) -> None:
    assert repr(Compress(RULES, shop)) == "<Compress gzip zstd br <Workshop 0 streams, 0 bytes>>"


class FakeClient(FakeStream):
    """With all that a client's stream has."""

    peer, port, interim, trailers, security = b"192.0.2.7", b"80", True, False, None


def test_ten_thousand_streams_that_end_anywhere_leave_no_coder_behind(shop: Workshop) -> None:
    draw, words = Random(1), (b"gzip", b"zstd", b"br")
    filter_ = Compress(replace(RULES, effort=FAST), shop)
    open_: list[Any] = []
    most = 0
    for number in range(10_000):
        upstream = FakeStream()
        bench = Bench(upstream)
        exchange = bench.exchange
        exchange.client = cast("Any", FakeClient())
        exchange.route = Route(key="r", plan=Plan([filter_]), destination=bench.pools)
        exchange.request.fields.append((b"accept-encoding", words[number % 3]))
        exchange.on_request(b"", True)
        exchange.on_response(ResponseHead(200, [(b"content-type", b"text/css")]), b"a{}", False)
        open_.append(exchange)
        most = max(most, shop.running)
        while len(open_) > draw.randint(0, 90) or (number == 9_999 and open_):
            one = open_.pop(draw.randrange(len(open_)))
            for _ in range(draw.randint(0, 3)):
                one.on_response(None, b"b{}" * draw.randint(0, 99), False)
            match draw.randint(0, 3):
                case 0:
                    one.on_client_lost()
                case 1:
                    one.on_upstream_lost(ConnectionLost("x"))
                case 2:
                    one.on_response(None, b"c{}", True)
                case _:
                    one.fail(InternalError("x"))
            assert one.ended
    assert most > 20
    assert (shop.running, shop.used, filter_._running) == (0, 0, {})
