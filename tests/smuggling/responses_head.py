"""Heads from origins: status lines, fields, limits (RFC 9112 4 and 5, RFC 9110 5 and 15)."""

from tests.smuggling.case import Passed, Replaced, ResponseCase, response, shown
from tests.smuggling.requests_head import BAD_LINES, BAD_NAME_BYTES, BAD_VALUE_BYTES

__all__ = ["CASES"]

NO_STATUS_LINES = {
    b"HTTP/1.1200 OK": "there is no space behind the version",
    b"HTTP/1.1 200OK": "there is no space behind the status",
    b"HTTP/1.1 2000 OK": "a status has three digits",
    b"HTTP/1.1 20 OK": "a status has three digits",
    b"HTTP/1.1 2 OK": "a status has three digits",
    b"HTTP/1.1 0200 OK": "a status has three digits",
    b"HTTP/1.1 000 OK": "no class begins with 0",
    b"HTTP/1.1 099 OK": "no class begins with 0",
    b"HTTP/1.1 600 OK": "no class begins with 6",
    b"HTTP/1.1 999 OK": "no class begins with 9",
    b"HTTP/1.1 -20 OK": "a sign is no digit",
    b"HTTP/1.1 +20 OK": "a sign is no digit",
    b"HTTP/1.1 0xC OK": "a status is decimal",
    b"HTTP/1.1 2e2 OK": "a status is decimal",
    b"HTTP/1.1 20O OK": "a letter is no digit",
    b"HTTP/1.1 abc OK": "a word is no status",
    b"HTTP/1.1 200.0 OK": "a point is no digit",
    b"HTTP/1.1 \xb2\xb0\xb0 OK": "superscripts are digits only once they are decoded",
    b"HTTP/1.1 200\x00 OK": "NUL ends a string in C",
    b"HTTP/1.1": "there is no status",
    b"HTTP/1.1 ": "the status is empty",
    b"HTTP/1.1 OK 200": "the status is not in its place",
    b"HTTP 200 OK": "there is no version",
    b"HTTP/ 200 OK": "the version is empty",
    b"HTTP/1 200 OK": "a version is two digits",
    b"HTTP/1. 200 OK": "a version is two digits",
    b"HTTP/.1 200 OK": "a version is two digits",
    b"HTTP/1.10 200 OK": "a version is two digits",
    b"HTTP/11.1 200 OK": "a version is two digits",
    b"HTTP/01.1 200 OK": "a version is two digits",
    b"HTTP/1.x 200 OK": "a letter is no digit",
    b"HTTP/1,1 200 OK": "a comma is no point",
    b"HTTP/2 200 OK": "its framing is another",
    b"HTTP/2.0 200 OK": "its framing is another",
    b"HTTP/3.0 200 OK": "its framing is another",
    b"HTTP/0.9 200 OK": "HTTP/0.9 has no status line",
    b"http/1.1 200 OK": "the name of the protocol is case-sensitive",
    b"HTPP/1.1 200 OK": "this is another protocol",
    b"ICY 200 OK": "this is another protocol",
    b"RTSP/1.0 200 OK": "this is another protocol",
    b"SSH-2.0-server": "this is another protocol",
    b"220 a.test ESMTP": "this is another protocol",
    b"+OK ready": "this is another protocol",
    b"200 OK": "there is no version",
    b"hello": "there is no status line at all",
    b"<html>hello</html>": "HTTP/0.9 answers without a head",
    b"GET /smuggled HTTP/1.1": "a request is no answer",
    b" HTTP/1.1 200 OK": "a space stands before the version",
    b"\x00HTTP/1.1 200 OK": "NUL stands before the version",
    b"\xef\xbb\xbfHTTP/1.1 200 OK": "a byte order mark stands before the version",
    b"X-A: b\r\nHTTP/1.1 200 OK": "a field stands before the status line",
    b"HTTP/1.1 200 O\x00K": "NUL stands in the reason",
    b"HTTP/1.1 200 O\x0bK": "a control character stands in the reason",
    b"HTTP/1.1 200 O\x7fK": "a control character stands in the reason",
    b"HTTP/1.1 200 O\rK": "a bare CR stands in the reason",
    b"HTTP/1.1 200 OK\r": "CR CR LF ends the status line",
    b"HTTP/1.1 200 OK\rX-A: b": "a bare CR ends the status line",
}
LENIENT = {
    b"HTTP/1.1  200 OK": "two spaces stand before the status",
    b"HTTP/1.1\t200\tOK": "tabs stand where spaces should",
    b"HTTP/1.2 200 OK": "the minor version is higher than ours",
    b"\r\nHTTP/1.1 200 OK": "an empty line stands before the status line",
    b"\nHTTP/1.1 200 OK": "a bare LF stands before the status line",
    b"HTTP/1.1 200 OK\nX-A: b": "a bare LF ends the status line",
}
GOOD = {
    b"HTTP/1.1 200": "the space behind the status is missing, as many origins have it",
    b"HTTP/1.1 200 ": "the reason may be empty",
    b"HTTP/1.1 200 All is well": "the reason is any text",
    b"HTTP/1.1 200 \xe4\xf6 \t!": "the reason may hold tabs and bytes above ASCII",
    b"HTTP/1.1 299 OK": "an unknown status is read as the first of its class",
    b"HTTP/1.1 599 OK": "the last status there is",
}
LENGTH = b"Content-Length: 5"

CASES = [
    *(
        ResponseCase(
            name=f"the status line is none: {shown(line)}",
            sent=response(LENGTH, body=b"hello", start=line),
            end="close",
            rfc="9112 4",
            why=f"What does not begin as an answer has no framing that could be trusted: {why}.",
            fate=Replaced(),
        )
        for line, why in NO_STATUS_LINES.items()
    ),
    *(
        ResponseCase(
            name=f"the status line needs a repair: {shown(line)}",
            sent=response(LENGTH, body=b"hello", start=line),
            end="close",
            rfc="9112 4",
            why=f"A repair is a guess at what the next reader sees: {why}.",
            fate=Replaced(),
            ours=True,
        )
        for line, why in LENIENT.items()
    ),
    *(
        ResponseCase(
            name=f"the status line is one: {shown(line)}",
            sent=response(LENGTH, body=b"hello", start=line),
            rfc="9112 4",
            why=f"A valid answer passes: {why}.",
            fate=Passed(status=int(line[9:12])),
        )
        for line, why in GOOD.items()
    ),
    *(
        ResponseCase(
            name=f"byte {each:#04x} stands in a field value of the answer",
            sent=response(LENGTH, b"X-A: b" + bytes((each,)) + b"c", body=b"hello"),
            end="close",
            rfc="9110 5.5",
            why="A control character splits the answer for one reader and not for another.",
            fate=Replaced(),
            ours=True,
        )
        for each in BAD_VALUE_BYTES
    ),
    *(
        ResponseCase(
            name=f"byte {each:#04x} stands in a field name of the answer",
            sent=response(LENGTH, b"X-A" + bytes((each,)) + b"B: c", body=b"hello"),
            end="close",
            rfc="9110 5.1",
            why="A name is a token: what is none is another field to each reader.",
            fate=Replaced(),
            ours=each in b" \t",
        )
        for each in BAD_NAME_BYTES
    ),
    *(
        ResponseCase(
            name=f"a field line of the answer is malformed: {shown(line)}",
            sent=response(LENGTH, line, body=b"hello"),
            end="close",
            rfc="9112 5.2" if "fold" in why else "9112 2.2" if "bare" in why else "9112 5.1",
            why=f"Nothing malformed is repaired, and nothing of it is passed on: {why}.",
            fate=Replaced(),
            ours="fold" in why or "bare LF" in why or "colon" in why,
        )
        for line, why in BAD_LINES.items()
    ),
    *(
        ResponseCase(
            name=f"the line behind the status line is malformed: {shown(line)}",
            sent=b"HTTP/1.1 200 OK\r\n" + line + b"\r\nContent-Length: 5\r\n\r\nhello",
            end="close",
            rfc="9112 5.2",
            why="The first field line gets no mercy either.",
            fate=Replaced(),
            ours=True,
        )
        for line in (b" X-A: b", b"\tX-A: b", b" Content-Length: 0", b" ")
    ),
    *(
        ResponseCase(
            name=f"a field that the client must not get: {shown(line)}",
            sent=response(LENGTH, line, body=b"hello"),
            rfc="9110 7.6.1",
            why="A field for the origin's connection means nothing on the client's.",
            fate=Passed(lacks=(line.partition(b":")[0].lower(),)),
            ours=line[:1] == b"P",
        )
        for line in (
            b"Keep-Alive: timeout=1, max=1",
            b"Proxy-Connection: close",
            b"Upgrade: h2c",
            b"Upgrade: websocket",
            b"TE: trailers",
        )
    ),
    *(
        ResponseCase(
            name=f"a field of the answer that Connection names: {shown(named)}",
            sent=response(b"Connection: " + named, LENGTH, b"X-A: 1", body=b"hello"),
            rfc="9110 7.6.1",
            why="Fields named by Connection end at the next hop.",
            fate=Passed(lacks=(b"x-a",)),
        )
        for named in (b"x-a", b"X-A", b"close, x-a", b",, x-a ,", b"keep-alive,\tx-a")
    ),
    *(
        ResponseCase(
            name=f"an answer whose Connection names {name.decode()}",
            sent=response(
                b"Connection: " + name,
                LENGTH,
                b"Date: Thu, 01 Jan 1970 00:00:00 GMT",
                body=b"hello",
            ),
            rfc="9110 7.6.1",
            why="What frames the answer to the client is the door's to set.",
            fate=Passed(),
        )
        for name in (b"content-length", b"Content-Length, date", b"transfer-encoding", b"server")
    ),
    ResponseCase(
        name="a chunked answer whose Connection names Transfer-Encoding",
        sent=response(
            b"Connection: transfer-encoding",
            b"Transfer-Encoding: chunked",
            body=b"5\r\nhello\r\n0\r\n\r\n",
        ),
        rfc="9110 7.6.1",
        why="What frames the answer to the client is the door's to set.",
        fate=Passed(),
    ),
    ResponseCase(
        name="an answer with Connection: close closes nothing of the client's",
        sent=response(b"Connection: close", LENGTH, body=b"hello"),
        end="close",
        rfc="9110 7.6.1",
        why="The origin's connection is not the client's.",
        fate=Passed(lacks=(b"connection",), thrown=True),
        ours=True,
    ),
    ResponseCase(
        name="an answer with Connection: close on a connection that stays open",
        sent=response(b"Connection: close", LENGTH, body=b"hello"),
        rfc="9112 9.6",
        why="Who said close must not be asked again.",
        fate=Passed(thrown=True),
    ),
    ResponseCase(
        name="an HTTP/1.0 answer on a connection that stays open",
        sent=response(LENGTH, body=b"hello", start=b"HTTP/1.0 200 OK"),
        rfc="9112 9.3",
        why="HTTP/1.0 closes unless it says otherwise.",
        fate=Passed(thrown=True),
    ),
    ResponseCase(
        name="an answer's head that is too large",
        sent=response(LENGTH, *[b"X-A: " + b"a" * 1000] * 1000, body=b"hello"),
        rfc="6585 5",
        why="The memory of the door is not the origin's to fill.",
        fate=Replaced(),
        ours=True,
    ),
    ResponseCase(
        name="an answer with too many fields",
        sent=response(LENGTH, *[b"X-A: a"] * 2000, body=b"hello"),
        rfc="6585 5",
        why="Each field costs every reader on the way.",
        fate=Replaced(),
        ours=True,
    ),
    ResponseCase(
        name="an answer's head without end",
        sent=b"HTTP/1.1 200 OK\r\n" + b"X-A: bbbbbbbbbbbbb\r\n" * 60_000,
        rfc="6585 5",
        why="It is given up before its end has come.",
        fate=Replaced(),
        ours=True,
    ),
    ResponseCase(
        name="a status line without end",
        sent=b"HTTP/1.1 200 " + b"a" * 1_000_000,
        rfc="9112 4",
        why="It is given up before its end has come.",
        fate=Replaced(),
        ours=True,
    ),
    ResponseCase(
        name="bytes that are no HTTP and no line",
        sent=bytes(range(128, 256)) * 4,
        end="close",
        rfc="9112 4",
        why="What does not begin as an answer is none.",
        fate=Replaced(),
    ),
    ResponseCase(
        name="a TLS alert where plain HTTP is spoken",
        sent=b"\x15\x03\x01\x00\x02\x02\x46",
        end="close",
        rfc="9112 4",
        why="An origin that wants TLS answers so; it must not reach the client as HTTP/0.9.",
        fate=Replaced(),
    ),
]
