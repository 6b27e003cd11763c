"""Messages into bytes, and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from porch.http import h1_encode
from porch.http.fields import HOP_BY_HOP, encode
from porch.http.h1_encode import (
    CHUNKED,
    CLOSE,
    KEEP_ALIVE,
    chunk,
    last_chunk,
    request_head,
    response_head,
)
from porch.http.known import Known
from porch.http.message import Field, RequestHead, ResponseHead, Trailers
from tests.support.codec import (
    answer,
    answer_decoder,
    data,
    end,
    events,
    request,
    request_decoder,
    trailers,
)


def head(**changes: object) -> RequestHead:
    made = RequestHead(b"GET", b"/a?b", b"a.test:80", b"http", [(b"accept", b"*/*"), (b"x", b"")])
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_a_request_is_its_line_host_fields_and_an_empty_line() -> None:
    assert request_head(head()) == (
        b"GET /a?b HTTP/1.1\r\nhost: a.test:80\r\naccept: */*\r\nx: \r\n\r\n"
    )


def test_what_concerns_the_connection_is_written_from_attributes() -> None:
    made = head(fields=[], length=None, upgrade=b"websocket", expect=True)
    assert request_head(made) == (
        b"GET /a?b HTTP/1.1\r\nhost: a.test:80\r\ntransfer-encoding: chunked\r\n"
        b"connection: upgrade\r\nupgrade: websocket\r\nexpect: 100-continue\r\n\r\n"
    )


def test_a_request_goes_out_as_1_1_whatever_it_came_in_as() -> None:
    """RFC 9110 2.5: the version is of the connection."""
    assert request_head(head(version=b"1.0")).startswith(b"GET /a?b HTTP/1.1\r\n")
    assert request_head(head(version=b"2")).startswith(b"GET /a?b HTTP/1.1\r\n")


def started(status: int, reason: bytes = b"") -> bytes:
    """What an answer with no more than this begins with."""
    head = ResponseHead(status, [], 0, reason)
    return response_head(head, b"", b"", end=True, bare=False, chunked=False)


@pytest.mark.parametrize(
    ("status", "reason", "line"),
    [
        (200, b"", b"HTTP/1.1 200 OK\r\n"),
        (200, b"Fine", b"HTTP/1.1 200 Fine\r\n"),
        (404, b"", b"HTTP/1.1 404 Not Found\r\n"),
        (599, b"", b"HTTP/1.1 599 \r\n"),
        (101, b"", b"HTTP/1.1 101 Switching Protocols\r\n"),
    ],
)
def test_a_status_line_always_has_its_second_space(status: int, reason: bytes, line: bytes) -> None:
    """RFC 9112 4: the space stands even before an absent phrase."""
    for _ in range(2):
        assert started(status, reason) == line + b"\r\n"
        assert h1_encode._lines[status, reason] == line


def test_remembered_status_lines_are_bounded_in_number_and_length() -> None:
    for number in range(h1_encode._REMEMBERED + 10):
        started(200, b"%d" % number)
    assert 0 < len(h1_encode._lines) <= h1_encode._REMEMBERED
    long = b"a" * 65
    assert started(200, long) == b"HTTP/1.1 200 " + long + b"\r\n\r\n"
    assert (200, long) not in h1_encode._lines


@pytest.mark.parametrize(
    "fields",
    [
        [(b"a", b"b"), (b"c", b"d")],
        [(b"a", b"b"), (b"c", b"d"), (b"x-request-id", b"1"), (b"e", b"")],
        [(b"a", b"b"), (b"x-request-id", b"1"), (b"c", b"d")],
        [(b"a", b"other"), (b"c", b"d")],
        [(b"a", b"b")],
        [],
    ],
)
def test_what_is_known_of_fields_changes_nothing_whatever_became_of_them(
    fields: list[Field],
) -> None:
    known = Known([(b"a", b"b"), (b"c", b"d")])
    said = [
        response_head(
            ResponseHead(200, fields, 1, known=each),
            b"",
            b"x",
            end=True,
            bare=False,
            chunked=False,
        )
        for each in (None, known)
    ]
    assert said[0] == said[1] == b"HTTP/1.1 200 OK\r\n%b\r\nx" % encode(fields)


@pytest.mark.parametrize("told", [b"", CLOSE, KEEP_ALIVE])
@pytest.mark.parametrize(
    ("length", "words", "fields", "body"),
    [
        (2, {"end": True}, b"", b"ab"),
        (9, {"end": False}, b"", b"ab"),
        (None, {"end": True}, b"content-length: 2\r\n", b"ab"),
        (None, {"end": False, "chunked": True}, CHUNKED, b"2\r\nab\r\n"),
        (None, {"end": False}, b"", b"ab"),
        (None, {"end": True, "bare": True}, b"", b""),
        (9, {"end": False, "bare": True}, b"", b""),
    ],
)
def test_an_answer_is_framed_as_was_decided(
    length: int | None, words: dict[str, bool], fields: bytes, body: bytes, told: bytes
) -> None:
    made = ResponseHead(200, [(b"a", b"b")], length)
    framing = {"bare": False, "chunked": False, **words}
    said = response_head(made, told, b"ab", **framing)
    assert said == b"HTTP/1.1 200 OK\r\na: b\r\n%b%b\r\n%b" % (fields, told, body)


def test_chunks_are_of_hexadecimal_size() -> None:
    assert chunk(b"a" * 26) == b"1a\r\n" + b"a" * 26 + b"\r\n"
    assert last_chunk(None) == b"0\r\n\r\n"
    assert last_chunk(Trailers([])) == b"0\r\n\r\n"
    assert last_chunk(Trailers([(b"x", b"y")])) == b"0\r\nx: y\r\n\r\n"


TOKEN = st.sampled_from(b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
NOT_FIELDS = HOP_BY_HOP | {b"host", b"content-length", b"expect", b"date"}
names = st.lists(TOKEN, min_size=1, max_size=12).map(bytes).filter(lambda n: n not in NOT_FIELDS)
values = (
    st.lists(st.sampled_from([9, *range(0x20, 0x7F), *range(0x80, 0x100)]), max_size=20)
    .map(bytes)
    .map(lambda value: value.strip(b" \t"))
)
fields = st.lists(st.tuples(names, values), max_size=6)
methods = (
    st.lists(TOKEN, min_size=1, max_size=9)
    .map(bytes)
    .filter(lambda method: method not in (b"TRACE", b"CONNECT"))
)
targets = st.lists(
    st.sampled_from([each for each in range(0x21, 0x7F) if each != 0x23]), max_size=20
).map(lambda rest: b"/" + bytes(rest))
bodies = st.lists(st.binary(min_size=1, max_size=30), max_size=5)
authorities = st.sampled_from([b"a.test", b"b.test:8080", b"[::1]", b"192.0.2.1:1"])


@given(methods, targets, authorities, fields, bodies, st.sampled_from(["none", "length", "chunks"]))
def test_a_request_is_read_as_it_was_written(
    method: bytes,
    target: bytes,
    authority: bytes,
    sent: list[Field],
    parts: list[bytes],
    framing: str,
) -> None:
    body = b"".join(parts)
    length: int | None = 0
    if framing == "length":
        length = len(body)
        sent = [*sent, (b"content-length", b"%d" % length)]
        written = body
    elif framing == "chunks":
        length = None
        written = b"".join(map(chunk, parts)) + last_chunk(Trailers([(b"x", b"y")]))
    else:
        body = written = b""
    made = RequestHead(method, target, authority, b"http", sent, length)
    expected = [request(method, target, *sent, authority=authority, length=length)]
    expected += [data(body)] if body else []
    expected += [trailers((b"x", b"y"))] if framing == "chunks" else []
    found = events(request_decoder(), [request_head(made), written])
    assert found == [*expected, end]


@given(st.integers(200, 599), fields, bodies, st.sampled_from(["length", "chunks"]))
def test_an_answer_is_read_as_it_was_written(
    status: int, sent: list[Field], parts: list[bytes], framing: str
) -> None:
    body = b"" if status in (204, 304) else b"".join(parts)
    if framing == "length" or status in (204, 304):
        length: int | None = len(body)
        sent = sent if status == 204 else [*sent, (b"content-length", b"%d" % len(body))]
    else:
        length = None
    head = ResponseHead(status, sent, length, b"so")
    is_open = length is None
    written = response_head(
        head, b"", b"" if is_open else body, end=not is_open, bare=False, chunked=is_open
    )
    if is_open:
        written += b"".join(map(chunk, parts)) + last_chunk(None)
    found = events(answer_decoder(), [written])
    expected = [answer(status, *sent, length=length, reason=b"so")]
    assert found == [*expected, *([data(body)] if body else []), end]
