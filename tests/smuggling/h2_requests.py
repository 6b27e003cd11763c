"""Hostile requests by HTTP/2 to a door whose origin speaks HTTP/1.1 (RFC 9113 8.1.1, 8.2, 10.3)."""

from tests.smuggling.case import shown
from tests.smuggling.h2_case import Answered, BrokenOff, H2Case, Reset, Sent, case
from tests.support.h2_frames import data, headers

__all__ = ["CASES"]

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nhost: a.test\r\n\r\n"
WEBSOCKET = (b":protocol", b"websocket")

NAMES = (
    *(b"x\r\nhost: b.test\r\ny", b"x\ry", b"x\ny", b"x\0y", b"x y", b"x:y", b"x: 1\r\n\r\nGET"),
    *(b"", b"X-Upper", b" x", b"x ", b"x\ty", b"x\x7f", b"x\xff", b"transfer-encoding "),
    *(b"content-length:", b"(x)", b"x,y", b"x/y", b'"x"'),
)
VALUES = (
    *(b"1\r\nx-evil: 1", b"1\r\n\r\n" + SMUGGLED, b"1\r", b"1\n", b"1\ny: 2", b"\0", b"1\0"),
    *(b" 1", b"1 ", b"\t1", b"1\t", b"\x01", b"\x0b", b"\x1b[0m", b"\x7f"),
)
PATHS = (
    *(b"/case b", b"/case HTTP/1.1\r\nx: y", b"/case\r\n\r\n" + SMUGGLED, b"/case\n", b"/case\r"),
    *(b"/\0", b"/case\t", b"/\x7f", b"/\x01", b"", b"*", b"case", b"http://b.test/", b"?a"),
    *(b"b.test:80", b"\\case", b" /case"),
)
METHODS = (
    *(b"GET /smuggled HTTP/1.1\r\nx:", b"GE T", b"GET ", b" GET", b"GET\r\n", b"GET\n", b"G\0"),
    *(b"", b"GET:", b"G/T", b"\xff", b"GET\t"),
)
AUTHORITIES = (
    *(b"a.test\r\nx: y", b"a.test b.test", b"a.test\0", b"u@a.test", b"a.test\n", b"", b"a\x7f"),
    *(b"a.test@b.test", b"\xffa.test", b"a.test\t", b"a.test/x", b"a.test\\x"),
)
LENGTHS = (b"", b"x", b"+0", b"-1", b"0 ", b" 0", b"0x0", b"0,0", b"0, 0", b"1" * 30, b"1", b"0.0")
CONNECTION = (
    (b"connection", b"close"),
    (b"connection", b"upgrade, http2-settings"),
    (b"connection", b"content-length"),
    (b"transfer-encoding", b"chunked"),
    (b"transfer-encoding", b"identity"),
    (b"transfer-encoding", b"xchunked"),
    (b"upgrade", b"websocket"),
    (b"upgrade", b"h2c"),
    (b"keep-alive", b"timeout=5"),
    (b"proxy-connection", b"keep-alive"),
    (b"te", b"gzip"),
    (b"te", b"trailers, gzip"),
)

RESET = [
    *(case(f"a field named {shown(name)}", Reset(), (name, b"1")) for name in NAMES),
    *(case(f"a field's value {shown(value)}", Reset(), (b"x", value)) for value in VALUES),
    *(case(f"the path {shown(path)}", Reset(), path=path, rfc="9113 8.3.1") for path in PATHS),
    *(case(f"the method {shown(method)}", Reset(), method=method) for method in METHODS),
    *(case(f"the authority {shown(each)}", Reset(), authority=each) for each in AUTHORITIES),
    *(
        case(f"Host alone, {shown(each)}", Reset(), (b"host", each), authority=None)
        for each in AUTHORITIES
    ),
    *(
        case(f"the length {shown(each)}", Reset(), (b"content-length", each), rfc="9113 8.1.1")
        for each in LENGTHS
    ),
    *(
        case(f"{name.decode()}: {value.decode()}", Reset(), (name, value), rfc="9113 8.2.2")
        for name, value in CONNECTION
    ),
    case("two paths", Reset(), (b":path", b"/smuggled"), rfc="9113 8.3"),
    case("two methods", Reset(), (b":method", b"POST"), rfc="9113 8.3"),
    case("two authorities", Reset(), (b":authority", b"b.test"), rfc="9113 8.3"),
    case("two schemes", Reset(), (b":scheme", b"http"), rfc="9113 8.3"),
    case("a path behind a field", Reset(), (b"x", b"1"), (b":path", b"/"), rfc="9113 8.3"),
    case("a pseudo-field of answers", Reset(), (b":status", b"200"), rfc="9113 8.3"),
    case("a pseudo-field that nobody knows", Reset(), (b":evil", b"1"), rfc="9113 8.3"),
    case("no path", Reset(), path=None, rfc="9113 8.3.1"),
    case("no method", Reset(), method=None, rfc="9113 8.3.1"),
    case("no scheme", Reset(), scheme=None, rfc="9113 8.3.1"),
    case("no authority and no Host", Reset(), authority=None, rfc="9113 8.3.1"),
    case("two Hosts", Reset(), (b"host", b"a.test"), (b"host", b"b.test"), rfc="9110 7.2"),
    case("two lengths", Reset(), (b"content-length", b"0"), (b"content-length", b"0")),
    case("a scheme with a space", Reset(), scheme=b"https /x", rfc="3986 3.1"),
    case("a scheme with CR LF", Reset(), scheme=b"https\r\nx: y", rfc="3986 3.1"),
    case("a protocol without CONNECT", Reset(), WEBSOCKET, rfc="8441 4"),
    case("CONNECT with a path", Reset(), method=b"CONNECT", rfc="9113 8.5"),
    case(
        "a protocol with CR LF",
        Reset(),
        (b":protocol", b"websocket\r\nx: y"),
        method=b"CONNECT",
        data=[data(1, b"")],
    ),
]

ANSWERED = [
    case("a fragment in the path", Answered(), path=b"/case#x", rfc="9113 8.3.1"),
    case("a path in UTF-8", Answered(), path=b"/\xc3\xa9", rfc="3986 3.3"),
    case("a path of bytes that are no text", Answered(), path=b"/\xff\xfe", rfc="3986 3.3"),
    case("another Host", Answered(), (b"host", b"b.test"), rfc="9113 8.3.1"),
    case("Host with another port", Answered(), (b"host", b"a.test:80"), rfc="9113 8.3.1"),
    case("an escaped authority", Answered(), authority=b"%61.test", rfc="3986 3.2.2"),
    case("a port that is none", Answered(), authority=b"a.test:99999", rfc="3986 3.2.3"),
    case("a host of another certificate", Answered(status=421), authority=b"b.test"),
    case("the scheme ftp", Answered(), scheme=b"ftp", rfc="9113 8.3.1"),
    case("the scheme HTTPS", Answered(), scheme=b"HTTPS", rfc="9113 8.3.1"),
    case("TRACE", Answered(status=405), method=b"TRACE", rfc="9110 9.3.8"),
    case("CONNECT", Answered(status=405), method=b"CONNECT", path=None, scheme=None),
    case("another expectation", Answered(status=417), (b"expect", b"x"), rfc="9110 10.1.1"),
    case(
        "a tunnel with a length",
        Answered(),
        WEBSOCKET,
        (b"content-length", b"3"),
        method=b"CONNECT",
        data=[data(1, b"abc")],
        rfc="8441 4",
    ),
    case("a tunnel that has ended", Answered(), WEBSOCKET, method=b"CONNECT", rfc="8441 4"),
    case(
        "two protocols of a tunnel",
        Answered(),
        (b":protocol", b"websocket, h2c"),
        method=b"CONNECT",
        data=[data(1, b"")],
        rfc="8441 4",
    ),
    case("a long path", Answered(status=414), path=b"/" + b"a" * 20_000, rfc="9110 15.5.15"),
    case("many fields", Answered(status=431), *[(b"x", b"1")] * 200, rfc="6585 5"),
    case("large fields", Answered(status=431), *[(b"x", b"a" * 40_000)] * 2, rfc="6585 5"),
    case("a route that is denied", Answered(status=403), path=b"/admin/x"),
    case("dots around a route", Answered(status=400), path=b"/x/..;/admin/x"),
]

CHUNKED = [b"transfer-encoding: chunked"]


def said(*lines: bytes) -> Sent:
    """The basic request with these fields."""
    return Sent(fields=lines)


def posted(body: bytes, *lines: bytes) -> Sent:
    """A POST with a length."""
    return Sent(line=b"POST /case", fields=[*lines, b"content-length: %d" % len(body)], body=body)


SENT = [
    case("a plain request", Sent()),
    case("a value of any bytes above ASCII", said(b"x: \xff\x80"), (b"x", b"\xff\x80")),
    case("te: trailers ends here", Sent(), (b"te", b"trailers"), rfc="9113 8.2.2"),
    case("HTTP2-Settings ends here", Sent(), (b"http2-settings", b"AAMAAABk"), rfc="9113 3.2"),
    case("Proxy-Authorization ends here", Sent(), (b"proxy-authorization", b"Basic eDp5")),
    case("Host says the same", Sent(), (b"host", b"A.test:443"), rfc="9113 8.3.1"),
    case("Host alone", Sent(), (b"host", b"a.test"), authority=None, rfc="9113 8.3.1"),
    case(
        "cookies are joined",
        said(b"x: 1", b"cookie: a=1; b=2; c=3"),
        *((b"cookie", b"a=1"), (b"x", b"1"), (b"cookie", b"b=2"), (b"cookie", b"c=3")),
        rfc="9113 8.2.3",
    ),
    *(
        case(f"the claim {name.decode()}", Sent(), (name, b"6.6.6.6"), rfc="9110 7.6")
        for name in (
            *(b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto", b"x-real-ip"),
            *(b"forwarded", b"x_forwarded_for", b"x-original-url", b"client-cert", b"x_real_ip"),
            *(b"content_length", b"transfer_encoding", b"x-forwarded_host", b"true-client-ip"),
        )
    ),
    case("another scheme than the connection's", Sent(), scheme=b"http", rfc="9113 8.3.1"),
    case("a method in lower case is another", Sent(line=b"get /case"), method=b"get"),
    case("OPTIONS for the door", Answered(status=204), method=b"OPTIONS", path=b"*"),
    case("escapes stay", Sent(line=b"GET /%0d%0a?%20#"[:-1]), path=b"/%0d%0a?%20"),
    case("marks in a path stay", Sent(line=b'GET //a:b@c/|"<>?x?y'), path=b'//a:b@c/|"<>?x?y'),
    case(
        "a body with a length",
        posted(b"abcde"),
        (b"content-length", b"5"),
        method=b"POST",
        data=[data(1, b"ab"), data(1, b"cde", end=True)],
    ),
    case(
        "a request inside a body",
        posted(SMUGGLED),
        (b"content-length", b"%d" % len(SMUGGLED)),
        method=b"POST",
        data=[data(1, SMUGGLED, end=True)],
    ),
    case(
        "a whole body without a length gets one",
        posted(b"0\r\n\r\n" + SMUGGLED),
        method=b"POST",
        data=[data(1, b"0\r\n\r\n" + SMUGGLED, end=True)],
        rfc="9113 8.1.1",
    ),
    case(
        "padding is no part of a body",
        posted(b"abcde"),
        (b"content-length", b"5"),
        method=b"POST",
        data=[data(1, b"ab", padding=200), data(1, b"cde", padding=0, end=True)],
        rfc="9113 6.1",
    ),
    case(
        "empty DATA before the end",
        posted(b"abcde"),
        (b"content-length", b"5"),
        method=b"POST",
        data=[data(1, b""), data(1, b"abcde"), data(1, b"", end=True)],
        rfc="9113 6.1",
    ),
    case(
        "trailers that would be fields are dropped",
        Sent(
            line=b"POST /case",
            extra=CHUNKED,
            body=b"2\r\nab\r\n0\r\nx-sum: 1\r\n\r\n",
        ),
        method=b"POST",
        data=[data(1, b"ab")],
        trailers=[
            *((b"x-sum", b"1"), (b"host", b"b.test"), (b"expect", b"100-continue")),
            *((b"x-forwarded-for", b"6.6.6.6"), (b"authorization", b"x"), (b"x_real_ip", b"6")),
            *((b"cookie", b"a=b"), (b"te", b"trailers")),
        ],
        rfc="9110 6.5.1",
    ),
    case(
        "a GET with a length of nothing",
        said(b"content-length: 0"),
        (b"content-length", b"0"),
        rfc="9110 8.6",
    ),
]


def body(name: str, length: bytes, *frames: bytes) -> H2Case:
    """A POST whose body is not what its length says."""
    more = (b"content-length", length)
    return case(name, BrokenOff(), more, method=b"POST", data=frames, rfc="9113 8.1.1")


BROKEN_OFF = [
    body("more data than its length", b"3", data(1, b"abc" + SMUGGLED, end=True)),
    body("data beyond its length, later", b"3", data(1, b"abc"), data(1, SMUGGLED, end=True)),
    body("less data than its length", b"10", data(1, b"abc", end=True)),
    body("no data for its length", b"10", data(1, b"", end=True)),
    body("data for a length of nothing", b"0", data(1, SMUGGLED, end=True)),
    body("less data behind padding", b"5", data(1, b"ab", padding=3, end=True)),
    body("trailers instead of the rest", b"10", data(1, b"abc"), headers(1, [(b"x", b"1")])),
    *(
        case(
            f"trailers with {name}",
            BrokenOff(),
            method=b"POST",
            data=[data(1, b"abc")],
            trailers=trailers,
            rfc="9113 8.1",
        )
        for name, trailers in {
            "a path": [(b":path", b"/smuggled")],
            "CR LF in a value": [(b"x", b"1\r\n\r\n" + SMUGGLED)],
            "CR LF in a name": [(b"x\r\ny", b"1")],
            "an upper-case name": [(b"X-Sum", b"1")],
            "its length": [(b"content-length", b"3")],
            "another length": [(b"content-length", b"7")],
            "transfer-encoding": [(b"transfer-encoding", b"chunked")],
            "connection": [(b"connection", b"close")],
        }.items()
    ),
    case(
        "a second head that does not end the stream",
        BrokenOff(),
        method=b"POST",
        data=[data(1, b"abc"), headers(1, [(b"x", b"1")], end=False), data(1, b"d", end=True)],
        rfc="9113 8.1",
    ),
]

CASES: list[H2Case] = [*RESET, *ANSWERED, *SENT, *BROKEN_OFF]
