"""What is a request, and what is refused because it could be read in two ways."""

import pytest

from porch.errors import (
    BadRequest,
    MethodNotAllowed,
    PorchError,
    VersionNotSupported,
)
from porch.http.message import RequestHead
from tests.support.codec import (
    assert_split_anywhere,
    data,
    end,
    error,
    events,
    request,
    request_decoder,
)

HOST = b"host: a.test\r\n"
CHUNKED = b"POST / HTTP/1.1\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n"

AMBIGUOUS_FRAMING = {
    "both, length first": b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
    "both, coding first": b"transfer-encoding: chunked\r\ncontent-length: 0\r\n",
    "differing lengths": b"content-length: 5\r\ncontent-length: 6\r\n",
    "one length twice": b"content-length: 5\r\ncontent-length: 5\r\n",
    "a list of lengths": b"content-length: 5, 5\r\n",
    "no length": b"content-length:\r\n",
    "a sign": b"content-length: +5\r\n",
    "a minus": b"content-length: -5\r\n",
    "a fraction": b"content-length: 5.0\r\n",
    "hexadecimal": b"content-length: 0x5\r\n",
    "a space inside": b"content-length: 5 5\r\n",
    "beyond all numbers": b"content-length: " + b"9" * 40 + b"\r\n",
    "another coding": b"transfer-encoding: gzip\r\n",
    "identity": b"transfer-encoding: identity\r\n",
    "chunked and more": b"transfer-encoding: chunked, gzip\r\n",
    "more and chunked": b"transfer-encoding: gzip, chunked\r\n",
    "chunked twice": b"transfer-encoding: chunked, chunked\r\n",
    "chunked in two fields": b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n",
    "an empty coding": b"transfer-encoding:\r\n",
    "an empty member": b"transfer-encoding: ,chunked\r\n",
    "a parameter": b"transfer-encoding: chunked;a=b\r\n",
    "a quoted coding": b'transfer-encoding: "chunked"\r\n',
    "a vertical tab": b"transfer-encoding: \x0bchunked\r\n",
    "nearly chunked": b"transfer-encoding: xchunked\r\n",
}


@pytest.mark.parametrize("name", AMBIGUOUS_FRAMING)
def test_framing_that_can_be_read_in_two_ways_is_refused(name: str) -> None:
    """RFC 9112 6.1, 6.3."""
    message = b"POST / HTTP/1.1\r\n" + HOST + AMBIGUOUS_FRAMING[name] + b"\r\nhello"
    assert_split_anywhere(request_decoder, message, [error(BadRequest)])


def test_a_coding_in_http_1_0_is_refused() -> None:
    """RFC 9112 6.1: the framing of such a message is faulty."""
    message = b"POST / HTTP/1.0\r\n" + HOST + b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n"
    assert_split_anywhere(request_decoder, message, [error(BadRequest)])


MALFORMED_FIELDS = {
    "a bare LF": b"x: y\nz: a\r\n",
    "a bare CR": b"x: y\rz: a\r\n",
    "two CR": b"x: y\r\r\n",
    "NUL in a value": b"x: y\0\r\n",
    "NUL in a name": b"x\0: y\r\n",
    "a control character": b"x: \x08\r\n",
    "delete": b"x: \x7f\r\n",
    "a space before the colon": b"x : y\r\n",
    "a tab before the colon": b"x\t: y\r\n",
    "a folded line": b"x: y\r\n z\r\n",
    "a line folded by a tab": b"x: y\r\n\tz\r\n",
    "a space before the name": b" x: y\r\n",
    "no colon": b"x\r\n",
    "no name": b": y\r\n",
    "a name in quotes": b'"x": y\r\n',
    "a separator in a name": b"x(y): z\r\n",
    "a name beyond ASCII": b"\xfc: y\r\n",
    "a line of one space": b" \r\n",
}


@pytest.mark.parametrize("name", MALFORMED_FIELDS)
@pytest.mark.parametrize("before", [b"", HOST], ids=["first", "later"])
def test_a_malformed_field_line_is_refused(before: bytes, name: str) -> None:
    """RFC 9112 2.2, 5.1, 5.2; RFC 9110 5.5."""
    after = b"" if before else HOST
    message = b"GET / HTTP/1.1\r\n" + before + MALFORMED_FIELDS[name] + after + b"\r\n"
    assert_split_anywhere(request_decoder, message, [error(BadRequest)])


MALFORMED_LINES = {
    "two spaces": b"GET  / HTTP/1.1",
    "a tab": b"GET\t/ HTTP/1.1",
    "a space before": b" GET / HTTP/1.1",
    "a space behind": b"GET / HTTP/1.1 ",
    "a space in the target": b"GET /a b HTTP/1.1",
    "no target": b"GET HTTP/1.1",
    "no version": b"GET /",
    "a version in small letters": b"GET / http/1.1",
    "a version of three parts": b"GET / HTTP/1.1.1",
    "a version of two digits": b"GET / HTTP/1.10",
    "a version of no digits": b"GET / HTTP/1.x",
    "a separator in the method": b"G(T / HTTP/1.1",
    "a colon in the method": b"GET: / HTTP/1.1",
    "a bare CR": b"GET /\ra HTTP/1.1",
    "NUL in the target": b"GET /\0 HTTP/1.1",
    "a byte beyond ASCII": b"GET /\xe9 HTTP/1.1",
    "delete": b"GET /\x7f HTTP/1.1",
    "a fragment": b"GET /#a HTTP/1.1",
    "a word": b"GET a HTTP/1.1",
    "a star that is no OPTIONS": b"GET * HTTP/1.1",
    "host and port": b"GET a.test:80 HTTP/1.1",
    "another scheme": b"GET ftp://a.test/ HTTP/1.1",
    "the other scheme": b"GET https://a.test/ HTTP/1.1",
    "no host in a URL": b"GET http:///a HTTP/1.1",
    "a user in a URL": b"GET http://b@a.test/ HTTP/1.1",
    "a path without a slash": b"GET http:a.test HTTP/1.1",
    "another host than Host": b"GET http://b.test/ HTTP/1.1",
    "another port than Host": b"GET http://a.test:81/ HTTP/1.1",
}


@pytest.mark.parametrize("name", MALFORMED_LINES)
def test_a_malformed_request_line_is_refused(name: str) -> None:
    """RFC 9112 3."""
    message = MALFORMED_LINES[name] + b"\r\n" + HOST + b"\r\n"
    assert_split_anywhere(request_decoder, message, [error(BadRequest)])


def test_two_empty_lines_are_no_request() -> None:
    assert_split_anywhere(request_decoder, b"\r\n\r\n", [error(BadRequest)])


@pytest.mark.parametrize("version", [b"HTTP/0.9", b"HTTP/1.2", b"HTTP/2.0", b"HTTP/2", b"HTTP/9.9"])
def test_a_version_that_is_not_spoken_is_505(version: bytes) -> None:
    message = b"GET / " + version + b"\r\n" + HOST + b"\r\n"
    assert_split_anywhere(request_decoder, message, [error(VersionNotSupported, 505)])


def test_the_preface_of_http_2_is_505() -> None:
    """RFC 9113 3.4. What lies behind it is not read."""
    message = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"
    assert_split_anywhere(request_decoder, message, [error(VersionNotSupported, 505)])


HOSTS = {
    "none": b"",
    "two": HOST + b"host: b.test\r\n",
    "one twice": HOST + HOST,
    "an empty one": b"host:\r\n",
    "a list": b"host: a.test, b.test\r\n",
    "a path": b"host: a.test/b\r\n",
    "a user": b"host: a@a.test\r\n",
    "a space": b"host: a test\r\n",
    "a word for a port": b"host: a.test:http\r\n",
    "a port beyond": b"host: a.test:65536\r\n",
    "two ports": b"host: a.test:80:80\r\n",
    "a port alone": b"host: :80\r\n",
    "a URL": b"host: http://a.test\r\n",
    "a bare address": b"host: ::1\r\n",
    "an open bracket": b"host: [::1\r\n",
    "a word in brackets": b"host: [a.test]\r\n",
    "no address in brackets": b"host: [:::::]\r\n",
    "behind brackets": b"host: [::1]a\r\n",
    "a zone": b"host: [fe80::1%25eth0]\r\n",
    "a half escape": b"host: a%2.test\r\n",
    "a query": b"host: a.test?\r\n",
    "a backslash": b"host: a.test\\b\r\n",
    "a byte beyond ASCII": b"host: \xfc.test\r\n",
    "a long one": b"host: " + b"a." * 131 + b"\r\n",
}


@pytest.mark.parametrize("name", HOSTS)
def test_a_host_that_is_none_is_refused(name: str) -> None:
    """RFC 9110 7.2, RFC 9112 3.2."""
    message = b"GET / HTTP/1.1\r\n" + HOSTS[name] + b"\r\n"
    assert_split_anywhere(request_decoder, message, [error(BadRequest)])


def test_http_1_0_needs_no_host_but_a_right_one() -> None:
    assert events(request_decoder(), [b"GET / HTTP/1.0\r\n\r\n"])[0][3] == b""
    message = b"GET / HTTP/1.0\r\nhost: a b\r\n\r\n"
    assert_split_anywhere(request_decoder, message, [error(BadRequest)])


@pytest.mark.parametrize(
    "line", [b"TRACE / HTTP/1.1", b"CONNECT a.test:443 HTTP/1.1", b"CONNECT / HTTP/1.0"]
)
def test_methods_that_are_never_forwarded_are_405(line: bytes) -> None:
    message = line + b"\r\n" + HOST + b"\r\n"
    assert_split_anywhere(request_decoder, message, [error(MethodNotAllowed, 405)])


def test_methods_are_told_apart_by_case() -> None:
    """RFC 9110 9.1. `trace` is a method like any other."""
    message = b"trace / HTTP/1.1\r\n" + HOST + b"\r\n"
    assert_split_anywhere(request_decoder, message, [request(b"trace", b"/"), end])


@pytest.mark.parametrize(
    ("value", "status"),
    [(b"100-continue, x", 417), (b"x", 417), (b"", 417), (b"100-continue, 100-continue", 417)],
)
def test_another_expectation_is_417(value: bytes, status: int) -> None:
    """RFC 9110 10.1.1."""
    message = b"PUT / HTTP/1.1\r\n" + HOST + b"expect: " + value + b"\r\ncontent-length: 1\r\n\r\n"
    assert_split_anywhere(request_decoder, message, [error(BadRequest, status)])


def test_nobody_waits_for_100_without_a_body() -> None:
    message = b"GET / HTTP/1.1\r\n" + HOST + b"expect: 100-continue\r\n\r\n"
    assert_split_anywhere(request_decoder, message, [request(b"GET", b"/"), end])


IGNORED_UPGRADES = {
    "not in Connection": b"upgrade: websocket\r\n",
    "nothing to upgrade to": b"connection: upgrade\r\n",
    "two at once": b"connection: upgrade\r\nupgrade: websocket, h2c\r\n",
    "two fields": b"connection: upgrade\r\nupgrade: websocket\r\nupgrade: h2c\r\n",
}


@pytest.mark.parametrize("name", IGNORED_UPGRADES)
def test_an_upgrade_that_is_not_clear_is_ignored(name: str) -> None:
    """RFC 9110 7.8."""
    message = b"GET / HTTP/1.1\r\n" + HOST + IGNORED_UPGRADES[name] + b"\r\n"
    assert_split_anywhere(request_decoder, message, [request(b"GET", b"/"), end])


@pytest.mark.parametrize("framing", [b"content-length: 1", b"transfer-encoding: chunked"])
def test_a_request_with_a_body_cannot_ask_for_an_upgrade(framing: bytes) -> None:
    """Half of a body and then a tunnel could be read in two ways."""
    fields = b"connection: upgrade\r\nupgrade: websocket\r\n" + framing + b"\r\n"
    decoder = request_decoder()
    piece = decoder.decode(b"POST / HTTP/1.1\r\n" + HOST + fields + b"\r\n")
    assert piece is not None
    assert isinstance(piece[0], RequestHead)
    assert piece[0].upgrade is None


MALFORMED_CHUNKS = {
    "no size": b"\r\n",
    "a sign": b"+5\r\nhello\r\n",
    "a prefix": b"0x5\r\nhello\r\n",
    "a space before": b" 5\r\nhello\r\n",
    "a space behind": b"5 \r\nhello\r\n",
    "an underscore": b"1_0\r\n" + b"a" * 16 + b"\r\n",
    "no digit": b"g\r\n",
    "a size beyond all numbers": b"1" + b"0" * 16 + b"\r\n",
    "a bare LF behind the size": b"5\nhello\r\n",
    "a bare CR behind the size": b"5\rhello\r\n",
    "two CR behind the size": b"5\r\r\nhello\r\n",
    "less data than the size": b"5\r\nhi\r\n0\r\n\r\n",
    "more data than the size": b"2\r\nhello\r\n0\r\n\r\n",
    "a bare LF behind the data": b"5\r\nhello\n0\r\n\r\n",
    "a bare CR behind the data": b"5\r\nhello\r0\r\n\r\n",
    "nothing behind the data": b"5\r\nhello0\r\n\r\n",
    "an extension of no name": b"5;\r\nhello\r\n",
    "an extension of no value": b"5;a=\r\nhello\r\n",
    "an extension that is not closed": b'5;a="b\r\nhello\r\n',
    "an extension with a bare LF": b"5;a\nb\r\nhello\r\n",
    "an extension with a bare CR": b"5;a\rb\r\nhello\r\n",
    "an extension with NUL": b"5;a=\0\r\nhello\r\n",
    "an extension of words": b"5;a b\r\nhello\r\n",
    "no semicolon": b"5 a=b\r\nhello\r\n",
    "a comma": b"5,a\r\nhello\r\n",
    "a malformed trailer": b"0\r\nx : y\r\n\r\n",
    "a folded trailer": b"0\r\nx: y\r\n z\r\n\r\n",
    "a bare LF in the trailers": b"0\r\nx: y\nz: a\r\n\r\n",
    "a bare LF behind the last chunk": b"0\n\r\n",
    "a bare LF at the end": b"0\r\n\n",
    "a bare CR at the end": b"0\r\n\rx",
    "no colon in a trailer": b"0\r\nGET / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED_CHUNKS)
def test_malformed_chunks_are_refused(name: str) -> None:
    """RFC 9112 7.1."""
    message = CHUNKED + MALFORMED_CHUNKS[name]
    assert_split_anywhere(request_decoder, message, [error(BadRequest)])


def test_what_was_decoded_in_one_read_with_an_error_is_not_passed_on() -> None:
    found = events(request_decoder(), [CHUNKED, b"5\r\nhello\r\n", b"5\r\nworld\r\nx\r\n"])
    assert found == [
        request(b"POST", b"/", length=None),
        data(b"hello"),
        error(BadRequest),
    ]


@pytest.mark.parametrize(
    ("fields", "keeps"),
    [
        (b"", True),
        (b"connection: close\r\n", False),
        (b"connection: keep-alive, close\r\n", False),
        (b"connection: keep-alive\r\nconnection: close\r\n", False),
        (b"connection: closed\r\n", True),
        (b"keep-alive: timeout=1\r\n", True),
    ],
)
def test_a_connection_is_kept_unless_one_side_says_no(fields: bytes, keeps: bool) -> None:
    """RFC 9112 9.3."""
    decoder = request_decoder()
    decoder.decode(b"GET / HTTP/1.1\r\n" + HOST + fields + b"\r\n")
    assert decoder.keep_alive is keeps


def test_what_one_request_said_is_not_remembered_for_the_next() -> None:
    decoder = request_decoder()
    decoder.decode(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
    assert (decoder.keep_alive, decoder.one_zero) == (True, True)
    decoder.decode(b"GET / HTTP/1.1\r\n" + HOST + b"connection: close\r\n\r\n")
    assert (decoder.keep_alive, decoder.one_zero) == (False, False)
    decoder.decode(b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")
    assert (decoder.keep_alive, decoder.one_zero) == (True, False)


@pytest.mark.parametrize(
    "named", [b"origin", b"x-a, Sec-Fetch-Site", b"close, X-Forwarded-For", b"forwarded"]
)
def test_what_lets_in_where_it_is_absent_is_not_taken_away(named: bytes) -> None:
    decoder = request_decoder()
    with pytest.raises(BadRequest, match="not about the connection alone"):
        decoder.decode(b"GET / HTTP/1.1\r\n" + HOST + b"connection: " + named + b"\r\n\r\n")


def test_the_scheme_is_that_of_the_connection() -> None:
    message = b"GET https://a.test/b HTTP/1.1\r\n" + HOST + b"\r\n"
    piece = request_decoder(scheme=b"https").decode(message)
    assert piece is not None
    assert isinstance(piece[0], RequestHead)
    assert (piece[0].scheme, piece[0].target) == (b"https", b"/b")


def test_options_about_a_host_in_absolute_form_are_about_all_of_it() -> None:
    """RFC 9112 3.2.4."""
    message = b"OPTIONS http://a.test HTTP/1.1\r\n" + HOST + b"\r\n"
    assert_split_anywhere(request_decoder, message, [request(b"OPTIONS", b"*"), end])


@pytest.mark.parametrize("kind", [BadRequest, MethodNotAllowed, VersionNotSupported])
def test_every_refusal_is_the_clients_fault_and_final(kind: type[PorchError]) -> None:
    assert (kind.source, kind.retry) == ("client", "never")
