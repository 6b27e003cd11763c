"""What is an answer, and what of an origin's is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from porch import clock
from porch.errors import (
    BadGateway,
    ConnectionLost,
    IncompleteResponse,
    PorchError,
    UpgradeFailed,
)
from porch.http.fields import encode
from porch.http.h1 import HeadLimits
from porch.http.h1_response import ResponseDecoder, TooLargeAnswer
from porch.http.message import ResponseHead
from tests.support.codec import (
    answer,
    answer_decoder,
    assert_split_anywhere,
    data,
    end,
    error,
    events,
    fed,
    two_ways,
)

OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = OK + b"content-length: 0\r\n\r\n"
EMPTY_EVENTS = [answer(200, (b"content-length", b"0")), end]

MALFORMED = {
    "no HTTP at all": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
    "no status line": b"content-length: 0\r\n\r\n",
    "HTTP/0.9": b"<html>\r\n\r\n</html>",
    "a version that is not spoken": b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    "a higher minor version": b"HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n",
    "no version": b"HTTP 200 OK\r\ncontent-length: 0\r\n\r\n",
    "small letters": b"http/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
    "a status below 100": b"HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n",
    "a status above 599": b"HTTP/1.1 600 OK\r\ncontent-length: 0\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\ncontent-length: 0\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n",
    "no status": b"HTTP/1.1 OK\r\ncontent-length: 0\r\n\r\n",
    "two spaces": b"HTTP/1.1  200 OK\r\ncontent-length: 0\r\n\r\n",
    "a control character in the reason": b"HTTP/1.1 200 O\x01\r\ncontent-length: 0\r\n\r\n",
    "an empty line before": b"\r\n" + EMPTY,
    "two empty lines": b"\r\n\r\n",
    "a bare LF": b"HTTP/1.1 200 OK\ncontent-length: 0\r\n\r\n",
    "a bare CR": b"HTTP/1.1 200 OK\rcontent-length: 0\r\n\r\n",
    "NUL": OK + b"x: \0\r\n\r\n",
    "a folded line": OK + b"x: y\r\n z\r\ncontent-length: 0\r\n\r\n",
    "a space before the colon": OK + b"content-length : 0\r\n\r\n",
    "no colon": OK + b"content-length\r\n\r\n",
    "both framings": OK + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "differing lengths": OK + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    "one length twice": OK + b"content-length: 5\r\ncontent-length: 5\r\n\r\nhello",
    "a list of lengths": OK + b"content-length: 5, 5\r\n\r\nhello",
    "a sign": OK + b"content-length: +5\r\n\r\nhello",
    "no length": OK + b"content-length:\r\n\r\nhello",
    "a length beyond all numbers": OK + b"content-length: " + b"9" * 40 + b"\r\n\r\n",
    "another coding": OK + b"transfer-encoding: gzip\r\n\r\n",
    "more than one coding": OK + b"transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked and more": OK + b"transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "two fields of codings": OK + b"transfer-encoding: chunked\r\n" * 2 + b"\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a malformed length of nothing": b"HTTP/1.1 304 Not Modified\r\ncontent-length: x\r\n\r\n",
    "an interim answer with a length": b"HTTP/1.1 100 C\r\ncontent-length: 2\r\n\r\nhi" + EMPTY,
    "an interim answer with chunks": b"HTTP/1.1 103 E\r\ntransfer-encoding: chunked\r\n\r\n"
    + EMPTY,
    "an interim answer with content": b"HTTP/1.1 100 C\r\n\r\nhi" + EMPTY,
    "a malformed chunk": OK + b"transfer-encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n",
    "more chunk data than announced": OK + b"transfer-encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n",
    "no last chunk but an answer": OK + b"transfer-encoding: chunked\r\n\r\n" + EMPTY,
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_answer_is_never_passed_on(name: str) -> None:
    """RFC 9112 2, 4, 6, 7; RFC 9110 15."""
    assert_split_anywhere(answer_decoder, MALFORMED[name], [error(BadGateway, 502)])


CLOSES = {
    "nothing says how long": OK + b"\r\n",
    "HTTP/1.0": b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\n\r\n",
}


@pytest.mark.parametrize("name", CLOSES)
def test_an_answer_of_no_length_lasts_until_the_close(name: str) -> None:
    """RFC 9112 6.3, rule 8."""
    message = CLOSES[name] + b"hello\r\n\r\n" + EMPTY
    expected = [
        answer(200, length=None, reusable=False),
        data(b"hello\r\n\r\n" + EMPTY),
        end,
    ]
    assert_split_anywhere(answer_decoder, message, expected, closes=True)


BODIES = {
    "length": OK + b"content-length: 5\r\n\r\nhello",
    "chunks": OK + b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nx: y\r\n\r\n",
    "behind an interim one": b"HTTP/1.1 100 Continue\r\n\r\n" + EMPTY,
}


@pytest.mark.parametrize("name", BODIES)
def test_an_answer_that_is_cut_short_never_looks_whole(name: str) -> None:
    """RFC 9112 8."""
    for start, _ in two_ways(BODIES[name]):
        found = events(answer_decoder(), [start], closes=True)
        assert found[-1] == error(IncompleteResponse, 502), start
        assert end not in found


def test_a_close_before_a_byte_came_may_be_tried_again() -> None:
    assert events(answer_decoder(), [], closes=True) == [error(ConnectionLost, 502)]
    assert ConnectionLost.retry == "repeat"
    assert IncompleteResponse.retry == "never"


HEADS_ALONE = {
    "HEAD with a length": (b"HEAD", 200, b"content-length: 5\r\n", 5),
    "HEAD with chunks": (b"HEAD", 200, b"transfer-encoding: chunked\r\n", None),
    "HEAD with nothing": (b"HEAD", 200, b"", None),
    "HEAD not found": (b"HEAD", 404, b"content-length: 5\r\n", 5),
    "204": (b"GET", 204, b"", 0),
    "204 with chunks": (b"GET", 204, b"transfer-encoding: chunked\r\n", 0),
    "304": (b"GET", 304, b"", None),
    "304 with chunks": (b"GET", 304, b"transfer-encoding: chunked\r\n", None),
}


@pytest.mark.parametrize("name", HEADS_ALONE)
def test_some_answers_have_no_body_whatever_they_say(name: str) -> None:
    """RFC 9112 6.3, rule 1. What follows is the next message."""
    method, status, fields, length = HEADS_ALONE[name]
    kept = [(b"content-length", b"5")] if fields.startswith(b"content") else []
    message = b"HTTP/1.1 %d OK\r\n" % status + fields + b"\r\n"
    for pieces in ([message], *two_ways(message)):
        found = events(answer_decoder(method), pieces)
        assert found == [answer(status, *kept, length=length), end]


def test_what_comes_behind_an_answer_stays_apart() -> None:
    decoder = answer_decoder()
    piece = decoder.decode(EMPTY + b"HTTP/1.1 200 smuggled")
    assert piece is not None
    assert piece[1:] == (b"", True)
    assert decoder.rest == b"HTTP/1.1 200 smuggled"


def test_interim_answers_are_read_until_a_final_one_comes() -> None:
    """RFC 9110 15.2."""
    message = b"HTTP/1.1 102 Processing\r\n\r\n" * 3 + EMPTY
    expected = [answer(102, reason=b"Processing")] * 3 + EMPTY_EVENTS
    assert_split_anywhere(lambda: answer_decoder(most_interim=3), message, expected)


def test_interim_answers_without_end_are_refused() -> None:
    message = b"HTTP/1.1 102 Processing\r\n\r\n" * 4 + EMPTY
    assert_split_anywhere(lambda: answer_decoder(most_interim=3), message, [error(BadGateway, 502)])


@pytest.mark.parametrize("final", [EMPTY, b"HTTP/1.1 204 No Content\r\n\r\n"])
def test_interim_answers_are_counted_for_each_answer_alone(final: bytes) -> None:
    decoder = answer_decoder(most_interim=2)
    found = events(decoder, [b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2 + final] * 5)
    assert found.count(end) == 5


SWITCH = b"HTTP/1.1 101 Switching Protocols\r\n"


@pytest.mark.parametrize("word", [b"websocket", b"WebSocket"])
def test_a_switch_that_was_asked_for_is_a_tunnel(word: bytes) -> None:
    """RFC 9110 7.8. Behind it nothing is HTTP."""
    fields = b"connection: Upgrade\r\nupgrade: " + word + b"\r\nsec-websocket-accept: x\r\n"
    expected = [
        answer(
            101,
            (b"sec-websocket-accept", b"x"),
            reason=b"Switching Protocols",
            upgrade=b"websocket",
        ),
        data(EMPTY),
        end,
    ]
    assert_split_anywhere(
        lambda: answer_decoder(upgrade=b"websocket"),
        SWITCH + fields + b"\r\n" + EMPTY,
        expected,
        closes=True,
    )


UNASKED = {
    "nobody asked": (None, b"connection: upgrade\r\nupgrade: websocket\r\n"),
    "another protocol": (b"websocket", b"connection: upgrade\r\nupgrade: h2c\r\n"),
    "one more protocol": (b"websocket", b"connection: upgrade\r\nupgrade: websocket, h2c\r\n"),
    "no protocol": (b"websocket", b"connection: upgrade\r\n"),
    "not in Connection": (b"websocket", b"upgrade: websocket\r\n"),
    "nothing but the status": (b"websocket", b""),
}


@pytest.mark.parametrize("name", UNASKED)
def test_a_switch_that_was_not_asked_for_is_502(name: str) -> None:
    upgrade, fields = UNASKED[name]
    assert_split_anywhere(
        lambda: answer_decoder(upgrade=upgrade),
        SWITCH + fields + b"\r\n" + EMPTY,
        [error(UpgradeFailed, 502)],
    )


def test_a_date_is_added_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 9110 6.6.1."""
    monkeypatch.setattr(clock, "date", b"Sun, 06 Nov 1994 08:49:37 GMT")
    assert dates(EMPTY) == [b"Sun, 06 Nov 1994 08:49:37 GMT"]
    assert dates(OK + b"date: x\r\nconnection: date\r\ncontent-length: 0\r\n\r\n") == [b"x"]
    assert dates(b"HTTP/1.1 103 Early Hints\r\n\r\n") == []


def dates(message: bytes) -> list[bytes]:
    piece = answer_decoder().decode(message)
    assert piece is not None
    assert isinstance(piece[0], ResponseHead)
    return [value for name, value in piece[0].fields if name == b"date"]


@pytest.mark.parametrize(
    ("line", "fields", "keeps"),
    [
        (b"HTTP/1.1", b"", True),
        (b"HTTP/1.1", b"connection: close\r\n", False),
        (b"HTTP/1.1", b"connection: x\r\nconnection: CLOSE\r\n", False),
        (b"HTTP/1.1", b"connection: keep-alive\r\nkeep-alive: timeout=5\r\n", True),
        (b"HTTP/1.1", b"connection: close\r\nconnection: keep-alive\r\n", False),
        (b"HTTP/1.1", b"connection: keep-alive\r\nconnection: close\r\n", False),
        (b"HTTP/1.0", b"", False),
        (b"HTTP/1.0", b"connection: keep-alive\r\n", True),
        (b"HTTP/1.0", b"connection: keep-alive, close\r\n", False),
    ],
)
def test_a_connection_is_kept_as_its_version_says(line: bytes, fields: bytes, keeps: bool) -> None:
    """RFC 9112 9.3."""
    decoder = answer_decoder()
    decoder.decode(line + b" 200 OK\r\n" + fields + b"content-length: 0\r\n\r\n")
    assert decoder.reusable is keeps


def test_fields_of_the_connection_end_here() -> None:
    """RFC 9110 7.6.1."""
    message = (
        OK + b"keep-alive: timeout=5\r\nproxy-connection: x\r\nproxy-authenticate: Basic\r\n"
        b"x-hop: 1\r\nconnection: x-hop, content-length\r\ncontent-length: 0\r\nx: y\r\n\r\n"
    )
    assert_split_anywhere(
        answer_decoder, message, [answer(200, (b"x", b"y"), (b"content-length", b"0")), end]
    )


@pytest.mark.parametrize("said", [b"Keep-Alive: timeout=5\r\n", b""])
@pytest.mark.parametrize("word", [b"keep-alive", b"Keep-Alive", b"KEEP-ALIVE"])
def test_so_does_what_servers_say_though_it_is_so_anyway(word: bytes, said: bytes) -> None:
    message = OK + b"Connection: %b\r\n%bContent-Length: 0\r\nx: y\r\n\r\n" % (word, said)
    fields = sorted([(b"content-length", b"0"), (b"x", b"y")])
    piece = answer_decoder().decode(message)
    assert piece is not None
    assert isinstance(piece[0], ResponseHead)
    assert sorted(each for each in piece[0].fields if each[0] != b"date") == fields


def test_started_says_that_a_byte_can_have_been_used() -> None:
    decoder = answer_decoder()
    assert not decoder.started
    decoder.decode(b"HTTP/1.1 100 Continue\r\n\r\n")
    assert decoder.started


LIMITS = HeadLimits(request_line=32, head=128, fields=3)


@pytest.mark.parametrize(
    "message",
    [
        b"HTTP/1.1 200 " + b"a" * 200 + b"\r\n\r\n",
        OK + b"x: " + b"a" * 200 + b"\r\n\r\n",
        OK + b"x: y\r\n" * 4 + b"\r\n",
        b"a" * 200,
    ],
)
def test_an_answer_over_the_limits_is_502_with_its_own_word(message: bytes) -> None:
    assert_split_anywhere(lambda: ResponseDecoder(LIMITS, 1), message, [error(TooLargeAnswer, 502)])
    assert TooLargeAnswer.word == "http_response_header_section_size"


def test_a_server_of_http_2_alone_is_named() -> None:
    decoder = answer_decoder()
    with pytest.raises(BadGateway, match="speaks HTTP/2 alone; write h2c://"):
        decoder.decode(b"\0\0\x0c\4\0\0\0\0\0\0\3\0\0\0\x64\0\4\0\1\0\0")


DATED = b"date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
ANSWERS = (
    OK + DATED + b"content-length: 2\r\na: b\r\n\r\nok",
    OK + DATED + b"content-length: 2\r\na: c\r\n\r\nok",
    OK + DATED + b"content-length: 0\r\n\r\n",
    OK + b"content-length: 2\r\n\r\nok",
    OK + DATED + b"connection: keep-alive\r\nkeep-alive: timeout=5\r\ncontent-length: 2\r\n\r\nok",
    OK + DATED + b"connection: close\r\ncontent-length: 2\r\n\r\nok",
    OK + DATED + b"transfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    OK + DATED + b"content-length: 2\r\nx-long: " + b"x" * 2000 + b"\r\n\r\nok",
    b"HTTP/1.1 200 Fine\r\n" + DATED + b"content-length: 2\r\na: b\r\n\r\nok",
    b"HTTP/1.1 404 No\r\n" + DATED + b"content-length: 2\r\n\r\nok",
    b"HTTP/1.0 200 OK\r\n" + DATED + b"content-length: 2\r\n\r\nok",
    b"\r\n\r\n",
)


def read(decoder: ResponseDecoder, method: bytes, message: bytes) -> object:
    """All that a decoder says of one answer."""
    decoder.method = method
    if method == b"HEAD":
        message = message[: message.index(b"\r\n\r\n") + 4]
    try:
        piece = fed(decoder, message)
    except PorchError as refused:
        return type(refused), refused.detail
    assert piece is not None
    head = piece[0]
    assert isinstance(head, ResponseHead)
    if head.known is not None:
        assert head.known.fields == head.fields
        assert head.known.lines == encode(head.fields)
    said = {name: getattr(head, name) for name in ResponseHead.__slots__ if name != "known"}
    return said, piece[1:], decoder.rest, decoder.started, decoder.reusable, decoder.expected()


asked = st.tuples(st.sampled_from((b"GET", b"GET", b"HEAD")), st.sampled_from(ANSWERS))


@settings(max_examples=300)
@given(st.lists(asked, min_size=2, max_size=8))
def test_an_answer_means_the_same_behind_any_other(exchanges: list[tuple[bytes, bytes]]) -> None:
    """What is remembered of a connection's last head says nothing of another."""
    decoder = answer_decoder()
    for exchange in exchanges:
        fresh = read(answer_decoder(), *exchange)
        assert read(decoder, *exchange) == fresh
        if isinstance(fresh[0], type) or not decoder.reusable:  # type: ignore[index]
            return


@pytest.mark.parametrize("message", ANSWERS)
def test_an_answer_means_the_same_however_often_it_comes(message: bytes) -> None:
    decoder = answer_decoder()
    for _ in range(4):
        fresh = read(answer_decoder(), b"GET", message)
        assert read(decoder, b"GET", message) == fresh
        if isinstance(fresh[0], type) or not decoder.reusable:  # type: ignore[index]
            return


@pytest.mark.parametrize("size", [0, 2, 3])
@pytest.mark.parametrize("more", [b"", b"HTTP/1.1 200 OK\r\n", b"\r\n"])
def test_an_answer_that_repeats_another_may_come_in_any_pieces(size: int, more: bytes) -> None:
    """And what it may look like inside a body is no head."""
    message = OK + DATED + b"content-length: %d\r\n\r\n" % size + b"b" * size
    first = events(answer_decoder(), [message])
    for cut in range(1, len(message) + 1):
        decoder = answer_decoder()
        assert events(decoder, [message]) == first
        assert events(decoder, [message[:cut], message[cut:] + more]) == first
        assert decoder.rest == more
    nested = OK + DATED + b"content-length: %d\r\n\r\n" % len(message)
    decoder = answer_decoder()
    assert events(decoder, [message]) == first
    assert events(decoder, [nested, message])[1] == data(message)
    assert events(decoder, [message]) == first


def test_a_hook_that_changes_the_fields_of_an_answer_changes_them_for_one_alone() -> None:
    decoder = answer_decoder()
    for _ in range(4):
        piece = fed(decoder, EMPTY.replace(b"\r\n\r\n", b"\r\n" + DATED + b"\r\n"))
        assert piece is not None
        head = piece[0]
        assert isinstance(head, ResponseHead)
        assert [name for name, _ in head.fields] == [b"content-length", b"date"]
        head.fields.clear()


def test_an_answer_without_a_date_has_the_time_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    decoder = answer_decoder()
    for second in (b"1", b"1", b"2"):
        monkeypatch.setattr(clock, "date", second)
        piece = fed(decoder, EMPTY)
        assert piece is not None
        assert isinstance(piece[0], ResponseHead)
        assert (b"date", second) in piece[0].fields
