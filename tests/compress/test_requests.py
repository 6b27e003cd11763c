"""Coded bodies of requests, over a network in memory."""

import gzip
from collections.abc import Callable, Iterator
from random import Random

import pytest

from porch.buffer.request import BufferRequest
from porch.compress import decoder
from porch.compress.requests import DecodeRequests
from tests.support.scenario import Scenario

MOST = 20_000
BODY = b"many words, " * 1000
Make = Callable[[], Scenario]


@pytest.fixture
def scenario(monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    made: list[Scenario] = []

    def make() -> Scenario:
        made.append(Scenario(monkeypatch, filters=[DecodeRequests(MOST)]))
        return made[-1]

    yield make
    for each in made:
        each.finish()


def post(body: bytes, coding: bytes = b"gzip", chunked: bool = False) -> bytes:
    length = b"transfer-encoding: chunked" if chunked else b"content-length: %d" % len(body)
    lines = b"POST /a HTTP/1.1\r\nhost: x\r\ncontent-encoding: %b\r\n%b\r\n\r\n" % (coding, length)
    return lines + (b"" if chunked else body)


LINES = b"identity\r\ncontent-encoding: "
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def test_the_origin_gets_what_it_was_before(scenario: Make) -> None:
    story = scenario().client(post(gzip.compress(BODY)))
    story.upstream_gets(
        b"POST /a",
        BODY,
        field=(b"content-length", b"%d" % len(BODY)),
        without=b"content-encoding",
    )
    story.upstream(ANSWER).client_gets(200, b"ok")


def test_in_pieces_too(scenario: Make) -> None:
    data = gzip.compress(BODY)
    story = scenario().client(post(b"", chunked=True))
    story.client(b"14\r\n" + data[:20] + b"\r\n")
    story.client(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data) - 20, data[20:]))
    story.upstream_gets(b"POST /a", BODY, without=b"content-encoding")
    story.upstream(ANSWER).client_gets(200, b"ok")


def test_one_that_waits_at_the_door_has_the_length_of_what_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = Random(1).randbytes(80_000).hex().encode()
    data = gzip.compress(body)
    filters = [DecodeRequests(1_000_000), BufferRequest(1_000_000)]
    story = Scenario(monkeypatch, filters=filters).client(post(b"", chunked=True))
    story.client(chunk(data[:50_000])).dialled(0).client(chunk(data[50_000:]) + b"0\r\n\r\n")
    length = (b"content-length", b"%d" % len(body))
    story.upstream_gets(b"POST /a", body, field=length)
    story.upstream(ANSWER).client_gets(200, b"ok").finish()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_other_bodies_go_as_they_came(scenario: Make) -> None:
    story = scenario().client(post(b"plain", b"identity"))
    story.upstream_gets(b"POST /a", b"plain", field=(b"content-encoding", b"identity"))
    story.upstream(ANSWER).client_gets(200, b"ok")
    story.client(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").upstream_gets(b"GET /a")
    story.upstream(ANSWER).client_gets(200, b"ok")


@pytest.mark.parametrize("coding", [b"gzip", b"compress", b"gzip, br"])
@pytest.mark.parametrize("method", [b"POST", b"DELETE"])
def test_what_has_no_body_goes_as_it_came(scenario: Make, coding: bytes, method: bytes) -> None:
    asked = post(b"", coding).replace(b"POST", method)
    story = scenario().client(asked)
    story.upstream_gets(method + b" /a", field=(b"content-encoding", coding))
    story.upstream(ANSWER).client_gets(200, b"ok")


def test_a_line_that_says_identity_is_no_coding(scenario: Make) -> None:
    story = scenario().client(post(gzip.compress(BODY), LINES + b"gzip"))
    story.upstream_gets(b"POST /a", BODY, without=b"content-encoding")
    story.upstream(ANSWER).client_gets(200, b"ok")


def test_one_that_is_too_large_names_the_word_that_bounds_it(scenario: Make) -> None:
    story = scenario().client(post(gzip.compress(b"a" * (MOST + 1)))).client_gets(413)
    error = story.latest.error
    assert error is not None
    assert "compress.decode_request" in error.sentence


@pytest.mark.parametrize(
    ("body", "coding", "status", "word"),
    [
        (gzip.compress(b"a" * (MOST + 1)), b"gzip", 413, "http_request_body_size"),
        (b"no gzip at all", b"gzip", 400, "http_request_error"),
        (gzip.compress(BODY)[:-5], b"gzip", 400, "http_request_error"),
    ],
)
def test_bombs_and_damage_are_refused(
    scenario: Make, body: bytes, coding: bytes, status: int, word: str
) -> None:
    story = scenario().client(post(body, coding)).client_gets(status).ended(1, word)
    story.upstream_gets_nothing()


@pytest.mark.parametrize("coding", [b"compress", b"gzip, br", b"rubbish", LINES + b"compress"])
def test_who_sends_another_coding_is_told_which_are_read(scenario: Make, coding: bytes) -> None:
    story = scenario().client(post(b"data", coding))
    story.client_gets(415, field=(b"accept-encoding", b"gzip, br, zstd, deflate"))


def test_where_too_many_are_decoded_at_once_further_ones_shall_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(decoder, "ROOM", 1)
    story = Scenario(monkeypatch, filters=[DecodeRequests(1 << 20)])
    story.client(post(gzip.compress(Random(3).randbytes(400_000))))
    story.client_gets(503, b"out_of_room")
    story.finish()
    assert decoder.windows.used == 0
