"""Content-Length from clients: malformed, repeated, contradicted (RFC 9110 8.6, RFC 9112 6.3)."""

from tests.smuggling.case import SMUGGLED, Accepted, Refused, RequestCase, request, shown

__all__ = ["CASES"]

HELLO = Accepted(method=b"POST", body=b"hello")
CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
EMPTY_THEN_SMUGGLED = b"0\r\n\r\n" + SMUGGLED

NO_NUMBERS = {
    b"+5": "a sign is no digit, though many number parsers take it",
    b"-5": "a length is never negative",
    b"-0": "a sign is no digit, even before zero",
    b"0x5": "hexadecimal is for chunks alone",
    b"5h": "a letter behind the digits may end the number for one reader and spoil it for another",
    b"5.0": "a point is no digit",
    b"5e0": "an exponent is no digit",
    b"5_0": "Python's int() takes the underscore for nothing",
    b"5 0": "a space inside makes two numbers of one",
    b"5\t0": "a tab inside makes two numbers of one",
    b"5;": "a length has no parameters",
    b"5; a=b": "a length has no parameters",
    b'"5"': "a length is no quoted string",
    b"'5'": "quotes are no digits",
    b"(5)": "a length has no comments",
    b"": "an empty value is no number",
    b",": "an empty list is no number",
    b",5": "an empty member is no number",
    b"5,": "an empty member is no number",
    b"five": "a word is no number",
    b"NaN": "a word is no number",
    b"5\x0b": "vertical tab is no white space in HTTP, though strip() removes it",
    b"\x0c5": "form feed is no white space in HTTP, though strip() removes it",
    b"\x005": "NUL ends a string in C",
    b"5\x00": "NUL ends a string in C",
    b"\xd9\xa5": "Arabic digits satisfy isdigit() once they are decoded",
    b"\xef\xbc\x95": "full-width digits satisfy isdigit() once they are decoded",
    b"\xa05": "a no-break space is no white space in HTTP",
    b"5\x85": "next line (C1) is no white space in HTTP",
    b"5, 6": "two lengths in one field differ",
    b"6,5": "two lengths in one field differ",
    b"5, +5": "the second length is malformed",
    b"5\r\n\t0": "a folded length reads as 5 or as 50",
}
OVERFLOWS = {
    b"18446744073709551621": "2^64 + 5 wraps to 5 in 64 bits",
    b"4294967301000000000000": "it is more than any counter holds",
    b"9" * 300: "it is more than any counter holds",
}
TWICE = {
    (b"Content-Length: 5", b"Content-Length: 6"): "the first is right by one reading",
    (b"Content-Length: 6", b"Content-Length: 5"): "the last is right by one reading",
    (b"Content-Length: 5", b"content-length: 0"): "names differ in case alone",
    (b"Content-Length: 0", b"Content-Length: 5"): "one reader sees no body at all",
    (b"Content-Length: 5", b"Content-Length:"): "one of them is empty",
    (b"Content-Length: 5", b"X: y", b"Content-Length: 7"): "another field stands between them",
    (b"Content-Length: 5", b"Content-Length: +5"): "the second is malformed",
}
SAME = {
    (b"Content-Length: 5", b"Content-Length: 5"): "9112 6.3",
    (b"Content-Length: 5, 5",): "9110 8.6",
    (b"Content-Length: 5,5,5",): "9110 8.6",
    (b"Content-Length: 5", b"Content-Length: 05"): "9110 8.6",
}
BOTH = {
    (b"Content-Length: 5", b"Transfer-Encoding: chunked"): "length first",
    (b"Transfer-Encoding: chunked", b"Content-Length: 5"): "coding first",
    (b"Content-Length: 0", b"Transfer-Encoding: chunked"): "no body by the length",
    (b"Content-Length: 15", b"Transfer-Encoding: chunked"): "both give the same end",
    (b"Content-Length: 5", b"Transfer-Encoding: identity"): "the coding says nothing",
    (b"Content-Length: 5", b"Transfer-Encoding:"): "the coding is empty",
    (b"Content-Length: 5", b"Transfer-Encoding: xchunked"): "the coding is unknown",
    (b"Content-Length: 5", b"Transfer-Encoding: CHUNKED"): "the coding is in capitals",
    (b"Content-Length: 5", b"X: y", b"Transfer-Encoding: chunked"): "a field stands between them",
    (b"Content-Length: x", b"Transfer-Encoding: chunked"): "the length is malformed too",
    (b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Length: 5"): "three fields",
}

CASES = [
    *(
        RequestCase(
            name=f"Content-Length is no number: {shown(value)}",
            sent=request(b"Content-Length: " + value, body=b"hello"),
            rfc="9110 8.6",
            why=f"Content-Length is digits alone; {why}.",
            fates=(Refused(),),
        )
        for value, why in NO_NUMBERS.items()
    ),
    *(
        RequestCase(
            name=f"Content-Length overflows: {shown(value)}",
            sent=request(b"Content-Length: " + value, body=b"hello"),
            rfc="9110 8.6",
            why=f"A length must not overflow; {why}.",
            fates=(Refused(statuses=frozenset((400, 413))),),
        )
        for value, why in OVERFLOWS.items()
    ),
    *(
        RequestCase(
            name=f"Content-Length comes twice: {shown(b' | '.join(lines), 80)}",
            sent=request(*lines, body=b"hello"),
            rfc="9112 6.3",
            why=f"Lengths that differ have no right reading; {why}.",
            fates=(Refused(),),
        )
        for lines, why in TWICE.items()
    ),
    *(
        RequestCase(
            name=f"Content-Length comes twice alike: {shown(b' | '.join(lines), 80)}",
            sent=request(*lines, body=b"hello"),
            rfc=rfc,
            why="Equal lengths may be folded, and who folds differently sees another message.",
            fates=(Refused(),),
            ours=True,
        )
        for lines, rfc in SAME.items()
    ),
    *(
        RequestCase(
            name=f"a length and a coding: {shown(b' | '.join(lines), 80)}",
            sent=request(*lines, body=CHUNKS),
            rfc="9112 6.1",
            why=f"One reader takes the length, the other the coding ({why}).",
            fates=(Refused(),),
        )
        for lines, why in BOTH.items()
    ),
    RequestCase(
        name="the length hides a request that the coding shows",
        sent=request(
            b"Content-Length: %d" % len(EMPTY_THEN_SMUGGLED),
            b"Transfer-Encoding: chunked",
            body=EMPTY_THEN_SMUGGLED,
        ),
        rfc="9112 11.2",
        why="By the length this is one request, by the chunks it is two.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="the coding hides a request that the length shows",
        sent=request(
            b"Content-Length: 4",
            b"Transfer-Encoding: chunked",
            body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED),
        ),
        rfc="9112 11.2",
        why="By the chunks this is one request, by the length it is two.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="a GET with a length and a coding",
        sent=request(
            b"Content-Length: 15",
            b"Transfer-Encoding: chunked",
            body=CHUNKS,
            start=b"GET /case HTTP/1.1",
        ),
        rfc="9112 6.1",
        why="Framing means the same whatever the method.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="a length and a coding in HTTP/1.0",
        sent=request(
            b"Content-Length: 5",
            b"Transfer-Encoding: chunked",
            body=CHUNKS,
            start=b"POST /case HTTP/1.0",
        ),
        rfc="9112 6.1",
        why="HTTP/1.0 has no transfer codings, so its readers take the length.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="lengths that differ, the second hidden by an underscore",
        sent=request(b"Content-Length: 5", b"Content_Length: 0", body=b"hello"),
        rfc="9110 5.1",
        why="An origin that reads names as CGI does takes the alias for the length.",
        fates=(Accepted(method=b"POST", body=b"hello", lacks=(b"content_length",)),),
        ours=True,
    ),
    RequestCase(
        name="a length by its underscore alias alone",
        sent=request(b"Content_Length: 38", start=b"POST /case HTTP/1.1"),
        rfc="9110 5.1",
        why="To the door there is no body; an origin that sees the alias waits for one.",
        fates=(Accepted(method=b"POST", lacks=(b"content_length",)),),
        ours=True,
    ),
    RequestCase(
        name="a length with white space around it",
        sent=request(b"Content-Length: \t 5 \t", body=b"hello"),
        rfc="9110 5.5",
        why="White space around a value is no part of it, and does not reach the origin as one.",
        fates=(Accepted(method=b"POST", body=b"hello", has=((b"content-length", b"5"),)),),
    ),
    RequestCase(
        name="a length without white space",
        sent=request(b"Content-Length:5", body=b"hello"),
        rfc="9112 5",
        why="The white space behind the colon is optional.",
        fates=(HELLO,),
    ),
    RequestCase(
        name="a length with leading zeros",
        sent=request(b"Content-Length: 0005", body=b"hello"),
        rfc="9110 8.6",
        why="Leading zeros are digits and never mean an octal number.",
        fates=(HELLO,),
    ),
    RequestCase(
        name="a length with leading zeros that is no octal number",
        sent=request(b"Content-Length: 010", body=b"helloworld"),
        rfc="9110 8.6",
        why="010 is ten; who reads eight takes the rest for a request.",
        fates=(Accepted(method=b"POST", body=b"helloworld"),),
    ),
    RequestCase(
        name="a GET with a body that is a request",
        sent=request(
            b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED, start=b"GET /case HTTP/1.1"
        ),
        rfc="9110 9.3.1",
        why="A body of a GET has no meaning, and is a body all the same.",
        fates=(Accepted(body=SMUGGLED),),
    ),
    *(
        RequestCase(
            name=f"a {method.decode()} with a body that is a request",
            sent=request(
                b"Content-Length: %d" % len(SMUGGLED),
                body=SMUGGLED,
                start=method + b" /case HTTP/1.1",
            ),
            rfc="9112 6.3",
            why="The framing says whether there is a body, never the method.",
            fates=(Accepted(method=method, body=SMUGGLED),),
        )
        for method in (b"HEAD", b"DELETE", b"OPTIONS", b"PATCH", b"PROPFIND", b"get")
    ),
    RequestCase(
        name="a POST with an empty body",
        sent=request(b"Content-Length: 0", start=b"POST /case HTTP/1.1"),
        rfc="9112 6.3",
        why="Nothing is behind the head but the next request.",
        fates=(Accepted(method=b"POST"),),
    ),
    RequestCase(
        name="a POST without framing",
        sent=request(start=b"POST /case HTTP/1.1"),
        rfc="9112 6.3",
        why="A request without framing has no body, whatever its method; the close never ends one.",
        fates=(Accepted(method=b"POST"),),
    ),
    RequestCase(
        name="Connection names Content-Length",
        sent=request(
            b"Connection: content-length",
            b"Content-Length: %d" % len(SMUGGLED),
            body=SMUGGLED,
        ),
        rfc="9110 7.6.1",
        why="Taking the length away would make the body a request of its own.",
        fates=(Accepted(method=b"POST", body=SMUGGLED),),
    ),
    RequestCase(
        name="a length on HTTP/1.0 that keeps the connection",
        sent=request(
            b"Connection: keep-alive",
            b"Content-Length: %d" % len(SMUGGLED),
            body=SMUGGLED,
            start=b"POST /case HTTP/1.0",
        ),
        rfc="9112 6.3",
        why="A length frames an HTTP/1.0 request as it does any other.",
        fates=(Accepted(method=b"POST", body=SMUGGLED),),
    ),
]
