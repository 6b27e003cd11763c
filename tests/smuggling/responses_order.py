"""One answer a request: interim ones, switches, surplus, truncation (RFC 9110 15.2, RFC 9112 8)."""

from tests.smuggling.case import (
    ASKED,
    POISON,
    End,
    Passed,
    Replaced,
    ResponseCase,
    Spoiled,
    Switched,
    request,
    response,
    shown,
)
from tests.smuggling.responses_framing import HEAD_ASKED, OLD

__all__ = ["CASES"]

ENDS: tuple[End, End] = ("close", "reset")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
HELLO = response(b"Content-Length: 5", body=b"hello")
CHUNKED = b"Transfer-Encoding: chunked"
WEBSOCKET = request(
    b"Connection: Upgrade",
    b"Upgrade: websocket",
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    b"Sec-WebSocket-Version: 13",
)
OLD_WEBSOCKET = WEBSOCKET.replace(b"HTTP/1.1", b"HTTP/1.0")
EXPECTING = request(
    b"Expect: 100-continue", b"Content-Length: 5", body=b"hello", start=b"POST /case HTTP/1.1"
)


def _switch(*lines: bytes) -> bytes:
    return response(*lines, start=b"HTTP/1.1 101 Switching Protocols")


SWITCH = _switch(b"Connection: Upgrade", b"Upgrade: websocket")
BAD_SWITCHES = {
    _switch(): "it names no protocol",
    _switch(b"Connection: Upgrade"): "it names no protocol",
    _switch(b"Upgrade: websocket"): "Connection does not name Upgrade",
    _switch(b"Connection: Upgrade", b"Upgrade: h2c"): "it names another protocol",
    _switch(b"Connection: Upgrade", b"Upgrade: websocket, h2c"): "it names two protocols",
    _switch(b"Connection: Upgrade", b"Upgrade: h2c", b"Upgrade: websocket"): "it names two",
    _switch(b"Connection: Upgrade", b"Upgrade:"): "it names nothing",
    _switch(b"Connection: Upgrade", b"Upgrade: websocket", b"Content-Length: 5"): (
        "it announces a body"
    ),
    _switch(b"Connection: Upgrade", b"Upgrade: websocket", CHUNKED): "it announces chunks",
}
BAD_INTERIMS = {
    b"HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello": "it has a body",
    b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n": "it has a length",
    b"HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": "it has chunks",
    b"HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhello": "it has a body",
    b"HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": "it has chunks",
}
BROKEN_INTERIMS = {
    b"HTTP/1.1 100 Continue\r\n\r\nhello": "bytes stand between it and the answer",
    b"HTTP/1.1 100 Continue\r\nX-A : b\r\n\r\n": "a field line of it is malformed",
    b"HTTP/1.1 100 Con\x00tinue\r\n\r\n": "a NUL stands in it",
    b"HTTP/1.1 103 Early Hints\r\nX-A: \x01\r\n\r\n": "a control character stands in it",
}
SURPLUS = {
    b"x": "a byte",
    b"\r\n": "an empty line",
    b"\x00": "a NUL",
    b"hello": "more body",
    b"HTTP/1.1 200": "half an answer",
    b"HTTP/1.1 100 Continue\r\n\r\n": "an interim answer",
    b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n": "a timeout of the origin",
    POISON: "another answer",
    POISON * 3: "three more answers",
    _switch(b"Connection: Upgrade", b"Upgrade: websocket"): "a switch",
}
TRUNCATED = {
    response(b"Content-Length: 10", body=b"hello"): "five of ten bytes",
    response(b"Content-Length: 10"): "none of ten bytes",
    response(b"Content-Length: 6", body=b"hello"): "all bytes but one",
    response(b"Content-Length: 999999999999", body=b"hello"): "five bytes of very many",
    response(CHUNKED): "no chunk at all",
    response(CHUNKED, body=b"5"): "half a size line",
    response(CHUNKED, body=b"5\r\n"): "a size line",
    response(CHUNKED, body=b"5\r\nhel"): "half a chunk",
    response(CHUNKED, body=b"5\r\nhello"): "a chunk without its end",
    response(CHUNKED, body=b"5\r\nhello\r"): "a chunk with half of its end",
    response(CHUNKED, body=b"5\r\nhello\r\n"): "a chunk without the last one",
    response(CHUNKED, body=b"5\r\nhello\r\n0"): "half a last size line",
    response(CHUNKED, body=b"5\r\nhello\r\n0\r\n"): "a last chunk without its empty line",
    response(CHUNKED, body=b"5\r\nhello\r\n0\r\nX-A: b\r\n"): "trailers without their empty line",
}
CUT_HEADS = (
    b"",
    b"H",
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r",
    CONTINUE,
    CONTINUE + b"HTTP/1.1 2",
)

CASES = [
    *(
        ResponseCase(
            name=f"interim answers before the final one: {what}",
            sent=interims + HELLO,
            rfc="9110 15.2",
            why="Interim answers are read until a final one; a 100 nobody waits for ends here.",
            fate=Passed(interims=seen),
            ours=bool(seen),
        )
        for what, interims, seen in (
            ("an unasked 100", CONTINUE, ()),
            ("five unasked 100", CONTINUE * 5, ()),
            ("a 103", HINTS, (103,)),
            ("a 100 and a 103", CONTINUE + HINTS, (103,)),
            ("two 103", HINTS * 2, (103, 103)),
            ("a 102", b"HTTP/1.1 102 Processing\r\n\r\n", (102,)),
            ("a 199", b"HTTP/1.1 199 Own\r\n\r\n", (199,)),
        )
    ),
    *(
        ResponseCase(
            name=f"interim answers never reach a client of HTTP/1.0: {shown(interims)}",
            sent=interims + HELLO,
            asked=OLD,
            rfc="9110 15.2",
            why="HTTP/1.0 knows none: such a client takes the first for the final answer.",
            fate=Passed(),
        )
        for interims in (CONTINUE, HINTS, CONTINUE + HINTS)
    ),
    ResponseCase(
        name="an unasked 100 before an answer to HEAD",
        sent=CONTINUE + response(b"Content-Length: 5"),
        asked=HEAD_ASKED,
        rfc="9110 15.2",
        why="The final answer is the one to HEAD, without a body.",
        fate=Passed(body=b""),
    ),
    ResponseCase(
        name="fields of an interim answer that are for one connection",
        sent=b"HTTP/1.1 103 Early Hints\r\nConnection: close, x-a\r\nX-A: b\r\n\r\n" + HELLO,
        rfc="9110 7.6.1",
        why="They go no further, and the final answer still comes.",
        fate=Passed(interims=(103,)),
        ours=True,
    ),
    ResponseCase(
        name="interim answers without end",
        sent=HINTS * 5000 + HELLO,
        rfc="9110 15.2",
        why="The loop that reads them is bounded.",
        fate=Replaced(interims=None),
        ours=True,
    ),
    ResponseCase(
        name="unasked 100 without end",
        sent=CONTINUE * 5000 + HELLO,
        rfc="9110 15.2",
        why="The loop that reads them is bounded, though nobody sees them.",
        fate=Replaced(),
        ours=True,
    ),
    *(
        ResponseCase(
            name=f"an interim answer never has content: {shown(interim)}",
            sent=interim + HELLO,
            end="close",
            rfc="9110 15.2",
            why=f"A reader that believes it takes the final answer for content: {why}.",
            fate=Replaced(),
            ours=True,
        )
        for interim, why in BAD_INTERIMS.items()
    ),
    *(
        ResponseCase(
            name=f"an interim answer is broken: {shown(interim)}",
            sent=interim + HELLO,
            end="close",
            rfc="9112 4",
            why=f"It is as malformed as a final one would be: {why}.",
            fate=Replaced(),
            ours="field line" in why,
        )
        for interim, why in BROKEN_INTERIMS.items()
    ),
    ResponseCase(
        name="a switch that was asked for",
        sent=SWITCH + b"tunnel",
        asked=WEBSOCKET,
        end="close",
        rfc="9110 7.8",
        why="This is the one switch that counts.",
        fate=Switched(data=b"tunnel"),
        ours=True,
    ),
    *(
        ResponseCase(
            name=f"a switch that does not answer what was asked: {why} {number}",
            sent=sent + b"tunnel" + POISON,
            asked=WEBSOCKET,
            rfc="9110 7.8",
            why="A tunnel in a protocol that nobody asked for carries anything.",
            fate=Replaced(),
            ours=True,
        )
        for number, (sent, why) in enumerate(BAD_SWITCHES.items(), 1)
    ),
    *(
        ResponseCase(
            name=f"a switch that nobody asked for: {what}",
            sent=SWITCH + POISON,
            asked=asked,
            rfc="9110 15.2.2",
            why="The origin's connection speaks no HTTP any more and must not serve again.",
            fate=Replaced(),
        )
        for what, asked in (
            ("no Upgrade", ASKED),
            ("HEAD", HEAD_ASKED),
            ("Upgrade without Connection", request(b"Upgrade: websocket")),
            ("Upgrade in HTTP/1.0", OLD_WEBSOCKET),
            ("another protocol", request(b"Connection: upgrade", b"Upgrade: h2c")),
            ("a POST", request(b"Content-Length: 5", body=b"hello")),
        )
    ),
    *(
        ResponseCase(
            name=f"a switch before its request is whole: {shown(line)}",
            sent=SWITCH + b"tunnel" + POISON,
            asked=request(
                b"Connection: upgrade",
                b"Upgrade: websocket",
                line,
                body=body,
                start=b"GET /case HTTP/1.1",
            ),
            asked_later=later,
            early=True,
            rfc="9110 7.8",
            why="The rest of the body would be the first of the tunnel.",
            fate=Replaced(),
            ours=True,
        )
        for line, body, later in (
            (b"Content-Length: 10", b"12345", b"67890"),
            (CHUNKED, b"a\r\n12345", b"67890\r\n0\r\n\r\n"),
        )
    ),
    ResponseCase(
        name="a switch behind a 100",
        sent=CONTINUE + SWITCH + POISON,
        rfc="9110 15.2.2",
        why="Neither of them was asked for.",
        fate=Replaced(),
    ),
    ResponseCase(
        name="a final answer to an upgrade leaves HTTP as it was",
        sent=response(b"Content-Length: 5", b"Connection: upgrade", b"Upgrade: x", body=b"hello"),
        asked=WEBSOCKET,
        rfc="9110 7.8",
        why="Without a 101 nothing is switched.",
        fate=Passed(lacks=(b"upgrade",)),
    ),
    *(
        ResponseCase(
            name=f"more than was announced, at once: {what}",
            sent=HELLO + surplus,
            rfc="9112 9.2",
            why="What nobody asked for is never the next answer.",
            fate=Passed(thrown=surplus != b"\r\n"),
        )
        for surplus, what in SURPLUS.items()
    ),
    *(
        ResponseCase(
            name=f"more than was announced, a moment later: {what}",
            sent=HELLO,
            later=surplus,
            rfc="9112 9.2",
            why="A connection that speaks unasked while it waits is thrown away.",
            fate=Passed(thrown=True),
        )
        for surplus, what in SURPLUS.items()
    ),
    *(
        ResponseCase(
            name=f"more than was announced behind chunks: {what}",
            sent=response(CHUNKED, body=b"5\r\nhello\r\n0\r\n\r\n" + surplus),
            rfc="9112 9.2",
            why="Behind the last chunk nothing is read.",
            fate=Passed(thrown=True),
        )
        for surplus, what in SURPLUS.items()
    ),
    *(
        ResponseCase(
            name=f"the answer is cut off: {what}, then a {end}",
            sent=sent,
            end=end,
            rfc="9112 8",
            why="A truncated answer never looks whole.",
            fate=Spoiled(),
        )
        for sent, what in TRUNCATED.items()
        for end in ENDS
    ),
    *(
        ResponseCase(
            name=f"the answer to a client of HTTP/1.0 is cut off: {what}",
            sent=sent,
            end="close",
            asked=OLD,
            rfc="9112 8",
            why="Where the close is the end, only a reset shows that it is not.",
            fate=Spoiled(),
        )
        for sent, what in TRUNCATED.items()
    ),
    ResponseCase(
        name="an answer without framing is reset",
        sent=response(b"X-A: b", body=b"hello"),
        end="reset",
        rfc="9112 8",
        why="A reset is no end of a body.",
        fate=Spoiled(),
    ),
    ResponseCase(
        name="an answer without framing is reset, for a client of HTTP/1.0",
        sent=response(b"X-A: b", body=b"hello"),
        end="reset",
        asked=OLD,
        rfc="9112 8",
        why="The reset is passed on: a clean close would make it whole.",
        fate=Spoiled(),
    ),
    *(
        ResponseCase(
            name=f"the head of the answer is cut off, then a {end}: {shown(sent) or 'nothing'}",
            sent=sent,
            end=end,
            rfc="9112 8",
            why="A head that is not whole is no answer.",
            fate=Replaced(),
        )
        for sent in CUT_HEADS
        for end in ENDS
    ),
    *(
        ResponseCase(
            name=f"a used connection ends in place of an answer to a POST: {end}, {shown(sent)}",
            sent=sent,
            end=end,
            asked=request(b"Content-Length: 5", body=b"hello"),
            reused=True,
            rfc="9110 9.2.2",
            why="The origin may have acted on it: what is not idempotent is never sent twice.",
            fate=Replaced(),
        )
        for sent in (b"", b"HTTP/1.1 2")
        for end in ENDS
    ),
    ResponseCase(
        name="a used connection ends inside an answer to a GET",
        sent=b"HTTP/1.1 2",
        end="close",
        reused=True,
        rfc="9112 9.3.1",
        why="A byte of the answer came: the request was taken, and is not sent again.",
        fate=Replaced(),
        ours=True,
    ),
    *(
        ResponseCase(
            name=f"the answer is cut off on its way to the client: {what}",
            sent=response(b"Content-Length: 10", body=b"he"),
            rest=b"llo",
            end="close",
            asked=asked,
            rfc="9112 8",
            why="The client has the head, so that only the cut can tell.",
            fate=Spoiled(),
        )
        for what, asked in (("HTTP/1.1", ASKED), ("HTTP/1.0", OLD))
    ),
    *(
        ResponseCase(
            name=f"the answer is reset on its way to the client: {what}",
            sent=response(b"Content-Length: 10", body=b"he"),
            rest=b"llo",
            end="reset",
            asked=asked,
            rfc="9112 8",
            why="The client has the head, so that only the cut can tell.",
            fate=Spoiled(),
        )
        for what, asked in (("HTTP/1.1", ASKED), ("HTTP/1.0", OLD))
    ),
    ResponseCase(
        name="an answer before its request is whole leaves no connection behind",
        sent=HELLO,
        asked=request(b"Content-Length: 10", body=b"12345"),
        asked_later=b"67890",
        early=True,
        rfc="9112 9.3",
        why="The rest of the request would be read as the next one.",
        fate=Passed(thrown=True),
    ),
    ResponseCase(
        name="an answer before its chunked request is whole leaves no connection behind",
        sent=HELLO,
        asked=request(CHUNKED, body=b"5\r\nhello\r\n"),
        asked_later=b"0\r\n\r\n",
        early=True,
        rfc="9112 9.3",
        why="The rest of the request would be read as the next one.",
        fate=Passed(thrown=True),
    ),
    ResponseCase(
        name="an early answer that closes, before its request is whole",
        sent=response(b"Connection: close", b"Content-Length: 5", body=b"hello"),
        asked=request(b"Content-Length: 10", body=b"12345"),
        asked_later=b"67890",
        early=True,
        end="close",
        rfc="9112 9.5",
        why="The client gets the answer, though its request could not be delivered.",
        fate=Passed(thrown=True),
    ),
    *(
        ResponseCase(
            name=f"a final answer in place of the 100 that was asked for: {framing.decode()}",
            sent=response(
                b"Content-Length: 5", body=b"hello", start=b"HTTP/1.1 413 Content Too Large"
            ),
            asked=request(b"Expect: 100-continue", framing, start=b"POST /case HTTP/1.1"),
            early=True,
            rfc="9110 10.1.1",
            why="The client may keep its body or send it: what follows must not be read as either.",
            fate=Passed(status=413, thrown=True),
        )
        for framing in (b"Content-Length: 50", CHUNKED)
    ),
    ResponseCase(
        name="a 100 that was asked for reaches the client at most once",
        sent=CONTINUE * 3 + HELLO,
        asked=EXPECTING,
        rfc="9110 10.1.1",
        why="The body came without waiting, so that nobody waits for the 100 any more.",
        fate=Passed(interims=None),
    ),
]
