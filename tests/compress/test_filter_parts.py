"""Parts of answers: of what may be coded here, and of what origins have coded."""

import pytest

from porch.filter import Kept
from porch.http.message import ResponseHead
from porch.reader import InMemory, Reader
from tests.compress.conftest import BODY, PLAIN, Answers, Make, get


@pytest.mark.parametrize(
    ("condition", "accept", "goes"),
    [
        (b'W/"a"', b"gzip", False),
        (b'"a"', b"gzip", True),
        (b"Sun, 06 Nov 1994 08:49:37 GMT", b"gzip", False),
        (b"Sun, 06 Nov 1994 08:49:37 GMT", b"identity", True),
    ],
)
def test_parts_are_never_mixed(scenario: Make, condition: bytes, accept: bytes, goes: bool) -> None:
    asked = get(b"range: bytes=9-", b"if-range: " + condition, accept=accept)
    story = scenario().client(asked)
    if goes:
        story.upstream_gets(b"GET /a", field=(b"range", b"bytes=9-"))
    else:
        story.upstream_gets(b"GET /a", without=b"range")
    part = PLAIN.replace(b"200 OK", b"206 Partial Content").replace(
        b"content-length", b"content-range: bytes 9-99/100\r\ncontent-length"
    )
    story.upstream(part + BODY).client_gets(206, BODY, without=b"content-encoding")


@pytest.mark.parametrize(
    ("line", "varies"),
    [
        (b"x: y", True),
        (b"content-type: image/png", False),
        (b"content-encoding: gzip", True),
        (b"content-encoding: compress", False),
        (b"cache-control: no-transform", False),
    ],
)
def test_a_part_of_what_would_be_coded_varies_as_the_whole_does(
    scenario: Make, line: bytes, varies: bool
) -> None:
    story = scenario().client(get(b"range: bytes=9-")).upstream_gets(b"GET /a")
    part = PLAIN.replace(b"200 OK", b"206 Partial Content").replace(
        b"content-length", line + b"\r\ncontent-range: bytes 9-99/90000\r\ncontent-length"
    )
    if line.startswith(b"content-type"):
        part = part.replace(b"content-type: text/plain\r\n", b"")
    story.upstream(part + BODY)
    if varies:
        story.client_gets(206, BODY, field=(b"vary", b"Accept-Encoding"))
    else:
        story.client_gets(206, BODY, without=b"vary")


GZIPPED = PLAIN.replace(b"200 OK", b"206 Partial Content").replace(
    b"content-length",
    b"content-encoding: gzip\r\ncontent-range: bytes 9-99/100\r\ncontent-length",
)


@pytest.mark.parametrize("accept", [b"identity", b"br", b""])
def test_a_part_in_a_coding_that_its_client_does_not_take_is_refused(
    scenario: Make, accept: bytes
) -> None:
    story = scenario().client(get(b"range: bytes=9-", accept=accept)).upstream_gets(b"GET /a")
    story.upstream(GZIPPED + BODY).client_gets(502, without=b"content-encoding")
    story.ended(1, "http_response_content_coding")


def test_who_says_nothing_of_codings_gets_its_part(scenario: Make) -> None:
    story = scenario().client(get(b"range: bytes=9-", accept=None)).upstream_gets(b"GET /a")
    story.upstream(GZIPPED + BODY)
    story.client_gets(206, BODY, field=(b"content-encoding", b"gzip"))


def test_a_part_of_what_is_stored_in_such_a_coding_is_refused_too(scenario: Make) -> None:
    fields = [(b"content-encoding", b"gzip"), (b"content-range", b"bytes 0-1/9")]
    part = Kept(ResponseHead(206, [*fields, (b"content-length", b"2")], 2), b"ab")
    story = scenario(Answers(part)).client(get(accept=b"identity"))
    story.client_gets(502, without=b"content-range").ended(1, "http_response_content_coding")
    story.client(get(accept=b"gzip")).client_gets(206, b"ab")


def test_who_makes_a_part_that_is_refused_hears_of_it(scenario: Make) -> None:
    fields = [(b"content-encoding", b"gzip"), (b"content-range", b"bytes 0-1/9")]
    moved: list[bool] = []
    reader = Reader(InMemory(b"ab"), [(0, 2)], lambda each: moved.append(each.is_over))
    part = Kept(ResponseHead(206, [*fields, (b"content-length", b"2")], 2), b"", reader)
    story = scenario(Answers(part)).client(get(accept=b"identity")).client_gets(502)
    story.advance(0.1, tick=0.01)
    assert moved
    assert all(moved)


def test_a_part_of_what_is_too_short_to_be_coded_does_not_vary(scenario: Make) -> None:
    story = scenario().client(get(b"range: bytes=9-")).upstream_gets(b"GET /a")
    part = PLAIN.replace(b"200 OK", b"206 Partial Content").replace(
        b"content-length", b"content-range: bytes 9-19/20\r\ncontent-length"
    )
    story.upstream(part + BODY).client_gets(206, BODY, without=b"vary")
