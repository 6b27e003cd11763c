"""Transfer-Encoding from clients: anything but `chunked` (RFC 9112 6.1, 7)."""

from tests.smuggling.case import SMUGGLED, Accepted, Refused, RequestCase, request, shown

__all__ = ["CASES"]

CHUNKS = b"5\r\nhello\r\n0\r\n\r\n"
EMPTY_THEN_SMUGGLED = b"0\r\n\r\n" + SMUGGLED
"""Who does not see the coding finds a request behind five bytes of rubbish, or of body."""
HELLO = Accepted(method=b"POST", body=b"hello")

CODINGS = {
    b"": "an empty coding frames nothing",
    b"identity": "identity is no transfer coding any more",
    b"chunked, identity": "chunked has to be the last",
    b"identity, chunked": "identity is no transfer coding any more",
    b"chunked, chunked": "chunked is applied once only",
    b"chunked, gzip": "chunked has to be the last",
    b"chunked,": "who does not drop empty members sees an unknown coding last",
    b",chunked": "who does not drop empty members sees an unknown coding first",
    b"xchunked": "an unknown coding that ends like chunked",
    b"chunkedx": "an unknown coding that begins like chunked",
    b"chunke": "an unknown coding",
    b"chunk": "an unknown coding",
    b"x chunked": "two words are no list",
    b"chunked x": "two words are no list",
    b"chunked\tx": "two words are no list",
    b"chunked;q=1": "chunked has no parameters",
    b"chunked; a=b": "chunked has no parameters",
    b"chunked=1": "this is another token",
    b'"chunked"': "a quoted string is no coding",
    b"'chunked'": "quotes belong to the token",
    b"[chunked]": "brackets are no token",
    b"<chunked>": "brackets are no token",
    b"chunked\x00": "NUL ends a string in C",
    b"\x00chunked": "NUL ends a string in C",
    b"\x0bchunked": "vertical tab is no white space in HTTP",
    b"chunked\x0b": "vertical tab is no white space in HTTP",
    b"\x0cchunked": "form feed is no white space in HTTP",
    b"chunked\x0c": "form feed is no white space in HTTP",
    b"chunked\x7f": "DEL is a control character",
    b"\xa0chunked": "a no-break space is no white space in HTTP",
    b"chunked\xa0": "a no-break space is no white space in HTTP",
    b"chun\xe2\x84\xaaed": "the Kelvin sign becomes k in lower case once it is decoded",
    b"\r\n chunked": "the folded value is empty to one reader and chunked to another",
    b"\r\n\tchunked": "the folded value is empty to one reader and chunked to another",
    b"chunked\r\n , identity": "the fold adds a second coding",
    b"\rchunked": "a bare CR is white space to some",
    b"\nchunked": "a bare LF ends the line for some",
    b"deflate": "a request must end with chunked",
    b"trailers": "that is for TE",
}
UNKNOWN = {
    b"gzip, chunked": "a coding we do not undo",
    b"compress, chunked": "a coding we do not undo",
    b"cow, chunked": "a coding nobody knows",
    b"gzip,chunked": "a coding we do not undo",
    b"cow;a=chunked, chunked": "a coding nobody knows, with a parameter",
}
NAMES = {
    b"Transfer-Encoding :": "a space before the colon hides the field from some",
    b"Transfer-Encoding\t:": "a tab before the colon hides the field from some",
    b"Transfer-Encoding  :": "two spaces before the colon hide the field from some",
    b"Transfer-Encoding\x0b:": "a vertical tab is no part of a name",
    b"Transfer-Encoding\x00:": "NUL is no part of a name",
    b"Transfer-Encoding\xa0:": "a no-break space is no part of a name",
    b" Transfer-Encoding:": "a leading space makes the line a continuation",
    b"\tTransfer-Encoding:": "a leading tab makes the line a continuation",
    b"\x00Transfer-Encoding:": "NUL is no part of a name",
    b"Transfer Encoding:": "a space is no part of a name",
    b"Tran\xc5\xbffer-Encoding:": "the long s becomes s in upper case once it is decoded",
    b"(Transfer-Encoding):": "a bracket is no part of a name",
    b'"Transfer-Encoding":': "a quote is no part of a name",
}
REPEATED = {
    (b"chunked", b"chunked"): "chunked is applied once only",
    (b"chunked", b"identity"): "chunked has to be the last",
    (b"identity", b"chunked"): "identity is no transfer coding any more",
    (b"chunked", b""): "who does not drop empty members sees an unknown coding last",
    (b"", b"chunked"): "the first of two may be the one that counts",
    (b"cow", b"chunked"): "an unknown coding stands first",
    (b"chunked", b"cow"): "chunked has to be the last",
}


CASES = [
    *(
        RequestCase(
            name=f"Transfer-Encoding is not chunked: {shown(value)}",
            sent=request(b"Transfer-Encoding: " + value, body=CHUNKS),
            rfc="9112 6.1",
            why=f"Where the body ends is unknown: {why}.",
            fates=(Refused(),),
        )
        for value, why in CODINGS.items()
    ),
    *(
        RequestCase(
            name=f"Transfer-Encoding is more than chunked: {shown(value)}",
            sent=request(b"Transfer-Encoding: " + value, body=CHUNKS),
            rfc="9112 6.1",
            why=f"A recipient may not know {why}.",
            fates=(Refused(),),
            ours=True,
        )
        for value, why in UNKNOWN.items()
    ),
    *(
        RequestCase(
            name=f"Transfer-Encoding by a broken name: {shown(name)}",
            sent=request(name + b" chunked", body=EMPTY_THEN_SMUGGLED),
            rfc="9112 5.1",
            why=f"Nothing malformed is repaired: {why}.",
            fates=(Refused(),),
        )
        for name, why in NAMES.items()
    ),
    *(
        RequestCase(
            name=f"Transfer-Encoding comes twice: {shown(first)} | {shown(second)}",
            sent=request(
                b"Transfer-Encoding: " + first, b"Transfer-Encoding: " + second, body=CHUNKS
            ),
            rfc="9112 6.1",
            why=f"Two fields are one list: {why}.",
            fates=(Refused(),),
        )
        for (first, second), why in REPEATED.items()
    ),
    *(
        RequestCase(
            name=f"Transfer-Encoding is chunked: {shown(value)}",
            sent=request(b"Transfer-Encoding:" + value, body=CHUNKS),
            rfc="9112 7",
            why="Names of codings are case-insensitive, white space around them means nothing.",
            fates=(HELLO,),
        )
        for value in (b"chunked", b" CHUNKED", b" ChUnKeD", b"\t chunked \t")
    ),
    RequestCase(
        name="Transfer-Encoding in HTTP/1.0",
        sent=request(b"Transfer-Encoding: chunked", body=CHUNKS, start=b"POST /case HTTP/1.0"),
        rfc="9112 6.1",
        why="HTTP/1.0 has no codings: its framing is faulty, and nothing behind it can be read.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="Transfer-Encoding in HTTP/1.0 that keeps the connection",
        sent=request(
            b"Connection: keep-alive",
            b"Transfer-Encoding: chunked",
            body=EMPTY_THEN_SMUGGLED,
            start=b"POST /case HTTP/1.0",
        ),
        rfc="9112 6.1",
        why="A reader without codings takes the body for the next request.",
        fates=(Refused(),),
    ),
    RequestCase(
        name="a GET whose body is chunked and a request",
        sent=request(
            b"Transfer-Encoding: chunked",
            body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED),
            start=b"GET /case HTTP/1.1",
        ),
        rfc="9112 6.3",
        why="The framing says whether there is a body, never the method.",
        fates=(Accepted(body=SMUGGLED),),
    ),
    RequestCase(
        name="a HEAD whose body is chunked and a request",
        sent=request(
            b"Transfer-Encoding: chunked",
            body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED),
            start=b"HEAD /case HTTP/1.1",
        ),
        rfc="9112 6.3",
        why="The framing says whether there is a body, never the method.",
        fates=(Accepted(method=b"HEAD", body=SMUGGLED),),
    ),
    RequestCase(
        name="Transfer-Encoding by its underscore alias",
        sent=request(b"Transfer_Encoding: chunked", start=b"POST /case HTTP/1.1"),
        rfc="9110 5.1",
        why="To the door there is no body; an origin that sees the alias waits for chunks.",
        fates=(Accepted(method=b"POST", lacks=(b"transfer_encoding",)),),
        ours=True,
    ),
    RequestCase(
        name="a length and the underscore alias of a coding",
        sent=request(
            b"Content-Length: %d" % len(EMPTY_THEN_SMUGGLED),
            b"Transfer_Encoding: chunked",
            body=EMPTY_THEN_SMUGGLED,
        ),
        rfc="9110 5.1",
        why="An origin that reads names as CGI does takes the alias for the coding.",
        fates=(Accepted(method=b"POST", body=EMPTY_THEN_SMUGGLED, lacks=(b"transfer_encoding",)),),
        ours=True,
    ),
    RequestCase(
        name="Connection names Transfer-Encoding",
        sent=request(
            b"Connection: transfer-encoding",
            b"Transfer-Encoding: chunked",
            body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED),
        ),
        rfc="9110 7.6.1",
        why="The framing to the origin is ours to set, and cannot be taken away.",
        fates=(Accepted(method=b"POST", body=SMUGGLED),),
    ),
    RequestCase(
        name="Content-Encoding that says chunked",
        sent=request(b"Content-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        rfc="9110 8.4",
        why="A content coding frames nothing.",
        fates=(Accepted(method=b"POST", body=b"0\r\n\r\n"),),
    ),
    RequestCase(
        name="TE that says chunked",
        sent=request(b"TE: chunked", b"Content-Length: 5", body=b"0\r\n\r\n"),
        rfc="9110 10.1.4",
        why="TE frames nothing, and belongs to this connection alone.",
        fates=(Accepted(method=b"POST", body=b"0\r\n\r\n", lacks=(b"te",)),),
        ours=True,
    ),
]
