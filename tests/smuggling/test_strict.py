"""The judge's own reader: what it takes and what it does not."""

import pytest

from tests.smuggling.strict import Malformed, read_request, read_response

HOST = b"Host: a.test\r\n"


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"GET /a HTTP/1.1\r\n" + HOST + b"\r\n", b""),
        (b"GET /a HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", b""),
        (b"GET /a HTTP/1.0\r\n\r\n", b""),
        (b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\nhiX", b"hi"),
        (
            b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
            b"1\r\nh\r\n1;a=b\r\ni\r\n0\r\n\r\nX",
            b"hi",
        ),
    ],
)
def test_a_request_by_the_book_is_read(data: bytes, body: bytes) -> None:
    request = read_request(data)
    assert request is not None
    assert request.body == body
    assert data[request.size :] in (b"", b"X")


def test_trailers_are_read_apart_from_fields() -> None:
    request = read_request(
        b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX-A: b\r\n\r\n"
    )
    assert request is not None
    assert request.trailers == ((b"x-a", b"b"),)
    assert request.values(b"x-a") == []


@pytest.mark.parametrize(
    "data",
    [
        b"GET /a HTTP/1.1\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        b"GET /a HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a:b\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"GET /a HTTP/2.0\r\n" + HOST + b"\r\n",
        b"GET  /a HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n",
        b"G@T /a HTTP/1.1\r\n" + HOST + b"\r\n",
        b"\r\nGET /a HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /a HTTP/1.1\n" + HOST + b"\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b"X: a\rb",
        b"GET /a HTTP/1.1\r\n" + HOST + b"X: a\0",
        b"GET /a HTTP/1.1\r\n" + HOST + b"X: a\x0b\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b"X : a\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b" X: a\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b"X\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        b"GET /a HTTP/1.1\r\n"
        + HOST
        + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n",
        b"GET /a HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_a_request_that_could_be_read_otherwise_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_request(data)


@pytest.mark.parametrize(
    "body",
    [
        b"+1\r\nx\r\n0\r\n\r\n",
        b"1 \r\nx\r\n0\r\n\r\n",
        b"\r\nx",
        b"1\nx\r\n",
        b"1\r\nxy\r\n",
        b"1\r\nx\n0\r\n\r\n",
        b"1;\x00\r\nx",
        b"0\r\nContent-Length: 1\r\n\r\n",
        b"0\r\nX : a\r\n\r\n",
        b"0\r\nX: a\n\r\n",
    ],
)
def test_chunks_that_could_be_read_otherwise_are_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_request(b"POST /a HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + body)


@pytest.mark.parametrize(
    "data",
    [
        b"POST /a HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello",
        b"POST /a HTTP/1.1\r\n"
        + HOST
        + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: a\r\n\r\n",
    ],
)
def test_a_request_is_not_whole_before_its_last_byte(data: bytes) -> None:
    assert [read_request(data[:end]) for end in range(len(data))] == [None] * len(data)
    assert read_request(data) is not None


@pytest.mark.parametrize(
    ("data", "method", "ended", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"GET", False, b"hi"),
        (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n", b"HEAD", False, b""),
        (b"HTTP/1.1 304 X\r\nContent-Length: 2\r\n\r\n", b"GET", False, b""),
        (b"HTTP/1.1 204 X\r\n\r\n", b"GET", False, b""),
        (b"HTTP/1.1 200 OK\r\n\r\nhi", b"GET", True, b"hi"),
    ],
)
def test_an_answer_by_the_book_is_read(
    data: bytes, method: bytes, ended: bool, body: bytes
) -> None:
    response = read_response(data, method, ended)
    assert response is not None
    assert response.body == body


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n",
    ],
)
def test_an_answer_is_not_whole_before_its_end(data: bytes) -> None:
    assert read_response(data, b"GET", False) is None


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 600 OK\r\n\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"hello\r\n\r\n",
        b"HTTP/1.1 200 O\x01K\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\x01\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
    ],
)
def test_an_answer_that_could_be_read_otherwise_is_malformed(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_response(data, b"GET", True)
