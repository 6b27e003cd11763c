"""Bodies from origins: lengths, codings, chunks (RFC 9112 6 and 7)."""

from tests.smuggling.case import (
    POISON,
    Passed,
    Replaced,
    ResponseCase,
    Spoiled,
    response,
    shown,
)
from tests.smuggling.requests_chunks import (
    BAD_ENDS,
    BAD_SIZES,
    BAD_TRAILERS,
    FRAMING,
    OWN_BOUNDS,
    is_harmless_when_dropped,
)
from tests.smuggling.requests_coding import CODINGS, NAMES, UNKNOWN
from tests.smuggling.requests_length import BOTH, NO_NUMBERS, OVERFLOWS, SAME, TWICE

__all__ = ["CASES", "HEAD_ASKED", "OLD"]

HEAD_ASKED = b"HEAD /case HTTP/1.1\r\nHost: a.test\r\n\r\n"
OLD = b"GET /case HTTP/1.0\r\nHost: a.test\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
HELLO = b"5\r\nhello\r\n0\r\n\r\n"
FORBIDDEN = (
    b"Connection: close",
    b"Set-Cookie: admin=1",
    b"Content-Type: text/html",
    b"Content-Encoding: gzip",
    b"Location: http://b.test/",
    b"WWW-Authenticate: Basic",
    b"Cache-Control: max-age=9",
)
BODILESS = {
    204: b"HTTP/1.1 204 No Content",
    304: b"HTTP/1.1 304 Not Modified",
}

CASES = [
    *(
        ResponseCase(
            name=f"the length of the answer is no number: {shown(value)}",
            sent=response(b"Content-Length: " + value, body=b"hello"),
            end="close",
            rfc="9112 6.3",
            why=f"A client that reads it otherwise takes the rest for the next answer: {why}.",
            fate=Replaced(),
        )
        for value, why in (NO_NUMBERS | OVERFLOWS).items()
    ),
    *(
        ResponseCase(
            name=f"the answer has two lengths: {shown(b' | '.join(lines), 80)}",
            sent=response(*lines, body=b"hello"),
            end="close",
            rfc="9112 6.3",
            why=f"Lengths that differ have no right reading; {why}.",
            fate=Replaced(),
        )
        for lines, why in TWICE.items()
    ),
    *(
        ResponseCase(
            name=f"the answer has two lengths alike: {shown(b' | '.join(lines), 80)}",
            sent=response(*lines, body=b"hello"),
            rfc="9112 6.3",
            why="Equal lengths may be folded, and who folds differently sees another answer.",
            fate=Replaced(),
            ours=True,
        )
        for lines in SAME
    ),
    *(
        ResponseCase(
            name=f"the answer has a length and a coding: {shown(b' | '.join(lines), 80)}",
            sent=response(*lines, body=HELLO),
            end="close",
            rfc="9112 6.3",
            why=f"One reader takes the length, the other the coding ({why}).",
            fate=Replaced(),
            ours="chunked" in lines[0].decode() or "chunked" in lines[1].lower().decode(),
        )
        for lines, why in BOTH.items()
    ),
    *(
        ResponseCase(
            name=f"the coding of the answer is not chunked: {shown(value)}",
            sent=response(b"Transfer-Encoding: " + value, body=HELLO),
            end="close",
            rfc="9112 6.3",
            why=f"Where the body ends is unknown: {why}.",
            fate=Replaced(),
            ours=why.startswith("identity is"),
        )
        for value, why in (CODINGS | UNKNOWN).items()
    ),
    *(
        ResponseCase(
            name=f"the coding of the answer by a broken name: {shown(name)}",
            sent=response(b"Content-Length: 0", name + b" chunked", body=HELLO),
            end="close",
            rfc="9112 5.1",
            why=f"Nothing malformed is repaired: {why}.",
            fate=Replaced(),
            ours="colon" in why or "continuation" in why,
        )
        for name, why in NAMES.items()
    ),
    ResponseCase(
        name="the answer has two codings",
        sent=response(CHUNKED, CHUNKED, body=HELLO),
        end="close",
        rfc="9112 6.1",
        why="Chunked is applied once only.",
        fate=Replaced(),
    ),
    ResponseCase(
        name="an HTTP/1.0 answer with chunks",
        sent=response(CHUNKED, body=HELLO, start=b"HTTP/1.0 200 OK"),
        end="close",
        rfc="9112 6.1",
        why="HTTP/1.0 has no codings: its framing is faulty.",
        fate=Replaced(),
    ),
    *(
        ResponseCase(
            name=f"the size of a chunk of the answer is malformed: {shown(size)}",
            sent=response(CHUNKED, body=b"2\r\nhe\r\n" + size + b"\r\nhello\r\n0\r\n\r\n"),
            end="close",
            rfc="9112 7.1",
            why=f"What cannot be sized cannot be passed on: {why}.",
            fate=Spoiled(),
            ours=is_harmless_when_dropped(size),
        )
        for size, why in BAD_SIZES.items()
    ),
    *(
        ResponseCase(
            name=f"the size line of a chunk of the answer is out of bounds: {shown(size)}",
            sent=response(CHUNKED, body=size + b"\r\nhello\r\n0\r\n\r\n"),
            end="close",
            rfc="9112 7.1.1",
            why=f"What costs a reader and carries nothing is bounded: {why}.",
            fate=Spoiled(),
            ours=True,
        )
        for size, why in OWN_BOUNDS.items()
    ),
    *(
        ResponseCase(
            name=f"the chunks of the answer leave the grammar: {why}",
            sent=response(CHUNKED, body=body),
            end="close",
            rfc="9112 7.1",
            why="Size, CRLF, data, CRLF: any byte more or less is read in two ways.",
            fate=Spoiled(),
        )
        for body, why in BAD_ENDS.items()
    ),
    *(
        ResponseCase(
            name=f"the chunks of the answer leave the grammar on their way to the client: {why}",
            sent=response(CHUNKED, body=b"2\r\nhe\r\n"),
            rest=body,
            end="close",
            rfc="9112 7.1",
            why="What the client has of the body by then must not be taken for all of it.",
            fate=Spoiled(),
        )
        for body, why in BAD_ENDS.items()
    ),
    *(
        ResponseCase(
            name=f"the chunks for a client of HTTP/1.0 leave the grammar on their way: {why}",
            sent=response(CHUNKED, body=b"2\r\nhe\r\n"),
            rest=body,
            end="close",
            asked=OLD,
            rfc="9112 8",
            why="Where the close is the end, only a reset shows that it is not.",
            fate=Spoiled(),
        )
        for body, why in BAD_ENDS.items()
    ),
    *(
        ResponseCase(
            name=f"a trailer of the answer is malformed: {shown(lines)}",
            sent=response(CHUNKED, body=b"5\r\nhello\r\n0\r\n" + lines + b"\r\n"),
            end="close",
            rfc="9112 7.1.2",
            why=f"Trailers are field lines like any other: {why}.",
            fate=Spoiled(),
            ours="bare" not in why and "request" not in why,
        )
        for lines, why in BAD_TRAILERS.items()
    ),
    *(
        ResponseCase(
            name=f"a trailer that would frame the answer: {shown(line)}",
            sent=response(CHUNKED, body=b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n"),
            end="close",
            rfc="9110 6.5.1",
            why="It must not come behind the body: HTTP/2 refuses it as well.",
            fate=Spoiled(),
            ours=True,
        )
        for line in FRAMING
    ),
    *(
        ResponseCase(
            name=f"a forbidden trailer of the answer is dropped: {shown(line)}",
            sent=response(CHUNKED, body=b"5\r\nhello\r\n0\r\n" + line + b"\r\n\r\n"),
            rfc="9110 6.5.1",
            why="A client that merges trailers would believe it.",
            fate=Passed(),
            ours=True,
        )
        for line in FORBIDDEN
    ),
    ResponseCase(
        name="a harmless trailer of the answer passes beside a forbidden one",
        sent=response(
            CHUNKED, b"Trailer: x-sum", body=b"5\r\nhello\r\n0\r\nX-Sum: 1\r\nVary: *\r\n\r\n"
        ),
        rfc="9110 6.5.1",
        why="Only the forbidden ones go.",
        fate=Passed(trailers=((b"x-sum", b"1"),)),
        ours=True,
    ),
    ResponseCase(
        name="a trailer of the answer that Connection names is dropped",
        sent=response(CHUNKED, b"Connection: x-hop", body=b"5\r\nhello\r\n0\r\nX-Hop: 1\r\n\r\n"),
        rfc="9110 7.6.1",
        why="Fields named by Connection go, header and trailer fields alike.",
        fate=Passed(),
    ),
    ResponseCase(
        name="trailers for a client of HTTP/1.0",
        sent=response(CHUNKED, body=b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n"),
        asked=OLD,
        rfc="9112 7.1.2",
        why="Without chunks there is no place for trailers; in the body they would be content.",
        fate=Passed(lacks=(b"transfer-encoding", b"x-sum")),
    ),
    ResponseCase(
        name="chunk data of the answer that looks like its end and another answer",
        sent=response(
            CHUNKED, body=b"%x\r\n0\r\n\r\n%b\r\n0\r\n\r\n" % (5 + len(POISON), POISON)
        ).replace(b"poison", b"venoms"),
        rfc="9112 7.1",
        why="Data is counted, not searched.",
        fate=Passed(body=b"0\r\n\r\n" + POISON.replace(b"poison", b"venoms")),
    ),
    ResponseCase(
        name="chunks of the answer with extensions",
        sent=response(CHUNKED, body=b'5;a="b;c" ; d\r\nhello\r\n0;e=f\r\n\r\n'),
        rfc="9112 7.1.1",
        why="Extensions are read by their grammar and dropped.",
        fate=Passed(),
    ),
    ResponseCase(
        name="more trailers of the answer than a head may have fields",
        sent=response(CHUNKED, body=b"5\r\nhello\r\n0\r\n" + b"X-A: b\r\n" * 1000 + b"\r\n"),
        rfc="9110 6.5",
        why="The trailer section is bounded as the head is.",
        fate=Spoiled(),
        ours=True,
    ),
    ResponseCase(
        name="a length of the answer with leading zeros",
        sent=response(b"Content-Length: 005", body=b"hello"),
        rfc="9110 8.6",
        why="Leading zeros are digits and never mean an octal number.",
        fate=Passed(),
    ),
    ResponseCase(
        name="trailers of the answer without end",
        sent=response(CHUNKED, body=b"5\r\nhello\r\n0\r\n" + b"X-A: bbbbbbbbbb\r\n" * 60_000),
        rfc="9110 6.5",
        why="The trailer section is bounded as the head is.",
        fate=Spoiled(),
        ours=True,
    ),
    *(
        ResponseCase(
            name=f"an answer {status} that announces a body {line.decode()}",
            sent=response(line, start=start),
            rfc="9112 6.3",
            why="There is no body with this status, whatever the fields say.",
            fate=Passed(status=status, body=b""),
        )
        for status, start in BODILESS.items()
        for line in (b"Content-Length: 5", CHUNKED)
        if (status, line) != (204, CHUNKED)
    ),
    *(
        ResponseCase(
            name=f"an answer {status} with bytes behind it: {shown(line)}",
            sent=response(line, body=body + POISON, start=start),
            rfc="9112 6.3",
            why="What stands behind it is surplus: neither its body nor the next answer.",
            fate=Passed(status=status, body=b"", thrown=True),
        )
        for status, start in BODILESS.items()
        for line, body in (
            (b"X-A: b", b""),
            (b"Content-Length: 5", b"hello"),
            (CHUNKED, HELLO),
        )
    ),
    *(
        ResponseCase(
            name=f"an answer to HEAD with a body: {shown(line)}",
            sent=response(line, body=body + POISON),
            asked=HEAD_ASKED,
            rfc="9112 6.3",
            why="An answer to HEAD ends with its head; what follows is surplus.",
            fate=Passed(body=b"", thrown=True),
        )
        for line, body in ((b"Content-Length: 5", b"hello"), (CHUNKED, HELLO), (b"X-A: b", b""))
    ),
    ResponseCase(
        name="an answer to HEAD with the length of the body it has not",
        sent=response(b"Content-Length: 5000"),
        asked=HEAD_ASKED,
        rfc="9110 9.3.2",
        why="The length of an answer to HEAD is not waited for.",
        fate=Passed(body=b"", has=((b"content-length", b"5000"),)),
    ),
    ResponseCase(
        name="an answer without framing ends with its connection",
        sent=response(b"X-A: b", body=b"hello"),
        end="close",
        rfc="9112 6.3",
        why="The close is the end, and whatever comes until then is body.",
        fate=Passed(thrown=True),
    ),
    ResponseCase(
        name="an answer without framing that looks like two",
        sent=response(body=b"hello" + POISON.replace(b"poison", b"venoms")),
        end="close",
        rfc="9112 6.3",
        why="Until the close all is body, even what looks like an answer.",
        fate=Passed(body=b"hello" + POISON.replace(b"poison", b"venoms"), thrown=True),
    ),
    ResponseCase(
        name="an answer of length 0 without a body",
        sent=response(b"Content-Length: 0"),
        rfc="9112 6.3",
        why="It is whole with its head.",
        fate=Passed(body=b""),
    ),
    ResponseCase(
        name="an answer to a client of HTTP/1.0 with chunks",
        sent=response(CHUNKED, body=HELLO),
        asked=OLD,
        rfc="9112 7.1",
        why="Its framing is the close, never chunks it cannot read.",
        fate=Passed(lacks=(b"transfer-encoding",)),
    ),
    ResponseCase(
        name="a field of the answer that is an alias of its length",
        sent=response(b"Content-Length: 5", b"Content_Length: 0", body=b"hello"),
        rfc="9112 6.3",
        why="The alias frames nothing.",
        fate=Passed(has=((b"content-length", b"5"),)),
    ),
]
