"""Chunked bodies from clients: sizes, extensions, ends, trailers (RFC 9112 7.1)."""

from tests.smuggling.case import (
    SMUGGLED,
    Accepted,
    BrokenOff,
    RequestCase,
    Unfinished,
    request,
    shown,
)

__all__ = [
    "BAD_ENDS",
    "BAD_SIZES",
    "BAD_TRAILERS",
    "CASES",
    "FRAMING",
    "OWN_BOUNDS",
    "chunked",
    "is_harmless_when_dropped",
]

BAD_SIZES = {
    b"": "an empty size is no number",
    b" 5": "white space before the digits makes the line another thing to some",
    b"\t5": "white space before the digits makes the line another thing to some",
    b"5 ": "white space behind the digits is for extensions alone",
    b"5\t": "white space behind the digits is for extensions alone",
    b"+5": "a sign is no digit, though strtol() takes it",
    b"-5": "a size is never negative",
    b"-0": "a sign is no digit, even before zero",
    b"0x5": "a prefix is no digit, though strtol() takes it",
    b"0X5": "a prefix is no digit, though strtol() takes it",
    b"x5": "x is no digit",
    b"5h": "h is no digit",
    b"g": "g is no digit",
    b"5g": "the digits end where the line should",
    b"5_0": "Python's int() takes the underscore for nothing",
    b"5.0": "a point is no digit",
    b"5,": "a comma is no digit",
    b"5 5": "a second number is no extension",
    b"5:": "a colon begins no extension",
    b"5=": "an equals sign begins no extension",
    b'"5"': "a size is no quoted string",
    b"'5'": "a size is in no quotes",
    b"five": "a word is no number",
    b"\x005": "NUL ends a string in C",
    b"5\x00": "NUL ends a string in C",
    b"5\x0b": "vertical tab is no white space in HTTP",
    b"\x0c5": "form feed is no white space in HTTP",
    b"5\r": "a bare CR is no end of a line",
    b"\r5": "a bare CR is no white space",
    b"5\n": "a bare LF is no end of a line",
    b"\n5": "a bare LF is no white space",
    b"\xd9\xa5": "Arabic digits are digits only once they are decoded",
    b"\xef\xbc\x95": "full-width digits are digits only once they are decoded",
    b"10000000000000005": "2^64 + 5 wraps to 5 in 64 bits",
    b"100000005000000000000000000005": "it is more than any counter holds",
    b"f" * 100: "it is more than any counter holds",
    b"5;": "an extension has a name",
    b"5; ": "an extension has a name",
    b"5;;": "an extension has a name",
    b"5;a;": "an extension has a name",
    b"5;=": "an extension has a name",
    b"5;=b": "an extension has a name",
    b"5;a=": "a value is not empty",
    b"5;a b": "a space makes two names of one",
    b"5;a=b c": "a space makes two values of one",
    b'5;a="b': "the quoted string does not end",
    b'5;a="b"c': "something follows the quoted string",
    b'5;a="b\\"': "the last quote is escaped, so the string does not end",
    b"5;a=\x00": "a control character stands in an extension",
    b"5;a=b\x00": "a control character stands in an extension",
    b"5;a=b\x0b": "a control character stands in an extension",
    b"5;a=b\x7f": "a control character stands in an extension",
    b'5;a="\x00"': "a control character stands in a quoted string",
    b'5;a="b\r\n"': "the line ends inside the quoted string",
    b"5;a\nb": "a bare LF ends the line for some, which shifts all behind it",
    b"5;\nxx": "a bare LF ends the line for some, which shifts all behind it",
    b"5;a\rb": "a bare CR ends the line for some, which shifts all behind it",
    b'5;a="\n"': "a bare LF in a quoted string ends the line for some",
    b'5;a="\r"': "a bare CR in a quoted string ends the line for some",
    b"5;\xe4": "a name is a token",
    b"5;(a)": "a name is a token",
    b"5;a=(b)": "a value is a token or a quoted string",
}
"""Size lines (without CRLF) of a chunk of five bytes -> what is wrong with them."""

OWN_BOUNDS = {
    b"0" * 64 + b"5": "so many zeros carry nothing",
    b"5;" + b"a" * 8192: "an extension carries nothing that anybody reads",
    b'5;a="' + b"b" * 8192 + b'"': "an extension carries nothing that anybody reads",
}
"""Size lines that the grammar allows, and a careful reader does not."""

BAD_ENDS = {
    b"5\r\nhello\n0\r\n\r\n": "a bare LF ends the chunk's data",
    b"5\r\nhello\r0\r\n\r\n": "a bare CR ends the chunk's data",
    b"5\r\nhello0\r\n\r\n": "nothing ends the chunk's data",
    b"5\r\nhello\r\r\n0\r\n\r\n": "CR CR LF ends the chunk's data",
    b"5\r\nhello\n\n0\r\n\r\n": "LF LF ends the chunk's data",
    b"5\r\nhello\n\r\n0\r\n\r\n": "LF stands before the CRLF",
    b"5\r\nhello \r\n0\r\n\r\n": "a space stands before the CRLF",
    b"5\r\nhello\x00\r\n0\r\n\r\n": "NUL stands before the CRLF",
    b"5\r\nhelloX\r\n0\r\n\r\n": "the data is a byte longer than its size",
    b"5\r\nhello world\r\n0\r\n\r\n": "the data is longer than its size",
    b"5\r\nhelloXX0\r\n\r\n": "any two bytes stand where CRLF should",
    b"5\r\nhell\r\n0\r\n\r\n": "the data is a byte shorter than its size",
    b"5\r\nhello\r\n\r\n0\r\n\r\n": "an empty line stands between two chunks",
    b"5\r\nhello\r\n \r\n0\r\n\r\n": "a line of white space stands between two chunks",
    b"5\nhello\r\n0\r\n\r\n": "a bare LF ends the size line",
    b"5\rhello\r\n0\r\n\r\n": "a bare CR ends the size line",
    b"5\nhello\n0\n\n": "bare LF ends all lines",
    b"5\r\nhello\r\n0\n\r\n": "a bare LF ends the last size line",
    b"5\r\nhello\r\n0\r\n\n": "a bare LF ends the trailer section",
    b"5\r\nhello\r\n0\r\n\r\r\n": "CR CR LF ends the trailer section",
    b"5\r\nhello\r\n0\r\r\n\r\n": "CR CR LF ends the last size line",
    b"5\r\nhello\r\n0\n\n": "bare LF ends the last chunk",
    b"5\r\nhello\r\n-0\r\n\r\n": "the last size has a sign",
    b"5\r\nhello\r\n0x0\r\n\r\n": "the last size has a prefix",
    b"5\r\nhello\r\n0 \r\n\r\n": "white space follows the last size",
    b"5\r\nhello\r\n0;\r\n\r\n": "the last size has an extension without a name",
    b"5\r\nhello\r\n\r\n": "an empty line stands for the last chunk",
    b"hello": "there are no chunks at all",
    b"\r\n5\r\nhello\r\n0\r\n\r\n": "an empty line stands before the first chunk",
}
"""Chunked bodies -> where they leave the grammar."""

BAD_TRAILERS = {
    b"X-A : b\r\n": "a space stands before the colon",
    b"X-A\t: b\r\n": "a tab stands before the colon",
    b"X-A\r\n": "there is no colon",
    b": b\r\n": "there is no name",
    b" X-A: b\r\n": "a line begins with a space",
    b"X-A: b\r\n c\r\n": "a value is folded",
    b"X-A: b\r\n\tc\r\n": "a value is folded",
    b"X-A: b\x00\r\n": "a NUL stands in a value",
    b"X-A: b\x0b\r\n": "a control character stands in a value",
    b"X-A: b\rc\r\n": "a bare CR stands in a value",
    b"X-A: b\nX-B: c\r\n": "a bare LF ends a line",
    b"X-A: b\n\r\n": "a bare LF ends the last line",
    b"X(A: b\r\n": "a name is no token",
    b"X-A\x00: b\r\n": "a NUL stands in a name",
    b"GET /smuggled HTTP/1.1\r\nHost: a.test\r\n": "a request stands where trailers should",
    b"\xa0X-A: b\r\n": "a name begins with a no-break space",
}
"""Trailer sections (without their last CRLF) -> what is wrong with them."""

FRAMING = (
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: identity",
    b"Content-Length: 0",
    b"Content-Length: 5",
    b"Content-Length: 500",
    b"X-Sum: 1\r\ncontent-length: 5",
)
"""Trailers that would frame their message anew."""

GOOD = {
    b"5\r\nhello\r\n0\r\n\r\n": "one chunk",
    b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n": "two chunks",
    b"1\r\nh\r\n1\r\ne\r\n1\r\nl\r\n1\r\nl\r\n1\r\no\r\n0\r\n\r\n": "a chunk a byte",
    b"0005\r\nhello\r\n0\r\n\r\n": "leading zeros",
    b"5\r\nhello\r\n000\r\n\r\n": "a last size of several zeros",
    b"5;a\r\nhello\r\n0\r\n\r\n": "an extension without a value",
    b"5;a=b\r\nhello\r\n0\r\n\r\n": "an extension with a token",
    b'5;a="b;c\\"\\\\ d"\r\nhello\r\n0\r\n\r\n': "an extension with a quoted string",
    b'5 ; a = "b" ;c\r\nhello\r\n0;d=e\r\n\r\n': "extensions with white space where it may be",
    b"5;0\r\nhello\r\n0\r\n\r\n": "an extension that looks like a last chunk",
    b"5;Content-Length=0\r\nhello\r\n0\r\n\r\n": "an extension that looks like a field",
}
FORBIDDEN = (
    (b"Host: b.test", "it would route the message anew"),
    (b"Connection: close", "it is about this connection alone"),
    (b"Connection: x-a", "it is about this connection alone"),
    (b"Upgrade: websocket", "it is about this connection alone"),
    (b"TE: trailers", "it is about this connection alone"),
    (b"Keep-Alive: timeout=5", "it is about this connection alone"),
    (b"Expect: 100-continue", "it would come too late"),
    (b"Authorization: Basic eDp5", "it would authenticate what was passed already"),
    (b"Cookie: admin=1", "it would authenticate what was passed already"),
    (b"Content-Type: text/html", "it says how to read what was read already"),
    (b"Content-Encoding: gzip", "it says how to read what was read already"),
    (b"Content-Range: bytes 0-1/2", "it says how to read what was read already"),
    (b"Trailer: x-a", "it would announce itself"),
    (b"Max-Forwards: 0", "it would come too late"),
    (b"X-Forwarded-For: 6.6.6.6", "an origin that merges trailers would believe it"),
    (b"X_Forwarded_For: 6.6.6.6", "an origin that merges trailers would believe it"),
    (b"X-Real-IP: 6.6.6.6", "an origin that merges trailers would believe it"),
    (b"Forwarded: for=6.6.6.6", "an origin that merges trailers would believe it"),
    (b"Content_Length: 0", "an origin that reads names as CGI does takes it for framing"),
)


def is_harmless_when_dropped(size: bytes) -> bool:
    """Whether only the extension is malformed, and every reader sees the same end of the line."""
    return b";" in size and not (b"\r" in size or b"\n" in size)


def chunked(body: bytes, *lines: bytes) -> bytes:
    """A chunked POST; `body` as it goes over the wire."""
    return request(*lines, b"Transfer-Encoding: chunked", body=body)


def _accepted(body: bytes = b"hello") -> Accepted:
    return Accepted(method=b"POST", body=body)


CASES = [
    *(
        RequestCase(
            name=f"the size of a chunk is malformed: {shown(size)}",
            sent=chunked(size + b"\r\nhello\r\n0\r\n\r\n"),
            rfc="9112 7.1",
            why=f"A chunk that two readers size differently makes two messages of one: {why}.",
            fates=(BrokenOff(),),
            ours=is_harmless_when_dropped(size),
        )
        for size, why in BAD_SIZES.items()
    ),
    *(
        RequestCase(
            name=f"the size line of a chunk is out of bounds: {shown(size)}",
            sent=chunked(size + b"\r\nhello\r\n0\r\n\r\n"),
            rfc="9112 7.1.1",
            why=f"What costs a reader and carries nothing is bounded: {why}.",
            fates=(BrokenOff(),),
            ours=True,
        )
        for size, why in OWN_BOUNDS.items()
    ),
    *(
        RequestCase(
            name=f"a chunked body leaves the grammar: {why}",
            sent=chunked(body),
            rfc="9112 7.1",
            why="Size, CRLF, data, CRLF: any byte more or less is read in two ways.",
            fates=(BrokenOff(),),
        )
        for body, why in BAD_ENDS.items()
    ),
    *(
        RequestCase(
            name=f"a chunked body on its way to the origin leaves the grammar: {why}",
            sent=chunked(b"2\r\nhe\r\n"),
            rest=body,
            rfc="9112 7.1",
            why="What the origin has of the body by then must not be taken for all of it.",
            fates=(BrokenOff(),),
        )
        for body, why in BAD_ENDS.items()
    ),
    *(
        RequestCase(
            name=f"a trailer is malformed: {shown(lines)}",
            sent=chunked(b"5\r\nhello\r\n0\r\n" + lines + b"\r\n"),
            rfc="9112 7.1.2",
            why=f"Trailers are field lines like any other: {why}.",
            fates=(BrokenOff(),),
            ours="bare" not in why and "request" not in why,
        )
        for lines, why in BAD_TRAILERS.items()
    ),
    *(
        RequestCase(
            name=f"a trailer that would frame the body: {shown(line)}",
            sent=chunked(b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n"),
            rfc="9110 6.5.1",
            why="It must not come behind the body: HTTP/2 refuses it as well.",
            fates=(BrokenOff(),),
            ours=True,
        )
        for line in FRAMING
    ),
    *(
        RequestCase(
            name=f"a chunked body as it should be: {why}",
            sent=chunked(body),
            rfc="9112 7.1",
            why="What the grammar allows is taken, and means the same bytes to all.",
            fates=(_accepted(),),
        )
        for body, why in GOOD.items()
    ),
    *(
        RequestCase(
            name=f"a forbidden trailer is dropped: {shown(line)}",
            sent=chunked(b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n"),
            rfc="9110 6.5.1",
            why=f"This must not come behind the body: {why}.",
            fates=(_accepted(),),
            ours=True,
        )
        for line, why in FORBIDDEN
    ),
    RequestCase(
        name="a harmless trailer is passed on beside a forbidden one",
        sent=chunked(
            b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nContent-Type: a/b\r\n\r\n", b"Trailer: x-sum"
        ),
        rfc="9110 6.5.1",
        why="Only the forbidden ones go.",
        fates=(Accepted(method=b"POST", body=b"hello", trailers=((b"x-sum", b"1"),)),),
        ours=True,
    ),
    RequestCase(
        name="a trailer that Connection names is dropped",
        sent=chunked(b"5\r\nhello\r\n0\r\nX-Hop: 1\r\n\r\n", b"Connection: x-hop"),
        rfc="9110 7.6.1",
        why="Fields named by Connection go, header and trailer fields alike.",
        fates=(_accepted(),),
    ),
    RequestCase(
        name="chunk data that looks like the end and a request",
        sent=chunked(
            b"%x\r\n0\r\n\r\n%b\r\n0\r\n\r\n" % (5 + len(SMUGGLED), SMUGGLED),
        ),
        rfc="9112 7.1",
        why="Data is counted, not searched.",
        fates=(_accepted(b"0\r\n\r\n" + SMUGGLED),),
    ),
    RequestCase(
        name="an extension whose quoted string holds a last chunk",
        sent=chunked(b'5;a="0\r\n\r\n' + SMUGGLED + b'"\r\nhello\r\n0\r\n\r\n'),
        rfc="9112 7.1.1",
        why="A line ends at its CRLF, quotes or not; what follows would be a request.",
        fates=(BrokenOff(),),
    ),
    RequestCase(
        name="a good chunk, then a malformed one that hides a request",
        sent=chunked(b"5\r\nhello\r\n0x0\r\n\r\n" + SMUGGLED),
        rfc="9112 7.1",
        why="Behind an error nothing is parsed, not even what looks well.",
        fates=(BrokenOff(),),
    ),
    RequestCase(
        name="extensions without end, a few bytes a chunk",
        sent=chunked((b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 40 + b"0\r\n\r\n"),
        rfc="9112 7.1.1",
        why="Extensions of all chunks together are bounded: they cost and carry nothing.",
        fates=(BrokenOff(),),
        ours=True,
    ),
    RequestCase(
        name="more trailers than a head may have fields",
        sent=chunked(b"5\r\nhello\r\n0\r\n" + b"X-A: b\r\n" * 1000 + b"\r\n"),
        rfc="9110 6.5",
        why="The trailer section is bounded as the head is.",
        fates=(BrokenOff(statuses=frozenset((400, 431))),),
        ours=True,
    ),
    RequestCase(
        name="trailers without end",
        sent=chunked(b"5\r\nhello\r\n0\r\n" + b"X-A: bbbbbbbbbb\r\n" * 8192 + b"\r\n"),
        rfc="9110 6.5",
        why="The trailer section is bounded as the head is.",
        fates=(BrokenOff(statuses=frozenset((400, 431))),),
    ),
    *(
        RequestCase(
            name=f"the client leaves inside a chunked body: {shown(body)}",
            sent=chunked(body),
            rfc="9112 8",
            why="A body without its last chunk is not whole, and nobody may take it for that.",
            fates=(Unfinished(),),
        )
        for body in (
            b"5",
            b"5\r",
            b"5\r\n",
            b"5\r\nhel",
            b"5\r\nhello",
            b"5\r\nhello\r",
            b"5\r\nhello\r\n",
            b"5\r\nhello\r\n0",
            b"5\r\nhello\r\n0\r\n",
            b"5\r\nhello\r\n0\r\n\r",
            b"5\r\nhello\r\n0\r\nX-A: b\r\n",
        )
    ),
    *(
        RequestCase(
            name=f"the origin answered early, then a chunk is malformed: {shown(chunk)}",
            sent=chunked(b"5\r\nhello\r\n"),
            later=chunk + b"0\r\n\r\n",
            early=True,
            rfc="9112 6.3",
            why="An answer that has left does not mend the framing: the connection ends.",
            fates=(BrokenOff(statuses=frozenset((200,))),),
            ours=b";" in chunk,
        )
        for chunk in (b"x\r\n", b"5\r\nhelloX\r\n", b"5;\r\nhello\r\n", b"5\nhello\n")
    ),
]
