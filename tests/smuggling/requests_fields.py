"""Fields that are for one connection alone, and claims of clients (RFC 9110 7.6, 7.8, 10.1.1)."""

from tests.smuggling.case import SMUGGLED, Accepted, Refused, RequestCase, request, shown
from tests.smuggling.strict import Fields

__all__ = ["CASES"]

LOCAL = b"127.0.0.1"
KEPT_AWAY = {
    b"x-a": (b"X-A: 1", "it is named"),
    b"X-A": (b"x-a: 1", "it is named in another case"),
    b"close, x-a": (b"X-A: 1", "it is named behind close"),
    b"x-a, close": (b"X-A: 1", "it is named before close"),
    b",, x-a ,": (b"X-A: 1", "it is named among empty members"),
    b"x-b,\tx-a": (b"X-A: 1", "it is named behind a tab"),
    b"cookie": (b"Cookie: a=b", "Cookie is a field like any other"),
    b"authorization": (b"Authorization: Basic eDp5", "Authorization is a field like any other"),
    b"cache-control": (b"Cache-Control: no-store", "Cache-Control is a field like any other"),
    b"accept": (b"Accept: */*", "Accept is a field like any other"),
}
DECIDING = (
    *(b"x-forwarded-for", b"X-Forwarded-For", b"close, x-forwarded-for", b"x-forwarded-proto"),
    *(b"x-forwarded-host", b"host, x-forwarded-host", b"forwarded", b"x-real-ip", b"origin"),
    *(b"keep-alive,\tORIGIN ,x-a", b"Sec-Fetch-Site", b"access-control-request-method"),
)
HOPS = (
    (b"keep-alive", b"Keep-Alive: timeout=5", "it is about this connection"),
    (b"proxy-connection", b"Proxy-Connection: keep-alive", "nobody ever defined it"),
    (b"te", b"TE: trailers", "it is about this connection"),
    (b"te", b"TE: gzip;q=0.5, trailers", "it is about this connection"),
    (b"upgrade", b"Upgrade: websocket", "Connection does not name it"),
    (b"upgrade", b"Upgrade: h2c", "h2c would be a tunnel past the door"),
    (b"http2-settings", b"HTTP2-Settings: AAMAAABk", "h2c would be a tunnel past the door"),
    (b"proxy-authorization", b"Proxy-Authorization: Basic eDp5", "it was for this proxy"),
)
H2C = (
    (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"),
    (b"Connection: upgrade", b"Upgrade: h2c"),
    (b"Connection: upgrade", b"Upgrade: H2C"),
    (b"Connection: upgrade", b"Upgrade: HTTP/2.0"),
    (b"Connection: upgrade", b"Upgrade: TLS/1.3"),
    (b"Connection: upgrade", b"Upgrade: h2c, websocket"),
    (b"Connection: upgrade", b"Upgrade: x-own"),
)
CLAIMS = {
    b"X-Forwarded-For: 6.6.6.6": (b"x-forwarded-for", LOCAL),
    b"X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 7.7.7.7": (b"x-forwarded-for", LOCAL),
    b"X-Forwarded-For:": (b"x-forwarded-for", LOCAL),
    b"X-Forwarded-Proto: https": (b"x-forwarded-proto", b"http"),
    b"X-Forwarded-Host: b.test": (b"x-forwarded-host", b"a.test"),
    b"X-Real-IP: 6.6.6.6": (b"x-real-ip", LOCAL),
    b"X_Real_IP: 6.6.6.6": (b"x-real-ip", LOCAL),
}
DROPPED = (
    b"True-Client-IP: 6.6.6.6",
    b"X-Forwarded-Prefix: /admin",
    b"X-Original-URL: /admin",
    b"X-Rewrite-URL: /admin",
    b"Forwarded: for=6.6.6.6;host=b.test",
    b"X_Forwarded_For: 6.6.6.6",
    b"X-Forwarded_For: 6.6.6.6",
    b"X_Forwarded_Proto: https",
    b"X_Real_IP: 6.6.6.6",
    b"X_Original_URL: /admin",
    b"HTTP_X_FORWARDED_FOR: 6.6.6.6",
    b"Cookie_: admin=1",
    b"X_A: 1",
    b"_: 1",
)


def _name(line: bytes) -> bytes:
    return line.partition(b":")[0].lower()


def _has(name: bytes, value: bytes) -> Fields:
    return ((name, value),)


CASES = [
    *(
        RequestCase(
            name=f"a field that Connection names is gone: {shown(named)}",
            sent=request(b"Connection: " + named, line),
            rfc="9110 7.6.1",
            why=f"Fields named by Connection end at the next hop: {why}.",
            fates=(Accepted(lacks=(_name(line),), kept=b"close" not in named),),
        )
        for named, (line, why) in KEPT_AWAY.items()
    ),
    *(
        RequestCase(
            name=f"a field by whose absence somebody is let in is named: {shown(named)}",
            sent=request(b"Connection: " + named, named.split(b",")[0] + b": x"),
            rfc="9110 7.6.1",
            why="It would be taken away between who added it and who looks at it.",
            fates=(Refused(),),
            ours=True,
        )
        for named in DECIDING
    ),
    RequestCase(
        name="several Connection fields are one list",
        sent=request(b"Connection: x-a", b"X-A: 1", b"Connection: x-b", b"X-B: 2"),
        rfc="9110 5.3",
        why="Fields of one name are one list, in whichever line a member stands.",
        fates=(Accepted(lacks=(b"x-a", b"x-b")),),
    ),
    RequestCase(
        name="a field named by Connection comes twice",
        sent=request(b"X-A: 1", b"Connection: x-a", b"X-A: 2"),
        rfc="9110 7.6.1",
        why="All fields of the name go, before and behind.",
        fates=(Accepted(lacks=(b"x-a",)),),
    ),
    RequestCase(
        name="Connection: close ends the connection, whatever stands behind",
        sent=request(b"Connection: close"),
        rfc="9112 9.6",
        why="Behind the last request nothing is read.",
        fates=(Accepted(kept=False),),
    ),
    RequestCase(
        name="Connection: close, hidden in a list of many",
        sent=request(b"Connection: keep-alive, x-a", b"Connection: x-b, CLOSE"),
        rfc="9112 9.6",
        why="Close wins over keep-alive, in any case and any line.",
        fates=(Accepted(kept=False),),
    ),
    RequestCase(
        name="HTTP/1.0 without keep-alive ends the connection",
        sent=request(start=b"GET /case HTTP/1.0"),
        rfc="9112 9.3",
        why="HTTP/1.0 closes unless it says otherwise.",
        fates=(Accepted(kept=False, interim=False),),
    ),
    RequestCase(
        name="HTTP/1.0 with keep-alive keeps the connection",
        sent=request(b"Connection: keep-alive", start=b"GET /case HTTP/1.0"),
        rfc="9112 9.3",
        why="Then what follows is a request of its own.",
        fates=(Accepted(interim=False),),
        ours=True,
    ),
    *(
        RequestCase(
            name=f"a field for one connection goes no further: {shown(line)}",
            sent=request(line),
            rfc="9110 7.6.1",
            why=f"An origin must not take it for its own connection: {why}.",
            fates=(Accepted(lacks=(name,)),),
            ours=name == b"proxy-authorization",
        )
        for name, line, why in HOPS
    ),
    *(
        RequestCase(
            name=f"an upgrade that no route allows goes no further: {shown(b' '.join(lines), 90)}",
            sent=request(*lines),
            rfc="9110 7.8",
            why="A protocol that the door does not know is a tunnel past all of its rules.",
            fates=(Accepted(lacks=(b"upgrade", b"http2-settings")),),
            ours=True,
        )
        for lines in H2C
    ),
    RequestCase(
        name="an upgrade in HTTP/1.0 is ignored",
        sent=request(
            b"Connection: upgrade, keep-alive",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            b"Sec-WebSocket-Version: 13",
            start=b"GET /case HTTP/1.0",
        ),
        rfc="9110 7.8",
        why="A server ignores Upgrade in HTTP/1.0.",
        fates=(Accepted(lacks=(b"upgrade",), interim=False),),
    ),
    RequestCase(
        name="an upgrade that the origin ignores leaves HTTP as it was",
        sent=request(
            b"Connection: upgrade",
            b"Upgrade: websocket",
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
            b"Sec-WebSocket-Version: 13",
        ),
        rfc="9110 7.8",
        why="Bytes behind it are the next request, not the first of a tunnel that never was.",
        fates=(Accepted(),),
    ),
    RequestCase(
        name="an upgrade with a body that is a request",
        sent=request(
            b"Connection: upgrade",
            b"Upgrade: websocket",
            b"Content-Length: %d" % len(SMUGGLED),
            body=SMUGGLED,
        ),
        rfc="9110 7.8",
        why="The body comes before any switch, and is a body.",
        fates=(Accepted(method=b"POST", body=SMUGGLED),),
    ),
    RequestCase(
        name="Expect in HTTP/1.0 gets no interim answer",
        sent=request(
            b"Expect: 100-continue",
            b"Content-Length: 5",
            body=b"hello",
            start=b"POST /case HTTP/1.0",
        ),
        rfc="9110 10.1.1",
        why="A server ignores the expectation, and an HTTP/1.0 client knows no interim answers.",
        fates=(Accepted(method=b"POST", body=b"hello", kept=False, interim=False),),
    ),
    RequestCase(
        name="Expect with the body sent at once",
        sent=request(b"Expect: 100-continue", b"Content-Length: 5", body=b"hello"),
        rfc="9110 10.1.1",
        why="An interim answer may come; the final one is still one.",
        fates=(Accepted(method=b"POST", body=b"hello"),),
    ),
    RequestCase(
        name="Expect without a body",
        sent=request(b"Expect: 100-continue"),
        rfc="9110 10.1.1",
        why="Nothing is waited for, and the request behind it is one of its own.",
        fates=(Accepted(),),
    ),
    RequestCase(
        name="Expect with a body that is a request",
        sent=request(b"Expect: 100-continue", b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        rfc="9110 10.1.1",
        why="Bytes that come without waiting for the 100 are the body all the same.",
        fates=(Accepted(method=b"POST", body=SMUGGLED),),
    ),
    *(
        RequestCase(
            name=f"an expectation nobody knows: {shown(value)}",
            sent=request(b"Expect: " + value, b"Content-Length: 5", body=b"hello"),
            rfc="9110 10.1.1",
            why="What cannot be met is answered 417, and its body is not read as a request.",
            fates=(Refused(statuses=frozenset((400, 417)), method=b"POST"),),
            ours=True,
        )
        for value in (b"200-ok", b"100-continue, x", b"100-continue=1", b"100 continue")
    ),
    *(
        RequestCase(
            name=f"a claim of the client is replaced: {shown(line)}",
            sent=request(line),
            rfc="7239 8.1",
            why="Who asked is what the door saw, not what the client says.",
            fates=(Accepted(has=(field,)),),
            ours=True,
        )
        for line, field in CLAIMS.items()
    ),
    *(
        RequestCase(
            name=f"a claim of the client is dropped: {shown(line)}",
            sent=request(line),
            rfc="7239 8.1" if b"_" not in line else "9110 5.1",
            why="An origin would believe it, by this name or as CGI reads it.",
            fates=(Accepted(lacks=(_name(line),)),),
            ours=True,
        )
        for line in DROPPED
    ),
    RequestCase(
        name="a field that looks like another one in its value",
        sent=request(b"X-A: b%0d%0aContent-Length: 5", b"X-C: \\r\\nHost: b.test"),
        rfc="9110 5.5",
        why="Escapes in values mean nothing to HTTP and pass as they are.",
        fates=(
            Accepted(
                has=(
                    *_has(b"x-a", b"b%0d%0aContent-Length: 5"),
                    *_has(b"x-c", b"\\r\\nHost: b.test"),
                ),
                lacks=(b"content-length",),
            ),
        ),
    ),
    RequestCase(
        name="a field of one name comes many times",
        sent=request(*[b"X-A: %d" % each for each in range(50)]),
        rfc="9110 5.3",
        why="Repeated fields pass in their order and number.",
        fates=(Accepted(),),
    ),
]
