"""Requests that are too large, and requests one behind the other (RFC 9110 15.5, RFC 9112 9.3)."""

from tests.smuggling.case import (
    SMUGGLED,
    Accepted,
    Answered,
    Refused,
    RequestCase,
    Unfinished,
    request,
)

__all__ = ["BODY", "CASES"]

BODY = 65536
"""Bytes of body that the doors of these tests take; all other limits are the defaults."""

TOO_LONG = frozenset((414,))
TOO_LARGE = frozenset((431,))
TOO_MUCH = frozenset((413,))
CHUNK = b"400\r\n" + b"x" * 1024 + b"\r\n"
BAD = {
    b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\nContent-Length: x\r\n\r\n": "a malformed length",
    b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\nX-A : b\r\n\r\n": "a space before the colon",
    b"GET /smuggled HTTP/1.1\r\n\r\n": "no Host",
    b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\nX-A: \x00\r\n\r\n": "a NUL",
    b"GET  smuggled\r\n\r\n": "no request line",
    b"\x16\x03\x01\x00\x05\x00\x00\x00\x00\x00": "no HTTP at all",
}

CASES = [
    RequestCase(
        name="a target that is too long",
        sent=request(start=b"GET /" + b"a" * 20_000 + b" HTTP/1.1"),
        rfc="9110 15.5.15",
        why="A request line is bounded, and what is over it is not read as anything.",
        fates=(Refused(statuses=TOO_LONG),),
        ours=True,
    ),
    RequestCase(
        name="a query that is too long",
        sent=request(start=b"GET /?" + b"a" * 20_000 + b" HTTP/1.1"),
        rfc="9110 15.5.15",
        why="The query belongs to the request line.",
        fates=(Refused(statuses=TOO_LONG),),
        ours=True,
    ),
    RequestCase(
        name="a request line without end",
        sent=b"GET /" + b"a" * 100_000,
        rfc="9110 15.5.15",
        why="It is refused before its end has come, or memory would be the client's to fill.",
        fates=(Refused(statuses=frozenset((400, 414))),),
        ours=True,
    ),
    RequestCase(
        name="a method without end",
        sent=b"G" * 100_000,
        rfc="9112 3",
        why="It is refused before its end has come, or memory would be the client's to fill.",
        fates=(Refused(statuses=frozenset((400, 414, 501))),),
        ours=True,
    ),
    RequestCase(
        name="a field that is too large",
        sent=request(b"X-A: " + b"a" * 100_000),
        rfc="6585 5",
        why="A head is bounded, and what is over it is not read as anything.",
        fates=(Refused(statuses=TOO_LARGE),),
        ours=True,
    ),
    RequestCase(
        name="fields that are too large together",
        sent=request(*[b"X-%d: " % each + b"a" * 1000 for each in range(100)]),
        rfc="6585 5",
        why="The bound is on the whole head.",
        fates=(Refused(statuses=TOO_LARGE),),
        ours=True,
    ),
    RequestCase(
        name="a field name that is too large",
        sent=request(b"A" * 100_000 + b": b"),
        rfc="6585 5",
        why="A name counts as its value does.",
        fates=(Refused(statuses=TOO_LARGE),),
        ours=True,
    ),
    RequestCase(
        name="too many fields",
        sent=request(*[b"X-%d: a" % each for each in range(1000)]),
        rfc="6585 5",
        why="Each field costs every reader on the way.",
        fates=(Refused(statuses=TOO_LARGE),),
        ours=True,
    ),
    RequestCase(
        name="a head without end",
        sent=b"GET /case HTTP/1.1\r\nHost: a.test\r\n" + b"X-A: bbbbbbbbbbbbb\r\n" * 8000,
        rfc="6585 5",
        why="It is refused before its end has come, or memory would be the client's to fill.",
        fates=(Refused(statuses=TOO_LARGE),),
        ours=True,
    ),
    RequestCase(
        name="empty lines without end",
        sent=b"\r\n" * 50_000,
        rfc="9112 2.2",
        why="One empty line is ignored, not all there are.",
        fates=(Refused(),),
        ours=True,
    ),
    RequestCase(
        name="a length over the limit of the body",
        sent=request(b"Content-Length: %d" % (BODY + 38), body=b"x" * BODY + SMUGGLED[:38]),
        rfc="9110 15.5.14",
        why="It is refused by its length alone, and its body is thrown away as a body.",
        fates=(Answered(statuses=TOO_MUCH, method=b"POST"),),
        ours=True,
    ),
    RequestCase(
        name="a length far over the limit of the body",
        sent=request(b"Content-Length: 999999999999999999", start=b"POST /case HTTP/1.1"),
        rfc="9110 15.5.14",
        why="So much will not be thrown away: the connection ends, as nothing behind is a request.",
        fates=(Refused(statuses=TOO_MUCH, method=b"POST"),),
        ours=True,
    ),
    RequestCase(
        name="a length over the limit of the body, behind Expect",
        sent=request(
            b"Expect: 100-continue",
            b"Content-Length: %d" % (BODY + 1),
            start=b"POST /case HTTP/1.1",
        ),
        later=b"",
        rfc="9110 10.1.1",
        why="A refused body is never asked for; whether it comes is unknown, so that all ends.",
        fates=(Refused(statuses=TOO_MUCH, method=b"POST"),),
        ours=True,
    ),
    RequestCase(
        name="chunks over the limit of the body",
        sent=request(b"Transfer-Encoding: chunked", body=CHUNK * (BODY // 1024 + 1) + b"0\r\n\r\n"),
        rfc="9110 15.5.14",
        why="Chunks are counted as they come; a body that is cut off is never whole.",
        fates=(Answered(statuses=TOO_MUCH, method=b"POST", partly=True),),
        ours=True,
    ),
    RequestCase(
        name="a chunk whose size is very large, and the client leaves inside it",
        sent=request(b"Transfer-Encoding: chunked", body=b"fffffffffffff\r\nhello" + SMUGGLED),
        rfc="9112 7.1",
        why="Whatever comes is data of the chunk, and no memory is set aside for the rest.",
        fates=(Unfinished(),),
    ),
    RequestCase(
        name="a body of just the limit",
        sent=request(b"Content-Length: %d" % BODY, body=b"x" * BODY),
        rfc="9110 15.5.14",
        why="What is allowed passes whole.",
        fates=(Accepted(method=b"POST", body=b"x" * BODY),),
    ),
    RequestCase(
        name="chunks of just the limit",
        sent=request(b"Transfer-Encoding: chunked", body=CHUNK * (BODY // 1024) + b"0\r\n\r\n"),
        rfc="9110 15.5.14",
        why="What is allowed passes whole.",
        fates=(Accepted(method=b"POST", body=b"x" * BODY),),
    ),
    RequestCase(
        name="three requests in one write",
        sent=request() + request(b"Content-Length: 5", body=b"hello") + request(),
        rfc="9112 9.3.2",
        why="Pipelined requests are answered one by one, in order.",
        fates=(Accepted(), Accepted(method=b"POST", body=b"hello"), Accepted()),
    ),
    RequestCase(
        name="a HEAD before a GET",
        sent=request(start=b"HEAD /case HTTP/1.1") + request(),
        rfc="9110 9.3.2",
        why="An answer to HEAD has no body, whatever its length says.",
        fates=(Accepted(method=b"HEAD"), Accepted()),
    ),
    RequestCase(
        name="fifty requests in one write",
        sent=request() * 50,
        rfc="9112 9.3.2",
        why="Each gets its own answer.",
        fates=(Accepted(),) * 50,
    ),
    *(
        RequestCase(
            name=f"a good request, then one with {why}",
            sent=request() + bad,
            rfc="9112 9.3.2",
            why="The first is answered, the second refused, and nothing behind it is read.",
            fates=(Accepted(), Refused()),
        )
        for bad, why in BAD.items()
    ),
    RequestCase(
        name="a body that is a request, then a request that is malformed",
        sent=request(b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED)
        + b"GET /smuggled HTTP/1.1\r\nHost: a b\r\n\r\n",
        rfc="9112 9.3.2",
        why="The body stays one, and the error ends the connection.",
        fates=(Accepted(method=b"POST", body=SMUGGLED), Refused()),
    ),
    RequestCase(
        name="a body longer than its length",
        sent=request(b"Content-Length: 5", body=b"hello world"),
        rfc="9112 6.3",
        why="The surplus begins the next request and spoils it.",
        fates=(Accepted(method=b"POST", body=b"hello"), Refused()),
    ),
    RequestCase(
        name="a chunked body with bytes behind its end",
        sent=request(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n\r\n {}"),
        rfc="9112 7.1",
        why="The surplus begins the next request and spoils it.",
        fates=(Accepted(method=b"POST", body=b"hello"), Refused()),
    ),
    RequestCase(
        name="an empty line behind a body",
        sent=request(b"Content-Length: 5", body=b"hello\r\n"),
        rfc="9112 2.2",
        why="Old clients send one; it is ignored, and what follows is the next request.",
        fates=(Accepted(method=b"POST", body=b"hello"),),
    ),
    RequestCase(
        name="close, then a request that must not be served",
        sent=request(b"Connection: close") + SMUGGLED,
        rfc="9112 9.6",
        why="Behind the last request nothing is read.",
        fates=(Accepted(kept=False),),
    ),
    RequestCase(
        name="HTTP/1.0, then a request that must not be served",
        sent=request(start=b"GET /case HTTP/1.0") + SMUGGLED,
        rfc="9112 9.3",
        why="HTTP/1.0 has one request a connection, and no pipelining.",
        fates=(Accepted(kept=False, interim=False),),
    ),
    RequestCase(
        name="close with a body, then a request that must not be served",
        sent=request(b"Connection: close", b"Content-Length: 5", body=b"hello" + SMUGGLED),
        rfc="9112 9.6",
        why="Behind the last body nothing is read.",
        fates=(Accepted(method=b"POST", body=b"hello", kept=False),),
    ),
    RequestCase(
        name="the origin answered early, then the rest of the body is a request",
        sent=request(b"Content-Length: %d" % (5 + len(SMUGGLED)), body=b"hello"),
        later=SMUGGLED,
        early=True,
        rfc="9112 9.3",
        why="The rest of a body stays body, though its answer has left.",
        fates=(Answered(statuses=frozenset((200,)), method=b"POST", partly=True),),
        ours=True,
    ),
    RequestCase(
        name="the origin answered early, then the rest of the chunks is a request",
        sent=request(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n"),
        later=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED),
        early=True,
        rfc="9112 9.3",
        why="The rest of a body stays body, though its answer has left.",
        fates=(Answered(statuses=frozenset((200,)), method=b"POST", partly=True),),
        ours=True,
    ),
]
