"""Valid messages and what they mean, shared by the tests of the codec."""

from tests.support.codec import Event, answer, data, end, request, trailers

__all__ = ["ANSWERS", "REQUESTS"]

REQUESTS: dict[str, tuple[bytes, list[Event]]] = {
    "plain": (
        b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        [request(b"GET", b"/"), end],
    ),
    "fields": (
        b"GET /a?b=c HTTP/1.1\r\nHost: a.test\r\nAccept:*/*\r\nX-Empty:\r\nX-Text: \t\xfcber  a\t "
        b"\r\nAccept: text/html\r\n\r\n",
        [
            request(
                b"GET",
                b"/a?b=c",
                (b"accept", b"*/*"),
                (b"x-empty", b""),
                (b"x-text", b"\xfcber  a"),
                (b"accept", b"text/html"),
            ),
            end,
        ],
    ),
    "empty line before": (
        b"\r\nGET / HTTP/1.1\r\nhost: a.test\r\n\r\n",
        [request(b"GET", b"/"), end],
    ),
    "host with a port": (
        b"GET / HTTP/1.1\r\nhost: [::1]:8080\r\n\r\n",
        [request(b"GET", b"/", authority=b"[::1]:8080"), end],
    ),
    "one.zero": (
        b"GET / HTTP/1.0\r\nupgrade: websocket\r\nconnection: upgrade\r\nexpect: x\r\n\r\n",
        [request(b"GET", b"/", authority=b"", version=b"1.0", keep_alive=False), end],
    ),
    "one.zero kept": (
        b"GET / HTTP/1.0\r\nhost: a.test\r\nconnection: Keep-Alive\r\n\r\n",
        [request(b"GET", b"/", version=b"1.0"), end],
    ),
    "closing": (
        b"GET / HTTP/1.1\r\nhost: a.test\r\nconnection: Close\r\n\r\n",
        [request(b"GET", b"/", keep_alive=False), end],
    ),
    "length": (
        b"POST /in HTTP/1.1\r\nhost: a.test\r\ncontent-length: 11\r\n\r\nhello\r\n\r\n00",
        [
            request(b"POST", b"/in", (b"content-length", b"11"), length=11),
            data(b"hello\r\n\r\n00"),
            end,
        ],
    ),
    "length of nothing": (
        b"POST /in HTTP/1.1\r\nhost: a.test\r\ncontent-length: 0\r\n\r\n",
        [request(b"POST", b"/in", (b"content-length", b"0")), end],
    ),
    "waits for 100": (
        b"PUT /in HTTP/1.1\r\nhost: a.test\r\nexpect: 100-Continue\r\ncontent-length: 2\r\n\r\nhi",
        [
            request(b"PUT", b"/in", (b"content-length", b"2"), length=2, expect=True),
            data(b"hi"),
            end,
        ],
    ),
    "chunks": (
        b"POST /in HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: Chunked\r\n\r\n"
        b'5\r\nhello\r\n00A;a=b;c="d \\" e"\r\n\r\n world\r\n\r\n0\r\n\r\n',
        [request(b"POST", b"/in", length=None), data(b"hello\r\n world\r\n"), end],
    ),
    "no chunks": (
        b"POST /in HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        [request(b"POST", b"/in", length=None), end],
    ),
    "trailers": (
        b"POST /in HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\nconnection: x-hop\r\n"
        b"x-hop: 1\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\nHost: b.test\r\nx-hop: 2\r\nx_sum: 2\r\n\r\n",
        [request(b"POST", b"/in", length=None), data(b"hi"), trailers((b"x-sum", b"1")), end],
    ),
    "trailers alone": (
        b"POST /in HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n"
        b"0\r\nx-sum: 1\r\n\r\n",
        [request(b"POST", b"/in", length=None), trailers((b"x-sum", b"1")), end],
    ),
    "upgrade": (
        b"GET /ws HTTP/1.1\r\nhost: a.test\r\nconnection: keep-alive, Upgrade\r\n"
        b"upgrade: WebSocket\r\nsec-websocket-version: 13\r\n\r\n",
        [request(b"GET", b"/ws", (b"sec-websocket-version", b"13"), upgrade=b"websocket"), end],
    ),
    "hop by hop": (
        b"GET / HTTP/1.1\r\nhost: a.test\r\nte: trailers\r\nkeep-alive: timeout=5\r\n"
        b"proxy-connection: close\r\nhttp2-settings: x\r\nproxy-authorization: Basic eA==\r\n"
        b"x-a: 1\r\nx-hop: 1\r\nconnection: , TE,, X-Hop\r\nX-HOP: 2\r\n\r\n",
        [request(b"GET", b"/", (b"x-a", b"1")), end],
    ),
    "connection cannot name what frames": (
        b"POST / HTTP/1.1\r\nconnection: host, content-length\r\nhost: a.test\r\n"
        b"content-length: 2\r\n\r\nhi",
        [request(b"POST", b"/", (b"content-length", b"2"), length=2), data(b"hi"), end],
    ),
    "options": (
        b"OPTIONS * HTTP/1.1\r\nhost: a.test\r\n\r\n",
        [request(b"OPTIONS", b"*"), end],
    ),
    "absolute": (
        b"GET HTTP://A.test?b HTTP/1.1\r\nhost: a.test\r\n\r\n",
        [request(b"GET", b"/?b"), end],
    ),
    "pipelined": (
        b"POST /1 HTTP/1.1\r\nhost: a.test\r\ncontent-length: 3\r\n\r\none"
        b"GET /2 HTTP/1.1\r\nhost: a.test\r\n\r\n"
        b"POST /3 HTTP/1.1\r\nhost: a.test\r\ntransfer-encoding: chunked\r\n\r\n"
        b"5\r\nthree\r\n0\r\nx: y\r\n\r\n\r\nGET /4 HTTP/1.1\r\nhost: b.test\r\n\r\n",
        [
            request(b"POST", b"/1", (b"content-length", b"3"), length=3),
            data(b"one"),
            end,
            request(b"GET", b"/2"),
            end,
            request(b"POST", b"/3", length=None),
            data(b"three"),
            trailers((b"x", b"y")),
            end,
            request(b"GET", b"/4", authority=b"b.test"),
            end,
        ],
    ),
}

ANSWERS: dict[str, tuple[bytes, list[Event]]] = {
    "plain": (
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: text/plain\r\n\r\nhi",
        [
            answer(200, (b"content-length", b"2"), (b"content-type", b"text/plain"), length=2),
            data(b"hi"),
            end,
        ],
    ),
    "empty": (
        b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
        [answer(200, (b"content-length", b"0")), end],
    ),
    "not found": (
        b"HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
        [answer(404, (b"content-length", b"2"), length=2, reason=b"Not Found"), data(b"no"), end],
    ),
    "no reason": (
        b"HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n",
        [answer(200, (b"content-length", b"0"), reason=b""), end],
    ),
    "no space before no reason": (
        b"HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n",
        [answer(200, (b"content-length", b"0"), reason=b""), end],
    ),
    "chunks": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        [answer(200, length=None), data(b"hi"), end],
    ),
    "trailers": (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\nconnection: x-hop\r\n\r\n"
        b'2\r\nhi\r\n0\r\nx-hop: 1\r\netag: "1"\r\n\r\n',
        [answer(200, length=None), data(b"hi"), trailers((b"etag", b'"1"')), end],
    ),
    "interim": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        [
            answer(100, reason=b"Continue"),
            answer(103, (b"link", b"</a>"), reason=b"Early Hints"),
            answer(200, (b"content-length", b"2"), length=2),
            data(b"hi"),
            end,
        ],
    ),
    "nothing in 204": (
        b"HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n",
        [answer(204, reason=b"No Content"), end],
    ),
    "nothing in 304": (
        b"HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\netag: x\r\n\r\n",
        [
            answer(
                304,
                (b"etag", b"x"),
                (b"content-length", b"5"),
                length=5,
                reason=b"Not Modified",
            ),
            end,
        ],
    ),
    "not kept": (
        b"HTTP/1.1 200 OK\r\nconnection: close, x-hop\r\nx-hop: 1\r\ncontent-length: 0\r\n\r\n",
        [answer(200, (b"content-length", b"0"), reusable=False), end],
    ),
    "one.zero": (
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi",
        [answer(200, (b"content-length", b"2"), length=2, reusable=False), data(b"hi"), end],
    ),
    "one.zero kept": (
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\nhi",
        [answer(200, (b"content-length", b"2"), length=2), data(b"hi"), end],
    ),
    "offers what nobody asked for": (
        b"HTTP/1.1 200 OK\r\nupgrade: h2,h2c\r\nconnection: Upgrade\r\ncontent-length: 0\r\n\r\n",
        [answer(200, (b"content-length", b"0")), end],
    ),
}
