"""Heads from clients: lines, names, values, control characters (RFC 9112 2 to 5)."""

from tests.smuggling.case import (
    Accepted,
    Refused,
    RequestCase,
    Unfinished,
    request,
    shown,
)

__all__ = ["BAD_LINES", "BAD_NAME_BYTES", "BAD_VALUE_BYTES", "CASES"]

BAD_VALUE_BYTES = (*(each for each in range(0x20) if each != 0x09), 0x7F)
"""Every control character but HTAB."""
BAD_NAME_BYTES = (0x00, 0x09, 0x0B, 0x1F, *b' "(),/;<=>?@[\\]{}', 0x7F, 0x80, 0xA0, 0xFF)
"""What is no tchar: all delimiters, some control characters, some above ASCII."""
BAD_METHOD_BYTES = (0x00, 0x09, 0x0B, *b'"(),/:;<=>?@[\\]{}', 0x7F, 0xA0)
BAD_TARGET_BYTES = (0x00, 0x01, 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1F, 0x20, 0x7F, 0x80, 0xA0, 0xFF)

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: a.test"
BAD_LINES = {
    b"X-A : b": "a space stands before the colon",
    b"X-A\t: b": "a tab stands before the colon",
    b"X-A  : b": "two spaces stand before the colon",
    b"X-A\x0b: b": "a vertical tab stands before the colon",
    b"X-A\xa0: b": "a no-break space stands before the colon",
    b" X-A: b": "the line begins with a space, so it folds the one before",
    b"\tX-A: b": "the line begins with a tab, so it folds the one before",
    b"X-A: b\r\n c": "the value is folded",
    b"X-A: b\r\n\tc": "the value is folded",
    b"X-A: b\r\n ": "the value is folded into nothing",
    b"X-A:\r\n b": "the whole value is folded",
    b"X-A": "there is no colon",
    b"X-A b": "there is no colon",
    b":": "there is no name",
    b": b": "there is no name",
    b":authority: b.test": "there is no name before the first colon",
    b":path: /smuggled": "there is no name before the first colon",
    b" ": "the line is white space",
    b"X-A: b\nX-B: c": "a bare LF ends a line",
    b"X-A: b\n\r\nX-B: c": "a bare LF stands before the CRLF",
    b"X-A: b\r\r\nX-B: c": "CR CR LF ends a line",
    b"X-A: b\rX-B: c": "a bare CR ends a line",
    b"X-A: b\n": "a bare LF stands before the CRLF",
    b"X-A: b\r": "CR CR LF ends the last line",
    b"X-A: b\n\n" + HIDDEN: "two bare LF end the head for some",
    b"X-A: b\r\r" + HIDDEN: "two bare CR end the head for some",
    b"\x00": "the line is a NUL",
    b"\xef\xbb\xbfX-A: b": "a byte order mark is no part of a name",
}
"""Field lines -> what is wrong with them."""

NO_REQUEST_LINES = {
    b"GET\xa0/case HTTP/1.1": "a no-break space is no space",
    b"GET\x00 /case HTTP/1.1": "NUL ends a string in C",
    b"GET /case HTTP/1.1\x00": "NUL ends a string in C",
    b"\x00GET /case HTTP/1.1": "NUL ends a string in C",
    b"GET": "there is no target",
    b"GET HTTP/1.1": "there is no target",
    b"GET  HTTP/1.1": "the target is empty",
    b"/case HTTP/1.1": "there is no method",
    b"GET /case x HTTP/1.1": "a space stands in the target",
    b"GET /case HTTP/1.1 x": "something stands behind the version",
    b"GET /case HTTP/1.1 HTTP/1.1": "there are two versions",
    b"GET /case http/1.1": "the name of the protocol is case-sensitive",
    b"GET /case Http/1.1": "the name of the protocol is case-sensitive",
    b"GET /case HTTP/1.": "the minor version is empty",
    b"GET /case HTTP/.1": "the major version is empty",
    b"GET /case HTTP/": "there is no version",
    b"GET /case HTTP1.1": "there is no slash",
    b"GET /case HTTP /1.1": "a space stands in the version",
    b"GET /case HTTP/ 1.1": "a space stands in the version",
    b"GET /case HTTP/1 .1": "a space stands in the version",
    b"GET /case HTTP/01.1": "a version is two digits",
    b"GET /case HTTP/1.01": "a version is two digits",
    b"GET /case HTTP/1.10": "a version is two digits",
    b"GET /case HTTP/11.1": "a version is two digits",
    b"GET /case HTTP/1.1.1": "a version is two digits",
    b"GET /case HTTP/1,1": "a comma is no point",
    b"GET /case HTTP/+1.1": "a sign is no digit",
    b"GET /case HTTP/1.x": "a letter is no digit",
    b"GET /case HTTP/1.\xb1": "a byte above ASCII is no digit",
    b"GET /case HTPP/1.1": "this is another protocol",
    b"GET /case SIP/2.0": "this is another protocol",
    b"GET /case RTSP/1.0": "this is another protocol",
    b"PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\nGET /case HTTP/1.1": "nobody announced a proxy here",
    b"SSH-2.0-client": "this is another protocol",
    b"EHLO a.test": "this is another protocol",
    b"GET /case HTTP/1.1\rX-A: b": "a bare CR ends the request line",
    b"GET /case HTTP/1.1\r\r\nX-A: b": "CR CR LF ends the request line",
    b"\rGET /case HTTP/1.1": "a bare CR stands before the request",
    b"\r\rGET /case HTTP/1.1": "bare CR stand before the request",
    b"\xef\xbb\xbfGET /case HTTP/1.1": "a byte order mark stands before the method",
}
LENIENT_LINES = {
    b"GET  /case HTTP/1.1": "two spaces stand behind the method",
    b"GET /case  HTTP/1.1": "two spaces stand behind the target",
    b"GET\t/case HTTP/1.1": "a tab is no space",
    b"GET /case\tHTTP/1.1": "a tab is no space",
    b"GET /case HTTP/1.1 ": "a space stands behind the version",
    b"GET /case HTTP/1.1\t": "a tab stands behind the version",
    b" GET /case HTTP/1.1": "a space stands before the method",
    b"\tGET /case HTTP/1.1": "a tab stands before the method",
    b"GET\x0b/case HTTP/1.1": "a vertical tab is no space",
    b"GET\x0c/case HTTP/1.1": "a form feed is no space",
    b"GET /case": "there is no version: HTTP/0.9 has no fields and no framing",
    b"GET /case ": "the version is empty",
    b"GET /case HTTP/1.1\nX-A: b": "a bare LF ends the request line",
    b"GET /case HTTP/1.1\n\r\nX-A: b": "a bare LF stands before the CRLF",
    b"\nGET /case HTTP/1.1": "a bare LF stands before the request",
}
"""Request lines that RFC 9112 2.2 and 3 let a lenient reader repair; two that repair differ."""
OTHER_VERSIONS = (
    b"HTTP/2.0",
    b"HTTP/2",
    b"HTTP/1",
    b"HTTP/3.0",
    b"HTTP/0.9",
    b"HTTP/0.0",
    b"HTTP/9.9",
)


def _start(line: bytes) -> bytes:
    return request(start=line)


CASES = [
    *(
        RequestCase(
            name=f"byte {each:#04x} stands in a field value",
            sent=request(b"X-A: b" + bytes((each,)) + b"c"),
            rfc="9110 5.5",
            why="A control character ends a line or a string for one reader and not for another.",
            fates=(Refused(),),
            ours=True,
        )
        for each in BAD_VALUE_BYTES
    ),
    *(
        RequestCase(
            name=f"byte {each:#04x} ends a field value",
            sent=request(b"X-A: b" + bytes((each,))),
            rfc="9110 5.5",
            why="Stripping a control character as white space would be a repair.",
            fates=(Refused(),),
            ours=True,
        )
        for each in (0x00, 0x0B, 0x0C, 0x1C, 0x7F)
    ),
    *(
        RequestCase(
            name=f"byte {each:#04x} stands in a field name",
            sent=request(b"X-A" + bytes((each,)) + b"B: c"),
            rfc="9110 5.1",
            why="A name is a token: what is none is another field to each reader.",
            fates=(Refused(),),
        )
        for each in BAD_NAME_BYTES
    ),
    *(
        RequestCase(
            name=f"byte {each:#04x} stands in the method",
            sent=_start(b"GE" + bytes((each,)) + b"T /case HTTP/1.1"),
            rfc="9110 9.1",
            why="A method is a token.",
            fates=(Refused(),),
        )
        for each in BAD_METHOD_BYTES
    ),
    *(
        RequestCase(
            name=f"byte {each:#04x} stands in the target",
            sent=_start(b"GET /ca" + bytes((each,)) + b"se HTTP/1.1"),
            rfc="9112 3.2",
            why="A target holds visible ASCII alone; who repairs it asks for something else.",
            fates=(Refused(),),
            ours=each == 0x0A,
        )
        for each in BAD_TARGET_BYTES
    ),
    *(
        RequestCase(
            name=f"a field line is malformed: {shown(line)}",
            sent=request(line),
            rfc="9112 5.2" if "fold" in why else "9112 2.2" if "bare" in why else "9112 5.1",
            why=f"Nothing malformed is repaired: {why}.",
            fates=(Refused(),),
            ours="fold" in why or "bare LF" in why,
        )
        for line, why in BAD_LINES.items()
    ),
    *(
        RequestCase(
            name=f"a field line is malformed in the first place: {shown(line)}",
            sent=b"GET /case HTTP/1.1\r\n" + line + b"\r\nHost: a.test\r\n\r\n",
            rfc="9112 2.2" if line[:1].isspace() else "9112 5.1",
            why=f"The line behind the request line gets no mercy either: {why}.",
            fates=(Refused(),),
            ours=line[:1].isspace(),
        )
        for line, why in {
            b" X-A: b": "it begins with a space",
            b"\tX-A: b": "it begins with a tab",
            b" Content-Length: 5": "it begins with a space and would be dropped",
            b" ": "it is white space",
            b"X-A": "it has no colon",
        }.items()
    ),
    *(
        RequestCase(
            name=f"the request line is malformed: {shown(line)}",
            sent=_start(line),
            rfc="9112 2.2" if "bare" in why else "9112 3",
            why=f"Method, space, target, space, version, CRLF: {why}.",
            fates=(Refused(),),
        )
        for line, why in NO_REQUEST_LINES.items()
    ),
    *(
        RequestCase(
            name=f"the request line needs a repair: {shown(line)}",
            sent=_start(line),
            rfc="9112 2.2" if "bare" in why or "fold" in why else "9112 3",
            why=f"A repair is a guess at what the others read: {why}.",
            fates=(Refused(),),
            ours=True,
        )
        for line, why in LENIENT_LINES.items()
    ),
    *(
        RequestCase(
            name=f"the version is another: {version.decode()}",
            sent=_start(b"GET /case " + version),
            rfc="9110 15.6.6",
            why="Who cannot speak a version does not know its framing.",
            fates=(Refused(statuses=frozenset((400, 505) if b"." not in version else (505,))),),
        )
        for version in OTHER_VERSIONS
    ),
    RequestCase(
        name="the minor version is higher than ours",
        sent=_start(b"GET /case HTTP/1.2"),
        rfc="9110 2.5",
        why="It may be read as 1.1, but nobody sends it who means well.",
        fates=(Refused(statuses=frozenset((505,))),),
        ours=True,
    ),
    RequestCase(
        name="the preface of HTTP/2, spoiled by a field",
        sent=_start(b"PRI * HTTP/2.0"),
        rfc="9113 3.4",
        why="It is no preface, and as a request it is of another version.",
        fates=(Refused(statuses=frozenset((400, 505))),),
    ),
    RequestCase(
        name="a TLS handshake where plain HTTP is spoken",
        sent=b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\x00" * 32,
        rfc="9112 3",
        why="Bytes that are no HTTP are answered once and never searched for a request.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="all line ends are bare LF",
        sent=b"GET /case HTTP/1.1\nHost: a.test\n\n",
        rfc="9112 2.2",
        why="LF may be read as a line's end, and who does not sees one line.",
        fates=(Refused(),),
        ours=True,
    ),
    RequestCase(
        name="the head ends with a bare LF",
        sent=b"GET /case HTTP/1.1\r\nHost: a.test\r\n\n",
        rfc="9112 2.2",
        why="Who takes it for the end reads what follows as a request, the others as a field.",
        fates=(Refused(),),
        ours=True,
    ),
    RequestCase(
        name="the head ends with LF CRLF",
        sent=b"GET /case HTTP/1.1\r\nHost: a.test\n\r\n",
        rfc="9112 2.2",
        why="Who takes it for the end reads what follows as a request, the others as a field.",
        fates=(Refused(),),
        ours=True,
    ),
    RequestCase(
        name="all line ends are bare CR",
        sent=b"GET /case HTTP/1.1\rHost: a.test\r\r",
        rfc="9112 2.2",
        why="A bare CR ends no line and is not replaced by a space.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="one empty line before the request",
        sent=b"\r\n" + request(),
        rfc="9112 2.2",
        why="Old clients send one behind a body; it is ignored, and only as CRLF.",
        fates=(Accepted(),),
    ),
    RequestCase(
        name="a byte of white space before the next request",
        sent=request() + b" ",
        rfc="9112 3",
        why="The rubbish behind a request belongs to the next one and spoils it.",
        fates=(Accepted(), Refused()),
    ),
    RequestCase(
        name="a NUL before the next request",
        sent=request() + b"\x00",
        rfc="9112 3",
        why="The rubbish behind a request belongs to the next one and spoils it.",
        fates=(Accepted(), Refused()),
    ),
    RequestCase(
        name="a body that nobody announced",
        sent=request(start=b"POST /case HTTP/1.1") + b"hello" + request(),
        rfc="9112 6.3",
        why="Without framing these bytes begin the next request: its method is helloGET.",
        fates=(Accepted(method=b"POST"), Accepted(method=b"helloGET")),
    ),
    *(
        RequestCase(
            name=f"a method of its own: {method.decode()}",
            sent=_start(method + b" /case HTTP/1.1"),
            rfc="9110 9.1",
            why="A method is any token, case-sensitive, and goes out as it came.",
            fates=(Accepted(method=method),),
        )
        for method in (b"get", b"QUERY", b"PURGE", b"X", b"M-SEARCH", b"!#$%&'*+-.^_`|~")
    ),
    RequestCase(
        name="field values with tabs and bytes above ASCII",
        sent=request(b"X-A: b\tc \xe4\xff"),
        rfc="9110 5.5",
        why="HTAB inside a value and obs-text are allowed and pass as they are.",
        fates=(Accepted(has=((b"x-a", b"b\tc \xe4\xff"),)),),
    ),
    RequestCase(
        name="an empty field value",
        sent=request(b"X-A:", b"X-B: \t "),
        rfc="9110 5.5",
        why="A value may be empty.",
        fates=(Accepted(has=((b"x-a", b""), (b"x-b", b""))),),
    ),
    *(
        RequestCase(
            name=f"the client leaves inside the head: {shown(part)}",
            sent=part,
            rfc="9112 8",
            why="A head that is not whole is no request.",
            fates=(Unfinished(method=b"GET"),),
        )
        for part in (
            b"",
            b"G",
            b"GET /case HTTP/1.1",
            b"GET /case HTTP/1.1\r",
            b"GET /case HTTP/1.1\r\nHost: a.test",
            b"GET /case HTTP/1.1\r\nHost: a.test\r\n",
            b"GET /case HTTP/1.1\r\nHost: a.test\r\n\r",
        )
    ),
    *(
        RequestCase(
            name=f"the client leaves with {left} bytes of its body missing",
            sent=request(b"Content-Length: 100", body=b"x" * (100 - left)),
            rfc="9112 8",
            why="A body shorter than its length is not whole, and nobody may take it for that.",
            fates=(Unfinished(),),
        )
        for left in (99, 50, 1)
    ),
]
