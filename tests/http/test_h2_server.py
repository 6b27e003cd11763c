"""The side that is asked, with clients that write each frame by hand."""

from collections.abc import Iterable
from sys import getrefcount

import pytest

from porch.errors import InternalError
from porch.http.h1 import HeadLimits
from porch.http.h2 import (
    CALM,
    FLOW,
    NO_ERROR,
    PROTOCOL,
    STREAM_WINDOW,
    WINDOW,
    ConnectionBroken,
    ConnectionFailed,
    Ended,
    Piece,
    Reset,
)
from porch.http.h2_fields import known_fields
from porch.http.h2_request import Refused
from porch.http.h2_server import ServerCodec
from porch.http.message import Field, RequestHead, Trailers
from tests.support import h2_frames as wire
from tests.support.h2_codec import Talk, get, with_

BASIC = wire.BASIC
WITHOUT = {name: [field for field in BASIC if field[0] != name] for name, _ in BASIC}


# --- what libnghttp2 refuses, on which h2_request.py builds ---------------------------------------

MALFORMED: dict[str, Iterable[Field]] = {
    **{
        f"the name {name!r}": [*BASIC, (name, b"1")]
        for name in (b"a\rb", b"a\nb", b"a\0", b"a b", b"a:b", b"", b"Ab", b" a", b"\xff", b"a\x7f")
    },
    **{
        f"the value {value!r}": [*BASIC, (b"x", value)]
        for value in (b"\0", b"a\rb", b"a\nb", b"a\r\nb: c", b" a", b"a ", b"a\t", b"\x01", b"\x7f")
    },
    **{
        f"{name.decode()}": [*BASIC, (name, b"x")]
        for name in (
            *(b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"),
            *(b":status", b":x", b":protocol", b":", b"te"),
        )
    },
    **{f"{name.decode()} twice": [*BASIC, (name, value)] for name, value in BASIC},
    **{f"no {name.decode()}": fields for name, fields in WITHOUT.items()},
    **{f"an empty {name.decode()}": with_(name, b"") for name, _ in BASIC},
    **{
        f"the path {path!r}": with_(b":path", path)
        for path in (b"/a b", b"/a\r", b"/a\nb", b"/\0", b"/\t", b"/\x7f", b"*", b"a", b"http://b/")
    },
    **{
        f"the method {method!r}": with_(b":method", method)
        for method in (b"GE T", b"GET / HTTP/1.1\r\n", b"G:", b"G\0", b"\xff", b"GET\t")
    },
    **{
        f"the authority {value!r}": with_(b":authority", value)
        for value in (b"u@a.test", b"a b", b"a\r\nx: y", b"a\0", b"a\x7f", b"\xff")
    },
    **{
        f"the host {value!r}": [*WITHOUT[b":authority"], (b"host", value)]
        for value in (b"", b"u@a.test", b"a b", b"\xff")
    },
    "host twice": [*WITHOUT[b":authority"], (b"host", b"a.test"), (b"host", b"a.test")],
    "a pseudo-field behind a field": [BASIC[0], (b"x", b"1"), *BASIC[1:]],
    "CONNECT with a path": with_(b":method", b"CONNECT"),
    **{
        f"the length {value!r}": [*BASIC, (b"content-length", value)]
        for value in (b"", b"x", b"+1", b"-1", b"1 ", b"0x1", b"1,1", b"9" * 20, b"1")
    },
    "two lengths": [*BASIC, (b"content-length", b"0"), (b"content-length", b"0")],
    "priority with a control character": [*BASIC, (b"priority", b"u=\x01")],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_reset_and_never_told(name: str) -> None:
    talk = Talk()
    assert talk.refusal(wire.headers(1, MALFORMED[name])) == PROTOCOL
    assert isinstance(talk.only(get(3)), RequestHead), "its connection goes on"


TRAILERS: dict[str, Iterable[Field]] = {
    "a pseudo-field": [(b":path", b"/b")],
    "a control character": [(b"x", b"a\r\nb")],
    "an upper-case name": [(b"X", b"a")],
    "transfer-encoding": [(b"transfer-encoding", b"chunked")],
    "connection": [(b"connection", b"x")],
    "a length": [(b"content-length", b"1")],
    "another length": [(b"content-length", b"7")],
}


@pytest.mark.parametrize("name", TRAILERS)
def test_malformed_trailers_reset_their_stream(name: str) -> None:
    talk = Talk()
    talk.hear(get(1, end=False))
    assert talk.refusal(wire.data(1, b"a"), wire.headers(1, TRAILERS[name])) == PROTOCOL


def test_trailers_without_the_end_reset_their_stream() -> None:
    talk = Talk()
    talk.hear(get(1, end=False))
    assert talk.refusal(wire.headers(1, [(b"x", b"a")], end=False)) == PROTOCOL


@pytest.mark.parametrize(
    ("length", "sent"), [(b"3", (b"a", b"bcd")), (b"3", (b"ab",)), (b"0", (b"a",)), (b"3", ())]
)
def test_a_body_of_another_length_than_it_says_resets_its_stream(
    length: bytes, sent: tuple[bytes, ...]
) -> None:
    talk = Talk()
    talk.hear(get(1, (b"content-length", length), end=False))
    pieces = [wire.data(1, each) for each in sent]
    assert talk.refusal(*pieces, wire.data(1, b"", end=True)) == PROTOCOL


# --- what is told --------------------------------------------------------------------------------


def test_bodies_that_come_by_turns_are_a_piece_each() -> None:
    talk = Talk()
    talk.hear(get(1, end=False), get(3, end=False))
    turns = [wire.data(1, b"a"), wire.data(3, b"b"), wire.data(1, b"c"), wire.data(3, b"d")]
    pieces = talk.hear(*turns, wire.data(3, b"", end=True), wire.data(1, b"e"))
    assert pieces == [(1, None, b"ace", False), (3, None, b"bd", True)]
    assert talk.hear(wire.data(1, b"f", end=True)) == [(1, None, b"f", True)]


def test_a_request_is_told_with_its_body_and_trailers() -> None:
    talk = Talk()
    pieces = talk.hear(
        get(1, (b"content-length", b"3"), end=False),
        wire.data(1, b"ab", padding=7),
        wire.data(1, b"c"),
        wire.headers(1, [(b"x-sum", b"9"), (b"host", b"b.test")]),
    )
    assert [(stream, data, end) for stream, _, data, end in pieces] == [
        (1, b"", False),
        (1, b"abc", False),
        (1, b"", True),
    ]
    head, trailers = pieces[0][1], pieces[2][1]
    assert isinstance(head, RequestHead)
    assert head.length == 3
    assert isinstance(trailers, Trailers)
    assert trailers.fields == [(b"x-sum", b"9")]


def test_a_request_that_we_refuse_is_told_with_what_is_known_of_it() -> None:
    refused = Talk().only(wire.headers(1, with_(b":path", b"/a#b")))
    assert isinstance(refused, Refused)
    assert refused.request.target == b"/a#b"
    assert refused.error.status == 400


def test_a_head_over_the_limit_is_refused_alone_and_one_far_over_ends_the_connection() -> None:
    limits = HeadLimits(head=2000)
    talk = Talk(limits)
    refused = talk.only(get(1, (b"x", b"a" * 3000)))
    assert isinstance(refused, Refused)
    assert refused.error.status == 431
    with pytest.raises(ConnectionBroken, match="header list") as broken:
        talk.hear(get(3, (b"x", b"a" * 8000)))
    assert broken.value.code == CALM


def test_trailers_over_the_limit_reset_their_stream() -> None:
    talk = Talk(HeadLimits(head=2000, fields=10))
    talk.hear(get(1, end=False))
    pieces = talk.hear(wire.headers(1, [(b"x", b"a" * 3000)]))
    assert next(what.code for _, what, _, _ in pieces if isinstance(what, Reset)) == CALM
    talk.hear(get(3, end=False))
    talk.hear(wire.headers(3, [(b"x", b"")] * 11))
    assert [each.code for each in talk.said if each.kind == 3] == [CALM]


def test_more_streams_than_may_be_open_end_the_connection() -> None:
    heads = [get(1 + 2 * number, end=False) for number in range(11)]
    pieces = Talk(streams=10).hear(*heads)
    assert sum(isinstance(what, RequestHead) for _, what, _, _ in pieces) == 10
    end = pieces[-1][1]
    assert isinstance(end, Ended)
    assert end.broken is not None
    assert "max concurrent streams" in str(end.broken)


# --- windows ------------------------------------------------------------------------------------


def body(stream: int, size: int) -> list[bytes]:
    return [wire.data(stream, b"a" * min(16384, size - at)) for at in range(0, size, 16384)]


def test_a_stream_and_a_connection_take_as_much_as_their_windows() -> None:
    talk = Talk()
    for stream in (1, 3, 5, 7, 9):
        talk.hear(get(stream, end=False))
    for stream in (1, 3, 5, 7):
        assert talk.hear(*body(stream, STREAM_WINDOW))
    assert not [each for each in talk.said if each.kind == 8]
    ended = [what for _, what, _, _ in talk.hear(wire.data(9, b"a")) if isinstance(what, Ended)]
    assert WINDOW == 4 * STREAM_WINDOW
    assert [each.code for each in ended] == [FLOW]
    assert isinstance(ended[0].broken, ConnectionBroken)
    assert isinstance(ended[0].broken.error, ConnectionFailed)


def test_what_was_taken_may_come_again_and_padding_counts_for_nothing() -> None:
    talk = Talk()
    talk.hear(get(1, end=False))
    for _ in range(60):
        talk.hear(*[wire.data(1, b"a" * 4096, padding=255) for _ in range(8)])
        talk.codec.taken(1, 8 * 4096)
        talk.codec.take()


def test_taking_for_a_stream_that_is_gone_opens_the_connections_window() -> None:
    talk = Talk()
    for stream in range(1, 30, 2):
        talk.hear(get(stream, end=False), *body(stream, STREAM_WINDOW), wire.reset(stream))
        talk.codec.taken(stream, STREAM_WINDOW)


# --- answers -------------------------------------------------------------------------------------


def test_an_answer_leaves_with_its_body_and_trailers() -> None:
    talk = Talk()
    talk.hear(get())
    talk.codec.interim(1, [(b":status", b"103"), (b"link", b"a")])
    talk.codec.head(1, (b":status", b"200"), [(b"x", b"1")], b"", False)
    talk.codec.data(1, b"hello", False)
    talk.codec.trailers(1, [(b"x-sum", b"9")])
    early, head, data, trailers = talk.sent()
    assert early.fields == ((b":status", b"103"), (b"link", b"a"))
    assert head.fields == ((b":status", b"200"), (b"x", b"1"))
    assert data.payload == b"hello"
    assert (trailers.fields, trailers.ends) == (((b"x-sum", b"9"),), True)


@pytest.mark.parametrize(
    "field",
    [
        *((b"x", b"a\r\nb: c"), (b"X", b"a"), (b"connection", b"x"), (b":status", b"200")),
        (b"x-request-id", b"a\r\nb: c"),
    ],
)
@pytest.mark.parametrize("kind", ["head", "interim", "trailers"])
def test_a_field_that_must_not_leave_gives_its_stream_up(field: Field, kind: str) -> None:
    talk = Talk()
    talk.hear(get())
    status = (b":status", b"200")
    if kind == "trailers":
        talk.codec.head(1, status, [], b"", False)
        with pytest.raises(InternalError):
            talk.codec.trailers(1, [field])
    elif kind == "interim":
        with pytest.raises(InternalError):
            talk.codec.interim(1, [status, field])
    else:
        with pytest.raises(InternalError):
            talk.codec.head(1, status, [field], b"", True)
    sent = talk.sent()
    assert [each.code for each in sent if each.kind == 3] == [2]
    assert not [each for each in sent if field in each.fields[1:]]


@pytest.mark.parametrize("field", [(b"x", b"1" * 2000), (b"set-cookie", b"a=1")])
def test_what_is_long_or_a_cookie_is_not_kept_when_an_answer_has_left(field: Field) -> None:
    talk = Talk()
    before = getrefcount(field)
    for number in (1, 3, 5):
        talk.hear(get(number))
        talk.codec.head(number, (b":status", b"200"), [field], b"", True)
        talk.sent()
    assert getrefcount(field) == before


def test_the_id_of_an_exchange_fills_neither_the_table_of_the_client_nor_ours() -> None:
    talk = Talk()
    for number in (1, 3, 5):
        talk.hear(get(number))
        fields = [(b"x", b"1"), (b"x-request-id", b"5f1c2a3e-%x" % number)]
        talk.codec.head(number, (b":status", b"200"), fields, b"", True)
        (head,) = talk.sent()
        assert head.fields == ((b":status", b"200"), *fields)
        assert fields[0] in known_fields
        assert fields[1] not in known_fields
    assert talk.indexed() == [(b"x", b"1")]


@pytest.mark.parametrize("behind", [[], [(b"x", b"1")]])
def test_the_id_of_an_exchange_is_told_wherever_it_stands(behind: list[Field]) -> None:
    talk = Talk()
    talk.hear(get())
    fields = [(b"x-request-id", b"5f1c2a3e-1b"), *behind]
    talk.codec.head(1, (b":status", b"200"), fields, b"", True)
    (head,) = talk.sent()
    assert head.fields == ((b":status", b"200"), *fields)


@pytest.mark.parametrize("is_first", [True, False])
@pytest.mark.parametrize("path", [b"/%b", b"/a%bc", b"/a?%b"])
def test_a_path_has_visible_ascii_alone_whoever_sees_to_it(path: bytes, is_first: bool) -> None:
    """Some bytes are libnghttp2's to refuse, the others ours, in the first head and in those that
    repeat it."""
    taken = set()
    for byte in range(256):
        talk = Talk()
        if not is_first:
            talk.hear(get())
        target = path.replace(b"%b", bytes((byte,)))
        for _, what, _, _ in talk.hear(wire.headers(3, with_(b":path", target), end=True)):
            if isinstance(what, RequestHead):
                assert what.target == target
                taken.add(byte)
    assert taken == set(range(0x21, 0x7F)) - {ord("#")}


def test_calls_for_a_stream_that_is_gone_do_nothing() -> None:
    talk = Talk()
    talk.hear(get(), wire.reset(1))
    codec = talk.codec
    codec.interim(1, [(b":status", b"103")])
    codec.head(1, (b":status", b"200"), [], b"", False)
    codec.data(1, b"a", True)
    codec.trailers(1, [])
    codec.reset(1, 8)
    assert talk.sent() == []


# --- the end --------------------------------------------------------------------------------------


def ended(talk: Talk, *frames: bytes) -> Ended:
    (found,) = [what for _, what, _, _ in talk.hear(*frames) if isinstance(what, Ended)]
    return found


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        (wire.frame(0, 0, 0, b"a"), "DATA"),
        (wire.frame(6, 0, 0, b"a"), "wrong size"),
        (wire.frame(1, 4, 1, b"\xff\xff\xff\xff\xff\xff"), "can not be decoded"),
        (wire.window_update(0, 0x7FFFFFFF), "a window that is too large"),
        (get() + wire.window_update(1, 0), "window_size_increment == 0"),
        (get() + wire.window_update(1, 0x7FFFFFFF), "window size overflow"),
        (get() + wire.data(1, b"a"), "half-closed"),
        (get() + get(), "stream closed"),
        (wire.reset(9), "RST_STREAM"),
    ],
)
def test_what_breaks_the_rules_for_all_ends_the_connection(frames: bytes, why: str) -> None:
    end = ended(Talk(), frames)
    assert end.code != NO_ERROR
    assert end.broken is not None
    assert why in str(end.broken)


def test_a_client_that_says_farewell_is_not_blamed() -> None:
    end = ended(Talk(), wire.goaway(code=2))
    assert (end.code, end.broken) == (2, None)


def test_who_is_told_to_leave_is_not_blamed() -> None:
    talk = Talk()
    talk.codec.terminate(CALM)
    assert [each.code for each in talk.sent()] == [CALM]
    (end,) = [what for _, what, _, _ in talk.codec.happened() if isinstance(what, Ended)]
    assert end.broken is None


def test_bytes_that_are_no_preface_break_the_connection() -> None:
    with pytest.raises(ConnectionBroken) as broken:
        ServerCodec(HeadLimits(), b"http", 128).receive(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n")
    assert (broken.value.code, type(broken.value.error)) == (PROTOCOL, ConnectionFailed)


def test_of_many_long_heads_in_one_read_only_some_are_held_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An entry of the table that each of them names 58 times: 75 bytes make 240 KB."""
    talk = Talk()
    held: list[int] = []
    real = ServerCodec.happened

    def happened(codec: ServerCodec) -> list[Piece]:
        pieces = real(codec)
        held.append(len(pieces))
        return pieces

    monkeypatch.setattr(ServerCodec, "happened", happened)
    basic = wire.block(wire.BASIC)
    entry = b"\x40\x01x" + wire.block([(b"", b"a" * 4000)])[2:]
    pieces = talk.hear(
        wire.frame(1, 5, 1, basic + entry),
        *[wire.frame(1, 5, stream, basic + b"\xbe" * 58) for stream in range(3, 253, 2)],
    )
    assert len(pieces) == 126
    assert sum(isinstance(what, Refused) for _, what, _, _ in pieces) == 125
    assert max(held) <= 16


def test_heads_that_are_taken_in_bites_are_those_that_came() -> None:
    talk = Talk()
    frames = [get(stream, (b"x", b"%d" % stream)) for stream in range(1, 201, 2)]
    got = talk.hear(*frames, wire.ping(), wire.headers(201, wire.BASIC, end=False))
    told = [(stream, head.get(b"x")) for stream, head, _, _ in got if isinstance(head, RequestHead)]
    assert told[:-1] == [(stream, b"%d" % stream) for stream in range(1, 201, 2)]
    assert told[-1] == (201, None)
