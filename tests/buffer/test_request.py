"""Requests that are sent when they are whole."""

import errno
import gzip
import os
from collections.abc import Callable

import pytest

from porch.buffer.request import BufferRequest
from porch.compress.requests import DecodeRequests
from porch.config.schema_retry import RetryModel
from porch.exchange import Exchange
from porch.filter import Filter
from porch.route.route import Timeouts
from porch.shield.body_limit import BodyLimit
from tests.support.h2_story import origin, spoken
from tests.support.scenario import Scenario

Make = Callable[..., Scenario]

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"
CHUNKED = b"POST /up HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
PIECE = b"x" * 60_000


def upload(size: int, extra: bytes = b"") -> bytes:
    return b"POST /up HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n%b\r\n" % (size, extra)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.fixture
def buffered(scenario: Make) -> Make:
    def make(most: int = 1_000_000, **settings: object) -> Scenario:
        return scenario(filters=[BufferRequest(most)], **settings)

    return make


def test_the_origin_hears_nothing_before_the_request_is_whole(buffered: Make) -> None:
    (
        buffered()
        .client(upload(6) + b"abc")
        .dialled(0)
        .client(b"def")
        .upstream_gets(b"POST /up", b"abcdef", field=(b"content-length", b"6"))
        .upstream(OK)
        .client_gets(200, b"hi")
        .ended(1, "")
    )


def test_a_large_one_is_sent_as_fast_as_the_origin_takes_it(buffered: Make) -> None:
    story = buffered().client(upload(600_000))
    for _ in range(9):
        story.client(PIECE)
    story.dialled(0).client_is_read().endpoint("hangs").client(PIECE).endpoint("accepts")
    story.upstream_gets(b"POST /up", PIECE * 10)
    story.upstream(OK).client_gets(200)


def test_an_origin_that_takes_nothing_is_not_sent_everything(buffered: Make) -> None:
    story = buffered().client(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(b"GET /a")
    story.upstream(OK).client_gets(200).upstream_full().client(upload(600_000))
    for _ in range(10):
        story.client(PIECE)
    assert story.latest.ended
    assert story.upstreams[0].transport.get_write_buffer_size() < 200_000
    story.upstream_drained().upstream_gets(b"POST /up", PIECE * 10)
    story.upstream(OK).client_gets(200).ended(2).dialled(1)


def test_chunks_become_a_length(buffered: Make) -> None:
    (
        buffered()
        .client(CHUNKED + chunk(b"abc"))
        .dialled(0)
        .client(chunk(b"def") + b"0\r\n\r\n")
        .upstream_gets(
            b"POST /up", b"abcdef", field=(b"content-length", b"6"), without=b"transfer-encoding"
        )
        .upstream(OK)
        .client_gets(200)
    )


def test_large_chunks_become_a_length(buffered: Make) -> None:
    (
        buffered()
        .client(CHUNKED)
        .client(chunk(PIECE) * 4)
        .client(b"0\r\n\r\n")
        .upstream_gets(b"POST /up", PIECE * 4, field=(b"content-length", b"240000"))
        .upstream(OK)
        .client_gets(200)
    )


def test_trailers_stay_behind_the_body(buffered: Make) -> None:
    (
        buffered()
        .client(CHUNKED + chunk(b"abc"))
        .client(b"0\r\nlast: 1\r\n\r\n")
        .upstream_gets(b"POST /up", b"abc", trailers=[(b"last", b"1")])
        .upstream(OK)
        .client_gets(200)
    )


def test_too_much_is_refused_by_its_length(buffered: Make) -> None:
    buffered(100).client(upload(101)).client_gets(413, b"http_request_body_size").dialled(0)


def test_too_many_chunks_are_refused_when_they_are_too_many(buffered: Make) -> None:
    (
        buffered(100)
        .client(CHUNKED + chunk(b"x" * 60))
        .client(chunk(b"x" * 60))
        .client_gets(413, b"http_request_body_size")
        .dialled(0)
        .ended(1, "http_request_body_size")
    )


def test_too_much_in_the_first_read_is_refused(buffered: Make) -> None:
    buffered(100).client(CHUNKED + chunk(b"x" * 160)).client_gets(413).dialled(0)


def test_who_waits_for_100_hears_it_from_the_door(buffered: Make) -> None:
    (
        buffered()
        .client(upload(3, b"expect: 100-continue\r\n"))
        .client_gets(raw=b"HTTP/1.1 100 Continue\r\n\r\n")
        .dialled(0)
        .client(b"abc")
        .upstream_gets(b"POST /up", b"abc", without=b"expect")
        .upstream(OK)
        .client_gets(200)
    )


def test_a_refused_one_is_not_asked_for(buffered: Make) -> None:
    buffered(2).client(upload(3, b"expect: 100-continue\r\n")).client_gets(413)


def test_a_request_without_a_body_goes_on_at_once(buffered: Make) -> None:
    (
        buffered()
        .client(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n")
        .upstream_gets(b"GET /a", b"")
        .upstream(OK)
        .client_gets(200)
    )


def test_a_client_that_leaves_in_the_middle_costs_the_origin_nothing(buffered: Make) -> None:
    buffered().client(upload(600_000) + PIECE).client(PIECE * 2).client_leaves().dialled(0).ended(
        1, "client_gone"
    )


def test_a_client_that_sends_nothing_more_is_answered_408(buffered: Make) -> None:
    (
        buffered(timeouts=Timeouts(idle=5.0))
        .client(upload(10) + b"abc")
        .advance(4.0)
        .client(b"d")
        .advance(4.0)
        .client_gets_nothing()
        .advance(2.0)
        .client_gets(408, b"http_request_timeout")
        .dialled(0)
    )


def test_an_origin_that_refuses_is_followed_by_another(buffered: Make) -> None:
    (
        buffered(endpoints=2)
        .endpoint("refuses", at=0)
        .endpoint("refuses", at=1)
        .client(upload(120_000) + PIECE)
        .endpoint("accepts", at=1)
        .client(PIECE)
        .upstream_gets(b"POST /up", PIECE * 2)
        .upstream(OK)
        .client_gets(200)
    )


def test_an_answer_before_the_end_ends_the_sending(buffered: Make) -> None:
    story = buffered().client(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(b"GET /a")
    story.upstream(OK).client_gets(200).upstream_full().client(upload(600_000))
    for _ in range(10):
        story.client(PIECE)
    story.upstream(b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n").client_gets(403, b"")
    story.client_sees("open").client(b"GET /b HTTP/1.1\r\nhost: x\r\n\r\n").dialled(2)
    story.upstream_gets(b"GET /b").upstream(OK).client_gets(200)


def test_a_full_disk_is_503_and_says_so(buffered: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    story = buffered().client(upload(600_000) + PIECE)
    monkeypatch.setattr(os, "pwrite", full)
    story.client(PIECE * 2).client_gets(503, b"out_of_room").dialled(0)
    assert "No space left on device" in str(story.latest.error)


def test_hooks_see_the_whole_body_and_its_end(scenario: Make) -> None:
    class Seen(Filter):
        def __init__(self) -> None:
            self.data = b""
            self.ends = 0

        def on_request_data(self, exchange: object, data: bytes) -> bytes:
            self.data += data
            self.ends += exchange.request_done  # type: ignore[attr-defined]
            return data

    seen = Seen()
    story = scenario(filters=[seen, BufferRequest(1_000_000)])
    story.client(upload(180_000) + PIECE).client(PIECE).client(PIECE)
    story.upstream_gets(b"POST /up", PIECE * 3).upstream(OK).client_gets(200)
    assert (seen.data, seen.ends) == (PIECE * 3, 1)
    assert story.latest.bytes_in == 180_000


def test_what_comes_behind_it_is_the_next_request(buffered: Make) -> None:
    (
        buffered()
        .client(upload(6) + b"abc")
        .client(b"def" + b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n")
        .upstream_gets(b"POST /up", b"abcdef")
        .upstream(OK)
        .client_gets(200)
        .upstream_gets(b"GET /a")
        .upstream(OK)
        .client_gets(200)
        .ended(2)
    )


def test_short_chunks_that_come_at_once_have_a_length_too(buffered: Make) -> None:
    (
        buffered()
        .client(CHUNKED + chunk(b"abc") + b"0\r\n\r\n")
        .upstream_gets(b"POST /up", b"abc", field=(b"content-length", b"3"))
        .upstream(OK)
        .client_gets(200)
    )


@pytest.mark.parametrize("size", [1000, 70_000, 700_000])
def test_a_body_that_is_changed_on_its_way_has_the_length_of_what_comes_out(
    scenario: Make, size: int
) -> None:
    plain = os.urandom(size // 2).hex().encode()
    coded = gzip.compress(plain)
    story = scenario(filters=[DecodeRequests(1_000_000), BufferRequest(1_000_000)])
    story.client(upload(len(coded), b"content-encoding: gzip\r\n"))
    for at in range(0, len(coded), 50_000):
        story.client(coded[at : at + 50_000])
    length = (b"content-length", b"%d" % len(plain))
    story.upstream_gets(b"POST /up", plain, field=length, without=b"content-encoding")
    story.upstream(OK).client_gets(200)


def test_what_comes_out_is_bounded_too(scenario: Make) -> None:
    coded = gzip.compress(os.urandom(100_000).hex().encode())
    story = scenario(filters=[DecodeRequests(1_000_000), BufferRequest(150_000)])
    story.client(upload(len(coded), b"content-encoding: gzip\r\n")).client(coded)
    story.client_gets(413).dialled(0)


def test_what_a_hook_refuses_no_origin_hears_of(scenario: Make) -> None:
    story = scenario(filters=[BodyLimit(100_000), BufferRequest(1_000_000)])
    story.client(CHUNKED + chunk(PIECE)).client(chunk(PIECE)).client_gets(413).dialled(0)


def test_a_call_of_grpc_goes_on_as_it_comes(buffered: Make) -> None:
    story = buffered(100).client(CHUNKED[:-2] + b"content-type: application/grpc\r\n\r\n")
    story.upstream_gets(b"POST /up", end=False).client(chunk(b"abc"))
    story.upstream_gets(body=b"abc", end=False).client(chunk(b"x" * 200) + b"0\r\n\r\n")
    story.upstream_gets(body=b"x" * 200).upstream(OK).client_gets(200)


def test_a_large_one_is_sent_again_from_the_beginning(buffered: Make) -> None:
    story = buffered(endpoints=2).client(upload(180_000).replace(b"POST", b"PUT"))
    for _ in range(3):
        story.client(PIECE)
    story.upstream_gets(b"PUT /up", PIECE * 3).upstream_resets()
    story.upstream_gets(b"PUT /up", PIECE * 3).upstream(OK).client_gets(200).ended(1, "")
    assert story.latest.bytes_in == 180_000


def test_it_is_sent_again_when_the_first_has_taken_a_part(buffered: Make) -> None:
    story = buffered(endpoints=2).client(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n")
    story.upstream_gets(b"GET /a").upstream(OK).client_gets(200).upstream_full()
    story.client(upload(600_000).replace(b"POST", b"PUT"))
    for _ in range(10):
        story.client(PIECE)
    first = len(story.upstreams[0].transport.arrived)
    story.upstream_resets(at=0).upstream_gets(b"PUT /up", PIECE * 10).upstream(OK)
    story.client_gets(200).ended(2, "")
    story.upstreams[0].transport.arrived.clear()
    assert first < 200_000


def test_a_post_is_not_sent_again(buffered: Make) -> None:
    story = buffered(endpoints=2).client(upload(180_000))
    for _ in range(3):
        story.client(PIECE)
    story.upstream_gets(b"POST /up", PIECE * 3).upstream_resets().client_gets(502)


def test_a_large_one_with_trailers_is_sent_again_with_them(buffered: Make) -> None:
    story = buffered(endpoints=2).client(CHUNKED.replace(b"POST", b"PUT"))
    story.client(chunk(PIECE) * 2).client(b"0\r\nlast: 1\r\n\r\n")
    for _ in range(2):
        story.upstream_gets(b"PUT /up", PIECE * 2, trailers=[(b"last", b"1")])
        if story.dialers[1].dials == 0 or story.dialers[0].dials == 0:
            story.upstream_resets()
    story.upstream(OK).client_gets(200)


def test_a_second_attempt_beside_is_not_made_of_a_body_that_is_not_held(scenario: Make) -> None:
    story = scenario(filters=[BufferRequest(1_000_000)], endpoints=2, retry=RetryModel(hedge=0.1))
    story.client(upload(180_000).replace(b"POST", b"PUT"))
    for _ in range(3):
        story.client(PIECE)
    story.upstream_gets(b"PUT /up", PIECE * 3).advance(2.0)
    story.upstream(OK).client_gets(200).ended(1, "")
    assert [each.dials for each in story.dialers].count(0) == 1


def test_a_slow_origin_is_waited_for_as_long_as_it_takes_anything(buffered: Make) -> None:
    timeouts = Timeouts(idle=5.0, response=5.0)
    story = buffered(timeouts=timeouts).client(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n")
    story.upstream_gets(b"GET /a").upstream(OK).client_gets(200).upstream_full()
    story.client(upload(600_000))
    for _ in range(10):
        story.client(PIECE)
    for _ in range(10):
        story.upstream_drained(10_000).advance(3.0)
    story.ended(1).upstream_drained().upstream_gets(b"POST /up", PIECE * 10)
    story.advance(3.0).upstream(OK).client_gets(200)


def test_a_client_that_leaves_while_a_slow_origin_is_given_its_body_is_noticed(
    buffered: Make,
) -> None:
    story = buffered().client(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(b"GET /a")
    story.upstream(OK).client_gets(200).upstream_full().client(upload(600_000))
    for _ in range(10):
        story.client(PIECE)
    story.client_is_read().client_leaves().ended(2, "client_gone").upstream_sees("closed")
    story.upstreams[0].transport.arrived.clear()


def test_an_origin_of_http_2_gets_it_as_its_windows_allow(buffered: Make) -> None:
    story = spoken(buffered()).client(upload(600_000))
    for _ in range(10):
        story.client(PIECE)
    far = origin(story)
    number = next(iter(far.requests))
    assert far.requests[number].body == PIECE * 10


def test_a_body_that_was_gathered_can_be_had(scenario: Make) -> None:
    """In memory as in a file, and of no other than those that are wanted where that is said."""
    sizes: list[int] = []

    class Last(Filter):
        def on_request(self, exchange: Exchange) -> None:
            sizes.append(buffered.size_of(exchange))
            assert buffered.body_of(exchange) == b"x" * sizes[-1]

    buffered = BufferRequest(None, lambda exchange: 200_000 if exchange.bytes_in != 2 else None)
    story = scenario(filters=[buffered, Last()])
    for size in (3, 200_000):
        story.client(upload(size))
        for _ in range(-(-size // 50_000)):
            story.client(b"x" * min(size, 50_000))
        story.upstream_gets(b"POST /up").upstream(OK).client_gets(200)
    assert sizes == [3, 200_000]
    story.client(upload(200_001)).client_gets(413)
    story.connects().client(upload(4) + b"xx")
    story.client(b"xx").upstream_gets(b"POST /up", b"xxxx").upstream(OK).client_gets(200)
    assert sizes == [3, 200_000, 2]
