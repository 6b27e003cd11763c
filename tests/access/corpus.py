"""Ways to get at `/protected/a.txt` of a host without what its route asks for.

HOST stands for the host, CLOSED for the protected target. A row is judged by what reaches the
origin, not by how the door answers: many of them are harmless, and said so in docs/routing.md.
"""

import base64

from tests.support.path_tricks import TARGETS

__all__ = ["CLOSED", "FIELDS", "HOST", "MESSAGES", "PATHS", "STREAMS", "Field"]

Field = tuple[bytes, bytes]
HOST = b"HOST"
CLOSED = b"/protected/a.txt"

PATHS: tuple[bytes, ...] = (
    *(each.replace(b"a.b", HOST) for each in TARGETS),
    # what one origin does and another does not
    b"/x%2fy/..;/protected/a.txt",
    b"/x%2fy/..\\protected\\a.txt",
    b"/x%2fy/..\\protected/a.txt",
    b"/x;%2fy/../protected/a.txt",
    b"/x;%2fy/..%2fprotected/a.txt",
    b"/;x\\y%2fprotected/a.txt",
    b"/%70rotected/../a.txt",
    b"/%70rotected/%2e%2e/x",
    b"/x/../%70rotected/%2e%2e/y",
    b"/x//../../protected/a.txt",
    b"/x//..//protected/a.txt",
    b"/x/.//../protected/a.txt",
    b"/x/...//../../protected/a.txt",
    b"/./././protected/a.txt",
    b"/.;/protected/a.txt",
    b"/.;x=/protected/a.txt",
    b"/%2e;/protected/a.txt",
    b"/x/%2e%2e;/protected/a.txt",
    b"/x/..%3b/protected/a.txt",
    b"/x/.%2e;y/%70rotected/a.txt",
    b"/x\\..\\protected\\a.txt",
    b"/x/..%5c%5cprotected%5ca.txt",
    b"/x%5c..%5cprotected%5ca.txt",
    b"/x%5C..%2Fprotected/a.txt",
    b"\\x\\..\\protected",
    b"/protected%5c",
    b"/protected\\",
    b"/protected%2f",
    b"/protected%2e",
    b"/protected/%2e%2e/protected/a.txt",
    b"/protected/..;/protected/a.txt",
    b"/protected%00",
    b"/%00/protected/a.txt",
    b"/protected%00%2f../x",
    b"/protected%2500/a.txt",
    b"/x%00/../protected/a.txt",
    b"/x/..%00/protected/a.txt",
    b"/%2f%2fprotected/a.txt",
    b"/%2f%5cprotected/a.txt",
    b"//./protected/a.txt",
    b"/.//protected/a.txt",
    b"//HOST/protected/a.txt",
    b"///HOST/protected/a.txt",
    b"/\\HOST/protected/a.txt",
    b"/HOST/../protected/a.txt",
    b"/http://HOST/protected/a.txt",
    b"/x?/protected/a.txt",
    b"/x?x=/../protected/a.txt",
    b"/x#/../protected/a.txt",
    b"/protected/a.txt#",
    b"/protected#/a.txt",
    b"/x%23/../../protected/a.txt",
    b"/%c1%9cprotected/a.txt",
    b"/x/%c0%ae%c0%ae%c0%afprotected/a.txt",
    b"/%f0%80%80%afprotected/a.txt",
    b"/x/%e0%80%ae%e0%80%ae/protected/a.txt",
    b"/protected\xff/a.txt",
    b"/\xc0\xafprotected/a.txt",
    b"/\xef\xbc\x8fprotected/a.txt",
    b"/x/.\t./protected/a.txt",
    b"/pro%0dtected/a.txt",
    b"/pro\ttected/a.txt",
    b"/%70%72%6f%74%65%63%74%65%64",
    b"/%70rotected;x/a.txt",
    b"/%70rotected%2fa.txt",
    b"/%70rotected%5ca.txt",
    b"/%70rotected//a.txt",
    b"/%70rotected/",
    b"//%70rotected/a.txt",
    b"http://HOST/%2e/protected/a.txt",
    b"http://HOST/x/..;/protected/a.txt",
    b"http://HOST\\protected/a.txt",
    b"http://HOST:80@HOST/protected/a.txt",
    b"http://HOST%2fprotected/a.txt",
    b"http://HOST?/protected/a.txt",
    b"http://other.test/protected/a.txt",
    b"http://HOST./protected/a.txt",
    b"ws://HOST/protected/a.txt",
    b"HOST:80",
    # what lax origins do
    b"/%2570rotected/a.txt",
    b"/%25%37%30rotected/a.txt",
    b"/%252570rotected/a.txt",
    b"/x/%252e%252e/protected/a.txt",
    b"/x/%252e%252e%252fprotected/a.txt",
    b"/x/..%252fprotected/a.txt",
    b"/x/..%255cprotected/a.txt",
    b"/x/..%25252fprotected/a.txt",
    b"/%2fprotected%252fa.txt",
    b"/protected%252fa.txt",
    b"/PROTECTED/a.txt",
    b"/Protected/a.txt",
    b"/pRoTeCtEd/A.TXT",
    b"/%50rotected/a.txt",
    b"/x/../PROTECTED/a.txt",
    b"/x%2f..%2fProtected/a.txt",
    b"/PROTECTED",
    b"/PROTECTED;x/a.txt",
    b"/protected./a.txt",
    b"/protected.../a.txt",
    b"/protected%2e/a.txt",
    b"/protected%20/a.txt",
    b"/protected%20.%20/a.txt",
    b"/protected.%20",
    b"/PROTECTED./a.txt",
    b"/x/..%20/protected/a.txt",
    b"/x./../protected./a.txt",
    b"/protected::$DATA/a.txt",
    b"/protected:$i30:$INDEX_ALLOCATION/a.txt",
    b"/protected%3a%3a$DATA",
    b"/%c1%b0rotected/a.txt",
    b"/%e0%81%b0rotected/a.txt",
    b"/%f0%80%81%b0rotected/a.txt",
    b"/%25c1%25b0rotected/a.txt",
    b"/x/%c0%ae%c0%ae/protected/a.txt",
    b"/x/..%c0%afprotected/a.txt",
    b"/x/..%e0%80%afprotected/a.txt",
    b"/x/..%c1%9cprotected/a.txt",
    b"/%u0070rotected/a.txt",
    b"/x/%u002e%u002e/protected/a.txt",
    b"/x/..%u002fprotected/a.txt",
    b"/protected%e2%80%8b/a.txt",
    b"/pro%c2%adtected/a.txt",
    b"/%ef%bb%bfprotected/a.txt",
    b"/%ef%bd%90rotected/a.txt",
    b"/x/%ef%bc%8e%ef%bc%8e/protected/a.txt",
    b"/x/..%ef%bc%8fprotected/a.txt",
    b"/%f0%9d%90%a9rotected/a.txt",
    b"/%e2%93%9frotected/a.txt",
    b"//127.0.0.1/protected/a.txt",
    b"//HOST/PROTECTED/a.txt",
    b"//x@HOST:80/protected/a.txt",
    b"/\\127.0.0.1/protected/a.txt",
    b"\\\\127.0.0.1\\protected\\a.txt",
    b"//127.0.0.1/x/../protected/a.txt",
    b"//127.0.0.1%2fprotected/a.txt",
    b"//127.0.0.1/%2570rotected./a.txt",
)

_NAMES = (b"X-Forwarded-User", b"X-Email")
"""What the door tells the origin of who has come in."""


def _alike(name: bytes) -> list[bytes]:
    """Names that some origin takes for this one."""
    return [
        name,
        name.lower(),
        name.upper(),
        name.replace(b"-", b"_"),
        name.replace(b"-", b"_", 1),
        name.replace(b"-", b"."),
        name.replace(b"-", b"~"),
        name.replace(b"-", b"^"),
        name.replace(b"-", b"'"),
    ]


_BASIC = [base64.b64encode(each) for each in (b"ann:", b"ann", b":", b"", b"ann:wrong", b"\0:\0")]
_CREDENTIALS: tuple[bytes, ...] = (
    *(b"Basic " + each for each in _BASIC),
    *(b"Basic", b"Basic ", b"Basic =", b"Basic !!!!", b"basic\tYW5uOg==", b"Bearer", b"Bearer "),
    *(b"Bearer null", b"Bearer undefined", b"Bearer ..", b"Bearer a.b.c", b"Bearer {}"),
    b"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJhdWQiOiJkb29yIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
    b"Bearer eyJhbGciOiJOT05FIn0.eyJzdWIiOiJhbm4iLCJhdWQiOiJkb29yIiwiZXhwIjo5OTk5OTk5OTk5fQ.",
    *(b"Negotiate x", b"Digest username=ann", b"Basic YW5uOg==, Basic YW5uOg==", b"A" * 5000),
)
_CHAINS = (b"127.0.0.9", b"::ffff:127.0.0.9", b"127.0.0.9, 127.0.0.9", b"unknown, 127.0.0.9")

FIELDS: tuple[tuple[Field, ...], ...] = (
    *(((name, b"root"),) for each in _NAMES for name in _alike(each)),
    *(((name, b"root"), (name, b"ann")) for name in _NAMES),
    *(((b"Connection", name), (name, b"root")) for name in _NAMES),
    ((b"Connection", b"authorization"), (b"Authorization", b"Basic YW5uOg==")),
    ((b"Connection", b"x-forwarded-for"), (b"X-Forwarded-For", b"127.0.0.9")),
    ((b"Connection", b"origin, sec-fetch-site"),),
    ((b"Connection", b"host"),),
    *(((b"Authorization", each),) for each in _CREDENTIALS),
    ((b"Authorization", b"Basic YW5uOg=="), (b"Authorization", b"Basic YW5uOndyb25n")),
    ((b"Proxy-Authorization", b"Basic YW5uOg=="),),
    *(((b"X-Api-Key", each),) for each in (b"", b"0", b"null", b"partner", b"%00", b"*")),
    ((b"X-Api-Key", b"a"), (b"X-Api-Key", b"b")),
    ((b"X_Api_Key", b"partner"),),
    ((b"Remote-User", b"ann"), (b"Remote_User", b"ann")),
    ((b"Cookie", b"user=ann; X-Forwarded-User=ann; session=ann"),),
    *(((b"X-Forwarded-For", each),) for each in _CHAINS),
    ((b"X-Forwarded-For", b"127.0.0.9"), (b"X-Forwarded-For", b"127.0.0.9")),
    ((b"X_Forwarded_For", b"127.0.0.9"),),
    *(
        ((name, b"127.0.0.9"),)
        for name in (
            *(
                b"X-Real-IP",
                b"X-Client-IP",
                b"Client-IP",
                b"True-Client-IP",
                b"X-Cluster-Client-IP",
            ),
            *(b"CF-Connecting-IP", b"Fastly-Client-IP", b"X-Originating-IP", b"X-Remote-Addr"),
        )
    ),
    ((b"Forwarded", b"for=127.0.0.9"),),
    ((b"Forwarded", b'for="[::ffff:127.0.0.9]";host=HOST;proto=https'),),
    *(
        ((name, CLOSED),)
        for name in (
            *(b"X-Original-URL", b"X-Rewrite-URL", b"x_original_url", b"X.Rewrite.URL"),
            *(b"X-Original-Url", b"X-REWRITE-URL", b"X-Forwarded-Prefix", b"X_Forwarded_Prefix"),
            *(b"X-Accel-Redirect", b"X-Sendfile", b"Destination", b"Content-Location", b"Referer"),
        )
    ),
    ((b"X-Original-URL", CLOSED), (b"X-Rewrite-URL", CLOSED), (b"X-Forwarded-Prefix", CLOSED)),
    *(
        ((name, b"GET"),)
        for name in (b"X-HTTP-Method-Override", b"X-HTTP-Method", b"X-Method-Override")
    ),
    ((b"X-Forwarded-Host", b"other.test"), (b"X-Forwarded-Proto", b"https")),
    ((b"X-Host", b"other.test"), (b"X-Original-Host", b"other.test")),
    *(((b"Sec-Fetch-Site", each),) for each in (b"same-site", b"cross-site", b"Same-Origin", b"")),
    ((b"Sec-Fetch-Site", b"same-origin"), (b"Sec-Fetch-Site", b"cross-site")),
    *(((b"Origin", each),) for each in (b"null", b"", b"https://HOST.evil.test", b"evil.test")),
    ((b"Referer", b"http://HOST/"),),
    ((b"Content-Type", b"application/json"),),
    ((b"Upgrade", b"websocket"), (b"Connection", b"upgrade")),
    ((b"Upgrade", b"h2c"), (b"Connection", b"upgrade, http2-settings"), (b"HTTP2-Settings", b"")),
    ((b"Expect", b"100-continue"),),
    ((b"Max-Forwards", b"0"),),
    ((b"Cache-Control", b"only-if-cached"),),
    ((b"Range", b"bytes=0-1"),),
)
"""Each is sent to the protected target, and to an open one: it may open the first, and may have an
origin take the second for the first, or its client for somebody."""

_GET = b"GET CLOSED HTTP/1.1\r\n"
_OPEN = b"GET /x HTTP/1.1\r\nHost: HOST\r\n"
_CHUNKED = b"POST /x HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n"
_TRAILED = (*_NAMES, b"X_Forwarded_User", b"X.Email", b"Authorization", b"X-Original-URL", b"Host")

MESSAGES: tuple[bytes, ...] = tuple(
    each.replace(b"CLOSED", CLOSED)
    for each in (
        *(_GET + b"Host: " + host + b"\r\n\r\n" for host in (b"HOST.", b"HOST:80", b"HOST:1")),
        *(_GET + b"Host: " + host + b"\r\n\r\n" for host in (b"ann@HOST", b"HOST:", b"HOST:80:80")),
        *(_GET + b"Host: " + host + b"\r\n\r\n" for host in (b"", b" HOST ", b"HOST, open.test")),
        *(_GET + b"Host: " + host + b"\r\n\r\n" for host in (b"HOST/x", b"HOST\\x", b"%48OST")),
        *(
            _GET + b"Host:" + host + b"\r\n\r\n"
            for host in (b"HOST#", b"HOST?x", b"\tHOST", b"HOST%00")
        ),
        *(
            _GET + b"Host: " + host + b"\r\n\r\n"
            for host in (b"[HOST]", b"HOST..", b".HOST", b"HOST;")
        ),
        _GET + b"Host: HOST\r\nHost: open.test\r\n\r\n",
        _GET + b"Host: open.test\r\nHost: HOST\r\n\r\n",
        _GET + b"Host: HOST\r\nHost: HOST\r\n\r\n",
        _GET + b"host: open.test\r\nhOsT: HOST\r\n\r\n",
        _GET + b"Host : HOST\r\n\r\n",
        _GET + b" Host: HOST\r\n\r\n",
        _GET + b"Host: open.test\r\n Host: HOST\r\n\r\n",
        _GET + b"X: 1\r\n\r\n",
        b"GET CLOSED HTTP/1.0\r\n\r\n",
        b"GET CLOSED HTTP/1.0\r\nHost: HOST\r\n\r\n",
        b"GET CLOSED\r\n\r\n",
        b"GET CLOSED HTTP/0.9\r\nHost: HOST\r\n\r\n",
        b"GET CLOSED HTTP/1.2\r\nHost: HOST\r\n\r\n",
        b"GET CLOSED HTTP/2.0\r\nHost: HOST\r\n\r\n",
        b"GET http://HOSTCLOSED HTTP/1.1\r\nHost: open.test\r\n\r\n",
        b"GET http://open.testCLOSED HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET http://HOSTCLOSED HTTP/1.1\r\n\r\n",
        b"GET http://HOSTCLOSED HTTP/1.0\r\n\r\n",
        b"CONNECT HOST:80 HTTP/1.1\r\nHost: HOST\r\n\r\nGET CLOSED HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"CONNECT CLOSED HTTP/1.1\r\nHost: HOST\r\n\r\n",
        *(
            method + b" CLOSED HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil.test\r\n\r\n"
            for method in (b"POST", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"PROPFIND", b"JEFF")
        ),
        *(
            method + b" CLOSED HTTP/1.1\r\nHost: HOST\r\nOrigin: https://evil.test\r\n\r\n"
            for method in (b"get", b"Get", b"post", b"PoSt", b"GET\x00", b" GET", b"G\tET", b"")
        ),
        b"\r\nGET CLOSED HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET  CLOSED HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET\tCLOSED HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET CLOSED HTTP/1.1 \r\nHost: HOST\r\n\r\n",
        b"GET CLOSED HTTP/1.1\nHost: HOST\n\n",
        b"GET /x CLOSED HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET /x\x00CLOSED HTTP/1.1\r\nHost: HOST\r\n\r\n",
        b"GET /x\rGET CLOSED HTTP/1.1\r\nHost: HOST\r\n\r\n",
        # one behind another
        _OPEN + b"\r\n" + _GET + b"Host: HOST\r\n\r\n",
        _OPEN + b"Connection: close\r\n\r\n" + _GET + b"Host: HOST\r\n\r\n",
        _OPEN + b"Content-Length: 0\r\n\r\n" + _GET + b"Host: HOST\r\n\r\n",
        _OPEN + b"Content-Length: 5\r\n\r\n" + _GET + b"Host: HOST\r\n\r\n",
        _OPEN + b"Upgrade: websocket\r\nConnection: upgrade\r\n\r\n" + _GET + b"Host: HOST\r\n\r\n",
        _OPEN
        + b"Expect: 100-continue\r\nContent-Length: 40\r\n\r\n"
        + _GET
        + b"Host: HOST\r\n\r\n",
        _OPEN + b"X: 1\nX-Y: " + _GET + b"Host: HOST\r\n\r\n",
        _CHUNKED + b"Content-Length: 4\r\n\r\n0\r\n\r\n" + _GET + b"Host: HOST\r\n\r\n",
        _CHUNKED + b"\r\n0\r\n\r\n" + _GET + b"Host: HOST\r\n\r\n",
        _CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n" + _GET + b"Host: HOST\r\n\r\n",
        _CHUNKED + b"\r\n1;\n\r\nx\r\n0\r\n\r\n" + _GET + b"Host: HOST\r\n\r\n",
        # behind the body
        *(
            _CHUNKED + b"Trailer: %b\r\n\r\n1\r\nx\r\n0\r\n%b: root\r\n\r\n" % (name, name)
            for name in _TRAILED
        ),
        *(
            b"POST CLOSED HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n"
            b"Origin: https://evil.test\r\n\r\n0\r\n%b: Basic YW5uOg==\r\n\r\n" % name
            for name in (b"Authorization", b"X-Api-Key", b"X-Forwarded-User", b"Origin")
        ),
        # another protocol first
        b"PROXY TCP4 127.0.0.9 127.0.0.1 1 80\r\n" + _GET + b"Host: HOST\r\n\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x7f\0\0\x09\x7f\0\0\x01\0\x01\0\x50"
        + _GET
        + b"Host: HOST\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\n" + _GET + b"Host: HOST\r\n\r\n",
    )
)
"""Whole messages, as bytes of HTTP/1."""

_HEAD: tuple[Field, ...] = (
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b":authority", HOST),
    (b":path", CLOSED),
)


def _but(*changed: Field, more: tuple[Field, ...] = ()) -> tuple[Field, ...]:
    """The usual head with other values."""
    values = dict(_HEAD) | dict(changed)
    return (*values.items(), *more)


STREAMS: tuple[tuple[Field, ...], ...] = (
    _but(more=((b":path", b"/x"),)),
    _but((b":path", b"/x"), more=((b":path", CLOSED),)),
    _but(more=((b":authority", b"open.test"),)),
    _but((b":authority", b"open.test"), more=((b":authority", HOST),)),
    _but((b":authority", b"open.test"), more=((b"host", HOST),)),
    _but(more=((b"host", b"open.test"),)),
    _but(more=((b"host", HOST), (b"host", b"open.test"))),
    tuple(each for each in _but(more=((b"host", HOST),)) if each[0] != b":authority"),
    tuple(each for each in _HEAD if each[0] != b":path"),
    tuple(each for each in _HEAD if each[0] != b":scheme"),
    tuple(each for each in _HEAD if each[0] != b":method"),
    _but((b":method", b"GET /protected/a.txt HTTP/1.1\r\nx:")),
    _but((b":method", b"CONNECT")),
    _but((b":method", b"CONNECT"), more=((b":protocol", b"websocket"),)),
    _but(more=((b":protocol", b"websocket"),)),
    _but((b":scheme", b"https")),
    _but((b":scheme", b"http://HOST/protected/")),
    _but((b":scheme", b"file")),
    _but((b":path", b"")),
    _but((b":path", b"/x HTTP/1.1\r\nHost: HOST\r\n\r\nGET " + CLOSED)),
    _but((b":path", b"/x\0" + CLOSED)),
    _but((b":path", b"http://HOST" + CLOSED)),
    _but((b":path", b" " + CLOSED)),
    _but((b":path", CLOSED + b" ")),
    _but((b":path", b"x" + CLOSED)),
    _but((b":authority", b"HOST.")),
    _but((b":authority", b"HOST:80")),
    _but((b":authority", b"ann@HOST")),
    _but((b":authority", b"")),
    _but((b":authority", b"HOST/x")),
    _but((b":path", b"/x"), more=((b"x", b"1\r\nx-forwarded-user: root"),)),
    _but((b":path", b"/x"), more=((b"x-forwarded-user: root\r\nx", b"1"),)),
    _but((b":path", b"/x"), more=((b"X-Forwarded-User", b"root"),)),
    _but((b":path", b"/x"), more=((b"connection", b"x-forwarded-user"),)),
    _but((b":path", b"/x"), more=((b":x-forwarded-user", b"root"),)),
    _but((b":path", b"/x"), more=((b"x-forwarded-user", b"root"), (b":path", CLOSED))),
    _but((b":path", b"/x"), more=((b"x-forwarded-user ", b"root"),)),
    _but((b":path", b"/x"), more=((b"transfer-encoding", b"chunked"),)),
    _but(more=((b"te", b"trailers"), (b"authorization", b"Basic YW5uOg=="))),
    _but(more=((b"authorization", b"Basic YW5uOg=="), (b"authorization", b"Bearer x"))),
    _but(more=((b"cookie", b"a=1"), (b"cookie", b"user=ann"))),
)
"""Heads of HTTP/2, sent as they are."""
